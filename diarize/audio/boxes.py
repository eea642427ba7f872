"""What keeps the sound of an MP4, M4A or MOV file from being decoded: no index, or encryption."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import BinaryIO

from diarize.audio.parts import bytes_at, places
from diarize.errors import AudioError

_PROTECTED = re.compile(rb"\0\0..(?:enca|drms)\0{6}", re.DOTALL)  # a sample entry of encrypted sound
_LENGTH = 14


def check_boxes(name: str, file: BinaryIO) -> None:
    """See that there is an index and no encryption, if it is a file of that kind.

    Raises
    ------
    AudioError
        There is none, or the sound is encrypted.

    Examples
    --------
    >>> import io
    >>> check_boxes("talk.m4a", io.BytesIO(bytes([0, 0, 0, 16]) + b"ftypM4A     "))
    Traceback (most recent call last):
    diarize.errors.AudioError: talk.m4a: is an MP4 / M4A / MOV file without its index (moov): the recording was not \
finished, or the copy is cut short; copy it again, or repair it from an intact file of the same device
    """
    if bytes_at(file, 4, 4) != b"ftyp":
        return
    boxes = list(_boxes(file))
    index = [stretch for kind, stretch in boxes if kind == b"moov"]
    if not index and not any(kind == b"moof" for kind, _ in boxes):
        raise AudioError(
            f"{name}: is an MP4 / M4A / MOV file without its index (moov): the recording was not finished, or the copy "
            "is cut short; copy it again, or repair it from an intact file of the same device"
        )
    if any(True for stretch in index for _ in places(file, _PROTECTED, _LENGTH, stretch)):
        raise AudioError(f"{name}: its sound is encrypted; export it without protection")


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, range]]:
    """Yield the kind of each box of a file, and the bytes it takes."""
    place, size = 0, file.seek(0, os.SEEK_END)
    while len(head := bytes_at(file, place, 16)) >= 8:
        length, n_head = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, n_head = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = size - place
        if length < n_head:
            return
        yield head[4:8], range(place, min(place + length, size))
        place += length
