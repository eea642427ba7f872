"""Parts of a file that a decoder reads one after the other, each put together from stretches of the file."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from diarize.errors import AudioError

_BUFFER = 1 << 20  # bytes
_MOST_NAMED = 3  # places of damage; the others are counted


@dataclass(frozen=True, slots=True)
class Fill:
    """Bytes that are not in the file: `content`, `count` times."""

    content: bytes
    count: int = 1


class Hole(NamedTuple):
    """Sound that is lost: where it is missing in a part, and for how long there is silence instead, in seconds."""

    start: float
    duration: float


@dataclass(frozen=True, slots=True)
class Part:
    """What one decoder reads.

    Parameters
    ----------
    pieces : tuple of range or Fill
        Stretches of the file, from byte `start` up to byte `stop`, and bytes in between.
    holes : tuple of Hole
        In their order.
    remark : str
        What else is wrong with it.
    """

    pieces: tuple[range | Fill, ...]
    holes: tuple[Hole, ...] = ()
    remark: str = ""


def copied(file: BinaryIO, name: str) -> BinaryIO:
    """Return what is left of a file in an unbuffered temporary one, at its start; AudioError where that fails."""
    with _room(name):
        return _copied(file)


def _copied(file: BinaryIO) -> BinaryIO:
    copy = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (closed with the reader)
    writer = io.BufferedWriter(copy)
    shutil.copyfileobj(file, writer, _BUFFER)
    writer.detach()  # writes what is in its buffer
    copy.seek(0)
    return copy


def composed(file: BinaryIO, part: Part, name: str) -> BinaryIO:
    """Return the pieces of a part in an unbuffered temporary file, at its start; AudioError where that fails."""
    with _room(name):
        return _composed(file, part)


def _composed(file: BinaryIO, part: Part) -> BinaryIO:
    copy = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (closed with the reader)
    writer = io.BufferedWriter(copy, _BUFFER)
    for piece in part.pieces:
        if isinstance(piece, Fill):
            for _ in range(piece.count):
                writer.write(piece.content)
        else:
            file.seek(piece.start)
            left = len(piece)
            while left and (content := file.read(min(left, _BUFFER))):
                writer.write(content)
                left -= len(content)
    writer.detach()
    copy.seek(0)
    return copy


@contextmanager
def _room(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AudioError(
            f"{name}: no temporary copy can be made: {error.strerror or error}; is there room in "
            f"{tempfile.gettempdir()}?"
        ) from error


def about_holes(holes: Sequence[Hole], start: float = 0.0, what: str = "it is damaged") -> str:
    """Return what to say of holes in a part that begins at `start` seconds, and of what they come from.

    Examples
    --------
    >>> about_holes([Hole(1.5, 0.25), Hole(7.0, 0.5)])
    'it is damaged at 1.500 s, 7.000 s; 0.750 s are replaced by silence'
    """
    lost = sum(hole.duration for hole in holes)
    return f"{what} at {named([start + hole.start for hole in holes])}; {lost:.3f} s are replaced by silence"


def named(times: Sequence[float]) -> str:
    """Return the first of some times in seconds, and how many more there are."""
    shown = [f"{time:.3f} s" for time in times[:_MOST_NAMED]]
    return ", ".join([*shown, f"{len(times) - len(shown)} more places"] if len(times) > len(shown) else shown)


def bytes_at(file: BinaryIO, place: int, n_bytes: int) -> bytes:
    """Return some bytes of a file from a place on; fewer where it ends before."""
    file.seek(place)
    return file.read(n_bytes)


def places(file: BinaryIO, pattern: re.Pattern[bytes], length: int, stretch: range | None = None) -> Iterator[int]:
    """Yield where a pattern of `length` bytes begins, in a stretch of a file or in all of it."""
    start, kept, stop = (stretch.start, b"", stretch.stop) if stretch else (0, b"", None)
    file.seek(start)
    while content := file.read(_BUFFER if stop is None else min(_BUFFER, stop - start - len(kept))):
        text = kept + content
        end = start + len(text)
        for match in pattern.finditer(text):
            yield start + match.start()
        file.seek(end)  # who takes a place may read there
        kept = text[max(0, len(text) - length + 1) :]
        start = end - len(kept)


def behind_tags(file: BinaryIO) -> int:
    """Return where the ID3 tags end that stand in front, 0 where there are none or one passes the end of the file."""
    place, size = 0, file.seek(0, io.SEEK_END)
    while True:
        head = bytes_at(file, place, 10)
        if len(head) < 10 or not head.startswith(b"ID3"):
            return place if place < size else 0
        place += 10 + tag_length(head)


def tag_length(head: bytes) -> int:
    """Return how long the content of an ID3 tag is by its first ten bytes: 4 times 7 bits.

    Examples
    --------
    >>> tag_length(b"ID3" + bytes([4, 0, 0, 0, 0, 2, 1]))
    257
    """
    return sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
