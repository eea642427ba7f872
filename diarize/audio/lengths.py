"""How long AVI and WMA files say they are: FFmpeg puts a guess in its place where they are cut short."""

from __future__ import annotations

import struct
from typing import BinaryIO

from diarize.audio.parts import bytes_at

_REACH = 1 << 16  # bytes at the start that hold the header
_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")  # of a file, in ASF

COUNTED = frozenset({"mov", "matroska", "webm", "flv", "wv", "tta"})
"""Kinds of other containers that say how long they are; of the rest FFmpeg makes a guess."""

SHORTAGE = 0.5
"""Seconds that may be missing: the lengths that containers give are not exact."""


def stated_seconds(file: BinaryIO) -> float | None:
    """Return how long the sound is by the header of an AVI or WMA file, None for others and where it is not known.

    Examples
    --------
    >>> import io
    >>> track = b"strh" + bytes(4) + b"auds" + bytes(16) + struct.pack("<4I", 1152, 44100, 0, 383)
    >>> round(stated_seconds(io.BytesIO(b"RIFF" + bytes(4) + b"AVI " + track)), 3)
    10.005
    """
    head = bytes_at(file, 0, _REACH)
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        place = head.find(b"auds", 12)
        if place < 0 or len(track := head[place + 20 : place + 36]) < 16:
            return None
        scale, rate, _, count = struct.unpack("<4I", track)
        return count * scale / rate if rate and count else None
    place = head.find(_PROPERTIES) if head.startswith(b"0&\xb2u") else -1
    if place < 0 or len(times := head[place + 64 : place + 88]) < 24:
        return None
    ticks, _, preroll = struct.unpack("<3Q", times)
    return ticks / 1e7 - preroll / 1e3 if ticks / 1e7 > preroll / 1e3 else None


def about_shortage(seconds: float, stated: float) -> str:
    """Return what to say of a file that is not as long as it says."""
    return (
        f"the file is cut short or damaged; using the {seconds:.3f} s before that, "
        f"where it should be {stated:.3f} s long"
    )
