"""Checks of what users give to start training from."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array

from diarize.gmm.parameters import Float64, covariance_shape


def check_start(
    weights: npt.ArrayLike | None,
    means: npt.ArrayLike | None,
    precisions: npt.ArrayLike | None,
    covariance_type: str,
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
    found: dict[str, Float64] = {}
    if weights is not None:
        found["weights"] = _checked_weights(_array(weights, (shape[0],), "weights"))
    if means is not None:
        found["means"] = _array(means, shape, "means")
    if precisions is not None:
        wanted = covariance_shape(covariance_type, *shape)
        found["covariances"] = _inverse(_array(precisions, wanted, f"{covariance_type} precision"), covariance_type)
    return found


def check_weight(sample_weight: npt.ArrayLike | None, count: int) -> Float64 | None:
    """Return the weights of rows as a float64 array (count,)."""
    if sample_weight is None:
        return None
    given = np.full(count, sample_weight) if isinstance(sample_weight, Real) else sample_weight
    weight: Float64 = check_array(given, dtype=np.float64, ensure_2d=False, input_name="sample_weight")
    if weight.shape != (count,):
        raise ValueError(f"sample_weight must have the shape of ({count},), one for each row, got {weight.shape}")
    if (weight < 0).any():
        raise ValueError(f"sample_weight must not be negative, got {weight.min():g}")
    if not weight.any():
        raise ValueError("sample_weight is zero for every row; give at least one row a positive weight")
    return weight


def _array(value: npt.ArrayLike, shape: tuple[int, ...], name: str) -> Float64:
    found: Any = check_array(value, dtype=np.float64, ensure_2d=False, allow_nd=True)
    if found.shape != shape:
        raise ValueError(f"The parameter '{name}' should have the shape of {shape}, but got {found.shape}")
    return np.asarray(found, dtype=np.float64)


def _checked_weights(weights: Float64) -> Float64:
    low, high, total = weights.min(), weights.max(), weights.sum()
    if low < 0 or high > 1:
        raise ValueError(
            f"The parameter 'weights' should be in the range [0, 1], but got max value {high:.5f}, min value {low:.5f}"
        )
    if abs(total - 1) > 1e-6:
        raise ValueError(f"The parameter 'weights' should be normalized, but got sum(weights) = {total:.5f}")
    return weights


def _inverse(precisions: Float64, covariance_type: str) -> Float64:
    if covariance_type in ("diag", "spherical"):
        if (precisions <= 0).any():
            raise ValueError(f"'{covariance_type} precision' should be positive")
        return 1 / precisions
    turned = np.swapaxes(precisions, -1, -2)
    if not np.allclose(precisions, turned) or (np.linalg.eigvalsh(precisions) <= 0).any():
        raise ValueError(f"'{covariance_type} precision' should be symmetric, positive-definite")
    inverse = np.linalg.inv(precisions)
    found: Float64 = (inverse + np.swapaxes(inverse, -1, -2)) / 2
    return found
