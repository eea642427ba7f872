"""Who speaks in each stretch of a recording, in samples, and how loud each stretch is at its edges."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from diarize.annotation import Annotation
from diarize.separation.transform import Samples


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples from `start` up to `end` in which the same speakers talk.

    Parameters
    ----------
    start, end : int
        Samples.
    speakers : tuple of str
        Sorted; at least one.
    """

    start: int
    end: int
    speakers: tuple[str, ...]


def stretches(annotation: Annotation, sample_rate: int) -> list[Stretch]:
    """Return the stretches in which anybody talks, in their order.

    Examples
    --------
    >>> from diarize.annotation import Turn
    >>> talk = Annotation([Turn(0.0, 2.0, "anna"), Turn(1.0, 3.0, "ben")])
    >>> [(each.start, each.end, each.speakers) for each in stretches(talk, 10)]
    [(0, 10, ('anna',)), (10, 20, ('anna', 'ben')), (20, 30, ('ben',))]
    """
    changes: dict[int, list[tuple[str, int]]] = {}
    for turn in annotation:
        start, end = round(turn.start * sample_rate), round(turn.end * sample_rate)
        if end > start:
            changes.setdefault(start, []).append((turn.speaker, 1))
            changes.setdefault(end, []).append((turn.speaker, -1))
    talking: dict[str, int] = {}
    plan = []
    for start, end in pairwise(sorted(changes)):
        for speaker, change in changes[start]:
            talking[speaker] = talking.get(speaker, 0) + change
        speakers = tuple(sorted(speaker for speaker, count in talking.items() if count))
        if speakers:
            plan.append(Stretch(start, end, speakers))
    return plan


def envelope(stretch: Stretch, start: int, end: int, fade: int) -> Samples:
    """Return the loudness of a stretch in the samples from `start` up to `end`, (end - start,), 0 to 1.

    It rises and falls within `fade` samples on both sides of its edges, so that stretches that follow each other add
    up to one; at the start of the recording it does not have to rise.
    """
    times = np.arange(start, end)

    def risen(edge: int) -> Samples:
        return np.clip((times - edge + fade + 0.5) / (2 * fade), 0, 1).astype(np.float32)

    begun = risen(stretch.start) if stretch.start > 0 else np.ones(end - start, dtype=np.float32)
    return begun - risen(stretch.end)
