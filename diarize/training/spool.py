"""Features of the disturbed copies of every speaker, on disk while the models are trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from diarize.config import FeatureConfig
from diarize.features import log_mel, voice_features
from diarize.training.augment import Augmenter
from diarize.training.material import Person

Features = npt.NDArray[np.float32]
Samples = npt.NDArray[np.float32]

_SPEECH_RANGE = 35 * np.log(10.0) / 10  # nats under the loud frames of a clean recording where speech ends
_LOUD = 0.95  # quantile of the power that stands for the loud frames
_LEAST_FRAMES = 100  # a speaker with less speech is left out


@dataclass(frozen=True, slots=True, eq=False)
class Talker:
    """The features of one speaker.

    Parameters
    ----------
    copies : list of array, each (n_frames, n_features)
        Of the clean speech and of every disturbed copy; the same frames in each.
    boundaries : array of int, shape (n_sessions + 1,)
        Session s is the rows from boundaries[s] to boundaries[s + 1], normalised by themselves.
    """

    copies: list[Features]
    boundaries: npt.NDArray[np.intp]


@dataclass(slots=True)
class Spool:
    """Features of every copy of every speaker, on disk: only one speaker is in memory at a time.

    Parameters
    ----------
    folder : path
        An empty folder.
    bands : sequence of FeatureConfig
        The full band first; any other takes the first columns of its spectrum.
    n_copies : int
        Disturbed copies beside the clean one.
    """

    folder: Path
    bands: Sequence[FeatureConfig]
    n_copies: int
    count: int = 0

    def add(self, person: Person, augment: Augmenter, rng: np.random.Generator) -> None:
        """Compute and keep the features of one speaker; one with too little speech is left out."""
        sessions = [
            self._session(samples, augment, rng) for samples in person.sessions(self.bands[0].sample_rate).values()
        ]
        boundaries = np.cumsum([0, *(bands[0].shape[1] for bands in sessions)])
        if boundaries[-1] < _LEAST_FRAMES:
            return
        for index, copies in enumerate(zip(*sessions, strict=True)):
            np.savez(self.folder / f"{index}-{self.count}.npz", copies=np.hstack(copies), boundaries=boundaries)
        self.count += 1

    def _session(self, samples: Samples, augment: Augmenter, rng: np.random.Generator) -> list[Features]:
        """Return the features of every copy of a session in each band, (n_copies, n_frames, n_features)."""
        copies = [samples] + [augment(samples, rng) for _ in range(self.n_copies)]
        spectra = [log_mel([copy], self.bands[0]) for copy in copies]
        speech = loud_frames(spectra[0])
        return [
            np.stack([voice_features(spectrum[:, : band.n_mels], speech, band) for spectrum in spectra])
            for band in self.bands
        ]

    def talkers(self, band: int) -> Iterator[Talker]:
        """Yield the speakers as one of the bands shows them."""
        for number in range(self.count):
            with np.load(self.folder / f"{band}-{number}.npz") as arrays:
                yield Talker(list(arrays["copies"]), arrays["boundaries"])


def loud_frames(spectrum: Features) -> npt.NDArray[np.bool_]:
    """Return the frames of a clean recording that hold speech: those near enough to the loudest ones.

    Parameters
    ----------
    spectrum : array of shape (n_frames, n_mels)
        Log-mel.
    """
    power = np.logaddexp.reduce(spectrum, axis=1) if len(spectrum) else np.zeros(0)
    return np.asarray(power > (np.quantile(power, _LOUD) if len(power) else 0.0) - _SPEECH_RANGE)
