"""WAV, AIFF and AU whose header counts too few bytes: a recorder that was stopped, or a count that wrapped at 4 GiB.

Such a file is read to its end. What follows the sound in an intact file is known by its form: chunks, tags, zeros.
"""

from __future__ import annotations

import os
import re
import struct
from typing import BinaryIO, Literal, NamedTuple

from diarize.audio.parts import Fill, Part

_BUFFER = 1 << 20  # bytes
_LEAST = 1024  # bytes; fewer are not worth a question
_MOST = 0xFFFFFFFF  # what four bytes can count
_KINDS = {(b"RIFF", b"WAVE"), (b"RIFX", b"WAVE"), (b"RF64", b"WAVE"), (b"FORM", b"AIFF"), (b"FORM", b"AIFC")}
_NAME = re.compile(rb"[A-Za-z_][\w .-]{3}")
_KNOWN = (b"LIST", b"bext", b"iXML", b"id3 ", b"TAG", b"ID3", b"APETAGEX", b"LYRICS", b"<?xml")


class Sound(NamedTuple):
    """The sound of a file as its header has it.

    Parameters
    ----------
    start, n_bytes : int
        The first byte, and how many there are.
    counted_at, whole_at : int or None
        Where the header holds this number, and the length of the file.
    width : int
        Bytes of each count.
    order : {'little', 'big'}
        Of these bytes.
    """

    start: int
    n_bytes: int
    counted_at: int
    whole_at: int | None
    width: int
    order: Literal["little", "big"]


def sized_parts(file: BinaryIO) -> list[Part]:
    """Return the file with the right counts in its header; nothing where they are right or nothing speaks against them.

    Examples
    --------
    >>> import io
    >>> header = b"RIFF\\0\\0\\0\\0WAVEfmt \\x10\\0\\0\\0" + bytes(16) + b"data\\0\\0\\0\\0"
    >>> sized_parts(io.BytesIO(header + 1000 * b"sound"))[0].remark
    'its header counts 0 bytes of sound, but 5000 follow; it is read to its end'
    """
    size = file.seek(0, os.SEEK_END)
    sound = _sound(file)
    if sound is None or not _continues(file, sound, size):
        return []
    total = size - sound.start
    remark = f"its header counts {sound.n_bytes} bytes of sound, but {total} follow; it is read to its end"
    if total > _MOST and sound.width == 4 and sound.order == "little":
        data = (range(12, sound.start - 4), Fill(b"\xff" * 4), range(sound.start, size))
        return [Part((Fill(_rf64(size, total)), *data), remark=remark)]
    whole = [] if sound.whole_at is None else [(sound.whole_at, size - 8)]
    pieces: list[range | Fill] = []
    position = 0
    for place, counted in [*whole, (sound.counted_at, total)]:
        count = min(counted, 256**sound.width - 1).to_bytes(sound.width, sound.order)
        pieces += [range(position, place), Fill(count)]
        position = place + sound.width
    return [Part((*pieces, range(position, size)), remark=remark)]


def _sound(file: BinaryIO) -> Sound | None:
    """Return where the sound is, None where the file is of another kind or its header is not understood."""
    file.seek(0)
    head = file.read(12).ljust(12, b"\0")
    if head[:4] == b".snd":
        start, n_bytes = struct.unpack(">II", head[4:])
        return Sound(start, n_bytes, 8, None, 4, "big")
    if (head[:4], head[8:]) not in _KINDS:
        return None
    order: Literal["little", "big"] = "big" if head[:4] in (b"RIFX", b"FORM") else "little"
    place, wide = 12, None
    while len(chunk := _at(file, place, 8)) == 8:
        n_bytes = int.from_bytes(chunk[4:], order)
        if chunk[:4] == b"ds64":
            wide = place + 8
        elif chunk[:4] in (b"data", b"SSND"):
            if chunk == b"SSND\0\0\0\0":
                return None  # of unknown length, and read to its end
            if wide is None:
                return Sound(place + 8, n_bytes, place + 4, 4, 4, order)
            return Sound(place + 8, int.from_bytes(_at(file, wide + 8, 8), order), wide + 8, wide, 8, order)
        place += 8 + n_bytes + n_bytes % 2
    return None


def _continues(file: BinaryIO, sound: Sound, size: int) -> bool:
    """Tell whether there is more sound behind the end that the header gives."""
    end = sound.start + sound.n_bytes
    if size - end < _LEAST:
        return False
    for place in (end, end + sound.n_bytes % 2):
        if _at(file, place, 8).startswith(_KNOWN) or _are_chunks(file, place, size, sound.order):
            return False
    file.seek(end)
    return sound.n_bytes == 0 or any(any(content) for content in iter(lambda: file.read(_BUFFER), b""))


def _are_chunks(file: BinaryIO, place: int, size: int, order: Literal["little", "big"]) -> bool:
    """Tell whether chunks, each with a name and its length, fill a file exactly from some place to its end."""
    while place + 8 <= size:
        head = _at(file, place, 8)
        if not _NAME.match(head):
            return False
        n_bytes = int.from_bytes(head[4:], order)
        place += 8 + n_bytes + n_bytes % 2
    return place <= size + 1


def _at(file: BinaryIO, place: int, n_bytes: int) -> bytes:
    file.seek(place)
    return file.read(n_bytes)


def _rf64(size: int, n_bytes: int) -> bytes:
    """Return the start of an RF64 file, the kind of WAV whose counts have eight bytes."""
    return struct.pack("<4sI4s4sIQQQI", b"RF64", _MOST, b"WAVE", b"ds64", 28, size + 28, n_bytes, 0, 0)
