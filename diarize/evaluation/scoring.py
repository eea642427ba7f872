"""Diarization error rate and Jaccard error rate, in exact seconds.

Both compare a hypothesis with a reference under the best one-to-one pairing of their speakers. No frames are
involved: the time axis is cut at every boundary, and the pieces are added up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix, hstack, identity
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from diarize.annotation import Annotation, Segment
from diarize.errors import ConfigError, quoted
from diarize.evaluation.cells import Cells

_Floats = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]

DENSE = 4_000_000  # pairs of speakers up to which a full table is the faster way


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


def pooled(scores: Iterable[Score]) -> Score:
    """Return the score of several recordings together: longer recordings weigh more.

    Examples
    --------
    >>> pooled([Score(total=10.0, missed=1.0), Score(total=30.0, confusion=3.0)]).der
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
        In seconds; add scores of several recordings with `pooled`.

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
    cells = Cells(reference, hypothesis, uem, collar)
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
    cells = Cells(reference, hypothesis, uem)
    return {
        cells.hypothesis.names[other]: cells.reference.names[own]
        for own, other, seconds in zip(*_best_pairs(cells.shared), strict=True)
        if seconds > 0
    }


def _best_pairs(worth: csr_matrix) -> tuple[_Indices, _Indices, _Floats]:
    """Return the one-to-one pairs of the largest sum: rows, columns, values; a pair worth nothing may be left out."""
    n_rows, n_columns = worth.shape
    if n_rows * n_columns <= DENSE:
        table = worth.toarray()
        rows, columns = linear_sum_assignment(table, maximize=True)
        return rows, columns, table[rows, columns]
    # that method pairs every row and takes no zeros: each gets a column of its own that is worth nothing, and all is
    # worth 1 more
    raised = csr_matrix((worth.data + 1, worth.indices, worth.indptr), worth.shape)
    rows, columns = min_weight_full_bipartite_matching(hstack([raised, identity(n_rows)], "csr"), maximize=True)
    rows, columns = rows[columns < n_columns], columns[columns < n_columns]
    values = np.asarray(worth[rows, columns]).ravel() if len(rows) else np.zeros(0)
    return rows, columns, values


def _jaccard_error(cells: Cells) -> float:
    """Return the sum over reference speakers of 1 - common time / time in which either talks.

    The pairing is the one that makes this sum smallest, as dscore has it; a speaker without partner counts 1.
    """
    common = cells.shared.tocoo()
    either = cells.reference.seconds[common.row] + cells.hypothesis.seconds[common.col] - common.data
    index = csr_matrix((common.data / either, (common.row, common.col)), common.shape)  # 1 - it is eq. (23)
    _, _, values = _best_pairs(index)
    return float(np.sum(1 - values) + len(cells.reference.names) - len(values))
