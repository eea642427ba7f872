"""The M step of the states' mixtures: maximum likelihood, or the mode of the posterior under conjugate priors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.gmm import Statistics
from diarize.gmm.covariance import covariance_kind
from diarize.hmm.gmmhmm.emissions import Emissions
from diarize.hmm.gmmhmm.prior import MixturePrior
from diarize.hmm.structures import Floats

# A component with a smaller share of all frames than this has nothing to be estimated from.
_DEAD = 1e-14


def maximise(
    statistics: Statistics, previous: Emissions, prior: MixturePrior, *, letters: str, least: float
) -> Emissions:
    """Return the mixtures that the statistics and the prior call for; covariances are about the new means.

    With n the expected frames of a component and x its frames, the mode is (Gauvain and Lee 1994)::

        w = (a - 1 + n) / sum over the state of (a - 1 + n)
        m = (t mu + sum x) / (t + n)
        S = (c p + t (m - mu)(m - mu)' + sum (x - m)(x - m)') / (c + n)

    where sums over components of numerator and denominator give a tied S, and means over features a spherical one.

    Parameters
    ----------
    statistics : Statistics
        Expected sums over frames, from `Emissions.statistics`.
    previous : Emissions
        Keep what is not estimated, and what nothing says anything about.
    prior : MixturePrior
        `MixturePrior.flat` for maximum likelihood.
    letters : str
        What is estimated: 'w' weights, 'm' means, 'c' covariances.
    least : float
        Variances, or eigenvalues of covariance matrices, are at least this; the likelihood is highest under this
        condition, so EM never loses.

    Raises
    ------
    ValueError
        When numbers overflow, or `least` is 0 and a covariance is singular.
    """
    if not (np.isfinite(statistics.second).all() and np.isfinite(statistics.first).all()):
        raise ValueError("the values of X are too large to square; scale them down")
    shape = previous.means.shape
    count = statistics.zeroth.reshape(shape[:2])
    weights, means, covars = previous.weights, previous.means, previous.covars
    if "w" in letters:
        weights = _weights(count, prior.weights - 1, previous.weights)
    if "m" in letters:
        origin, first = statistics.origin.reshape(shape), statistics.first.reshape(shape)
        total = count + prior.means_weight
        pulled = first + prior.means_weight[:, :, None] * (prior.means - origin)
        alive = total > _DEAD * count.sum()
        means = np.where(alive[:, :, None], origin + pulled / np.where(alive, total, 1.0)[:, :, None], means)
    if "c" in letters:
        about = statistics.about(means.reshape(-1, shape[2]))
        covars = _covars(about.second, means, count, previous, prior)
        covars = covariance_kind(previous.covariance_type).at_least(covars, means, least)
    return Emissions(weights, means, covars, previous.covariance_type)


def _weights(count: Floats, extra: Floats, previous: Floats) -> Floats:
    counts = count + extra
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > _DEAD * count.sum(), counts / np.where(total > 0, total, 1.0), previous)


def _covars(second: Floats, means: Floats, count: Floats, previous: Emissions, prior: MixturePrior) -> Floats:
    """Return covariances about the means; `second` holds the sums of squares about them."""
    kind, (n_states, n_mix, _) = covariance_kind(previous.covariance_type), means.shape
    scatter = second.reshape(n_states, n_mix, *second.shape[1:])
    scatter = kind.reduced(scatter + kind.weighted_squares(prior.means_weight, means - prior.means))
    if kind.shared:
        scatter, count = scatter.sum(axis=1), count.sum(axis=1)
    strength, total = prior.covars_weight, count + prior.covars_weight
    alive = _like(total > _DEAD * count.sum(), scatter)
    numerator: Floats = _like(strength, scatter) * prior.covars + scatter
    return np.where(alive, numerator / np.where(alive, _like(total, scatter), 1.0), previous.covars)


def _like(values: npt.NDArray[Any], target: Floats) -> npt.NDArray[Any]:
    """Return values with axes of length one added, to broadcast against target from the left."""
    return values.reshape(values.shape + (1,) * (target.ndim - values.ndim))
