"""Sound with something in front that does not belong to it: zeros, the answer of a server, a stray header."""

from __future__ import annotations

import os
import re
from typing import BinaryIO

from diarize.audio.containers import HEAD, kind_of
from diarize.audio.parts import Part, behind_tags, bytes_at, places
from diarize.errors import counted

_REACH = 1 << 16  # bytes in front; what holds sound further behind is another kind of file
_LENGTH = 16
_START = re.compile(
    rb"fLaC[\0\x80]\0\0\x22.{8}|OggS\0[\2\3\6\7]\0{8}..|RIFF.{4}WAVE.{4}|RIFX.{4}WAVE.{4}|RF64.{4}WAVEds64"
    rb"|FORM.{4}AIF[FC].{4}",
    re.DOTALL,
)


def hidden_parts(file: BinaryIO) -> list[Part]:
    """Return the sound behind what is in front; nothing where there is none, or where the file is a container.

    Examples
    --------
    >>> import io
    >>> hidden_parts(io.BytesIO(bytes(100) + b"RIFF....WAVEfmt " + bytes(50)))[0].remark
    'it begins with 100 bytes that are no sound; they are left out'
    """
    size = file.seek(0, os.SEEK_END)
    begin = behind_tags(file)
    if kind_of(bytes_at(file, begin, HEAD)) is not None:
        return []
    start = next(places(file, _START, _LENGTH, range(begin, min(size, begin + _REACH))), begin)
    if start == begin:
        return []
    nothing = counted(start - begin, "byte that is no sound; it is", "bytes that are no sound; they are")
    remark = f"it begins with {nothing} left out"
    return [Part((range(start, size),), remark=remark)]
