"""Which speakers of two results are the same: the pairs that share most in sum."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching  # scipy.optimize takes four times as long to import

Labels = npt.NDArray[np.intp]


def best_pairs(shared: npt.NDArray[Any]) -> tuple[Labels, Labels]:
    """Return the one-to-one pairs of rows and columns with the largest sum.

    Parameters
    ----------
    shared : array of shape (n_rows, n_columns)
        What a row and a column have in common; not negative.

    Returns
    -------
    rows, columns : arrays of int, each of shape (min(n_rows, n_columns),)
        Rows are sorted.

    Examples
    --------
    >>> best_pairs(np.array([[1.0, 5.0], [0.0, 3.0]]))
    (array([0, 1]), array([1, 0]))
    """
    # 1 is added since entries of 0 are no edges of a sparse graph; the sum of every full matching grows by the same
    rows, columns = min_weight_full_bipartite_matching(csr_array(shared + 1.0), maximize=True)
    order = rows.argsort()
    return rows[order].astype(np.intp), columns[order].astype(np.intp)
