"""The table of formats: what each can do, and which one a file is in.

A new format is one file beside this one and one row in `FORMATS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Protocol, TextIO

from diarize.annotation import Annotation, Segment
from diarize.errors import FormatError, quoted
from diarize.formats.files import Problem, one_of, raise_fatal, read_lines
from diarize.formats.lab import is_lab, read_lab, validate_lab
from diarize.formats.rttm import is_rttm, read_rttm, validate_rttm, write_rttm
from diarize.formats.uem import is_uem, read_uem, validate_uem

FilePath = str | PathLike[str]
Target = str | PathLike[str] | TextIO


class Writer(Protocol):
    """Writes annotations to a file or an open text stream."""

    def __call__(self, annotations: Iterable[Annotation], target: Target, *, channel: int) -> None:
        """Write one annotation for each recording; `channel`, from 1, is the one they were made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What can be done with one format; None where it cannot be done.

    Parameters
    ----------
    name : str
    endings : tuple of str
        What file names in this format end in, in lower case with the dot.
    recognise : callable
        Takes the first line of a file that says something; returns whether the file is in this format.
    read : callable or None
        Takes a path; returns the annotation of each recording, by its id.
    regions : callable or None
        Takes a path; returns where speech is marked in each recording, by its id. In a format that names no recording
        the id is "". Left out where `read` says it.
    write : Writer or None
    validate : callable or None
        Takes a path; returns everything that keeps some tool from reading the file.
    anonymous : bool
        Whether its files name no recording, so that one can be about one recording only.
    """

    name: str
    endings: tuple[str, ...]
    recognise: Callable[[str], bool]
    read: Callable[[FilePath], dict[str, Annotation]] | None = None
    regions: Callable[[FilePath], dict[str, list[Segment]]] | None = None
    write: Writer | None = None
    validate: Callable[[FilePath], list[Problem]] | None = None
    anonymous: bool = False


FORMATS = (
    Format(
        name="rttm",
        endings=(".rttm",),
        recognise=is_rttm,
        read=read_rttm,
        write=write_rttm,
        validate=validate_rttm,
    ),
    Format(name="uem", endings=(".uem",), recognise=is_uem, regions=read_uem, validate=validate_uem),
    Format(
        name="lab",
        endings=(".lab",),
        recognise=is_lab,
        regions=lambda path: {"": read_lab(path)},
        validate=validate_lab,
        anonymous=True,
    ),
)


def endings(formats: Iterable[Format] = FORMATS) -> str:
    """Return the endings of formats in words: ".rttm, .uem, .lab"."""
    return ", ".join(ending for item in formats for ending in item.endings)


def writable_endings() -> str:
    """Return the endings of the formats that can be written, in words."""
    return endings(item for item in FORMATS if item.write)


def by_name(name: str) -> Format:
    """Return a format by its name.

    Raises
    ------
    FormatError
        There is no such format; the message lists them.
    """
    for item in FORMATS:
        if item.name == name:
            return item
    raise FormatError(f"unknown format {quoted(name)} (known: {', '.join(item.name for item in FORMATS)})")


def by_ending(path: FilePath) -> Format | None:
    """Return the format that a file's name stands for, in upper or lower case; None where it stands for none."""
    ending = Path(path).suffix.lower()
    return next((item for item in FORMATS if ending in item.endings), None)


def format_of(path: FilePath) -> Format:
    """Return the format of a file: by its name's ending, else by its first line. An empty file is in the first one.

    Raises
    ------
    FormatError
        The ending is unknown, and the file cannot be read or its first line fits no format.
    """
    known = by_ending(path)
    if known:
        return known
    lines, problems = read_lines(path, comments=(";", "#"))
    raise_fatal(problems)
    if not lines:
        return FORMATS[0]
    number, line = lines[0]
    for item in FORMATS:
        if item.recognise(line):
            return item
    names = ", ".join(item.name for item in FORMATS)
    raise FormatError(f"{os.fspath(path)}:{number}: a line of none of the known formats ({names}): {quoted(line)}")


def read_all(path: FilePath, format: str | None = None) -> dict[str, Annotation]:
    """Read the annotations of all recordings in a file.

    Parameters
    ----------
    path : str or path
        The file.
    format : str or None
        Its format's name; None to see it from the ending or the content.

    Returns
    -------
    dict of str to Annotation
        By the recording's id.

    Raises
    ------
    FormatError
        The format is unknown or does not say who speaks, or the file cannot be read.
    """
    chosen = by_name(format) if format else format_of(path)
    if chosen.read is None:
        raise FormatError(f"{os.fspath(path)}: {chosen.name} says where speech is, not who speaks")
    return chosen.read(path)


def read_one(path: FilePath, format: str | None = None, uri: str | None = None) -> Annotation:
    """Read one recording from a file: the one that is named, or the only one; see `Annotation.read`."""
    return one_of(read_all(path, format), path, uri)


def read_regions(path: FilePath, format: str | None = None) -> dict[str, list[Segment]]:
    """Read where a file marks speech in each recording, by its id; the id is "" where the format names none.

    Raises
    ------
    FormatError
        The format is unknown, or the file cannot be read.
    """
    chosen = by_name(format) if format else format_of(path)
    if chosen.regions is not None:
        return chosen.regions(path)
    return {uri: annotation.speech() for uri, annotation in read_all(path, chosen.name).items()}


def writer_of(target: Target, format: str | None = None) -> Writer:
    """Return what writes annotations to a target: in the format of that name, else in that of the file's ending.

    Raises
    ------
    FormatError
        The format is unknown or cannot be written.
    """
    if format is None:
        chosen = by_ending(target) if isinstance(target, str | PathLike) else None
        where = os.fspath(target) if isinstance(target, str | PathLike) else "a stream"
    else:
        chosen, where = by_name(format), format
    if chosen is None or chosen.write is None:
        raise FormatError(
            f"{where}: not a format that can be written; name one, or let the file end in {writable_endings()}"
        )
    return chosen.write


def write_all(
    annotations: Iterable[Annotation], target: Target, format: str | None = None, *, channel: int = 1
) -> None:
    """Write annotations, one for each recording, to a file or an open text stream.

    Parameters
    ----------
    annotations : iterable of Annotation
    target : str, path or text stream
        A file appears whole or not at all.
    format : str or None
        The format's name; None to see it from the file's ending.
    channel : int
        The channel they were made from, counted from 1; formats that name no channel leave it out.

    Raises
    ------
    FormatError
        The format is unknown or cannot be written, or the file cannot be written.
    """
    writer_of(target, format)(annotations, target, channel=channel)


def validate(path: FilePath) -> list[Problem]:
    """Return everything that keeps some tool from reading a file; an empty list where all is well.

    Raises
    ------
    FormatError
        The format is unknown.
    """
    chosen = format_of(path)
    if chosen.validate is None:
        raise FormatError(f"{os.fspath(path)}: {chosen.name} files cannot be checked")
    return chosen.validate(path)
