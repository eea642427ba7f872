"""Starts for training: hard clusters or random posteriors, turned into statistics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.metrics import pairwise_distances_argmin

from diarize.gmm.moments import Statistics
from diarize.gmm.parameters import Float64, Floats

INITIALISATIONS = ("kmeans", "k-means++", "random", "random_from_data")
_ROWS = 2048


def initial_statistics(
    x: Floats,
    sample_weight: Float64 | None,
    n_components: int,
    covariance_type: str,
    method: str,
    random_state: np.random.RandomState,
) -> Statistics:
    """Return statistics from which `maximise` makes the start of EM.

    Parameters
    ----------
    x : array (n, n_features)
        Rows.
    sample_weight : array (n,) or None
        Their positive weights.
    n_components : int
        Number of components.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        What the covariances are.
    method : {'kmeans', 'k-means++', 'random', 'random_from_data'}
        Clusters by k-means; rows nearest to centres drawn by k-means++ or evenly from the data; random posteriors.
    random_state : numpy.random.RandomState
        Source of randomness.

    References
    ----------
    D. Arthur, S. Vassilvitskii. k-means++: the advantages of careful seeding. SODA 2007. doi:10.5555/1283383.1283494
    """
    weight = np.ones(len(x)) if sample_weight is None else sample_weight
    if method == "random":
        return _soft_statistics(x, weight, n_components, covariance_type, random_state)
    if method == "kmeans":
        search = KMeans(n_clusters=n_components, n_init=1, random_state=random_state)
        labels = search.fit(x, sample_weight=sample_weight).labels_
    else:
        if method == "k-means++":
            centres, _ = kmeans_plusplus(x, n_components, sample_weight=sample_weight, random_state=random_state)
        else:
            chance = None if sample_weight is None else sample_weight / sample_weight.sum()
            centres = x[random_state.choice(len(x), size=n_components, replace=False, p=chance)]
        labels = pairwise_distances_argmin(x, centres)
    return label_statistics(x, labels, n_components, covariance_type, sample_weight)


def label_statistics(
    x: Floats,
    labels: npt.NDArray[np.integer],
    n_components: int,
    covariance_type: str,
    sample_weight: Float64 | None = None,
) -> Statistics:
    """Return the statistics of rows (n, n_features) that belong to one component each, labels (n,)."""
    weight = np.ones(len(x)) if sample_weight is None else sample_weight
    first = np.zeros((n_components, x.shape[1]))
    centre = np.average(x[:_ROWS], axis=0).astype(np.float64)
    for rows in _blocks(len(x)):
        first += _one_hot(labels[rows], weight[rows], n_components).T @ (x[rows] - centre)
    zeroth = np.bincount(labels, weights=weight, minlength=n_components)
    origin = centre + first / np.maximum(zeroth, np.finfo(np.float64).tiny)[:, None]
    sums = _Sums(origin, covariance_type)
    for rows in _blocks(len(x)):
        away = x[rows] - origin[labels[rows]]
        sums.add(_one_hot(labels[rows], weight[rows], n_components), away, weight[rows])
    return sums.statistics()


def _soft_statistics(
    x: Floats, weight: Float64, n_components: int, covariance_type: str, random_state: np.random.RandomState
) -> Statistics:
    centre = np.average(x, axis=0, weights=weight).astype(np.float64)
    sums = _Sums(np.tile(centre, (n_components, 1)), covariance_type)
    for rows in _blocks(len(x)):
        shares = random_state.uniform(size=(rows.stop - rows.start, n_components))
        shares *= (weight[rows] / shares.sum(axis=1))[:, None]
        sums.add(shares, x[rows] - centre, weight[rows])
    return sums.statistics()


class _Sums:
    """Adds up statistics of rows whose shares are given."""

    __slots__ = ("covariance_type", "first", "origin", "second", "zeroth")

    def __init__(self, origin: Float64, covariance_type: str) -> None:
        n_components, n_features = origin.shape
        size = {"full": (n_components, n_features * n_features), "tied": (n_features, n_features)}
        self.origin, self.covariance_type = origin, covariance_type
        self.zeroth = np.zeros(n_components)
        self.first = np.zeros(origin.shape)
        self.second = np.zeros(size.get(covariance_type, origin.shape))

    def add(self, shares: Float64 | csr_array, away: Float64, weight: Float64) -> None:
        self.zeroth += np.asarray(shares.sum(axis=0)).ravel()
        self.first += shares.T @ away
        if self.covariance_type == "tied":
            self.second += (away * weight[:, None]).T @ away
        elif self.covariance_type == "full":
            step = max(1, 200_000 // away.shape[1] ** 2)
            for start in range(0, len(away), step):
                piece = away[start : start + step]
                outer = (piece[:, :, None] * piece[:, None, :]).reshape(len(piece), -1)
                self.second += shares[start : start + step].T @ outer
        else:
            self.second += shares.T @ away**2

    def statistics(self) -> Statistics:
        shape = (*self.origin.shape, self.origin.shape[1]) if self.covariance_type == "full" else self.second.shape
        return Statistics(self.zeroth, self.first, self.second.reshape(shape), self.origin, self.covariance_type)


def _blocks(count: int) -> list[slice]:
    return [slice(start, min(start + _ROWS, count)) for start in range(0, count, _ROWS)]


def _one_hot(labels: npt.NDArray[np.integer], weight: Float64, n_components: int) -> csr_array:
    return csr_array((weight, labels, np.arange(len(labels) + 1)), shape=(len(labels), n_components))
