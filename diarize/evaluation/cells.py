"""Two annotations of one recording on one time axis, cut at every boundary into cells.

No table of speakers and cells is made: turns are counted by where they begin and end, so that memory grows with the
number of turns, and with the number of pairs of turns that overlap.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from diarize.annotation import Annotation, Segment, union
from diarize.errors import ConfigError

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Marks = npt.NDArray[np.bool_]

MOST_PAIRS = 50_000_000  # of turns that overlap, which take 2 GB


class Cells:
    """The scored time, cut at every boundary, and who talks in each cell.

    Attributes
    ----------
    edges : (n_cells + 1,) seconds, where the cells begin and end
    duration : (n_cells,) seconds, 0 outside the scored regions
    outside_collars : (n_cells,) bool
    reference, hypothesis : Talk
    shared : sparse (n_reference, n_hypothesis) seconds that each pair of speakers talks at once
    """

    def __init__(
        self, reference: Annotation, hypothesis: Annotation, uem: Iterable[Segment] | None, collar: float = 0.0
    ) -> None:
        scored = _extent(reference, hypothesis) if uem is None else union(uem)
        boundaries = [time for turn in reference for time in (turn.start, turn.end)] if collar > 0 else []
        collars = [(time - collar, time + collar) for time in boundaries]
        regions = [(segment.start, segment.end) for segment in scored]
        turns = [(turn.start, turn.end) for annotation in (reference, hypothesis) for turn in annotation]
        self.edges: Floats = np.unique(np.array([*regions, *turns, *collars], dtype=np.float64))
        edges = self.edges
        self.duration: Floats = np.diff(edges) * _covered(edges, regions)
        self.outside_collars: Marks = ~_covered(edges, collars)
        elapsed = np.concatenate([[0.0], np.cumsum(self.duration)])
        self.reference, self.hypothesis = Talk(reference, edges, elapsed), Talk(hypothesis, edges, elapsed)
        own, other = overlapping_turns(self.reference, self.hypothesis)
        self._first = np.maximum(self.reference.first[own], self.hypothesis.first[other])
        self._last = np.minimum(self.reference.last[own], self.hypothesis.last[other])
        self._speakers = self.reference.speaker[own], self.hypothesis.speaker[other]
        seconds = elapsed[self._last] - elapsed[self._first]
        shape = len(self.reference.names), len(self.hypothesis.names)
        self.shared = csr_matrix((seconds, self._speakers), shape)

    def count_pairs(self, own: Indices, other: Indices) -> Indices:
        """Return how many of some pairs of speakers, one-to-one, talk at once in each cell."""
        partner = np.full(len(self.reference.names), -1, dtype=np.intp)
        partner[own] = other
        chosen = partner[self._speakers[0]] == self._speakers[1]
        return _count(self._first[chosen], self._last[chosen], len(self.duration))


class Talk:
    """The turns of one annotation in cells; only of speakers who talk in the scored regions.

    Attributes
    ----------
    names : list of str, one a speaker
    seconds : (n_speakers,) scored time
    speaker : (n_turns,) index of the speaker
    first, last : (n_turns,) the turn's first cell, and the one after its last; in the order of the first
    """

    def __init__(self, annotation: Annotation, edges: Floats, elapsed: Floats) -> None:
        names = annotation.labels
        places = {name: place for place, name in enumerate(names)}
        speaker = np.array([places[turn.speaker] for turn in annotation], dtype=np.intp)
        first = np.searchsorted(edges, [turn.start for turn in annotation])
        last = np.searchsorted(edges, [turn.end for turn in annotation])
        seconds: Floats = np.bincount(speaker, elapsed[last] - elapsed[first], len(names)).astype(np.float64)
        present = seconds > 0
        kept = present[speaker]
        self.names = [name for name, here in zip(names, present, strict=True) if here]
        self.seconds: Floats = seconds[present]
        self.speaker: Indices = (np.cumsum(present) - 1)[speaker[kept]]
        self.first, self.last = first[kept], last[kept]
        self._n_cells = len(elapsed) - 1

    def count(self) -> Indices:
        """Return how many speakers talk in each cell."""
        return _count(self.first, self.last, self._n_cells)


def _count(first: Indices, last: Indices, n_cells: int) -> Indices:
    """Return how many spans, from their first cell up to before the last, hold each cell."""
    change = np.bincount(first, minlength=n_cells + 1) - np.bincount(last, minlength=n_cells + 1)
    return np.cumsum(change)[:n_cells]


def overlapping_turns(one: Talk, other: Talk) -> tuple[Indices, Indices]:
    """Return all pairs of turns that have a cell in common, as indices of turns of the one and of the other."""
    # of two such turns one starts within the other; where both start at once, the pair counts in the first case
    own, within = _starting_within(one, other, "left")
    outer, inner = _starting_within(other, one, "right")
    return np.concatenate([own, inner]), np.concatenate([within, outer])


def _starting_within(outer: Talk, inner: Talk, side: Literal["left", "right"]) -> tuple[Indices, Indices]:
    """Return the pairs of turns where the second starts in the first; with "right", not in its first cell."""
    low, high = np.searchsorted(inner.first, outer.first, side), np.searchsorted(inner.first, outer.last)
    n_inside = high - low
    if n_inside.sum() > MOST_PAIRS:
        raise ConfigError(
            f"more than {MOST_PAIRS} pairs of turns overlap ({len(outer.names)} and {len(inner.names)} speakers): too "
            "many to score; cut the recording into parts"
        )
    before = np.cumsum(n_inside) - n_inside
    inside = np.arange(n_inside.sum()) + np.repeat(low - before, n_inside)
    return np.repeat(np.arange(len(outer.first)), n_inside), inside


def _extent(reference: Annotation, hypothesis: Annotation) -> list[Segment]:
    turns = [*reference, *hypothesis]
    return [Segment(min(turn.start for turn in turns), max(turn.end for turn in turns))] if turns else []


def _covered(edges: Floats, spans: list[tuple[float, float]]) -> Marks:
    """Return which cells between the edges lie in a span; the spans begin and end at edges."""
    first, last = np.searchsorted(edges, np.array(spans, dtype=np.float64).reshape(-1, 2).T)
    return np.asarray(_count(first, last, max(len(edges) - 1, 0)) > 0)
