"""Columns of one spread: mixtures are trained on rows without units and returned in the units of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.parameters import MixtureParameters

_TOO_LARGE = "the values of X are too large to square; scale them down"


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """A centre and a spread of each column.

    Parameters
    ----------
    centre : array (n_features,)
        Taken from each row.
    spread : array (n_features,)
        Positive; what is left is divided by it.

    Examples
    --------
    >>> scaling = Scaling.of(np.array([[0.0, 5.0], [4.0, 5.0]]))
    >>> scaling.apply(np.array([[4.0, 5.0]])), scaling.spread
    (array([[1., 0.]]), array([2., 1.]))
    """

    centre: Float64
    spread: Float64

    @classmethod
    def of(cls, rows: Floats) -> Self:
        """Return mean and standard deviation of each column, entries that are NaN left out; 1 for a constant column.

        Parameters
        ----------
        rows : array (n, n_features)
            At least one value in each column.

        Raises
        ------
        ValueError
            If values are too large for their squares.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            centre = np.asarray(np.nanmean(rows, axis=0, dtype=np.float64))
            spread = np.asarray(np.nanstd(rows, axis=0, dtype=np.float64))
        if not (np.isfinite(centre).all() and np.isfinite(spread).all()):
            raise ValueError(_TOO_LARGE)
        rounding = 8 * float(np.finfo(rows.dtype).eps) * np.abs(centre)
        return cls(centre, np.where(spread > rounding, spread, 1.0))

    @classmethod
    def none(cls, n_features: int) -> Self:
        """Return the scaling that changes nothing."""
        return cls(np.zeros(n_features), np.ones(n_features))

    def apply(self, rows: Floats) -> Floats:
        """Return rows (n, n_features) without units, in their precision."""
        even: Floats = ((rows - self.centre) / self.spread).astype(rows.dtype, copy=False)
        return even

    def log_volume(self, rows: Floats) -> Float64:
        """Return what the log-density of each row, (n,), loses by going back to units, in nats."""
        return np.asarray(~np.isnan(rows) @ np.log(self.spread), dtype=np.float64)

    def undo(self, parameters: MixtureParameters, *, per_feature: bool = False) -> MixtureParameters:
        """Return a mixture of rows without units as one of rows with them, in float64.

        Spherical covariances become diagonal ones where spreads differ, or always if they are wanted `per_feature`.
        """
        weights, means = parameters.weights.astype(np.float64), parameters.means * self.spread + self.centre
        covariances = parameters.covariances.astype(np.float64)
        return MixtureParameters(
            weights, means, *parameters.kind.scaled(covariances, self.spread, per_feature=per_feature)
        )
