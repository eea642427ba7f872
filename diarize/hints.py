"""What a person fixed: who speaks in some places, and where nobody does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from diarize.annotation import Annotation, Segment, Turn, union


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
        """Return what an annotation says of the time about which the hints say nothing."""
        return [turn for segment in _between(self.fixed()) for turn in annotation.crop(segment)]

    def imposed(self, annotation: Annotation) -> Annotation:
        """Return an annotation with the hints in place of what it says of their time; they are sure."""
        sure = [Turn(turn.start, turn.end, turn.speaker, 1.0) for turn in self.annotation]
        return Annotation([*self.left_open(annotation), *sure], annotation.uri)


def _between(segments: list[Segment]) -> list[Segment]:
    """Return the time outside of sorted segments that do not touch."""
    starts = [0.0, *(segment.end for segment in segments)]
    ends = [*(segment.start for segment in segments), 1e9]
    return [Segment(start, end) for start, end in zip(starts, ends, strict=True) if start < end]
