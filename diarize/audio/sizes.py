"""WAV, AIFF, AU and CAF that are joined, or whose header counts too few bytes: a recorder that was stopped, or a count
that wrapped at 4 GiB.

Such a file is read to its end. What follows the sound in an intact file is known by its form: chunks, tags, zeros.
"""

from __future__ import annotations

import os
import re
import struct
from itertools import pairwise
from typing import BinaryIO, Literal, NamedTuple

from diarize.audio.parts import Fill, Part, behind_tags, bytes_at, places

_BUFFER = 1 << 20  # bytes
_LEAST = 1024  # bytes; fewer are not worth a question
_MOST = 0xFFFFFFFF  # what four bytes can count
_KINDS = {(b"RIFF", b"WAVE"), (b"RIFX", b"WAVE"), (b"RF64", b"WAVE"), (b"FORM", b"AIFF"), (b"FORM", b"AIFC")}
_HEADS = {  # by their first four bytes; 16 bytes each, which no sound has by chance
    b"RIFF": re.compile(rb"RIFF.{4}WAVE.{4}", re.DOTALL),
    b"RIFX": re.compile(rb"RIFX.{4}WAVE.{4}", re.DOTALL),
    b"RF64": re.compile(rb"RF64.{4}WAVE.{4}", re.DOTALL),
    b"FORM": re.compile(rb"FORM.{4}AIF[FC].{4}", re.DOTALL),
    b".snd": re.compile(rb"\.snd\0\0[\0-\x10].{5}\0\0\0[\1-\x1b]", re.DOTALL),
    b"caff": re.compile(rb"caff\x00\x01\x00\x00desc\x00{4}"),
}
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
    extra : int
        Bytes of other things in front of the sound that are counted with it.
    """

    start: int
    n_bytes: int
    counted_at: int
    whole_at: int | None
    width: int
    order: Literal["little", "big"]
    extra: int = 0

    @property
    def is_caf(self) -> bool:
        return self.width == 8 and self.order == "big"


def sized_parts(file: BinaryIO) -> list[Part]:
    """Return the files that are joined, with the right counts in their headers; nothing if all is right.

    Examples
    --------
    >>> import io
    >>> header = b"RIFF\\0\\0\\0\\0WAVEfmt \\x10\\0\\0\\0" + bytes(16) + b"data\\0\\0\\0\\0"
    >>> sized_parts(io.BytesIO(header + 1000 * b"sound"))[0].remark
    'its header counts 0 bytes of sound, but 5000 follow; it is read to its end'
    """
    size = file.seek(0, os.SEEK_END)
    starts = _starts(file, size)
    parts = [_sized(file, range(start, stop)) for start, stop in pairwise([*starts, size])]
    return [] if [part.pieces for part in parts] == [(range(starts[0], size),)] else parts


def _starts(file: BinaryIO, size: int) -> list[int]:
    """Return where the files begin that are joined in one."""
    begin = behind_tags(file)
    sound, head = _sound(file, begin), _HEADS.get(bytes_at(file, begin, 4))
    # it is right, or its count wrapped
    is_one = sound is not None and (size - sound.start - sound.n_bytes) % (_MOST + 1) < _LEAST
    if head is None or is_one:
        return [begin]
    return [begin, *places(file, head, 16, range(sound.start if sound else min(begin + 16, size), size))]


def _sized(file: BinaryIO, stretch: range) -> Part:
    """Return a file that lies in a stretch, with the right counts in its header."""
    stop = stretch.stop
    sound = _sound(file, stretch.start)
    total = 0 if sound is None else stop - sound.start
    # libsndfile refuses CAF that ends before its sound, or whose count is -1 since it was not known
    is_refused = sound is not None and sound.is_caf and not 0 <= sound.n_bytes <= total
    if sound is None or not (is_refused or _continues(file, sound, stop)):
        return Part((stretch,))
    remark = "" if sound.n_bytes < 0 else _remark(sound.n_bytes - sound.extra, total - sound.extra)
    if total > _MOST and sound.width == 4 and sound.order == "little":
        data = (range(stretch.start + 12, sound.start - 4), Fill(b"\xff" * 4), range(sound.start, stop))
        return Part((Fill(_rf64(len(stretch), total)), *data), remark=remark)
    whole = [] if sound.whole_at is None else [(sound.whole_at, len(stretch) - 8)]
    pieces: list[range | Fill] = []
    position = stretch.start
    for place, n_bytes in [*whole, (sound.counted_at, total)]:
        count = min(n_bytes, 256**sound.width - 1).to_bytes(sound.width, sound.order)
        pieces += [range(position, place), Fill(count)]
        position = place + sound.width
    return Part((*pieces, range(position, stop)), remark=remark)


def _remark(counted: int, present: int) -> str:
    """Return what to say of a header that counts another number of bytes."""
    if counted > present:
        return f"the file is cut short: its header counts {counted} bytes of sound, but only {present} are there"
    return f"its header counts {max(counted, 0)} bytes of sound, but {present} follow; it is read to its end"


def _sound(file: BinaryIO, begin: int) -> Sound | None:
    """Return where the sound is, None where the file is of another kind or its header is not understood."""
    head = bytes_at(file, begin, 12).ljust(12, b"\0")
    if head[:4] == b".snd":
        start, n_bytes = struct.unpack(">II", head[4:])
        return Sound(begin + start, n_bytes, begin + 8, None, 4, "big")
    if head[:8] == b"caff\0\1\0\0":
        return _caf_sound(file, begin)
    if (head[:4], head[8:]) not in _KINDS:
        return None
    order: Literal["little", "big"] = "big" if head[:4] in (b"RIFX", b"FORM") else "little"
    place, wide = begin + 12, None
    while len(chunk := bytes_at(file, place, 8)) == 8:
        n_bytes = int.from_bytes(chunk[4:], order)
        if chunk[:4] == b"ds64":
            wide = place + 8
        elif chunk[:4] in (b"data", b"SSND"):
            if chunk == b"SSND\0\0\0\0":
                return None  # of unknown length, and read to its end
            if wide is None:
                return Sound(place + 8, n_bytes, place + 4, begin + 4, 4, order, 8 if chunk[:4] == b"SSND" else 0)
            return Sound(place + 8, int.from_bytes(bytes_at(file, wide + 8, 8), order), wide + 8, wide, 8, order)
        place += 8 + n_bytes + n_bytes % 2
    return None


def _caf_sound(file: BinaryIO, begin: int) -> Sound | None:
    """Return where the sound of a CAF file is; its count is -1 where the length was not known."""
    place = begin + 8
    while len(chunk := bytes_at(file, place, 12)) == 12:
        n_bytes = int.from_bytes(chunk[4:], "big", signed=True)
        if chunk[:4] == b"data":
            return Sound(place + 12, n_bytes, place + 4, None, 8, "big", 4)
        if n_bytes < 0:
            return None
        place += 12 + n_bytes
    return None


def _continues(file: BinaryIO, sound: Sound, size: int) -> bool:
    """Tell whether there is more sound behind the end that the header gives."""
    end = sound.start + sound.n_bytes
    if size - end < _LEAST:
        return False
    for place in (end, end + sound.n_bytes % 2):
        if bytes_at(file, place, 8).startswith(_KNOWN) or _are_chunks(file, place, size, sound):
            return False
    file.seek(end)
    return sound.n_bytes == 0 or any(any(content) for content in iter(lambda: file.read(_BUFFER), b""))


def _are_chunks(file: BinaryIO, place: int, size: int, sound: Sound) -> bool:
    """Tell whether chunks, each with a name and its length, fill a file exactly from some place to its end."""
    n_head = 12 if sound.is_caf else 8
    while place + n_head <= size:
        head = bytes_at(file, place, n_head)
        if not _NAME.match(head):
            return False
        n_bytes = int.from_bytes(head[4:], sound.order)
        place += n_head + n_bytes + (0 if sound.is_caf else n_bytes % 2)
    return place <= size + 1


def _rf64(size: int, n_bytes: int) -> bytes:
    """Return the start of an RF64 file, the kind of WAV whose counts have eight bytes."""
    return struct.pack("<4sI4s4sIQQQI", b"RF64", _MOST, b"WAVE", b"ds64", 28, size + 28, n_bytes, 0, 0)
