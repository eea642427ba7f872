"""The parameters of a Gaussian mixture as one light, frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.covariance import covariance_kind
from diarize.gmm.covariances.kind import CovarianceKind


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
        for diag and (n_components,) for spherical covariances; loadings and, last, noise variances, (n_components,
        n_features, n_factors + 1), for factor.
    covariance_type : {'full', 'tied', 'diag', 'spherical', 'factor'}
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
        wanted = self.kind.shape(n_components, n_features)
        if self.covariances.shape != wanted:
            raise ValueError(f"{self.covariance_type} covariances must be {wanted}, got {self.covariances.shape}")
        if self.weights.shape != (n_components,):
            raise ValueError(f"weights must be ({n_components},), got {self.weights.shape}")
        if self.weights.min() < 0 or abs(float(self.weights.sum(dtype=np.float64)) - 1) > 1e-4:
            raise ValueError(f"weights must be non-negative and sum to 1, got {self.weights!r}")
        if self.variances.min() <= 0:
            raise ValueError(f"variances must be positive, got {float(self.variances.min())!r}; raise the floor")

    @property
    def kind(self) -> CovarianceKind:
        """What answers for this kind of covariance."""
        return covariance_kind(self.covariance_type).like(self.covariances)

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
        return np.broadcast_to(self.kind.variances(self.covariances), self.means.shape)

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
    return covariance_kind(covariance_type).like(values).root(values)
