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

_SPEECH_RANGE = 35 * np.log(10.0) / 10  # nats under the loud frames of a clean recording where speech ends
_LOUD = 0.95  # quantile of the power that stands for the loud frames
_LEAST_FRAMES = 100  # a speaker with less speech is left out


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
        samples = person.speech(self.bands[0].sample_rate)
        copies = [samples] + [augment(samples, rng) for _ in range(self.n_copies)]
        spectra = [log_mel([copy], self.bands[0]) for copy in copies]
        speech = loud_frames(spectra[0])
        if speech.sum() < _LEAST_FRAMES:
            return
        for index, band in enumerate(self.bands):
            features = [voice_features(spectrum[:, : band.n_mels], speech, band) for spectrum in spectra]
            np.save(self.folder / f"{index}-{self.count}.npy", np.stack(features))
        self.count += 1

    def speakers(self, band: int) -> Iterator[list[Features]]:
        """Yield for each speaker the features of all copies in one of the bands, (n_frames, n_features) each."""
        for number in range(self.count):
            yield list(np.load(self.folder / f"{band}-{number}.npy"))


def loud_frames(spectrum: Features) -> npt.NDArray[np.bool_]:
    """Return the frames of a clean recording that hold speech: those near enough to the loudest ones.

    Parameters
    ----------
    spectrum : array of shape (n_frames, n_mels)
        Log-mel.
    """
    power = np.logaddexp.reduce(spectrum, axis=1) if len(spectrum) else np.zeros(0)
    return np.asarray(power > (np.quantile(power, _LOUD) if len(power) else 0.0) - _SPEECH_RANGE)
