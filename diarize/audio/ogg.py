"""Chained Ogg files (Vorbis, Opus, FLAC): streams that follow each other, where a decoder stops after the first."""

from __future__ import annotations

import re
from typing import BinaryIO

from diarize.audio.parts import Part, joined, places

_FIRST_PAGE = re.compile(rb"OggS\0[\2\3\6\7]\0{8}.{4}\0{4}", re.DOTALL)  # of a stream: it begins at time 0


def ogg_parts(file: BinaryIO) -> list[Part]:
    """Return the streams that follow each other, nothing where there is one only; what is muxed counts as one."""
    starts: list[int] = []
    page_end = -1
    for start in places(file, _FIRST_PAGE, 26):
        if start != page_end:
            starts.append(start)
        page_end = _page_end(file, start)
    return joined(file, starts)


def _page_end(file: BinaryIO, start: int) -> int:
    """Return where the page ends that starts there."""
    file.seek(start + 26)
    n_segments = int.from_bytes(file.read(1), "big")
    return start + 27 + n_segments + sum(file.read(n_segments))
