"""MP3 from frame to frame: how many there are, where a joined file begins, where the stream is broken.

A decoder only guesses the length of a stream without a count, leaves the delay of the encoder in, and loses sound and
time where a stream is broken. Such a stream is put together anew: with a frame in front that holds the count and the
delay, with silent frames in place of broken ones.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import BinaryIO, NamedTuple

from diarize.audio.parts import Fill, Hole, Part, tag_length
from diarize.errors import counted

# kbit/s by index 1 to 14, for layers I to III of MPEG 1, then of MPEG 2 and 2.5
_BITS = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # Hz, by version

_SAME = 0xFFFE0C00  # bits that all frames of a stream have in common: sync, version, layer, sample rate
_CHAIN = 4  # headers at the right distances that prove a stream; fewer are chance
_PROOF = 4096  # bytes of frames without a break that prove a stream in an unknown file
_COUNT_FRAME = 220  # bytes; decoders look for a count only in frames that have room for more
_DELAY = 576  # samples, of LAME and others
_BUFFER = 1 << 18  # bytes


class Header(NamedTuple):
    """What the four bytes at the start of a frame say.

    Parameters
    ----------
    kind : int
        What all frames of a stream have in common.
    layer : int
    length : int
        Bytes of the whole frame.
    n_samples, sample_rate : int
    data : int
        Where the sound begins in the frame, behind the tables of layer III.
    """

    kind: int
    layer: int
    length: int
    n_samples: int
    sample_rate: int
    data: int


@lru_cache(maxsize=1024)
def parse_header(content: bytes) -> Header | None:
    """Return what four bytes say if they are the header of a frame whose length is known.

    Examples
    --------
    >>> header = parse_header(bytes.fromhex("fffb9064"))
    >>> header.length, header.n_samples, header.sample_rate
    (417, 1152, 44100)
    """
    word = int.from_bytes(content, "big")
    version, layer = word >> 19 & 3, 4 - (word >> 17 & 3)
    index, rate_index, padding = word >> 12 & 15, word >> 10 & 3, word >> 9 & 1
    if len(content) < 4 or word >> 21 != 0x7FF or version == 1 or layer == 4 or index in {0, 15} or rate_index == 3:
        return None
    mpeg1, mono = version == 3, word >> 6 & 3 == 3
    bits, rate = 1000 * _BITS[mpeg1, layer][index - 1], _RATES[version][rate_index]
    n_samples = 384 if layer == 1 else 576 if layer == 3 and not mpeg1 else 1152
    length = 4 * (12 * bits // rate + padding) if layer == 1 else n_samples // 8 * bits // rate + padding
    check = 0 if word >> 16 & 1 else 2
    tables = 0 if layer < 3 else (17 if mono else 32) if mpeg1 else (9 if mono else 17)
    return Header(word & _SAME | mono, layer, length, n_samples, rate, 4 + check + tables)


@dataclass(frozen=True, slots=True)
class Run:
    """Frames without a break between them.

    Parameters
    ----------
    start, end : int
        Bytes in the file.
    last : int
        Where the last frame begins.
    first, header : bytes, Header
        The first four bytes, and what they say.
    n_frames : int
        Frames with sound.
    count, count_at : int or None
        How many frames with sound the stream should have, and where in the file that stands, if the first frame says
        so; this frame has no sound.
    n_broken : int
        Bytes of no use before this run.
    """

    start: int
    end: int
    last: int
    first: bytes
    header: Header
    n_frames: int
    count: int | None
    count_at: int
    n_broken: int


def mpeg_parts(file: BinaryIO) -> list[Part]:
    """Return what to decode, one after the other; nothing where the file as it is will be decoded well.

    A frame with a count begins a new part, and so does another sample rate.
    """
    window = _Window(file)
    streams: list[list[Run]] = []
    for run in _runs(window):
        if not streams or run.count is not None or run.header.kind != streams[-1][0].header.kind:
            streams.append([])
        streams[-1].append(run)
    if len(streams) == 1 and len(streams[0]) == 1:
        (run,) = streams[0]
        if run.header.layer < 3 or (run.count is not None and run.n_frames <= run.count):
            return []
    complete = bool(streams) and _behind_tags(window, streams[-1][-1].end) == window.size
    return [_part(window, stream, complete or stream is not streams[-1]) for stream in streams]


def hidden_mpeg_parts(file: BinaryIO) -> list[Part]:
    """Return what to decode of a file with something in front; nothing where frames are not most of the rest."""
    window = _Window(file)
    runs = _runs(window)
    n_sound = sum(run.end - run.start for run in runs)
    if not runs or runs[0].end - runs[0].start < _PROOF or 2 * n_sound < window.size - runs[0].start:
        return []
    parts = mpeg_parts(file) or [Part((range(runs[0].start, window.size),))]
    start = _behind_tags(window, 0)
    if runs[0].start > start:
        nothing = counted(runs[0].start - start, "byte that is no sound; it is", "bytes that are no sound; they are")
        remark = f"it begins with {nothing} left out"
        parts[0] = replace(parts[0], remark=remark)
    return parts


class _Window:
    """The bytes at any place of a file, read in large stretches."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self._start, self._content = 0, b""

    def at(self, position: int, n_bytes: int) -> bytes:
        offset = position - self._start
        if not 0 <= offset <= len(self._content) - n_bytes:
            self._file.seek(position)
            self._start, self._content, offset = position, self._file.read(_BUFFER), 0
        return self._content[offset : offset + n_bytes]


