"""What a person fixed: who speaks in some places, and where nobody does."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from diarize.annotation import Annotation, Segment, Turn, union

_Timed = TypeVar("_Timed", Turn, Segment)

_ALWAYS = Segment(0.0, 1e9)


@dataclass(frozen=True, slots=True, init=False)
class Hints:
    """What is certain of a recording, and leaves the rest open.

    In the time of a hint exactly those speak who are named, at the same time where turns overlap.

    Parameters
    ----------
    turns : Annotation or iterable of Turn
        Who certainly speaks when.
    silence : iterable of Segment
        Where certainly nobody speaks; where a turn says otherwise, the turn holds.

    Raises
    ------
    ValueError
        Something among them is no turn, or no segment.

    Examples
    --------
    >>> hints = Hints([Turn(1.0, 2.0, "anna"), Turn(1.5, 2.5, "ben")], [Segment(2.0, 4.0)])
    >>> hints.names
    ('anna', 'ben')
    >>> hints.fixed()
    [Segment(start=1.0, end=4.0)]
    """

    annotation: Annotation
    silence: tuple[Segment, ...]

    def __init__(self, turns: Iterable[Turn] = (), silence: Iterable[Segment] = ()) -> None:
        uri, said, nobody = turns.uri if isinstance(turns, Annotation) else "", tuple(turns), tuple(silence)
        for kind, items in ((Turn, said), (Segment, nobody)):
            for item in items:
                if not isinstance(item, kind):
                    raise ValueError(f"hints are Turns, and Segments in which nobody speaks, got {item!r:.60}")
        object.__setattr__(self, "annotation", Annotation(said, uri))
        object.__setattr__(self, "silence", tuple(union(nobody)))

    def __bool__(self) -> bool:
        return bool(self.annotation.turns or self.silence)

    @property
    def names(self) -> tuple[str, ...]:
        """Who is named, sorted."""
        return tuple(self.annotation.labels)

    def fixed(self) -> list[Segment]:
        """Return the time about which nothing is left open."""
        return union([*self.annotation.speech(), *self.silence])

    def left_open(self, annotation: Annotation) -> list[Turn]:
        """Return what an annotation says of the time about which the hints say nothing, in the order of time."""
        free = gaps(self.fixed(), _ALWAYS)
        cuts = [
            replace(turn, start=max(turn.start, gap.start), end=min(turn.end, gap.end))
            for turn in annotation
            for gap in _meeting(free, turn)
        ]
        return sorted(cuts, key=lambda turn: (turn.start, turn.end, turn.speaker))

    def imposed(self, annotation: Annotation) -> Annotation:
        """Return an annotation with the hints in place of what it says of their time; they are sure."""
        sure = [Turn(turn.start, turn.end, turn.speaker, 1.0) for turn in self.annotation]
        return Annotation([*self.left_open(annotation), *sure], annotation.uri)

    def marked(self, annotation: Annotation) -> list[tuple[Turn, bool]]:
        """Return the turns of an annotation with whether they are fixed; in parts, where a hint names the speaker.

        Examples
        --------
        >>> hints = Hints([Turn(1.0, 2.0, "anna"), Turn(3.0, 9.0, "ben")])
        >>> [(turn.start, turn.end, fixed) for turn, fixed in hints.marked(Annotation([Turn(0.0, 4.0, "anna")]))]
        [(0.0, 1.0, False), (1.0, 2.0, True), (2.0, 4.0, False)]
        """
        sure: dict[str, list[Turn]] = defaultdict(list)
        for turn in self.annotation:
            sure[turn.speaker].append(turn)
        found: list[tuple[Turn, bool]] = []
        for turn in annotation:
            place = turn.start
            for hint in _meeting(sure[turn.speaker], turn):
                start, end = max(hint.start, turn.start), min(hint.end, turn.end)
                if start > place:
                    found.append((replace(turn, start=place, end=start), False))
                found.append((replace(turn, start=start, end=end), True))
                place = end
            if place < turn.end:
                found.append((replace(turn, start=place), False))
        return found


def gaps(segments: Iterable[Segment], within: Segment) -> list[Segment]:
    """Return the time of a stretch that lies in none of some segments, which are sorted and do not touch.

    Examples
    --------
    >>> gaps([Segment(0.0, 2.0), Segment(3.0, 4.0)], Segment(1.0, 5.0))
    [Segment(start=2.0, end=3.0), Segment(start=4.0, end=5.0)]
    """
    free, start = [], within.start
    for segment in segments:
        if start < min(segment.start, within.end):
            free.append(Segment(start, min(segment.start, within.end)))
        start = max(start, segment.end)
    return [*free, *([Segment(start, within.end)] if start < within.end else [])]


def _meeting(items: Sequence[_Timed], turn: Turn) -> Iterator[_Timed]:
    """Yield those of some sorted items, which do not overlap, that have time in common with a turn."""
    for place in range(bisect_right(items, turn.start, key=lambda item: item.end), len(items)):
        if items[place].start >= turn.end:
            return
        yield items[place]
