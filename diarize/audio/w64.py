"""W64 whose extended header names the coding by a GUID: libsndfile takes floats and A-law there for integers."""

from __future__ import annotations

import os
import re
from typing import BinaryIO

from diarize.audio.parts import Fill, Part, bytes_at, places

_WAVE = bytes.fromhex("f3acd3118cd100c04f8edb8a")  # how the GUIDs of all parts but the first end
_START = re.compile(re.escape(bytes.fromhex("726966662e91cf11a5d628db04c10000")) + b".{8}wave" + re.escape(_WAVE), re.S)
_EXTENDED = b"\xfe\xff"
_CODINGS = (b"\3\0", b"\6\0", b"\7\0")  # floats, A-law, mu-law; integers are read as they should be


def w64_parts(file: BinaryIO) -> list[Part]:
    """Return the files that are joined, with plain headers; nothing where there is one that is plain."""
    size = file.seek(0, os.SEEK_END)
    whole = int.from_bytes(bytes_at(file, 16, 8), "little")
    starts = [0] if whole == size else list(places(file, _START, 40)) or [0]
    stretches = [range(start, stop) for start, stop in zip(starts, [*starts[1:], size], strict=True)]
    parts = [Part(_plain(file, stretch)) for stretch in stretches]
    return [] if [part.pieces for part in parts] == [(range(size),)] else parts


def _plain(file: BinaryIO, stretch: range) -> tuple[range | Fill, ...]:
    """Return the pieces of a file with the short name of its coding in its header."""
    place = stretch.start + 40
    while place + 66 <= stretch.stop:
        chunk = bytes_at(file, place, 66)
        n_bytes = int.from_bytes(chunk[16:24], "little")
        if chunk[:16] == b"fmt " + _WAVE:
            coding = chunk[48:50]
            if chunk[24:26] == _EXTENDED and n_bytes >= 64 and coding in _CODINGS:
                return range(stretch.start, place + 24), Fill(coding), range(place + 26, stretch.stop)
            break
        place += max(24, n_bytes + -n_bytes % 8)
    return (stretch,)
