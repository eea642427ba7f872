"""Speech marks of one recording, in whatever format they come."""

from __future__ import annotations

import os
from os import PathLike

from diarize.annotation import Segment
from diarize.errors import FormatError, quoted, shortlist
from diarize.formats.registry import read_regions

_ANONYMOUS = ""  # the id in a format that names no recording


def read_speech_marks(path: str | PathLike[str], uri: str) -> list[Segment]:
    """Read where speech is in one recording.

    Parameters
    ----------
    path : str or path
        RTTM (any speaker counts as speech), UEM (the regions), LAB (labels other than silence), or any other format in
        the registry, seen from the ending, else from the first line.
    uri : str
        The recording's id; a format that names no recording is taken as it is.

    Returns
    -------
    list of Segment
        Sorted, without overlap; empty where an empty file marks no speech.

    Raises
    ------
    FormatError
        The file cannot be read, or marks other recordings only.
    """
    marks = read_regions(path)
    if _ANONYMOUS in marks:
        return marks[_ANONYMOUS]
    if marks and uri not in marks:
        raise FormatError(
            f"{os.fspath(path)}: no speech marks for recording {quoted(uri)} (the file marks: {shortlist(marks)})"
        )
    return marks.get(uri, [])