def _runs(window: _Window) -> list[Run]:
    """Return the unbroken runs of frames, in their order; a frame that holds a count begins a new run."""
    every: list[Run] = []
    expected = position = _behind_tags(window, 0)
    while position < window.size:
        run = _run(window, position, position - expected)
        if run is None:
            position = _next_sync(window, position + 1)
        else:
            every.append(run)
            expected = position = _behind_tags(window, run.end)
    return every


def _run(window: _Window, start: int, n_broken: int) -> Run | None:
    """Return the run that starts there, None where there is none."""
    first = window.at(start, 4)
    header = following = parse_header(first)
    if header is None:
        return None
    count, count_at = _count(window, start, header)
    position, last, n_frames = start, start, 0
    while following and following.kind == header.kind and position + following.length <= window.size:
        if n_frames and _count(window, position, following)[0] is not None:
            break
        last, position, n_frames = position, position + following.length, n_frames + 1
        following = parse_header(window.at(position, 4))
    if not n_frames or (n_frames < _CHAIN and n_broken and position < window.size):
        return None
    n_frames -= count is not None
    return Run(start, position, last, first, header, n_frames, count, count_at, n_broken)


def _count(window: _Window, position: int, header: Header) -> tuple[int | None, int]:
    """Return the number of frames that a frame holds, and where; None for a frame with sound."""
    content = window.at(position, 60)
    place = header.data
    if content[place : place + 4] in (b"Xing", b"Info") and content[place + 7 : place + 8] and content[place + 7] & 1:
        place += 8
    elif content[36:40] == b"VBRI":
        place = 50
    else:
        return None, 0
    return int.from_bytes(content[place : place + 4], "big"), position + place


def _behind_tags(window: _Window, position: int) -> int:
    """Return where the tags end that begin there."""
    while True:
        head = window.at(position, 32)
        if head.startswith(b"ID3"):
            length = 10 + tag_length(head)
            position += length if position + length <= window.size else 10  # a length past the end is wrong
        elif head.startswith(b"TAG"):
            position += 128
        elif head.startswith(b"APETAGEX"):
            position += 32 + int.from_bytes(head[12:16], "little")
        else:
            return position


def _next_sync(window: _Window, position: int) -> int:
    """Return where the next byte is that may begin a frame."""
    while position < window.size:
        content = window.at(position, 1024)
        if (offset := content.find(b"\xff")) >= 0:
            return position + offset
        position += len(content) or 1024
    return position


