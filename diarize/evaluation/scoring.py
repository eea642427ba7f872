"""Diarization error rate and Jaccard error rate, in exact seconds.

Both compare a hypothesis with a reference under the best one-to-one pairing of their speakers. No frames are
involved: the time axis is cut at every boundary, and the pieces are added up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix, hstack, identity
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from diarize.annotation import Annotation, Segment, union
from diarize.errors import ConfigError, quoted

_Floats = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]
_Marks = npt.NDArray[np.bool_]

_DENSE = 4_000_000  # pairs of speakers up to which a full table is the faster way
_MOST_PAIRS = 50_000_000  # of turns, which take 2 GB


@dataclass(frozen=True, slots=True)
class Score:
    """The parts of the error, which add over recordings; the rates come last, from the sums.

    Parameters
    ----------
    total : float, seconds
        Speaker time in the reference: where two talk at once, the time counts twice.
    missed : float, seconds
        Reference speaker time beyond the number of speakers in the hypothesis.
    false_alarm : float, seconds
        Hypothesis speaker time beyond the number of speakers in the reference.
    confusion : float, seconds
        Speaker time given to the wrong speaker.
    correct : float, seconds
        Speaker time given to the right speaker; total = missed + confusion + correct.
    jaccard_error : float
        Sum over the reference speakers of their Jaccard errors, 0 to 1 each.
    n_reference, n_hypothesis : int
        Number of speakers who talk in the scored regions.
    """

    total: float = 0.0
    missed: float = 0.0
    false_alarm: float = 0.0
    confusion: float = 0.0
    correct: float = 0.0
    jaccard_error: float = 0.0
    n_reference: int = 0
    n_hypothesis: int = 0

    @property
    def error(self) -> float:
        """Missed, false alarm and confusion together, in seconds."""
        return self.missed + self.false_alarm + self.confusion

    @property
    def der(self) -> float:
        """Diarization error rate, error / total; 0.1 is 10 %.

        Without any speech in the reference there is no rate: it is inf where the hypothesis has speech, and nan
        where it has none either. (Scorers that print 0 or 100 % there hide or invent an error.)
        """
        if self.total > 0:
            return self.error / self.total
        return inf if self.error > 0 else nan

    @property
    def jer(self) -> float:
        """Jaccard error rate, the mean Jaccard error of the reference speakers, 0 to 1.

        Without reference speakers it is 1 where the hypothesis has any, and nan where it has none either.
        """
        if self.n_reference:
            return self.jaccard_error / self.n_reference
        return 1.0 if self.n_hypothesis else nan

    def __add__(self, other: Score) -> Score:
        return Score(
            self.total + other.total,
            self.missed + other.missed,
            self.false_alarm + other.false_alarm,
            self.confusion + other.confusion,
            self.correct + other.correct,
            self.jaccard_error + other.jaccard_error,
            self.n_reference + other.n_reference,
            self.n_hypothesis + other.n_hypothesis,
        )


def pool(scores: Iterable[Score]) -> Score:
    """Return the score of several recordings together: longer recordings weigh more.

    Examples
    --------
    >>> pool([Score(total=10.0, missed=1.0), Score(total=30.0, confusion=3.0)]).der
    0.1
    """
    return sum(scores, Score())


def score(
    reference: Annotation,
    hypothesis: Annotation,
    uem: Iterable[Segment] | None = None,
    collar: float = 0.0,
    skip_overlap: bool = False,
) -> Score:
    """Compare a hypothesis with the reference of the same recording.

    Parameters
    ----------
    reference, hypothesis : Annotation
        Their speakers' names need not match.
    uem : iterable of Segment or None
        The regions that are scored; None for the extent of reference and hypothesis together, as dscore does
        (md-eval.pl takes the extent of the reference alone, and so misses false alarms at both ends).
    collar : float, seconds
        Time left out on EACH side of every reference boundary, as in md-eval.pl; pyannote.metrics counts both sides
        together. It touches neither the pairing of speakers nor the Jaccard error.
    skip_overlap : bool
        Leave out the time in which two or more talk in the reference; not from the Jaccard error.

    Returns
    -------
    Score
        In seconds; add scores of several recordings with `pool`.

    Raises
    ------
    ConfigError
        The collar is negative or not finite.

    References
    ----------
    NIST (2009). The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan. (DER)
    Ryant et al. (2019). The second DIHARD diarization challenge: dataset, task, and baselines.
    https://doi.org/10.48550/arXiv.1906.07839 (JER)

    Examples
    --------
    >>> from diarize import Turn
    >>> reference = Annotation([Turn(0.0, 6.0, "anna"), Turn(6.0, 10.0, "ben")])
    >>> hypothesis = Annotation([Turn(0.0, 7.0, "1"), Turn(7.0, 9.0, "2")])
    >>> result = score(reference, hypothesis)
    >>> result.missed, result.false_alarm, result.confusion, result.der
    (1.0, 0.0, 1.0, 0.2)
    """
    if not (isfinite(collar) and collar >= 0):
        raise ConfigError(f"collar must be seconds, at least 0, got {quoted(collar)}")
    cells = _Cells(reference, hypothesis, uem, collar)
    scored = cells.duration * cells.outside_collars
    n_reference, n_hypothesis = cells.reference.count(), cells.hypothesis.count()
    if skip_overlap:
        scored = scored * (n_reference < 2)
    n_both = np.minimum(n_reference, n_hypothesis)
    own, other, _ = _best_pairs(cells.shared)
    n_correct = cells.count_pairs(own, other)
    return Score(  # the parts of equation (22) of docs/how-it-works.md, second by second
        total=float(scored @ n_reference),
        missed=float(scored @ (n_reference - n_both)),
        false_alarm=float(scored @ (n_hypothesis - n_both)),
        confusion=float(scored @ (n_both - n_correct)),
        correct=float(scored @ n_correct),
        jaccard_error=_jaccard_error(cells),
        n_reference=len(cells.reference.names),
        n_hypothesis=len(cells.hypothesis.names),
    )


def best_mapping(reference: Annotation, hypothesis: Annotation, uem: Iterable[Segment] | None = None) -> dict[str, str]:
    """Return the reference speaker that each hypothesis speaker is paired with, by name.

    One-to-one and of the longest common time; speakers with no partner are left out. `hypothesis.rename(...)` with
    it gives both annotations the same names.
    """
    cells = _Cells(reference, hypothesis, uem)
    return {
        cells.hypothesis.names[other]: cells.reference.names[own]
        for own, other, seconds in zip(*_best_pairs(cells.shared), strict=True)
        if seconds > 0
    }


class _Cells:
    """The scored time, cut at every boundary, and who talks in each cell.

    Attributes
    ----------
    duration : (n_cells,) seconds, 0 outside the scored regions
    outside_collars : (n_cells,) bool
    reference, hypothesis : _Talk
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
        edges = np.unique(np.array([*regions, *turns, *collars], dtype=np.float64))
        self.duration: _Floats = np.diff(edges) * _covered(edges, regions)
        self.outside_collars: _Marks = ~_covered(edges, collars)
        elapsed = np.concatenate([[0.0], np.cumsum(self.duration)])
        self.reference, self.hypothesis = _Talk(reference, edges, elapsed), _Talk(hypothesis, edges, elapsed)
        own, other = _overlapping(self.reference, self.hypothesis)
        self._first = np.maximum(self.reference.first[own], self.hypothesis.first[other])
        self._last = np.minimum(self.reference.last[own], self.hypothesis.last[other])
        self._speakers = self.reference.speaker[own], self.hypothesis.speaker[other]
        seconds = elapsed[self._last] - elapsed[self._first]
        shape = len(self.reference.names), len(self.hypothesis.names)
        self.shared = csr_matrix((seconds, self._speakers), shape)

    def count_pairs(self, own: _Indices, other: _Indices) -> _Indices:
        """Return how many of some pairs of speakers, one-to-one, talk at once in each cell."""
        partner = np.full(len(self.reference.names), -1, dtype=np.intp)
        partner[own] = other
        chosen = partner[self._speakers[0]] == self._speakers[1]
        return _count(self._first[chosen], self._last[chosen], len(self.duration))


