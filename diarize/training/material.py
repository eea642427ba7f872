"""Training material on disk: folders of speakers, noises and rooms; features of the disturbed copies on the way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from diarize.audio import SUFFIXES, read_audio
from diarize.config import FeatureConfig
from diarize.errors import ModelError
from diarize.features import log_mel, voice_features
from diarize.formats.files import files_in
from diarize.training.augment import Augmenter

Samples = npt.NDArray[np.float32]
Features = npt.NDArray[np.float32]

_SPEECH_RANGE = 35 * np.log(10.0) / 10  # nats under the loud frames of a clean recording where speech ends
_LEAST_FRAMES = 100  # a speaker with less speech than this teaches nothing


@dataclass(frozen=True, slots=True)
class Person:
    """One speaker's folder.

    Parameters
    ----------
    name : str
    files : tuple of path
        Recordings of this speaker alone.
    """

    name: str
    files: tuple[Path, ...]

    def loaders(self, sample_rate: int) -> list[Callable[[], Samples]]:
        """Return a function for each recording that reads it."""
        return [partial(read_audio, path, sample_rate) for path in self.files]

    def speech(self, sample_rate: int) -> Samples:
        """Return all recordings in one, shape (n_samples,)."""
        return np.concatenate([load() for load in self.loaders(sample_rate)])


def find_speakers(folder: Path) -> list[Person]:
    """List the speakers of a training folder, in the order of their names.

    Raises
    ------
    ModelError
        There is no such folder, or it has fewer than two folders with sound in them.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder; training needs one with a folder for each speaker")
    people = [Person(path.name, _sounds(path)) for path in sorted(folder.iterdir()) if path.is_dir()]
    people = [person for person in people if person.files]
    if len(people) < 2:
        raise ModelError(
            f"{folder}: training needs two speakers at least, each a folder of audio files; found {len(people)}"
        )
    return people


def load_sounds(folder: str | os.PathLike[str] | None, sample_rate: int) -> list[Samples]:
    """Read all sounds below a folder, (n_samples,) each; none where no folder is given.

    Raises
    ------
    ModelError
        The folder is missing or holds no sound.
    """
    if folder is None:
        return []
    files = _sounds(Path(folder))
    if not files:
        raise ModelError(f"{folder}: no such folder or no audio files in it")
    return [read_audio(path, sample_rate) for path in files]


def _sounds(folder: Path) -> tuple[Path, ...]:
    return tuple(files_in(folder, SUFFIXES, below=True))


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
    return np.asarray(power > (np.quantile(power, 0.95) if len(power) else 0.0) - _SPEECH_RANGE)
