"""Sums over rows: all that a mixture's re-estimation needs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64
from diarize.gmm.covariance import covariance_kind
from diarize.gmm.covariances.kind import CovarianceKind


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Sums over rows, weighted by posteriors: all that a mixture's re-estimation needs; they add over recordings.

    Parameters
    ----------
    zeroth : array (n_components,)
        Sum of posteriors.
    first : array (n_components, n_features)
        Sum of posterior times (x - origin).
    second : array
        Sum of posterior times (x - origin)^2, (n_components, n_features), for diag and spherical; of the outer product,
        (n_components, n_features, n_features), for full; summed over components, (n_features, n_features), for tied.
    origin : array (n_components, n_features)
        What the sums are about; close to the data, so that no digits are lost.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        What `second` is.
    log_likelihood : float
        Weighted sum of the rows' log-likelihoods, in nats.
    """

    zeroth: Float64
    first: Float64
    second: Float64
    origin: Float64
    covariance_type: str
    log_likelihood: float = 0.0

    @property
    def kind(self) -> CovarianceKind:
        """What answers for this kind of covariance."""
        return covariance_kind(self.covariance_type).like(self.second)

    def about(self, origin: npt.ArrayLike) -> Statistics:
        """Return the same sums about another origin, (n_components, n_features) or whatever broadcasts to it."""
        target = np.broadcast_to(np.asarray(origin, dtype=np.float64), self.first.shape).copy()
        step = self.origin - target
        first = self.first + self.zeroth[:, None] * step
        second = self.kind.moved(self.second, self.first, first, self.zeroth, step)
        return replace(self, first=first, second=second, origin=target)

    def __add__(self, other: Statistics) -> Statistics:
        moved = other if np.array_equal(self.origin, other.origin) else other.about(self.origin)
        return replace(
            self,
            zeroth=self.zeroth + moved.zeroth,
            first=self.first + moved.first,
            second=self.second + moved.second,
            log_likelihood=self.log_likelihood + moved.log_likelihood,
        )
