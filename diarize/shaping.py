"""Annotations shaped for a use: pauses closed, one speaker at a time, no very short turns, none that is too long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, inf

from diarize.annotation import Annotation, Turn
from diarize.errors import ConfigError, quoted

_CUT = 0.001  # seconds of silence between the pieces of a turn: what touches is one turn, in every format
_SLACK = 1e-9  # seconds: 1.3 - 1.0 is a little above 0.3


@dataclass(frozen=True, slots=True)
class Shape:
    """How annotations are shaped; by default they stay as they are.

    Parameters
    ----------
    merge_gap : float, seconds
        See `close_pauses`.
    exclusive : bool
        See `exclusive`.
    min_turn : float, seconds
        See `drop_short`.
    max_turn : float, seconds
        See `cut_long`.

    Raises
    ------
    ConfigError
        A time is no number of seconds, negative, or the longest turn is under 10 ms or under the shortest.
    """

    merge_gap: float = 0.0
    exclusive: bool = False
    min_turn: float = 0.0
    max_turn: float = inf

    def __post_init__(self) -> None:
        for name in ("merge_gap", "min_turn"):
            if not 0 <= getattr(self, name) < inf:
                raise ConfigError(f"{name} must be seconds, at least 0, got {quoted(getattr(self, name))}")
        if not self.max_turn >= max(self.min_turn, 0.01):
            raise ConfigError(f"max_turn must be at least 0.01 s and min_turn, got {quoted(self.max_turn)}")

    def apply(self, annotation: Annotation) -> Annotation:
        """Return the annotation in this shape: pauses are closed, then overlap goes, then short turns, long are cut.

        Examples
        --------
        >>> talk = Annotation([Turn(0, 4, "anna", 0.9), Turn(3, 5, "ben", 0.6), Turn(5.2, 8, "ben", 0.6)])
        >>> [(turn.start, turn.end, turn.speaker) for turn in Shape(merge_gap=0.5, exclusive=True).apply(talk)]
        [(0.0, 4.0, 'anna'), (4.0, 8.0, 'ben')]
        """
        shaped = close_pauses(annotation, self.merge_gap)
        shaped = exclusive(shaped) if self.exclusive else shaped
        return cut_long(drop_short(shaped, self.min_turn), self.max_turn)


def close_pauses(annotation: Annotation, longest: float) -> Annotation:
    """Return the annotation without pauses of a speaker of at most `longest` seconds in which nobody else talks.

    Confidences become means, weighted by the duration of the turns.
    """
    starting, ending = defaultdict[float, set[str]](set), defaultdict[float, set[str]](set)
    for turn in annotation:
        starting[turn.start].add(turn.speaker)
        ending[turn.end].add(turn.speaker)
    bridges = [
        Turn(before.end, after.start, speaker)
        for before, after in pairwise(annotation.speech())
        if after.start - before.end <= longest + _SLACK
        for speaker in ending[before.end] & starting[after.start]
    ]
    return Annotation([*annotation, *bridges], annotation.uri)


def exclusive(annotation: Annotation) -> Annotation:
    """Return the annotation with one speaker at a time.

    Where several talk at once, the time goes to the one whose turn has the highest confidence. Where confidences are
    missing or equal it goes to whoever holds the floor: whose turn began first; of those that began together, to the
    one whose turn ends last, then to the first by name.
    """
    return Annotation(
        (replace(_holder(turns), start=start, end=end) for start, end, turns in _stretches(annotation)), annotation.uri
    )


def _stretches(annotation: Annotation) -> Iterator[tuple[float, float, list[Turn]]]:
    """Give the times between any two changes in which somebody talks, and the turns that run."""
    moments = sorted({time for turn in annotation for time in (turn.start, turn.end)})
    waiting, running = list(reversed(annotation.turns)), list[Turn]()
    for start, end in pairwise(moments):
        running = [turn for turn in running if turn.end > start]
        while waiting and waiting[-1].start <= start:
            running.append(waiting.pop())
        if running:
            yield start, end, running


def _holder(turns: list[Turn]) -> Turn:
    known = all(turn.confidence is not None for turn in turns)
    return min(turns, key=lambda turn: (-(turn.confidence or 0) * known, turn.start, -turn.end, turn.speaker))


def drop_short(annotation: Annotation, shortest: float) -> Annotation:
    """Return the annotation without turns of fewer than `shortest` seconds."""
    return Annotation((turn for turn in annotation if turn.duration >= shortest - _SLACK), annotation.uri)


def cut_long(annotation: Annotation, longest: float) -> Annotation:
    """Return the annotation with turns of more than `longest` seconds cut into pieces of equal length.

    A millisecond between two pieces is left without speech, since turns of a speaker that touch are one turn.
    """
    return Annotation((piece for turn in annotation for piece in _pieces(turn, longest)), annotation.uri)


def _pieces(turn: Turn, longest: float) -> Iterator[Turn]:
    count = ceil(turn.duration / longest - _SLACK)
    if count <= 1:
        yield turn
        return
    cuts = [round(turn.start + turn.duration * number / count, 3) for number in range(1, count)]
    starts, ends = [turn.start, *cuts], [*(round(cut - _CUT, 3) for cut in cuts), turn.end]
    for start, end in zip(starts, ends, strict=True):
        yield replace(turn, start=start, end=end)
