"""Chained Ogg files (Vorbis, Opus, FLAC): streams that follow each other, where a decoder stops after the first."""

from __future__ import annotations

import os
import re
import zlib
from itertools import pairwise
from typing import BinaryIO

from diarize.audio.parts import Part, bytes_at, places

_PAGE = re.compile(rb"OggS\0[\0-\7]")
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))  # the bits of each byte
_FIRST_PAGE = re.compile(rb"OggS\0[\2\3\6\7]\0{8}.{4}\0{4}", re.DOTALL)  # of a stream: it begins at time 0


def ogg_parts(file: BinaryIO) -> list[Part]:
    """Return the streams that follow each other, nothing where there is one only; what is muxed counts as one.

    What lies in front of the first stream, and behind a stream that came to its end, is left out.
    """
    size = file.seek(0, os.SEEK_END)
    starts: list[int] = []
    last: list[int] = []  # page of each stream
    page_end = -1
    for place in places(file, _PAGE, 6):
        if _FIRST_PAGE.match(bytes_at(file, place, 26)):
            if place != page_end:
                starts.append(place)
                last.append(place)
            page_end = _page_end(file, place)
        elif last:
            last[-1] = place
    stretches = [range(start, stop) for start, stop in pairwise([*starts, size])]
    stretches = [_without_rest(file, stretch, page) for stretch, page in zip(stretches, last, strict=True)]
    return [] if stretches == [range(size)] else [Part((stretch,)) for stretch in stretches]


def loses_pages(file: BinaryIO) -> bool:
    """Tell whether pages are missing or damaged in a file that is not chained, by their numbers and check sums."""
    numbers: dict[bytes, int] = {}
    end = 0
    for place in places(file, _PAGE, 6):
        if place < end:  # in the sound of a page
            continue
        page = bytes_at(file, place, _page_end(file, place) - place)
        if not _is_whole(page):  # what looks like a page by chance leaves no gap in the numbers
            continue
        end = place + len(page)
        stream, number = page[14:18], int.from_bytes(page[18:22], "little")
        if page[5] & 2 and any(numbers.values()):
            return False
        if stream in numbers and number > numbers[stream] + 1:
            return True
        numbers[stream] = number
    return False


def _is_whole(page: bytes) -> bool:
    """Tell whether the check sum of a page is right: a CRC like zlib's, but from the highest bit of a byte on."""
    bare = page[:22] + bytes(4) + page[26:]
    check = zlib.crc32(bare.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return check.to_bytes(4, "little").translate(_MIRRORED) == page[22:26][::-1]


def _without_rest(file: BinaryIO, stretch: range, page: int) -> range:
    """Return a stream without what follows its last page, if that says that it is the last."""
    end = _page_end(file, page)
    is_end = bytes_at(file, page, 6)[5] & 4
    return range(stretch.start, end) if is_end and end <= stretch.stop else stretch


def _page_end(file: BinaryIO, start: int) -> int:
    """Return where the page ends that starts there."""
    file.seek(start + 26)
    n_segments = int.from_bytes(file.read(1), "big")
    return start + 27 + n_segments + sum(file.read(n_segments))
