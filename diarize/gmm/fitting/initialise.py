"""Starts for training: hard clusters or random posteriors, turned into statistics."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from sklearn.utils.random import sample_without_replacement

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.covariance import covariance_kind
from diarize.gmm.covariances.kind import CovarianceKind
from diarize.gmm.engine.missing import filled
from diarize.gmm.engine.threads import no_openmp_pool
from diarize.gmm.statistics import Statistics

INITIALISATIONS = ("kmeans", "k-means++", "spectral", "ward", "random", "random_from_data")
_ROWS = 2048
_QUICK = 25  # rounds of k-means on a sample: EM continues from there better than k-means would
_GRAPH, _NEIGHBOURS = 2000, 10  # rows of the graph that is cut, and how many neighbours each is joined to


def sample_size(n_components: int) -> int:
    """Return how many rows a start is made from at most; with more, they are sampled."""
    return max(50_000, 200 * n_components)


def initial_statistics(
    x: Floats,
    sample_weight: Float64 | None,
    n_components: int,
    covariance_type: str | CovarianceKind,
    method: str,
    random_state: np.random.RandomState,
) -> Statistics:
    """Return statistics from which `maximise` makes the start of EM.

    Parameters
    ----------
    x : array (n, n_features)
        Rows, NaN where an entry is missing; from many, a sample of `sample_size` is drawn.
    sample_weight : array (n,) or None
        Their positive weights.
    n_components : int
        Number of components.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        What the covariances are.
    method : {'kmeans', 'k-means++', 'spectral', 'ward', 'random', 'random_from_data'}
        Clusters by k-means; rows nearest to centres drawn by k-means++ or evenly from the data; clusters by spectral
        clustering of a sample, or by Ward's agglomeration of one whose columns are scaled to one spread, each other row
        in that of the row nearest to it; random posteriors.
    random_state : numpy.random.RandomState
        Seed or generator of random numbers.

    Raises
    ------
    ValueError
        If a column has no value at all, or values are too large for sums of their squares.

    References
    ----------
    D. Arthur, S. Vassilvitskii. k-means++: the advantages of careful seeding. SODA 2007. doi:10.5555/1283383.1283494

    J. H. Ward. Hierarchical grouping to optimize an objective function. Journal of the American Statistical Association
    58, 1963. doi:10.1080/01621459.1963.10500845

    U. von Luxburg. A tutorial on spectral clustering. Statistics and Computing 17, 2007.
    doi:10.1007/s11222-007-9033-z
    """
    count, size = len(x), sample_size(n_components)
    x, sample_weight = _completed(*_sampled(x, sample_weight, size, random_state))
    x, sample_weight = _sampled(x, sample_weight, size, random_state)  # where all rows were needed to complete them
    sampled = count > size
    largest, most = float(np.abs(x).max()), float(np.finfo(x.dtype).max)
    if largest > 0.1 * (most / x.size) ** 0.5:
        raise ValueError(f"the values of X are too large to square in {x.dtype}, up to {largest:.3g}; scale them down")
    weight = np.ones(len(x)) if sample_weight is None else sample_weight
    if method == "random":
        return _soft_statistics(x, weight, n_components, covariance_type, random_state)
    if method == "kmeans":
        labels = _kmeans_labels(x, sample_weight, n_components, random_state, _QUICK if sampled else 300)
    elif method == "spectral":
        labels = _spectral_labels(x, n_components, random_state)
    elif method == "ward":
        labels = _ward_labels(x, n_components, random_state)
    else:
        labels = _seed_labels(x, sample_weight, n_components, random_state, method)
    return label_statistics(x, labels, n_components, covariance_type, sample_weight)


# scikit-learn's clustering is imported where it is used: it takes a while, and most uses of a mixture need none.


def _kmeans_labels(
    x: Floats, weight: Float64 | None, n_clusters: int, random_state: np.random.RandomState, max_iter: int
) -> npt.NDArray[np.integer]:
    from sklearn.cluster import KMeans

    search = KMeans(n_clusters=n_clusters, n_init=1, max_iter=max_iter, random_state=random_state)
    with no_openmp_pool():
        labels: npt.NDArray[np.integer] = search.fit(x, sample_weight=weight).labels_
    return labels


def _seed_labels(
    x: Floats, weight: Float64 | None, n_clusters: int, random_state: np.random.RandomState, method: str
) -> npt.NDArray[np.integer]:
    """Return the nearest of some rows for each row."""
    from sklearn.cluster import kmeans_plusplus
    from sklearn.metrics import pairwise_distances_argmin

    with no_openmp_pool():
        if method == "k-means++":
            centres, _ = kmeans_plusplus(x, n_clusters, sample_weight=weight, random_state=random_state)
        else:
            chance = None if weight is None else weight / weight.sum()
            centres = x[random_state.choice(len(x), size=n_clusters, replace=False, p=chance)]
        labels: npt.NDArray[np.integer] = pairwise_distances_argmin(x, centres)
    return labels


def _spectral_labels(x: Floats, n_clusters: int, random_state: np.random.RandomState) -> npt.NDArray[np.integer]:
    """Return clusters of the graph of nearest neighbours, cut on a sample of the rows."""
    from sklearn.cluster import SpectralClustering

    graph, _ = _sampled(x, None, max(_GRAPH, 10 * n_clusters), random_state)
    if n_clusters >= len(graph):
        return np.arange(len(x)) % n_clusters
    search = SpectralClustering(
        n_clusters,
        affinity="nearest_neighbors",
        n_neighbors=min(_NEIGHBOURS, len(graph)),
        n_init=1,
        assign_labels="kmeans",
        random_state=random_state,
    )
    with no_openmp_pool(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Graph is not fully connected", UserWarning)  # then it is cut already
        labels: npt.NDArray[np.integer] = search.fit(graph).labels_
    return _spread(labels, graph, x)


def _ward_labels(x: Floats, n_clusters: int, random_state: np.random.RandomState) -> npt.NDArray[np.integer]:
    """Return clusters of rows, merged from single ones so that their squared distances within grow least."""
    from scipy.cluster.hierarchy import fcluster, linkage

    width = x.std(axis=0, dtype=np.float64)
    even = (x - x.mean(axis=0, dtype=np.float64)) / np.where(width > 0, width, 1.0)
    sample, _ = _sampled(even, None, max(_GRAPH, 10 * n_clusters), random_state)
    if n_clusters >= len(sample):
        return np.arange(len(x)) % n_clusters
    labels = fcluster(linkage(sample, "ward"), n_clusters, "maxclust") - 1
    return _spread(labels, sample, even)


def _spread(labels: npt.NDArray[np.integer], sample: Floats, x: Floats) -> npt.NDArray[np.integer]:
    """Return for each row the label of the nearest one of a sample, which has all rows if it has as many."""
    from sklearn.neighbors import NearestNeighbors

    if len(sample) == len(x):
        return labels
    with no_openmp_pool():
        nearest = NearestNeighbors(n_neighbors=1).fit(sample).kneighbors(x, return_distance=False)[:, 0]
    spread: npt.NDArray[np.integer] = labels[nearest]
    return spread


def _sampled(
    x: Floats, weight: Float64 | None, size: int, random_state: np.random.RandomState
) -> tuple[Floats, Float64 | None]:
    """Return that many rows, in their order, and their weights; all of them if there are no more."""
    if len(x) <= size:
        return x, weight
    places = np.sort(sample_without_replacement(len(x), size, random_state=random_state))
    rows = x[places]
    missing = np.isnan(rows)
    if missing.all(axis=0).any() or missing.all(axis=1).mean() > 0.5:  # values so few that a sample may miss them
        return x, weight
    return rows, None if weight is None else weight[places]


def _completed(x: Floats, weight: Float64 | None) -> tuple[Floats, Float64 | None]:
    """Return rows with their missing entries filled in, without rows that have no value."""
    missing = np.isnan(x)
    if not missing.any():
        return x, weight
    valued = ~missing.all(axis=1)
    return filled(x[valued]), None if weight is None else weight[valued]


def label_statistics(
    x: Floats,
    labels: npt.NDArray[np.integer],
    n_components: int,
    covariance_type: str | CovarianceKind,
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
    some = _evenly(len(x))
    kind = covariance_kind(covariance_type).prepared(x[some] - origin[labels[some]])
    sums = _Sums(origin, kind)
    for rows in _blocks(len(x)):
        away = x[rows] - origin[labels[rows]]
        sums.add(_one_hot(labels[rows], weight[rows], n_components), away, weight[rows])
    return sums.statistics()


def _soft_statistics(
    x: Floats,
    weight: Float64,
    n_components: int,
    covariance_type: str | CovarianceKind,
    random_state: np.random.RandomState,
) -> Statistics:
    centre = np.average(x, axis=0, weights=weight).astype(np.float64)
    kind = covariance_kind(covariance_type).prepared(x[_evenly(len(x))] - centre)
    sums = _Sums(np.tile(centre, (n_components, 1)), kind)
    for rows in _blocks(len(x)):
        shares = random_state.uniform(size=(rows.stop - rows.start, n_components))
        shares *= (weight[rows] / shares.sum(axis=1))[:, None]
        sums.add(shares, x[rows] - centre, weight[rows])
    return sums.statistics()


class _Sums:
    """Adds up statistics of rows whose shares are given."""

    __slots__ = ("first", "kind", "origin", "second", "zeroth")

    def __init__(self, origin: Float64, kind: CovarianceKind) -> None:
        self.origin, self.kind = origin, kind
        self.zeroth = np.zeros(len(origin))
        self.first = np.zeros(origin.shape)
        self.second = np.zeros(kind.second_shape(*origin.shape))

    def add(self, shares: Float64 | csr_array, away: Float64, weight: Float64) -> None:
        self.zeroth += np.asarray(shares.sum(axis=0)).ravel()
        self.first += shares.T @ away
        self.kind.add_rows(self.second, shares, away, weight)

    def statistics(self) -> Statistics:
        return Statistics(self.zeroth, self.first, self.second, self.origin, self.kind.name)


def _evenly(count: int) -> npt.NDArray[np.intp]:
    """Return the places of some rows, evenly spaced: enough to see in which directions rows vary."""
    return np.linspace(0, count - 1, min(count, _ROWS)).astype(np.intp)


def _blocks(count: int) -> list[slice]:
    return [slice(start, min(start + _ROWS, count)) for start in range(0, count, _ROWS)]


def _one_hot(labels: npt.NDArray[np.integer], weight: Float64, n_components: int) -> csr_array:
    return csr_array((weight, labels, np.arange(len(labels) + 1)), shape=(len(labels), n_components))
