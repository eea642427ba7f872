"""W64 that libsndfile refuses or takes for something else: an extended header, a length that was not known.

An extended header names the coding by a GUID: libsndfile takes floats and A-law there for integers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import BinaryIO

from diarize.audio.parts import Fill, Part, bytes_at, places

_WAVE = bytes.fromhex("f3acd3118cd100c04f8edb8a")  # how the GUIDs of all parts but the first end
_START = re.compile(re.escape(bytes.fromhex("726966662e91cf11a5d628db04c10000")) + b".{8}wave" + re.escape(_WAVE), re.S)
_EXTENDED = b"\xfe\xff"
_CODINGS = (b"\3\0", b"\6\0", b"\7\0")  # floats, A-law, mu-law; integers are read as they should be
_HEAD = 24  # bytes of a GUID and of a length, which counts them
_HUGE = 1 << 62  # bytes; programs that write to a pipe put such a length, or none
_UNKNOWN = "its header does not say how long it is; it is read to its end"


def w64_parts(file: BinaryIO) -> list[Part]:
    """Return the files that are joined, with plain headers; nothing where there is one that is plain."""
    size = file.seek(0, os.SEEK_END)
    whole = int.from_bytes(bytes_at(file, 16, 8), "little")
    starts = [0] if whole == size else list(places(file, _START, 40)) or [0]
    stretches = [range(start, stop) for start, stop in zip(starts, [*starts[1:], size], strict=True)]
    parts = [_plain(file, stretch) for stretch in stretches]
    return [] if [part.pieces for part in parts] == [(range(size),)] else parts


def _plain(file: BinaryIO, stretch: range) -> Part:
    """Return a file with the short name of its coding and the length of its sound in its header."""
    begin = stretch.start
    pieces: list[range | Fill] = [range(begin, begin + 16), range(begin + 16, begin + _HEAD)]
    done, remark = begin + _HEAD, ""
    for place, chunk in _chunks(file, stretch):
        n_bytes = int.from_bytes(chunk[16:24], "little")
        coding = chunk[48:50]
        if chunk.startswith(b"fmt ") and chunk[24:26] == _EXTENDED and n_bytes >= 64 and coding in _CODINGS:
            pieces += [range(done, place + 24), Fill(coding)]
            done = place + 26
        elif chunk.startswith(b"data") and not _HEAD < n_bytes < _HUGE and place + _HEAD < stretch.stop:
            pieces[1] = Fill(len(stretch).to_bytes(8, "little"))
            pieces += [range(done, place + 16), Fill((stretch.stop - place).to_bytes(8, "little"))]
            done, remark = place + _HEAD, _UNKNOWN
    return Part((*pieces, range(done, stretch.stop)) if len(pieces) > 2 else (stretch,), remark=remark)


def _chunks(file: BinaryIO, stretch: range) -> Iterator[tuple[int, bytes]]:
    """Yield where each chunk begins, up to that of the sound, and its first bytes."""
    place = stretch.start + 40
    while place + _HEAD <= stretch.stop:
        chunk = bytes_at(file, place, 66)
        if chunk[4:16] == _WAVE:
            yield place, chunk
        if chunk.startswith(b"data"):
            return
        n_bytes = int.from_bytes(chunk[16:24], "little")
        place += max(_HEAD, n_bytes + -n_bytes % 8)
