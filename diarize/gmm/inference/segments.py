"""Baum-Welch statistics of consecutive segments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Floats
from diarize.gmm.engine.kernel import Block, Memory, compile_kernel, plain
from diarize.gmm.engine.rows import check_rows
from diarize.gmm.engine.threads import one_blas_thread
from diarize.gmm.parameters import MixtureParameters


def segment_statistics(
    x: npt.ArrayLike, parameters: MixtureParameters, boundaries: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Return zeroth and first order statistics (Baum-Welch statistics) of consecutive segments.

    Parameters
    ----------
    x : array (n, n_features)
        Rows.
    parameters : MixtureParameters
        The mixture.
    boundaries : array (n_segments + 1,) of int
        Segment s is x[boundaries[s]:boundaries[s + 1]]; it may be empty.

    Returns
    -------
    zeroth : array (n_segments, n_components)
        Sums of posteriors, in the precision of x.
    first : array (n_segments, n_components, n_features)
        Sums of posterior times x, about zero.

    Raises
    ------
    ValueError
        If the boundaries decrease or lie outside x, a row holds NaN, or as in `log_likelihood`.

    Examples
    --------
    >>> pair = MixtureParameters([0.5, 0.5], [[0.0], [9.0]], [[1.0], [1.0]])
    >>> zeroth, first = segment_statistics(np.array([[0.0], [0.5], [9.0]]), pair, [0, 2, 3])
    >>> zeroth.round(3)
    array([[2., 0.],
           [0., 1.]])
    """
    rows = check_rows(x, parameters)
    marks = np.asarray(boundaries)
    if marks.ndim != 1 or len(marks) < 1 or not np.issubdtype(marks.dtype, np.integer):
        raise ValueError(f"boundaries must be whole numbers, (n_segments + 1,), got {marks.dtype} {marks.shape}")
    if marks[0] < 0 or marks[-1] > len(rows) or (np.diff(marks) < 0).any():
        raise ValueError(f"boundaries must rise from 0 at least to {len(rows)} at most")
    kernel = compile_kernel(parameters, rows.dtype)
    count = len(marks) - 1
    zeroth = np.zeros((count, parameters.n_components), dtype=rows.dtype)
    first = np.zeros((count, *parameters.means.shape), dtype=rows.dtype)
    memory = Memory()
    with one_blas_thread():
        for group in _groups(marks, kernel.block_rows):
            mine = marks[group.start : group.stop + 1]
            for block in kernel.blocks(rows, slice(int(mine[0]), int(mine[-1])), memory):
                _add_segments(rows, block, mine, zeroth[group], first[group])
    return zeroth, first


def _groups(marks: npt.NDArray[Any], size: int) -> Iterator[slice]:
    """Yield runs of segments that fit into `size` rows together, or single segments that don't."""
    start = 0
    while start < len(marks) - 1:
        stop = max(start + 1, int(np.searchsorted(marks, marks[start] + size, side="right")) - 1)
        yield slice(start, stop)
        start = stop


def _add_segments(x: Floats, block: Block, marks: npt.NDArray[Any], zeroth: Floats, first: Floats) -> None:
    """Add the statistics of the segments between marks: of many within one block, or of one in many blocks."""
    if len(block.incomplete):
        row = block.rows.start + int(block.incomplete[0])
        raise ValueError(f"segments need complete rows, but row {row} of x holds NaN; remove or impute it")
    rows = x[block.rows]
    if len(marks) == 2:
        posteriors = np.multiply(block.shares, 1 / block.total, out=block.shares).astype(x.dtype, copy=False)
        zeroth[0] += posteriors.sum(axis=1)
        first[0] += posteriors @ rows
        return
    from diarize.gmm.engine import loops

    loops.add_segments(block.shares, block.total[0], plain(rows), (marks - marks[0]).astype(np.int64), zeroth, first)
