"""Where a hypothesis differs from the reference, as stretches of time: what the error rate counts, to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation, Segment
from diarize.evaluation.cells import Cells
from diarize.evaluation.scoring import best_mapping

Kind = Literal["missed", "false alarm", "confusion"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A stretch of time in which a hypothesis is wrong in one way.

    Parameters
    ----------
    start, end : float, seconds
    kind : {'missed', 'false alarm', 'confusion'}
    count : int
        How many speakers are concerned at once; count times duration adds up to the parts of `Score`.
    """

    start: float
    end: float
    kind: Kind
    count: int = 1


def differences(
    reference: Annotation, hypothesis: Annotation, uem: Iterable[Segment] | None = None
) -> list[Difference]:
    """Return where a hypothesis is wrong under the pairing of speakers of `best_mapping`, sorted by start.

    Examples
    --------
    >>> from diarize import Turn
    >>> reference = Annotation([Turn(0.0, 6.0, "anna"), Turn(6.0, 10.0, "ben")])
    >>> hypothesis = Annotation([Turn(0.0, 7.0, "1"), Turn(7.0, 9.0, "2")])
    >>> for item in differences(reference, hypothesis):
    ...     print(item.start, item.end, item.kind)
    6.0 7.0 confusion
    9.0 10.0 missed
    """
    regions = None if uem is None else list(uem)
    cells = Cells(reference, hypothesis, regions)
    pairs = best_mapping(reference, hypothesis, regions)
    own = np.array([cells.reference.names.index(name) for name in pairs.values()], dtype=np.intp)
    other = np.array([cells.hypothesis.names.index(name) for name in pairs], dtype=np.intp)
    n_reference, n_hypothesis = cells.reference.count(), cells.hypothesis.count()
    n_both = np.minimum(n_reference, n_hypothesis)
    parts: dict[Kind, npt.NDArray[np.intp]] = {
        "missed": n_reference - n_both,
        "false alarm": n_hypothesis - n_both,
        "confusion": n_both - cells.count_pairs(own, other),
    }
    scored = cells.duration > 0
    found = [item for kind, count in parts.items() for item in _runs(cells.edges, count * scored, kind)]
    return sorted(found, key=lambda item: (item.start, item.end, item.kind))


def _runs(edges: npt.NDArray[np.float64], count: npt.NDArray[np.intp], kind: Kind) -> Iterator[Difference]:
    """Give the runs of cells with the same count that is not 0."""
    changes = np.flatnonzero(np.diff(count)) + 1
    bounds = [0, *changes.tolist(), len(count)] if len(count) else []
    for first, last in pairwise(bounds):
        if count[first]:
            yield Difference(float(edges[first]), float(edges[last]), kind, int(count[first]))
