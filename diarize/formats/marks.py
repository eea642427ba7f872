"""Speech marks in whatever format they come: RTTM, UEM or LAB."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import Literal

from diarize.annotation import Segment
from diarize.errors import FormatError
from diarize.formats.files import raise_fatal, read_lines
from diarize.formats.lab import read_lab
from diarize.formats.rttm import OTHER_TYPES, read_rttm
from diarize.formats.uem import read_uem

Kind = Literal["rttm", "uem", "lab"]
_BY_ENDING: dict[str, Kind] = {".rttm": "rttm", ".uem": "uem", ".lab": "lab"}


def file_kind(path: str | PathLike[str]) -> Kind:
    """Return a label file's format: by its name's ending, else by its first line.

    Raises
    ------
    FormatError
        The ending is unknown and the file cannot be read.
    """
    kind = _BY_ENDING.get(Path(path).suffix.lower())
    if kind:
        return kind
    lines, problems = read_lines(path, comments=(";", "#"))
    raise_fatal(problems)
    fields = lines[0][1].split() if lines else []
    if fields and (fields[0] == "SPEAKER" or fields[0] in OTHER_TYPES):
        return "rttm"
    # a LAB line holds a number in its second field as well, but also in its first
    return "uem" if len(fields) == 4 and not fields[0].replace(".", "", 1).isdecimal() else "lab"


def read_speech_marks(path: str | PathLike[str], uri: str) -> list[Segment]:
    """Read where speech is in one recording.

    Parameters
    ----------
    path : str or path
        RTTM (any speaker counts as speech), UEM (the regions) or LAB (labels other than silence), told by the ending
        .rttm, .uem or .lab, else by the first line.
    uri : str
        The recording's id; LAB names none and is taken as it is.

    Returns
    -------
    list of Segment
        Sorted, without overlap; empty where an empty file marks no speech.

    Raises
    ------
    FormatError
        The file cannot be read, or marks other recordings only.
    """
    kind = file_kind(path)
    if kind == "lab":
        return read_lab(path)
    if kind == "uem":
        marks = read_uem(path)
    else:
        marks = {name: annotation.speech() for name, annotation in read_rttm(path).items()}
    if marks and uri not in marks:
        held = ", ".join(list(marks)[:5]) + (", ..." if len(marks) > 5 else "")
        raise FormatError(f"{os.fspath(path)}: no speech marks for recording {uri!r} (the file marks: {held})")
    return marks.get(uri, [])
