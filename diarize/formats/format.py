"""What a format is: a row of the table in `diarize.formats.registry`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Protocol, TextIO

from diarize.annotation import Annotation, Segment
from diarize.formats.about import About
from diarize.formats.files import Problem
from diarize.formats.turns import Parsed

FilePath = str | PathLike[str]
Target = str | PathLike[str] | TextIO


class Writer(Protocol):
    """Writes annotations to a file or an open text stream."""

    def __call__(self, annotations: Sequence[Annotation], target: Target, *, about: Mapping[str, About]) -> None:
        """Write one annotation for each recording; `about` says what else is known of each, by its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What can be done with one format; None where it cannot be done.

    Parameters
    ----------
    name : str
    endings : tuple of str
        What file names in this format end in, with the dot, in upper or lower case. The first one is written.
    shared : tuple of str
        Endings that other files have as well: the content decides where one is read.
    recognise : callable
        Takes the first lines of a file that say something; returns whether the file is in this format.
    parse : callable or None
        Takes a path; returns who speaks when, and everything that keeps some tool from reading the file.
    regions : callable or None
        Takes a path; returns where speech is marked in each recording, by its id. Left out where `parse` says it.
    silence : callable or None
        Takes a path; returns where it says that nobody speaks in each recording. Left out where `parse` says it.
    write : Writer or None
    validate : callable or None
        Takes a path; returns everything that keeps some tool from reading the file. Left out where `parse` says it.
    anonymous : bool
        Whether its files name no recording.
    single : bool
        Whether a file is about one recording although it names it; those that name none always are.
    folder : bool
        Whether it is a folder of files.
    links : bool
        Whether its files say where the sound of a recording is.
    """

    name: str
    recognise: Callable[[str], bool]
    endings: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    parse: Callable[[FilePath], Parsed] | None = None
    regions: Callable[[FilePath], dict[str, list[Segment]]] | None = None
    silence: Callable[[FilePath], dict[str, list[Segment]]] | None = None
    write: Writer | None = None
    validate: Callable[[FilePath], list[Problem]] | None = None
    anonymous: bool = False
    single: bool = False
    folder: bool = False
    links: bool = False

    @property
    def ending(self) -> str:
        """What a file that is written ends in."""
        return (*self.endings, *self.shared)[0]

    @property
    def holds_one(self) -> bool:
        """Whether one file is about one recording."""
        return self.single or self.anonymous

    @property
    def names_speakers(self) -> bool:
        """Whether its files say who speaks, not only where speech is."""
        return self.parse is not None
