"""The speech of a recording in blocks of about a quarter of a second, and the statistics of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.features import voice_features
from diarize.spooling import Rows
from diarize.stages.recording import Recording
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel

Labels = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class SpeechBlocks:
    """The speech of one recording, cut into blocks; a block is the smallest piece that is given to a speaker.

    Parameters
    ----------
    speech : array of bool, shape (n_frames,)
        Frames of the recording with speech.
    cepstra : rows of shape (n_speech_frames, n_features), float32
        What the speaker models see of these frames.
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