def _part(window: _Window, stream: list[Run], complete: bool) -> Part:
    """Return one stream with the right count in front and with silence in place of what is broken.

    It is complete if it does not end in the middle of a frame.
    """
    first, header = stream[0], stream[0].header
    seconds = header.n_samples / header.sample_rate
    ends = [run.last if after.n_broken else run.end for run, after in pairwise(stream)] + [stream[-1].end]
    pieces: list[range | Fill] = []
    holes = []
    n_frames = 0
    for run, end, n_missing in zip(stream, ends, _missing(stream, complete), strict=True):
        if run.n_broken and n_frames:
            n_lost = 1 + n_missing  # the frame before the break is not whole
            pieces.append(Fill(_silent(run.first), n_lost))
            holes.append(Hole((n_frames - 1) * seconds, n_lost * seconds))
            n_frames += n_missing
            pieces += _resumed(window, run, end)
        else:
            pieces.append(range(run.start, end))
        n_frames += run.n_frames
    if not complete:  # then the reader finds out that it is cut short
        n_frames = max(n_frames, first.count or 0)
    count = n_frames.to_bytes(4, "big")
    if first.count is not None:
        pieces[:1] = [range(first.start, first.count_at), Fill(count), range(first.count_at + 4, ends[0])]
    elif header.layer == 3:
        pieces.insert(0, Fill(_count_frame(first.first, header.data, count)))
    return Part(tuple(pieces), tuple(holes))


def _missing(stream: list[Run], complete: bool) -> list[int]:
    """Return how many frames are lost before each run: by the count where that is clear, else by the number of bytes.

    The number of bytes says little where the bit rate varies, or where bytes are missing.
    """
    n_frames, n_bytes = sum(run.n_frames for run in stream), sum(run.end - run.start for run in stream)
    by_bytes = [0.0, *(run.n_broken * n_frames / n_bytes for run in stream[1:])]
    total, by_count = sum(by_bytes), (stream[0].count or 0) - n_frames
    most = total + n_frames if sum(each > 0 for each in by_bytes) == 1 else 2 * total
    scale = by_count / total if complete and total and total / 2 <= by_count <= most else 1.0
    ends = [round(scale * each) for each in accumulate(by_bytes)]
    return [end - start for start, end in pairwise([0, *ends])]


def _resumed(window: _Window, run: Run, end: int) -> list[range | Fill]:
    """Return a run behind a break, without the tables of the first frames: they need bytes that are lost.

    In layer III the sound of a frame may begin some bytes before it, in the frames before; how many stands first in
    its tables, and stays there for the frames behind it.
    """
    pieces: list[range | Fill] = []
    position, n_bytes = run.start, 0
    while position < end and (header := parse_header(window.at(position, 4))) and header.layer == 3:
        place = 4 if window.at(position, 2)[1] & 1 else 6
        n_spare = 7 if header.n_samples == 1152 else 8
        back = int.from_bytes(window.at(position + place, 2), "big") >> n_spare
        if back <= n_bytes:
            break
        tables = (back << n_spare).to_bytes(2, "big").ljust(header.data - place, b"\0")
        pieces += [
            range(position, position + place),
            Fill(tables),
            range(position + header.data, position + header.length),
        ]
        position, n_bytes = position + header.length, n_bytes + header.length - header.data
    return [*pieces, range(position, end)]


def _silent(first: bytes, least: int = 0) -> bytes:
    """Return a frame without sound, the smallest of at least `least` bytes that fits into a stream.

    It is so small that a decoder sees that the next frame lacks bytes from before, and leaves that one silent too.
    """
    word = int.from_bytes(first, "big") & 0xFFFF0DFF  # no padding, bit rate to come
    frames = [(word | index << 12).to_bytes(4, "big") for index in range(1, 15)]
    headers = [(frame, header) for frame in frames if (header := parse_header(frame))]
    sizes = {header.length: frame for frame, header in headers if header.length >= max(least, header.data)}
    size = min(sizes)
    return sizes[size].ljust(size, b"\0")


def _count_frame(first: bytes, place: int, count: bytes) -> bytes:
    """Return a frame that holds a count at `place`, and the usual delay of an encoder, which a decoder takes away."""
    tag = b"Xing\0\0\0\1" + count + b"LAME3.100".ljust(21, b"\0") + bytes([_DELAY >> 4, (_DELAY & 15) << 4, 0])
    frame = _silent(first, _COUNT_FRAME)
    return frame[:place] + tag + frame[place + len(tag) :]
