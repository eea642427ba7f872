"""Sound that comes in pieces with a time each, as one stream without gaps: silence where nothing was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from diarize.audio.parts import Hole
from diarize.audio.readers import Samples

LEAD = 0.1
"""Seconds: sound that begins no later begins with the recording, as programs shift all tracks by such delays."""

UNTIMED = frozenset({"aac", "ac3", "eac3", "dts"})
"""Kinds of files that hold no times: FFmpeg counts them from the first rate, wrongly where that changes."""

_TOLERANCE = 0.03  # s; times in containers are rounded, and recorders stamp them when they get to it
_BACK = 1.0  # s; where a time lies further back, the clock was set anew
_LEAP = 10.0  # s; where one lies further ahead in a stream that may be joined, likewise
_LONGEST = 6 * 3600.0  # s; where one lies further ahead in any stream, it is wrong


class Piece(NamedTuple):
    """Samples that a decoder gave, (n_samples, n_channels), and the time of the first in seconds, if it is known."""

    start: float | None
    samples: Samples


class Timeline:
    """Where pieces go, so that sound stays at its time however many there are.

    Rounded times do no harm: a piece follows the one before it unless its time differs from that by more than a few
    hundredths of a second.

    Parameters
    ----------
    sample_rate : int
        Hz.
    end : float or None
        Seconds; times beyond it are wrong.
    joins : bool
        Whether the clock may leap within a stream, as in broadcasts that are joined.
    begins : float or None
        The time at which the stream begins, where that is not the time of the first piece.
    n_primed : int
        Samples that the encoder put in front: these are left out, and all others come so much earlier.

    Attributes
    ----------
    holes : list of Hole
        Silence that stands for what is missing, but for that at the start.
    """

    def __init__(
        self,
        sample_rate: int,
        end: float | None = None,
        joins: bool = False,
        begins: float | None = None,
        n_primed: int = 0,
    ) -> None:
        self.holes: list[Hole] = []
        self._rate = sample_rate
        self._end = end
        self._joins = joins
        self._begins = begins
        self._n_primed = n_primed
        self._origin: float | None = None  # of the clock, in seconds of the stream
        self._n_placed = -n_primed  # the first samples are placed before the start

    @property
    def seconds(self) -> float:
        """Length of what was placed."""
        return max(self._n_placed, 0) / self._rate

    def place(self, piece: Piece) -> tuple[int, Samples]:
        """Return how many silent samples come before a piece, and the piece without what was there already."""
        shift = 0 if piece.start is None else self._shift(piece.start)
        place, given = self._n_placed + shift, max(self._n_placed, 0)
        silence, samples = max(place - given, 0), piece.samples[max(given - place, 0) :]
        if silence and self._n_placed > 0:
            self.holes.append(Hole(self.seconds, silence / self._rate))
        self._n_placed = max(self._n_placed, place + len(piece.samples))
        return silence, samples

    def _shift(self, start: float) -> int:
        """Return by how many samples a time lies behind the end of what was placed; negative where it is before it."""
        end = self._n_placed / self._rate
        exact = self._origin is None  # the first piece goes exactly where it belongs
        if self._origin is None:
            begins = start if self._begins is None else self._begins
            self._origin = end - (begins if 0 < begins <= LEAD else 0.0)
        start += self._origin
        late = start - end
        wrong = late > 0 and self._end is not None and start > self._end
        if wrong or not -_BACK <= late <= (_LEAP if self._joins else _LONGEST):
            self._origin -= late
            return 0
        return round(late * self._rate) if exact or abs(late) > _TOLERANCE else 0


def in_blocks(pieces: Iterable[tuple[int, Samples]], buffer: Samples) -> Iterator[Samples]:
    """Give silence and samples as full blocks in a buffer of shape (n_samples, n_channels); the last is what is left.

    Examples
    --------
    >>> import numpy as np
    >>> pieces = [(3, np.ones((2, 1), np.float32))]
    >>> [block[:, 0].tolist() for block in in_blocks(pieces, np.empty((4, 1), np.float32))]
    [[0.0, 0.0, 0.0, 1.0], [1.0]]
    """
    filled = 0
    for silence, samples in pieces:
        left = silence + len(samples)
        while left:
            count = min(left, len(buffer) - filled)
            n_silent = min(count, max(left - len(samples), 0))
            buffer[filled : filled + n_silent] = 0
            begin = max(len(samples) - left, 0)
            buffer[filled + n_silent : filled + count] = samples[begin : begin + count - n_silent]
            filled, left = filled + count, left - count
            if filled == len(buffer):
                yield buffer
                filled = 0
    if filled:
        yield buffer[:filled]
