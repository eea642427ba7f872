"""FLAC streams that are joined or broken. Each frame holds the number of its samples, so that no time gets lost."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from diarize.audio.parts import Fill, Part, bytes_at, places

_INFO = 42  # bytes: the marker and the block that describes the stream
_TAG = 128  # bytes of an ID3v1 tag, which stands at the end
_END = 1 << 18  # bytes at the end of a stream that hold several frames
_LONGEST = 17  # bytes of the header of a frame
_START = re.compile(rb"fLaC[\0\x80]\0\0\x22")  # the marker, and the block that has to follow it
_FRAME = re.compile(rb"\xff[\xf8\xf9][\x10-\xff][\0-\xaf]", re.DOTALL)


class Frame(NamedTuple):
    """Where a frame begins in the file, its first sample, and how many it has."""

    position: int
    sample: int
    n_samples: int


def flac_parts(file: BinaryIO) -> list[Part]:
    """Return the streams that are joined in a file, without a tag at its end; nothing where one is alone and right."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAG))
    stop = size - _TAG if file.read(3) == b"TAG" else size
    starts = list(places(file, _START, 8))
    parts = [_whole(file, range(start, end)) for start, end in pairwise([*starts, stop])]
    return parts if len(parts) > 1 or stop < size or any(part.remark for part in parts) else []


def _whole(file: BinaryIO, stream: range) -> Part:
    """Return a stream; where its header counts fewer samples than it has, as one of unknown length."""
    info = bytes_at(file, stream.start, _INFO)
    n_counted = int.from_bytes(info[21:26], "big") & 0xFFFFFFFFF
    frame_size = int.from_bytes(info[8:10], "big")
    n_samples = 0
    if n_counted:
        for frame, after in pairwise(
            _frames(file, range(max(stream.start, stream.stop - _END), stream.stop), frame_size)
        ):
            if after.sample == frame.sample + frame.n_samples:
                n_samples = after.sample + after.n_samples
    if n_samples <= n_counted:
        return Part((stream,))
    remark = f"its header counts {n_counted} samples, but there are {n_samples}; it is read to its end"
    uncounted = info[:21] + bytes([info[21] & 0xF0]) + bytes(20)  # without the sum to check as well
    return Part((Fill(uncounted), range(stream.start + _INFO, stream.stop)), remark=remark)


def flac_rest(file: BinaryIO, stream: range, begin: int, sample: int) -> tuple[Part, Frame] | None:
    """Return what can be decoded behind a break, and its first frame; None if there is nothing.

    Parameters
    ----------
    file : binary file
    stream : range
        The bytes of the stream.
    begin : int
        Byte to look from.
    sample : int
        The first sample that is lost.
    """
    file.seek(next(places(file, _START, 8, stream), stream.start))
    info = file.read(_INFO)
    size = int.from_bytes(info[8:10], "big")  # samples in each frame but the last
    for frame, after in pairwise(_frames(file, range(begin, stream.stop), size)):
        if frame.sample > sample and after.sample == frame.sample + frame.n_samples:
            # of unknown length, without a sum to check; no other block of description follows
            info = info[:4] + b"\x80" + info[5:21] + bytes([info[21] & 0xF0]) + bytes(20)
            return Part((Fill(info), range(frame.position, stream.stop))), frame
    return None


def _frames(file: BinaryIO, stretch: range, size: int) -> Iterator[Frame]:
    """Yield all that looks like a frame; with so little to check there is chance among it."""
    for position in places(file, _FRAME, 4, stretch):
        file.seek(position)
        head = file.read(_LONGEST)
        frame = _frame(head, position, size) if len(head) == _LONGEST else None
        if frame:
            yield frame


def _frame(head: bytes, position: int, size: int) -> Frame | None:
    n_more = max(0, 8 - (head[4] ^ 0xFF).bit_length() - 1)  # the number is written as UTF-8 writes letters
    number = head[4] & (0x7F >> n_more + (n_more > 0))
    for byte in head[5 : 5 + n_more]:
        number = number << 6 | byte & 0x3F
    place = 5 + n_more
    block, rate = head[2] >> 4, head[2] & 15
    n_wide = {6: 1, 7: 2}.get(block, 0)
    wide = int.from_bytes(head[place : place + n_wide], "big") + 1
    place += n_wide + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if len(head) <= place or _check(head[:place]) != head[place]:
        return None
    n_samples = wide if n_wide else 192 if block == 1 else 576 << block - 2 if block < 6 else 256 << block - 8
    return Frame(position, number if head[1] & 1 else number * size, n_samples)


def _check(content: bytes) -> int:
    """Return the 8 bit cyclic redundancy check of bytes, with the polynomial 0x107."""
    rest = 0
    for byte in content:
        rest ^= byte
        for _ in range(8):
            rest = rest << 1 ^ (0x107 if rest & 0x80 else 0)
    return rest
