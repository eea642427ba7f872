"""The parameters of a Gaussian mixture as one light, frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Float64 = npt.NDArray[np.float64]

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")

_ILL_DEFINED = (
    "Fitting the mixture model failed because some components have ill-defined empirical covariance (for instance "
    "caused by singleton or collapsed samples). Try to decrease the number of components, increase reg_covar, "
    "or scale the input data."
)


class IllDefinedError(ValueError):
    """A covariance is not positive definite: a component has collapsed to fewer dimensions than the data have."""

    def __init__(self, message: str = _ILL_DEFINED) -> None:
        super().__init__(message)


def covariance_shape(covariance_type: str, n_components: int, n_features: int) -> tuple[int, ...]:
    """Return the shape of the covariance array of a mixture."""
    shapes: dict[str, tuple[int, ...]] = {
        "full": (n_components, n_features, n_features),
        "tied": (n_features, n_features),
        "diag": (n_components, n_features),
        "spherical": (n_components,),
    }
    if covariance_type not in shapes:
        raise ValueError(f"covariance_type must be one of {', '.join(COVARIANCE_TYPES)}, got {covariance_type!r}")
    return shapes[covariance_type]


@dataclass(frozen=True, slots=True, eq=False)
class MixtureParameters:
    """Weights, means and covariances of a Gaussian mixture.

    Arrays are kept in the precision they come in (float32 or float64) as read-only views.

    Parameters
    ----------
    weights : array (n_components,)
        Non-negative, summing to one.
    means : array (n_components, n_features)
        Centres of the components.
    covariances : array
        (n_components, n_features, n_features) for full, (n_features, n_features) for tied, (n_components, n_features)
        for diag and (n_components,) for spherical covariances.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        What the covariances are.

    Raises
    ------
    ValueError
        If shapes do not fit together, a value is not finite, a variance is not positive or the weights do not
        sum to one.

    Examples
    --------
    >>> pair = MixtureParameters([0.5, 0.5], [[0.0], [4.0]], [[1.0], [1.0]], "diag")
    >>> pair.n_components, pair.n_features
    (2, 1)
    """

    weights: Floats
    means: Floats
    covariances: Floats
    covariance_type: str = "diag"

    def __post_init__(self) -> None:
        for name in ("weights", "means", "covariances"):
            object.__setattr__(self, name, _frozen(getattr(self, name), name))
        if self.means.ndim != 2:
            raise ValueError(f"means must be (n_components, n_features), got shape {self.means.shape}")
        n_components, n_features = self.means.shape
        wanted = covariance_shape(self.covariance_type, n_components, n_features)
        if self.covariances.shape != wanted:
            raise ValueError(f"{self.covariance_type} covariances must be {wanted}, got {self.covariances.shape}")
        if self.weights.shape != (n_components,):
            raise ValueError(f"weights must be ({n_components},), got {self.weights.shape}")
        if self.weights.min() < 0 or abs(float(self.weights.sum(dtype=np.float64)) - 1) > 1e-4:
            raise ValueError(f"weights must be non-negative and sum to 1, got {self.weights!r}")
        if self.variances.min() <= 0:
            raise ValueError(f"variances must be positive, got {float(self.variances.min())!r}; raise the floor")

    @property
    def n_components(self) -> int:
        """Number of Gaussians."""
        return int(self.means.shape[0])

    @property
    def n_features(self) -> int:
        """Dimension of the data."""
        return int(self.means.shape[1])

    @property
    def variances(self) -> Floats:
        """Variance of each component in each dimension, (n_components, n_features), read-only."""
        if self.covariance_type == "full":
            found = np.diagonal(self.covariances, axis1=1, axis2=2)
        elif self.covariance_type == "tied":
            found = np.diagonal(self.covariances)
        elif self.covariance_type == "spherical":
            found = self.covariances[:, None]
        else:
            found = self.covariances
        return np.broadcast_to(found, self.means.shape)

    def astype(self, dtype: npt.DTypeLike) -> MixtureParameters:
        """Return the same mixture in another precision."""
        kind = np.dtype(dtype)
        return replace(
            self,
            weights=self.weights.astype(kind),
            means=self.means.astype(kind),
            covariances=self.covariances.astype(kind),
        )

    def arrays(self, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
        """Return plain arrays, as `numpy.savez` takes them, to be read back by `from_arrays`.

        Parameters
        ----------
        prefix : str
            Put before each name, so that one file can hold several mixtures.
        """
        return {
            f"{prefix}weights": np.array(self.weights),
            f"{prefix}means": np.array(self.means),
            f"{prefix}covariances": np.array(self.covariances),
            f"{prefix}covariance_type": np.array(self.covariance_type),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> MixtureParameters:
        """Build a mixture from what `arrays` gave, for instance out of `numpy.load(path, allow_pickle=False)`.

        Raises
        ------
        ValueError
            If an array is missing or the arrays are no mixture.
        """
        names = [f"{prefix}{name}" for name in ("weights", "means", "covariances", "covariance_type")]
        missing = [name for name in names if name not in arrays]
        if missing:
            raise ValueError(f"no mixture under prefix {prefix!r}: {', '.join(missing)} missing")
        weights, means, covariances, kind = (arrays[name] for name in names)
        return cls(weights, means, covariances, str(kind))


def _frozen(value: npt.ArrayLike, name: str) -> Floats:
    array = np.asarray(value)
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"{name} of a mixture must be finite and not empty, got shape {array.shape}")
    view: Floats = array.view()
    view.flags.writeable = False
    return view


def precision_cholesky(covariances: npt.ArrayLike, covariance_type: str) -> Float64:
    """Return U, upper triangular, with U @ U.T the inverse of each covariance; for variances 1 / sqrt(variance).

    Parameters
    ----------
    covariances : array
        As in `MixtureParameters`.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        What the covariances are.

    Raises
    ------
    IllDefinedError
        If a covariance is not positive definite.
    """
    values = np.asarray(covariances, dtype=np.float64)
    if covariance_type in ("diag", "spherical"):
        if (values <= 0).any():
            raise IllDefinedError
        return 1.0 / np.sqrt(values)
    try:
        factor = np.linalg.cholesky(values)
    except np.linalg.LinAlgError:
        raise IllDefinedError from None
    inverse = np.linalg.solve(factor, np.broadcast_to(np.eye(values.shape[-1]), values.shape))
    upper: Float64 = np.triu(np.swapaxes(inverse, -1, -2))
    return upper


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
    found: Float64 = np.where(bad[..., None, None], (lifted + np.swapaxes(lifted, -1, -2)) / 2, covariances)
    return found
