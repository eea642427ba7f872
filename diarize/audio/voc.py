"""VOC (Creative Voice) of several blocks: libsndfile takes the headers of all blocks but the first for sound."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from itertools import groupby
from typing import BinaryIO, NamedTuple

from diarize.audio.parts import Fill, Part, bytes_at

_TAGS = {0: 1, 4: 1, 6: 6, 7: 7}  # kinds of WAV by codecs of VOC: PCM of 8 and 16 bits, A-law, mu-law
_MARK = b"Creative Voice File"
_TERMINATOR, _SOUND, _MORE, _SILENCE, _EXTRA, _NEW = 0, 1, 2, 3, 8, 9


class Form(NamedTuple):
    """How the sound of a block is written: sample rate (Hz), bits of a sample, channels, codec."""

    rate: int
    bits: int
    n_channels: int
    codec: int


def voc_parts(file: BinaryIO) -> list[Part]:
    """Return the sound of all blocks as WAV, a part for each form; nothing where a form is not known."""
    blocks = list(_blocks(file))
    if any(form is None or form.codec not in _TAGS or not form.rate for form, _ in blocks):
        return []
    return [
        _wav(form, [piece for _, piece in group]) for form, group in groupby(blocks, lambda block: block[0]) if form
    ]


def _wav(form: Form, pieces: list[range | Fill]) -> Part:
    width = form.n_channels * form.bits // 8
    n_bytes = sum(len(piece) if isinstance(piece, range) else piece.count for piece in pieces)
    settings = _TAGS[form.codec], form.n_channels, form.rate, form.rate * width, width, form.bits
    header = struct.pack(
        "<4sI8sIHHIIHH4sI", b"RIFF", min(n_bytes + 36, 0xFFFFFFFF), b"WAVEfmt ", 16, *settings, b"data",
        min(n_bytes, 0xFFFFFFFF),
    )  # fmt: skip
    return Part((Fill(header), *pieces))


def _blocks(file: BinaryIO) -> Iterator[tuple[Form | None, range | Fill]]:
    """Yield the form and the sound of each block; the form is None where it is not understood."""
    size = file.seek(0, os.SEEK_END)
    place = int.from_bytes(bytes_at(file, 20, 2), "little")
    form: Form | None = None
    extra: tuple[int, int] | None = None  # rate and channels for the next block of the old kind
    while place < size:
        head = bytes_at(file, place, 24).ljust(24, b"\0")
        kind, n_bytes = head[0], int.from_bytes(head[1:4], "little")
        if kind == _TERMINATOR:
            if not head[1:].startswith(_MARK):
                return
            place += 1 + int.from_bytes(head[21:23], "little")  # a joined file
            continue
        start, place = place + 4, place + 4 + n_bytes
        if kind == _EXTRA:
            n_channels = 1 + head[7]
            extra = 256_000_000 // (n_channels * (65536 - int.from_bytes(head[4:6], "little"))), n_channels
        elif kind == _SOUND:
            rate, n_channels = extra or (1_000_000 // (256 - head[4]), 1)
            form, extra = Form(rate, 16 if head[5] == 4 else 8, n_channels, head[5]), None
            yield form, range(start + 2, place)
        elif kind == _NEW:
            rate, bits, n_channels, codec = struct.unpack("<IBBH", head[4:12])
            form = Form(rate, bits, n_channels, codec)
            yield form, range(start + 12, place)
        elif kind == _MORE:
            yield form, range(start, place)
        elif kind == _SILENCE and form:
            n_samples = round((1 + int.from_bytes(head[4:6], "little")) * form.rate * (256 - head[6]) / 1_000_000)
            sample = b"\x80" if form.bits == 8 else b"\0"
            yield form, Fill(sample, n_samples * form.n_channels * form.bits // 8)
