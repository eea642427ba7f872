"""Arrays of floats, and matrices that have to be positive definite."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Float64 = npt.NDArray[np.float64]
Places = npt.NDArray[np.integer[Any]]
Flags = npt.NDArray[np.bool_]

_ILL_DEFINED = (
    "Fitting the mixture model failed because some components have ill-defined empirical covariance (for instance "
    "caused by singleton or collapsed samples). Try to decrease the number of components, increase reg_covar, "
    "or scale the input data."
)


class IllDefinedError(ValueError):
    """A covariance is not positive definite: a component has collapsed to fewer dimensions than the data have."""

    def __init__(self, message: str = _ILL_DEFINED) -> None:
        super().__init__(message)


def rounding(means: Float64) -> Float64:
    """Return the variance (..., n_features) that rounding alone gives to numbers around these means."""
    noise: Float64 = (8 * np.finfo(np.float64).eps * means) ** 2
    return noise


def floored(covariances: Float64, floor: float) -> Float64:
    """Return covariance matrices (..., d, d) with eigenvalues lifted where rounding left them not positive definite.

    Parameters
    ----------
    covariances : array (..., n_features, n_features)
        Symmetric; nothing is changed in matrices that have a Cholesky factor.
    floor : float
        Smallest eigenvalue; at least what the rounding of the largest eigenvalue leaves visible.
    """
    try:
        np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError:
        pass
    else:
        return covariances
    values, vectors = np.linalg.eigh(covariances)
    size = covariances.shape[-1]
    least = np.maximum(floor, 16 * size * np.finfo(np.float64).eps * values[..., -1:])
    lifted = (vectors * np.maximum(values, least)[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    bad = values[..., 0] < least[..., 0]
    whole: Float64 = np.where(bad[..., None, None], (lifted + np.swapaxes(lifted, -1, -2)) / 2, covariances)
    return whole
