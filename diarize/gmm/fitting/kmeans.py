"""K-means on few rows: without scikit-learn, whose import takes longer than what is done here, and without OpenMP."""

from __future__ import annotations

from math import log

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

_MOST_ROUNDS = 300
_TOLERANCE = 1e-4  # of the mean variance of the columns; centres that move less have settled


def kmeans_labels(rows: npt.ArrayLike, n_clusters: int, *, n_init: int = 5, seed: int = 0) -> Labels:
    """Divide rows among centres so that the squared distances to the nearest centre are small in sum.

    The starts are those of greedy k-means++. For the same seed they are the same as scikit-learn's, so that the labels
    are too, up to rounding.

    Parameters
    ----------
    rows : array_like of shape (n_rows, n_features)
        At least `n_clusters` different ones.
    n_clusters : int
        From 1 to the number of rows.
    n_init : int
        Starts; the labels of the best one are returned.
    seed : int
        Of the random numbers.

    Returns
    -------
    array of int, shape (n_rows,)
        0 to n_clusters - 1.

    Raises
    ------
    ValueError
        `n_clusters` is below 1 or above the number of rows.

    References
    ----------
    Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007. Lloyd, "Least squares
    quantization in PCM", IEEE Trans. Information Theory 28(2), 1982. https://doi.org/10.1109/TIT.1982.1056489

    Examples
    --------
    >>> labels = kmeans_labels([[0.0], [0.1], [5.0], [5.2]], 2)
    >>> bool(labels[0] == labels[1] != labels[2] == labels[3])
    True
    """
    x = np.asarray(rows, dtype=np.float64)
    if not 1 <= n_clusters <= len(x):
        raise ValueError(f"n_clusters must lie from 1 to the number of rows, {len(x)}, got {n_clusters!r}")
    x = x - x.mean(axis=0)
    random = np.random.RandomState(seed)
    tolerance = _TOLERANCE * float(np.mean(np.var(x, axis=0)))
    best, labels = _settled(x, _seeded(x, n_clusters, random), tolerance)
    for _ in range(1, n_init):
        inertia, others = _settled(x, _seeded(x, n_clusters, random), tolerance)
        if inertia < best and not _same_partition(others, labels, n_clusters):
            best, labels = inertia, others
    return labels


def _seeded(x: Floats, n_clusters: int, random: np.random.RandomState) -> Floats:
    """Return the rows that greedy k-means++ chooses as centres: of some drawn by distance, the one that helps most."""
    trials = 2 + int(log(n_clusters))
    squares = (x * x).sum(axis=1)
    chosen = [int(random.choice(len(x), p=np.full(len(x), 1 / len(x))))]
    nearest = _squared_distances(x[chosen], x, squares)[0]
    for _ in range(1, n_clusters):
        drawn = random.uniform(size=trials) * nearest.sum()
        candidates = np.minimum(np.searchsorted(np.cumsum(nearest), drawn), len(x) - 1)
        distances = np.minimum(nearest, _squared_distances(x[candidates], x, squares))
        best = int(distances.sum(axis=1).argmin())
        chosen.append(int(candidates[best]))
        nearest = distances[best]
    return x[chosen]


def _settled(x: Floats, centres: Floats, tolerance: float) -> tuple[float, Labels]:
    """Return the sum of squared distances that Lloyd's rounds come to from these centres, and the labels there."""
    squares = (x * x).sum(axis=1)
    rows = np.arange(len(x))
    labels = np.full(len(x), -1, np.intp)
    for _ in range(_MOST_ROUNDS):
        before, distances = labels, _squared_distances(centres, x, squares)
        labels = distances.argmin(axis=0)
        if (labels == before).all():
            break
        counts = np.bincount(labels, minlength=len(centres))
        empty = np.flatnonzero(counts == 0)
        if len(empty):  # each takes over the row that is farthest from its centre
            far = np.argsort(-distances[labels, rows], kind="stable")[: len(empty)]
            moved = labels.copy()
            moved[far] = empty
            counts = np.bincount(moved, minlength=len(centres))
        else:
            moved = labels
        sums = np.zeros_like(centres)
        np.add.at(sums, moved, x)
        middle = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
        shift, centres = float(((middle - centres) ** 2).sum()), middle
        if shift <= tolerance:
            labels = _squared_distances(centres, x, squares).argmin(axis=0)
            break
    return float(((x - centres[labels]) ** 2).sum()), labels.astype(np.intp)


def _squared_distances(centres: Floats, x: Floats, squares: Floats) -> Floats:
    """Return the squared distance of each row from each centre, (n_centres, n_rows)."""
    distances: Floats = (centres * centres).sum(axis=1)[:, None] - 2 * centres @ x.T + squares
    return np.maximum(distances, 0, out=distances)


def _same_partition(one: Labels, other: Labels, n_clusters: int) -> bool:
    """Tell whether two labellings differ in the labels' numbers alone."""
    pairs = np.unique(one * n_clusters + other)
    return bool(len(pairs) == len(np.unique(one)) == len(np.unique(other)))
