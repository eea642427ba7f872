"""The speech of a recording in blocks of about a quarter of a second, and the statistics of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.features import voice_features
from diarize.rounding import packed, rounded, unpacked
from diarize.spooling import Rows, parts, spooled
from diarize.stages.recording import Recording
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel

Labels = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

_BITS = 8  # of what is kept of cepstra: blocks that are cut again are few


@dataclass(frozen=True, slots=True, eq=False)
class SpeechBlocks:
    """The speech of one recording, cut into blocks; a block is the smallest piece that is given to a speaker.

    Parameters
    ----------
    speech : array of bool, shape (n_frames,)
        Frames of the recording with speech.
    cepstra : rows of shape (n_speech_frames, n_features), float32
        What the speaker models see of these frames; empty where the blocks were cut again.
    statistics : tuple of BlockStatistics
        The same blocks as each eigenvoice model sees them.
    lengths : array of int, shape (n_blocks,)
        Frames in each block.
    runs : array of int, shape (n_blocks,)
        Number of the stretch of uninterrupted speech that each block belongs to.
    frame_step : float
        s.
    """

    speech: Mask
    cepstra: Rows
    statistics: tuple[BlockStatistics, ...]
    lengths: Labels
    runs: Labels
    frame_step: float

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def seconds(self) -> float:
        """Duration of all blocks together, s."""
        return float(self.lengths.sum() * self.frame_step)

    def over_frames(self, values: npt.NDArray[Any], elsewhere: float) -> npt.NDArray[Any]:
        """Spread a value of each block over its frames.

        Parameters
        ----------
        values : array of shape (n_blocks,) or (n_blocks, n_columns)
        elsewhere : number
            For the frames without speech.

        Returns
        -------
        array of shape (n_frames,) or (n_frames, n_columns)
        """
        spread = np.full((len(self.speech), *values.shape[1:]), elsewhere, dtype=values.dtype)
        spread[self.speech] = np.repeat(values, self.lengths, axis=0)
        return spread

    def cepstra_of(self, frames: Mask) -> Rows:
        """Return the cepstra of some of the speech, their mean taken out over it alone.

        Parameters
        ----------
        frames : array of bool, shape (n_frames,)
            Where there is no speech in blocks nothing is known of the sound.

        Returns
        -------
        rows of shape (n_chosen_frames, n_features), float32
            What `voice_features` gives for these frames, where nothing but a mean was taken out.
        """
        chosen, total = frames[self.speech], np.zeros(self.cepstra.shape[1])
        for part in parts(len(self.cepstra)):
            total += self.cepstra[part][chosen[part]].sum(axis=0, dtype=np.float64)
        mean = (total / max(1, chosen.sum())).astype(np.float32)
        pieces = (self.cepstra[part][chosen[part]] - mean for part in parts(len(self.cepstra)))
        return spooled(pieces, self.cepstra.shape[1])

    def arrays(self, prefix: str = "") -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """Yield plain arrays with their names."""
        yield f"{prefix}speech", self.speech
        yield f"{prefix}lengths", self.lengths.astype(np.int32)
        yield f"{prefix}runs", self.runs.astype(np.int32)
        yield f"{prefix}frame_step", np.array(self.frame_step)
        yield from packed(self.cepstra, _BITS, f"{prefix}cepstra")
        for number, statistics in enumerate(self.statistics):
            yield from statistics.arrays(f"{prefix}model{number}_")

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, Any], voices: Sequence[EigenvoiceModel], prefix: str = ""
    ) -> SpeechBlocks:
        """Build blocks from what `arrays` gave: cepstra and statistics are rounded, as `recut` takes them.

        Raises
        ------
        KeyError, ValueError
            An array is missing, or the arrays do not fit together or to the models.
        """
        speech, width = np.asarray(arrays[f"{prefix}speech"], bool), voices[0].voices.shape[1]
        lengths, runs = (np.asarray(arrays[f"{prefix}{name}"], np.intp) for name in ("lengths", "runs"))
        n_frames = int(speech.sum())
        if lengths.ndim != 1 or lengths.shape != runs.shape or lengths.min() < 1 or lengths.sum() != n_frames:
            raise ValueError(f"{lengths.sum()} frames are in blocks, {n_frames} hold speech")
        cepstra = spooled(unpacked(arrays, f"{prefix}cepstra", n_frames, width), width)
        statistics = tuple(
            BlockStatistics.from_arrays(arrays, len(lengths), model, f"{prefix}model{number}_")
            for number, model in enumerate(voices)
        )
        return cls(speech, cepstra, statistics, lengths, runs, float(arrays[f"{prefix}frame_step"]))

    def recut(
        self, speech: Mask, groups: Labels, mixed: Mask, voices: Sequence[EigenvoiceModel]
    ) -> tuple[SpeechBlocks, Labels]:
        """Return the blocks of another speech mask, none with frames of two groups, and the old block of each.

        What stays whole keeps its statistics, rounded as in files, so that what was kept is corrected in the same way.

        Parameters
        ----------
        speech : array of bool, shape (n_frames,)
            One frame with speech at least. Where it was no speech before, nothing is known of the sound.
        groups : array of int, shape (n_frames,)
        mixed : array of bool, shape (n_frames,)
            Frames of which the statistics shall hold nothing.
        voices : sequence of EigenvoiceModel
            Those that the statistics are of.

        Returns
        -------
        blocks : SpeechBlocks
        old : array of int, shape (n_new_blocks,)
            The number of the old block, -1 where there was no speech.
        """
        numbers = self.over_frames(np.arange(len(self)), -1)
        new = speech & (np.diff(numbers, prepend=-2) != 0) | (np.diff(groups, prepend=-2) != 0)
        new |= np.diff(speech.astype(np.int8), prepend=0) != 0
        starts = np.flatnonzero(new & speech)
        lengths, old = np.add.reduceat(speech.astype(np.intp), starts), numbers[starts]
        row = np.concatenate([[0], np.cumsum(self.speech)])  # of the cepstra, before each frame
        begin, stop = row[starts], row[starts + lengths]
        usable = (old >= 0) & ~mixed[starts]
        same = usable & (stop - begin == self.lengths[old])
        changed = np.flatnonzero(usable & ~same)
        cut, ends = self._rows(begin[changed], stop[changed])
        statistics = []
        for model, known in zip(voices, self.statistics, strict=True):
            counts = np.zeros((len(starts), known.counts.shape[1]), np.float32)
            projected = np.zeros((len(starts), known.projected.shape[1]), np.float32)
            known, part = known.rounded(), model.statistics(cut, ends)
            counts[same], projected[same] = known.counts[old[same]], known.projected[old[same]]
            counts[changed], projected[changed] = np.asarray(part.counts), np.asarray(part.projected)
            statistics.append(BlockStatistics(counts, projected))
        runs = np.cumsum(np.diff(speech.astype(np.int8), prepend=0) == 1)[starts] - 1
        nothing = self.cepstra[:0]
        return SpeechBlocks(speech, nothing, tuple(statistics), lengths, runs.astype(np.intp), self.frame_step), old

    def _rows(self, begin: Labels, stop: Labels) -> tuple[npt.NDArray[np.float32], Labels]:
        """Return stretches of the cepstra, rounded, one after the other, and where each begins and the last ends."""
        pieces = [self.cepstra[first:last] for first, last in zip(begin, stop, strict=True)] or [self.cepstra[:0]]
        return rounded(np.concatenate(pieces), _BITS), np.concatenate([[0], np.cumsum(stop - begin)])


def cut_blocks(
    recording: Recording, speech: Mask, voices: Sequence[EigenvoiceModel], block_seconds: float
) -> SpeechBlocks:
    """Cut the speech into blocks of about that length, none across a pause, and sum up each for every model.

    Parameters
    ----------
    recording : Recording
        In the band of the models.
    speech : array of bool, shape (n_frames,)
        One frame with speech at least.
    voices : sequence of EigenvoiceModel
    block_seconds : float, s
    """
    step = recording.features.frame_step
    edges = np.flatnonzero(np.diff(np.concatenate([[False], speech, [False]]).astype(np.int8)))
    frames = edges[1::2] - edges[::2]  # of each run
    counts = np.maximum(1, np.round(frames * step / block_seconds)).astype(np.intp)
    parts = [np.diff(np.arange(count + 1) * length // count) for length, count in zip(frames, counts, strict=True)]
    lengths = np.concatenate(parts)
    cepstra = voice_features(recording.spectrum.log_mel, speech, recording.features)
    boundaries = np.concatenate([[0], np.cumsum(lengths)])
    statistics = tuple(model.statistics(cepstra, boundaries) for model in voices)
    return SpeechBlocks(speech, cepstra, statistics, lengths, np.repeat(np.arange(len(frames)), counts), step)
