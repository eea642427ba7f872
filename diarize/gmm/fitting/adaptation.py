"""Maximum a posteriori adaptation of a background mixture to little data."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from diarize.gmm.inference.expectation import accumulate
from diarize.gmm.parameters import Float64, MixtureParameters, floored
from diarize.gmm.statistics import Statistics

ADAPTABLE = ("weights", "means", "covariances")


def map_adapt(
    background: MixtureParameters,
    x: npt.ArrayLike | Statistics,
    *,
    relevance: float = 16.0,
    update: Collection[str] = ("means",),
    sample_weight: npt.ArrayLike | None = None,
) -> MixtureParameters:
    """Return the background mixture adapted to rows x.

    Each component moves from the background towards the data by alpha = n / (n + relevance), n being the rows it
    answers for. Components without data stay as they are.

    Parameters
    ----------
    background : MixtureParameters
        The prior, trained on much data.
    x : array (n, n_features) or Statistics
        The data, or their statistics from `accumulate` under the background.
    relevance : float
        How many rows the background counts for: 0 gives one maximum likelihood update, infinity the background.
    update : collection of {'weights', 'means', 'covariances'}
        What is adapted.
    sample_weight : array (n,), optional
        Weights of the rows; not with statistics.

    Raises
    ------
    ValueError
        If the relevance is negative, a name is unknown or the data do not fit the background.

    References
    ----------
    D. A. Reynolds, T. F. Quatieri, R. B. Dunn. Speaker verification using adapted Gaussian mixture models. Digital
    Signal Processing 10, 2000, equations 11 to 14. doi:10.1006/dspr.1999.0361

    Examples
    --------
    >>> background = MixtureParameters([1.0], [[0.0]], [[1.0]])
    >>> map_adapt(background, np.full((16, 1), 3.0), relevance=16.0).means
    array([[1.5]])
    """
    unknown = [name for name in update if name not in ADAPTABLE]
    if unknown or isinstance(update, str):
        raise ValueError(f"update must be a collection of {', '.join(ADAPTABLE)}; got {update!r}")
    if not relevance >= 0:
        raise ValueError(f"relevance must be 0 or more, got {relevance!r}")
    if isinstance(x, Statistics):
        if sample_weight is not None:
            raise ValueError("sample_weight goes with rows, not with statistics: they are weighted already")
        found = x
    else:
        found = accumulate(x, background, sample_weight)
    if found.first.shape != background.means.shape or found.covariance_type != background.covariance_type:
        raise ValueError("the statistics are those of another mixture than this background")
    weights, means = background.weights.astype(np.float64), background.means.astype(np.float64)
    covariances = background.covariances.astype(np.float64)
    total = float(found.zeroth.sum())
    alpha = _share(found.zeroth, relevance)
    if "weights" in update and total > 0:
        weights = alpha * found.zeroth / total + (1 - alpha) * weights
        weights /= weights.sum()
    if "means" in update:
        count = np.where(found.zeroth > 0, found.zeroth, 1.0)
        means = means + alpha[:, None] * found.about(means).first / count[:, None]
    if "covariances" in update and total > 0:
        covariances = _covariances(background, found, means, relevance)
    return MixtureParameters(weights, means, covariances, background.covariance_type).astype(background.means.dtype)


def _share(count: npt.ArrayLike, relevance: float) -> Float64:
    """Return n / (n + relevance), 0 where there is nothing to adapt to."""
    rows = np.asarray(count, dtype=np.float64)
    if np.isinf(relevance):
        return np.zeros_like(rows)
    return np.where(rows > 0, rows / np.where(rows > 0, rows + relevance, 1.0), 0.0)


def _covariances(background: MixtureParameters, statistics: Statistics, means: Float64, relevance: float) -> Float64:
    """Mix the data's second moments about the adapted means with the background's about the same."""
    prior = background.covariances.astype(np.float64)
    moved = background.means.astype(np.float64) - means
    centred = statistics.about(means).second
    count = statistics.zeroth
    if background.covariance_type == "tied":
        total = count.sum()
        share = _share(total, relevance)
        old = prior + (count[:, None] * moved).T @ moved / total
        return floored(share * centred / total + (1 - share) * old, _FLOOR * float(np.diagonal(prior).min()))
    alpha = _share(count, relevance)
    found = np.where(count > 0, count, 1.0)
    if background.covariance_type == "full":
        scatter = centred / found[:, None, None]
        old = prior + moved[:, :, None] * moved[:, None, :]
        mixed = alpha[:, None, None] * scatter + (1 - alpha)[:, None, None] * old
        return floored(mixed, _FLOOR * float(np.diagonal(prior, axis1=1, axis2=2).min()))
    if background.covariance_type == "spherical":
        scatter, old = centred.mean(axis=1) / found, prior + (moved**2).mean(axis=1)
        mixed = alpha * scatter + (1 - alpha) * old
    else:
        mixed = alpha[:, None] * centred / found[:, None] + (1 - alpha)[:, None] * (prior + moved**2)
    lifted: Float64 = np.maximum(mixed, _FLOOR * prior)
    return lifted


# A component adapted to identical rows keeps this share of the background's variance.
_FLOOR = 1e-6
