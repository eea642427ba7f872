"""What is kept of a voice: sums over the speech of one person in one recording, from which no word can be heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.diarization import Diarization
from diarize.features import voice_features
from diarize.stages.speakers import BlockStatistics

Mask = npt.NDArray[np.bool_]

_LEAST = 0.5  # s; of less nothing can be said
_BLOCK = 1000  # frames that are summed up at a time


@dataclass(frozen=True, slots=True, eq=False)
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


def voiceprints(diarization: Diarization) -> dict[str, Voiceprint]:
    """Return what was heard of each speaker of a diarization; without those who are hardly heard alone."""
    if diarization.legs:
        return {name: heard for leg in diarization.legs for name, heard in voiceprints(leg).items()}
    recording = diarization.recording
    if recording is None:
        return {}
    heard = {}
    for name, mask in _alone(diarization).items():
        seconds = float(mask.sum() * recording.features.frame_step)
        if seconds < _LEAST:
            continue
        bands = {}
        for band, models in diarization.model.bands.items():
            if models.features.n_mels > recording.features.n_mels:
                continue  # a telephone has nothing to say of the full band
            rows = voice_features(recording.within(models.features).spectrum.log_mel, mask, models.features)
            edges = np.unique(np.append(np.arange(0, len(rows), _BLOCK), len(rows)))
            whole = np.zeros(len(edges) - 1, np.intp)
            bands[band] = tuple(voices.statistics(rows, edges).summed(whole, 1) for voices in models.voices)
        heard[name] = Voiceprint(seconds, bands)
    return heard


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
    return {name: mask & free for name, mask in masks.items()}