class _Talk:
    """The turns of one annotation in cells; only of speakers who talk in the scored regions.

    Attributes
    ----------
    names : list of str, one a speaker
    seconds : (n_speakers,) scored time
    speaker : (n_turns,) index of the speaker
    first, last : (n_turns,) the turn's first cell, and the one after its last; in the order of the first
    """

    def __init__(self, annotation: Annotation, edges: _Floats, elapsed: _Floats) -> None:
        names = annotation.labels
        places = {name: place for place, name in enumerate(names)}
        speaker = np.array([places[turn.speaker] for turn in annotation], dtype=np.intp)
        first = np.searchsorted(edges, [turn.start for turn in annotation])
        last = np.searchsorted(edges, [turn.end for turn in annotation])
        seconds: _Floats = np.bincount(speaker, elapsed[last] - elapsed[first], len(names)).astype(np.float64)
        present = seconds > 0
        kept = present[speaker]
        self.names = [name for name, here in zip(names, present, strict=True) if here]
        self.seconds: _Floats = seconds[present]
        self.speaker: _Indices = (np.cumsum(present) - 1)[speaker[kept]]
        self.first, self.last = first[kept], last[kept]
        self._n_cells = len(elapsed) - 1

    def count(self) -> _Indices:
        """Return how many speakers talk in each cell."""
        return _count(self.first, self.last, self._n_cells)


