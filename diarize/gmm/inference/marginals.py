"""Mixtures on the line: their distribution functions and quantiles, and those of the features of a mixture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, ndtr, ndtri

from diarize.gmm.arrays import Float64
from diarize.gmm.parameters import MixtureParameters

_STEPS, _CLOSE = 100, 1e-12  # of the search for quantiles; the error in probability
_NUMBERS = 4_000_000  # held at a time


def marginal(parameters: MixtureParameters, features: Sequence[int] | npt.NDArray[np.integer]) -> MixtureParameters:
    """Return the mixture of some features, whatever the others.

    Parameters
    ----------
    parameters : MixtureParameters
        The mixture.
    features : sequence of int
        Places of the features, in the order that is wanted.

    Raises
    ------
    ValueError
        If there is none, one comes twice or does not exist.

    Examples
    --------
    >>> both = MixtureParameters([1.0], [[1.0, 2.0]], [[3.0, 4.0]], "diag")
    >>> marginal(both, [1]).means, marginal(both, [1]).covariances
    (array([[2.]]), array([[4.]]))
    """
    places = np.asarray(features)
    size = parameters.n_features
    wrong = places.ndim != 1 or not len(places) or places.dtype.kind not in "iu"
    if wrong or len(set(places.tolist())) < len(places) or places.min() < 0 or places.max() >= size:
        raise ValueError(f"features must be places from 0 to {size - 1}, each once, got {features!r}")
    covariances = parameters.kind.marginal(parameters.covariances, places)
    return MixtureParameters(parameters.weights, parameters.means[:, places], covariances, parameters.covariance_type)


def marginal_cdf(x: npt.ArrayLike, parameters: MixtureParameters) -> Float64:
    """Return the probability that a feature is at most as large, for each entry of rows (n, n_features).

    Examples
    --------
    >>> marginal_cdf([[0.0, 5.0]], MixtureParameters([1.0], [[0.0, 3.0]], [[1.0, 4.0]])).round(4)
    array([[0.5   , 0.8413]])
    """
    rows = _checked(x, parameters)
    probabilities = np.zeros(rows.shape)
    deviations = np.sqrt(parameters.variances)
    for weight, mean, deviation in zip(parameters.weights, parameters.means, deviations, strict=True):
        probabilities += weight * ndtr((rows - mean) / deviation)
    return probabilities.clip(0.0, 1.0)


def marginal_quantiles(levels: npt.ArrayLike, parameters: MixtureParameters) -> Float64:
    """Return where each feature reaches probabilities, (n_levels, n_features).

    Parameters
    ----------
    levels : array (n_levels,)
        From 0 to 1, where the quantile is infinite.
    parameters : MixtureParameters
        The mixture.

    Raises
    ------
    ValueError
        If a level is not between 0 and 1.

    Examples
    --------
    >>> marginal_quantiles([0.5, 0.975], MixtureParameters([1.0], [[0.0, 3.0]], [[1.0, 4.0]])).round(2)
    array([[0.  , 3.  ],
           [1.96, 6.92]])
    """
    wanted = np.asarray(levels, dtype=np.float64)
    if wanted.ndim != 1 or not ((wanted >= 0) & (wanted <= 1)).all():
        raise ValueError(f"levels must be probabilities from 0 to 1 in one dimension, got {levels!r}")
    shape = (len(wanted), parameters.n_features)
    each = np.repeat(wanted, shape[1])
    inner = np.flatnonzero((each > 0) & (each < 1))
    quantiles = np.where(each > 0, np.inf, -np.inf)
    means, deviations = parameters.means.T.astype(np.float64), np.sqrt(parameters.variances.T.astype(np.float64))
    weights = parameters.weights.astype(np.float64)
    step = max(1, _NUMBERS // len(weights))
    for start in range(0, len(inner), step):
        chosen = inner[start : start + step]
        features = chosen % shape[1]
        shares = np.broadcast_to(weights, (len(chosen), len(weights)))
        quantiles[chosen] = mixture_quantiles(each[chosen], shares, means[features], deviations[features])
    return quantiles.reshape(shape)


def mixture_quantiles(levels: float | Float64, weights: Float64, means: Float64, deviations: Float64) -> Float64:
    """Return where mixtures of Gaussians on the line, one a row, reach a probability.

    Newton's method, and bisection where that would leave the bracket: a quantile of a mixture lies between the least
    and the greatest of its components' quantiles.

    Parameters
    ----------
    levels : float or array (n,)
        The probabilities, between 0 and 1.
    weights, means, deviations : array (n, n_components)
        Of the components of each mixture.

    Returns
    -------
    array (n,)
    """
    level = np.broadcast_to(np.asarray(levels, dtype=np.float64), len(means))
    own = means + ndtri(level)[:, None] * deviations
    counted = weights > 0
    low = np.where(counted, own, np.inf).min(axis=1)
    high = np.where(counted, own, -np.inf).max(axis=1)
    place: Float64 = (weights * own).sum(axis=1).clip(low, high)
    todo = np.flatnonzero(high > low)
    for _ in range(_STEPS):
        if not len(todo):
            break
        now = place[todo]
        white = (now[:, None] - means[todo]) / deviations[todo]
        excess = (weights[todo] * ndtr(white)).sum(axis=1) - level[todo]
        low[todo] = np.where(excess < 0, now, low[todo])
        high[todo] = np.where(excess > 0, now, high[todo])
        with np.errstate(divide="ignore", over="ignore", invalid="ignore", under="ignore"):
            density = (weights[todo] * np.exp(-0.5 * white**2) / deviations[todo]).sum(axis=1) / np.sqrt(2 * np.pi)
            following = now - excess / density
        inside = (following > low[todo]) & (following < high[todo])
        following = np.where(inside, following, 0.5 * (low[todo] + high[todo]))
        done = (np.abs(excess) < _CLOSE) | (following == now)
        place[todo] = np.where(done, now, following)
        todo = todo[~done]
    return place


def rosenblatt(x: npt.ArrayLike, parameters: MixtureParameters) -> Float64:
    """Return for each entry the probability that it is at most as large, given the entries before it in its row.

    Rows drawn from the mixture become even and independent numbers between 0 and 1 (probability integral transform).

    Parameters
    ----------
    x : array (n, n_features)
        Rows.
    parameters : MixtureParameters
        The mixture.

    Raises
    ------
    ValueError
        If x does not fit the mixture or is not finite.

    References
    ----------
    M. Rosenblatt. Remarks on a multivariate transformation. Annals of Mathematical Statistics 23, 1952.
    doi:10.1214/aoms/1177729394

    Examples
    --------
    >>> even = MixtureParameters([1.0], [[0.0, 0.0]], [[[1.0, 0.8], [0.8, 1.0]]], "full")
    >>> rosenblatt([[1.0, 0.8]], even).round(4)
    array([[0.8413, 0.5   ]])
    """
    rows = _checked(x, parameters)
    probabilities = np.empty(rows.shape)
    step = max(1, _NUMBERS // parameters.means.size)
    for start in range(0, len(rows), step):
        probabilities[start : start + step] = _rosenblatt(rows[start : start + step], parameters.astype(np.float64))
    return probabilities


def _rosenblatt(rows: Float64, parameters: MixtureParameters) -> Float64:
    """Given the entries before it, an entry of a component is Gaussian and the row of white noise tells where it is."""
    white, scale = parameters.kind.in_order(
        np.asarray(parameters.covariances, np.float64), rows[:, None] - parameters.means
    )
    probabilities = np.empty(rows.shape)
    with np.errstate(divide="ignore"):
        joint = np.broadcast_to(np.log(parameters.weights), white.shape[:2]).copy()
    for feature in range(parameters.n_features):
        share = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
        probabilities[:, feature] = (share * ndtr(white[:, :, feature])).sum(axis=1)
        joint -= 0.5 * white[:, :, feature] ** 2 + np.log(scale[:, feature])
    return probabilities.clip(0.0, 1.0)


def _checked(x: npt.ArrayLike, parameters: MixtureParameters) -> Float64:
    rows = np.asarray(x, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != parameters.n_features:
        raise ValueError(f"x must be (n, {parameters.n_features}), got shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("x must be finite")
    return rows
