"""What is kept of a voice: sums over the speech of one person in one recording, from which no word can be heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from diarize.config import FeatureConfig
from diarize.diarization import Diarization
from diarize.features import voice_features
from diarize.spooling import Rows
from diarize.stages.speakers import BlockStatistics

Mask = npt.NDArray[np.bool_]

_LEAST = 0.5  # s; of less nothing can be said
_BLOCK = 1000  # frames that are summed up at a time


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Voiceprint:
    """What was heard of one person in one recording.

    Parameters
    ----------
    seconds : float
        Speech in which nobody else talks.
    bands : mapping of str to tuple of BlockStatistics
        A row from each eigenvoice model, for each band that the recording reaches: a wide one is also heard as a
        telephone would pass it on. The mean is taken out over the speech of this person alone.
    """

    seconds: float
    bands: Mapping[str, tuple[BlockStatistics, ...]]

    def __repr__(self) -> str:
        return f"<Voiceprint: {self.seconds:.1f} s, {' and '.join(self.bands)}>"


def voiceprints(diarization: Diarization) -> dict[str, Voiceprint]:
    """Return what was heard of each speaker of a diarization; without those who are hardly heard alone.

    Of one that was kept in a file, the cepstra of its speech are heard, in its own band alone.
    """
    if diarization.legs:
        every = [item for leg in diarization.legs for item in voiceprints(leg).items()]
        return dict(sorted(every, key=lambda item: item[1].seconds))  # of one who is heard in several, the longest
    bands = dict(_bands(diarization))
    heard = {}
    for name, mask in _alone(diarization).items() if bands else ():
        seconds = float(mask.sum() * diarization.band.features.frame_step)
        if seconds < _LEAST:
            continue
        sums = {}
        for band, rows_of in bands.items():
            rows = rows_of(mask)
            edges = np.unique(np.append(np.arange(0, len(rows), _BLOCK), len(rows)))
            whole = np.zeros(len(edges) - 1, np.intp)
            models = diarization.model.bands[band].voices
            sums[band] = tuple(voices.statistics(rows, edges).summed(whole, 1) for voices in models)
        heard[name] = Voiceprint(seconds, sums)
    return heard


def _bands(diarization: Diarization) -> Iterator[tuple[str, Callable[[Mask], Rows]]]:
    """Yield each band that can be heard, and what gives the features of some frames in it."""
    recording, kept = diarization.recording, (diarization.uncorrected or diarization).blocks
    for name, models in diarization.model.bands.items():
        features = models.features
        if recording is not None:
            if features.n_mels <= recording.features.n_mels:  # a telephone has nothing to say of the full band
                yield name, partial(voice_features, recording.within(features).spectrum.log_mel, config=features)
        elif kept is not None and models is diarization.band and _can_be_normalised_again(features):
            yield name, kept.cepstra_of


def _can_be_normalised_again(features: FeatureConfig) -> bool:
    """Whether nothing but a mean was taken out, so that it can be taken out of fewer frames."""
    return features.normalisation == "mean" and not features.window


def _alone(diarization: Diarization) -> dict[str, Mask]:
    """Return the frames in which each speaker talks and nobody else, shape (n_frames,)."""
    annotation, frames = diarization.annotation, diarization.frames
    masks = {
        name: frames.mask(turn.segment for turn in annotation if turn.speaker == name) for name in annotation.labels
    }
    many = np.zeros(frames.n_frames, np.intp)
    for mask in masks.values():
        many += mask
    free = (many == 1) & diarization.detection.speech
    kept = (diarization.uncorrected or diarization).blocks
    if diarization.recording is None and kept is not None:
        free &= kept.speech  # what was added since was never heard
    return {name: mask & free for name, mask in masks.items()}
