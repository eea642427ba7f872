"""Maximum a posteriori adaptation of a background mixture to little data."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from diarize.gmm.covariances.kind import data_share
from diarize.gmm.inference.expectation import accumulate
from diarize.gmm.parameters import MixtureParameters
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

    Each component moves from the background towards the data by alpha = n / (n + relevance), eq. (8), n being the rows
    it answers for. Components without data stay as they are.

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
            raise ValueError("sample_weight is for rows, not for statistics: they are weighted already")
        sums = x
    else:
        sums = accumulate(x, background, sample_weight)
    if sums.first.shape != background.means.shape or sums.covariance_type != background.covariance_type:
        raise ValueError("the statistics are those of another mixture than this background")
    weights, means = background.weights.astype(np.float64), background.means.astype(np.float64)
    covariances = background.covariances.astype(np.float64)
    total = float(sums.zeroth.sum())
    alpha = data_share(sums.zeroth, relevance)
    if "weights" in update and total > 0:
        weights = alpha * sums.zeroth / total + (1 - alpha) * weights
        weights /= weights.sum()
    if "means" in update:
        count = np.where(sums.zeroth > 0, sums.zeroth, 1.0)
        means = means + alpha[:, None] * sums.about(means).first / count[:, None]
    if "covariances" in update and total > 0:
        centred, moved = sums.about(means).second, background.means.astype(np.float64) - means
        covariances = background.kind.adapted(covariances, centred, moved, sums.zeroth, relevance)
    return MixtureParameters(weights, means, covariances, background.covariance_type).astype(background.means.dtype)
