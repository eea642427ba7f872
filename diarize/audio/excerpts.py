"""Which track of a recording, and from when to when."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, isfinite
from numbers import Real
from typing import BinaryIO

import numpy.typing as npt

from diarize.audio.readers import Reader, Samples
from diarize.errors import AudioError, ConfigError, quoted

Source = str | os.PathLike[str] | BinaryIO | tuple[npt.ArrayLike, int]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a recording, which stands for it wherever a recording is wanted; times stay those of the whole.

    Parameters
    ----------
    audio : path, binary file or tuple of array and sample rate
        The recording.
    start, end : float
        Seconds from the start of the recording; without `end` up to its end.
    track : int, optional
        The sound track, counted from 1; without it the one that players choose.

    Raises
    ------
    ConfigError
        A number is out of range.

    Examples
    --------
    >>> Excerpt("talk.mkv", start=60.0, end=90.0, track=2).start
    60.0
    """

    audio: Source
    start: float = 0.0
    end: float | None = None
    track: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("start", self.start), ("end", self.end)):
            if not (value is None and name == "end") and not _is_time(value):
                raise ConfigError(f"{name} of an excerpt is a time in seconds, at least 0, got {quoted(value)}")
        if self.end is not None and self.end <= self.start:
            raise ConfigError(f"an excerpt must end after its start at {self.start:g} s, got {self.end:g} s")
        if self.track is not None and (not isinstance(self.track, int) or self.track < 1):
            raise ConfigError(f"tracks are counted from 1, got {quoted(self.track)}")


def _is_time(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value) and float(value) >= 0


class ExcerptReader:
    """The samples of another reader from one time to another, in seconds; what follows is not read."""

    def __init__(self, reader: Reader, start: float, end: float | None) -> None:
        self.name = reader.name
        self.sample_rate = reader.sample_rate
        self.n_channels = reader.n_channels
        self.remarks = reader.remarks
        self._start = start
        self._reader = reader
        self._first = round(start * reader.sample_rate)
        self._stop = inf if end is None else max(round(end * reader.sample_rate), self._first + 1)

    def skip(self, n_samples: int) -> int:
        """Leave out nothing: this is done where it starts."""
        return 0

    def blocks(self, size: int) -> Iterator[Samples]:
        """Give the blocks between the two times; AudioError where the recording ends before."""
        position = self._reader.skip(self._first)
        for block in self._reader.blocks(size):
            stop = int(min(self._stop - position, len(block)))
            if stop > (first := max(self._first - position, 0)):
                yield block[first:stop]
            position += len(block)
            if position >= self._stop:
                return
        if position <= self._first:
            raise AudioError(
                f"{self.name}: ends at {position / self.sample_rate:.3f} s, before the start of the excerpt at "
                f"{self._start:.3f} s"
            )

    def close(self) -> None:
        """Close the other reader."""
        self._reader.close()
