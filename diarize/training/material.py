"""What training is made of: folders of speakers, noises and rooms on disk, and what is composed of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from diarize.audio import SUFFIXES, read_audio
from diarize.errors import ModelError
from diarize.formats.files import files_in

Samples = npt.NDArray[np.float32]
Loader = Callable[[], Samples]

ROWS_EACH = 20  # rows for each Gaussian of a mixture at least; fewer do not fix its variances


@dataclass(frozen=True, slots=True)
class Material:
    """What scenes are composed of, all at one sample rate.

    Parameters
    ----------
    sample_rate : int
        Hz.
    speakers : sequence of sequence of callable
        For each speaker, functions that load an utterance (n_samples,); called when the utterance is used.
    noises : sequence of array, each (n_samples,)
        Backgrounds, events and music; free of speech.
    rooms : sequence of array, each (n_taps,)
        Measured impulse responses. Some rooms are synthetic all the same.

    Raises
    ------
    ModelError
        There are no utterances.
    """

    sample_rate: int
    speakers: Sequence[Sequence[Loader]]
    noises: Sequence[Samples] = ()
    rooms: Sequence[Samples] = ()

    def __post_init__(self) -> None:
        if not any(len(speaker) for speaker in self.speakers):
            raise ModelError("no speech to train a detector from: give at least one speaker with one utterance")

    def n_samples(self, seconds: float) -> int:
        """Return how many samples `seconds` are."""
        return round(seconds * self.sample_rate)


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

    def loaders(self, sample_rate: int) -> list[Loader]:
        """Return a function for each recording that reads it."""
        return [partial(read_audio, path, sample_rate) for path in self.files]

    def sessions(self, sample_rate: int) -> dict[str, Samples]:
        """Return the recordings of each session in one, (n_samples,), by the session's name; see `session_of`."""
        parts: dict[str, list[Samples]] = {}
        for path, load in zip(self.files, self.loaders(sample_rate), strict=True):
            parts.setdefault(session_of(path), []).append(load())
        return {name: np.concatenate(sounds) for name, sounds in parts.items()}


def session_of(path: str | os.PathLike[str]) -> str:
    """Return the session that a file is of: its name up to `__`. Files without it are of one session."""
    session, mark, _ = Path(path).stem.partition("__")
    return session if mark else ""


def people_in(folder: Path) -> list[Person]:
    """List the people of a training folder, in the order of their names; hidden files and folders are ignored.

    Raises
    ------
    ModelError
        There is no such folder, or it has fewer than two folders with sound in them.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder; training needs one with a folder for each speaker")
    folders = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    people = [Person(path.name, tuple(files_in(path, SUFFIXES, below=True))) for path in folders]
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
    files = files_in(Path(folder), SUFFIXES, below=True)
    if not files:
        raise ModelError(f"{folder}: no such folder or no audio files in it")
    return [read_audio(path, sample_rate) for path in files]