def _count(first: _Indices, last: _Indices, n_cells: int) -> _Indices:
    """Return how many spans, from their first cell up to before the last, hold each cell."""
    change = np.bincount(first, minlength=n_cells + 1) - np.bincount(last, minlength=n_cells + 1)
    return np.cumsum(change)[:n_cells]


def _overlapping(one: _Talk, other: _Talk) -> tuple[_Indices, _Indices]:
    """Return all pairs of turns that have a cell in common, as indices of turns of the one and of the other."""
    # of two such turns one starts within the other; where both start at once, the pair counts in the first case
    own, within = _starting_within(one, other, "left")
    outer, inner = _starting_within(other, one, "right")
    return np.concatenate([own, inner]), np.concatenate([within, outer])


def _starting_within(outer: _Talk, inner: _Talk, side: Literal["left", "right"]) -> tuple[_Indices, _Indices]:
    """Return the pairs of turns of which the second starts in the first; with "right", not in its first cell."""
    low, high = np.searchsorted(inner.first, outer.first, side), np.searchsorted(inner.first, outer.last)
    n_inside = high - low
    if n_inside.sum() > _MOST_PAIRS:
        raise ConfigError(
            f"more than {_MOST_PAIRS} pairs of turns overlap ({len(outer.names)} and {len(inner.names)} speakers): too "
            "many to score; cut the recording into parts"
        )
    before = np.cumsum(n_inside) - n_inside
    inside = np.arange(n_inside.sum()) + np.repeat(low - before, n_inside)
    return np.repeat(np.arange(len(outer.first)), n_inside), inside


def _extent(reference: Annotation, hypothesis: Annotation) -> list[Segment]:
    turns = [*reference, *hypothesis]
    return [Segment(min(turn.start for turn in turns), max(turn.end for turn in turns))] if turns else []


def _covered(edges: _Floats, spans: list[tuple[float, float]]) -> _Marks:
    """Return which cells between the edges lie in a span; the spans begin and end at edges."""
    first, last = np.searchsorted(edges, np.array(spans, dtype=np.float64).reshape(-1, 2).T)
    return np.asarray(_count(first, last, max(len(edges) - 1, 0)) > 0)


def _best_pairs(worth: csr_matrix) -> tuple[_Indices, _Indices, _Floats]:
    """Return the one-to-one pairs of the largest sum: rows, columns, values; a pair worth nothing may be left out."""
    n_rows, n_columns = worth.shape
    if n_rows * n_columns <= _DENSE:
        table = worth.toarray()
        rows, columns = linear_sum_assignment(table, maximize=True)
        return rows, columns, table[rows, columns]
    # that method pairs every row and takes no zeros: each gets a column of its own that is worth nothing, and all is
    # worth 1 more
    raised = csr_matrix((worth.data + 1, worth.indices, worth.indptr), worth.shape)
    rows, columns = min_weight_full_bipartite_matching(hstack([raised, identity(n_rows)], "csr"), maximize=True)
    rows, columns = rows[columns < n_columns], columns[columns < n_columns]
    return rows, columns, np.asarray(worth[rows, columns]).ravel()


def _jaccard_error(cells: _Cells) -> float:
    """Return the sum over reference speakers of 1 - common time / time in which either talks.

    The pairing is the one that makes this sum smallest, as dscore has it; a speaker without partner counts 1.
    """
    common = cells.shared.tocoo()
    either = cells.reference.seconds[common.row] + cells.hypothesis.seconds[common.col] - common.data
    index = csr_matrix((common.data / either, (common.row, common.col)), common.shape)  # 1 - it is eq. (23)
    _, _, values = _best_pairs(index)
    return float(np.sum(1 - values) + len(cells.reference.names) - len(values))
