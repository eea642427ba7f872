"""Checks of what users give to start training from."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.covariance import covariance_kind
from diarize.gmm.covariances.kind import CovarianceKind

_ROWS = 2048


def check_start(
    weights: npt.ArrayLike | None,
    means: npt.ArrayLike | None,
    precisions: npt.ArrayLike | None,
    covariance_type: str | CovarianceKind,
    shape: tuple[int, int],
) -> dict[str, Float64]:
    """Return those of weights, means and covariances that are given, by name.

    Parameters
    ----------
    weights, means, precisions : array or None
        As `GaussianMixture` takes them; precisions are inverse covariances.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        What the precisions are.
    shape : (n_components, n_features)
        Of the mixture.

    Raises
    ------
    ValueError
        If a shape or value is impossible.
    """
    given: dict[str, Float64] = {}
    if weights is not None:
        given["weights"] = _checked_weights(_array(weights, (shape[0],), "weights"))
    if means is not None:
        given["means"] = _array(means, shape, "means")
    if precisions is not None:
        kind = covariance_kind(covariance_type)
        given["covariances"] = kind.of_precisions(_array(precisions, kind.shape(*shape), f"{kind.name} precision"))
    return given


def check_weight(sample_weight: npt.ArrayLike | None, count: int, *, some: bool = True) -> Float64 | None:
    """Return the weights of rows as a float64 array (count,), some of them above 0 if `some` is set.

    Raises
    ------
    ValueError
        If they are no such weights.
    """
    if sample_weight is None:
        return None
    given = np.full(count, sample_weight) if isinstance(sample_weight, Real) else sample_weight
    weight: Float64 = check_array(
        given, dtype=np.float64, ensure_2d=False, ensure_min_samples=0, input_name="sample_weight"
    )
    if weight.shape != (count,):
        raise ValueError(f"sample_weight must have the shape of ({count},), one for each row, got {weight.shape}")
    if (weight < 0).any():
        raise ValueError(f"sample_weight must not be negative, got {weight.min():g}")
    if some and not weight.any():
        raise ValueError("sample_weight is zero for every row; give at least one row a positive weight")
    return weight


def check_n_samples(n_samples: int) -> None:
    """Check that at least one row is to be drawn.

    Raises
    ------
    ValueError
        If not.
    """
    if n_samples < 1:
        raise ValueError(f"Invalid value for 'n_samples': {n_samples}. The sampling requires at least one sample.")


def informative(rows: Floats) -> npt.NDArray[np.bool_]:
    """Return which rows have a value at all, (n,), having checked that every column has one.

    Parameters
    ----------
    rows : array (n, n_features)
        Rows; NaN entries are missing.

    Raises
    ------
    ValueError
        If a column is NaN throughout.
    """
    if len(rows) and not np.isnan(rows.min()):
        return np.ones(len(rows), dtype=np.bool_)
    valued = np.empty(len(rows), dtype=np.bool_)
    empty = np.ones(rows.shape[1], dtype=np.bool_)
    for start in range(0, len(rows), _ROWS):
        missing = np.isnan(rows[start : start + _ROWS])
        valued[start : start + _ROWS] = ~missing.all(axis=1)
        empty &= missing.all(axis=0)
    if empty.any():
        columns = ", ".join(map(str, np.flatnonzero(empty)))
        raise ValueError(f"X has no value at all, only NaN, in column {columns} (the first is 0); leave that out")
    return valued


def _array(value: npt.ArrayLike, shape: tuple[int, ...], name: str) -> Float64:
    checked: Any = check_array(value, dtype=np.float64, ensure_2d=False, allow_nd=True)
    if checked.shape != shape:
        raise ValueError(f"The parameter '{name}' should have the shape of {shape}, but got {checked.shape}")
    return np.asarray(checked, dtype=np.float64)


def _checked_weights(weights: Float64) -> Float64:
    low, high, total = weights.min(), weights.max(), weights.sum()
    if low < 0 or high > 1:
        raise ValueError(
            # in this order in scikit-learn, whose tests compare the text
            f"The parameter 'weights' should be in the range [0, 1], but got max value {low:.5f}, min value {high:.5f}"
        )
    if abs(total - 1) > 1e-6:
        raise ValueError(f"The parameter 'weights' should be normalized, but got sum(weights) = {total:.5f}")
    return weights
