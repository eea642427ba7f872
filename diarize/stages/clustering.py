"""Who is who, first guess: spectral clustering of the embeddings of short pieces, and how many speakers it suggests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

_NEIGHBOUR_SHARES = 8  # sizes of the neighbourhood that are tried; 20 cost more and gave no better counts
_LARGEST_SHARE = 0.3  # of all pieces, the largest neighbourhood


@dataclass(frozen=True, slots=True, eq=False)
class Affinity:
    """Which pieces are neighbours, and how many groups that suggests.

    Parameters
    ----------
    laplacian : array of shape (n_pieces, n_pieces)
        Of the symmetrised nearest-neighbour graph.
    count : int
        Groups that the largest gap between its eigenvalues suggests.
    """

    laplacian: Floats
    count: int


def estimate_count(embeddings: Floats, most: int) -> Affinity:
    """Estimate the number of speakers by the normalised maximum eigengap (NME-SC).

    Parameters
    ----------
    embeddings : array of shape (n_pieces, n_dimensions)
        Of length one; their products are the affinities.
    most : int
        The largest count considered.

    Returns
    -------
    Affinity
        The graph at the neighbourhood with the clearest gap, and the count there; see eq. (12) and (13).

    References
    ----------
    Park, Han, Kumar and Narayanan, "Auto-tuning spectral clustering for speaker diarization using normalized maximum
    eigengap", IEEE Signal Processing Letters 27, 2020. https://doi.org/10.1109/LSP.2019.2961071

    Examples
    --------
    >>> import numpy as np
    >>> estimate_count(np.repeat(np.eye(3), 8, axis=0), most=10).count
    3
    """
    n_pieces = len(embeddings)
    if n_pieces < 4:
        return Affinity(np.zeros((n_pieces, n_pieces)), 1)
    order = np.argsort(-(embeddings @ embeddings.T), axis=1, kind="stable")
    largest = max(3, int(n_pieces * _LARGEST_SHARE))
    best_ratio, best = np.inf, Affinity(np.zeros((n_pieces, n_pieces)), 1)
    for size in np.unique(np.linspace(2, min(largest, n_pieces - 1), _NEIGHBOUR_SHARES).astype(int)):
        graph = np.zeros((n_pieces, n_pieces))
        np.put_along_axis(graph, order[:, : size + 1], 1.0, axis=1)
        graph = (graph + graph.T) / 2  # eq. (12)
        laplacian = np.diag(graph.sum(axis=1)) - graph
        # scipy's eigh for a few eigenvalues only fails where many are equal, as in groups that are far apart
        values = np.linalg.eigvalsh(laplacian)
        gaps = np.diff(values[: most + 1])
        ratio = size / max(gaps.max() / max(values[-1], 1e-10), 1e-10)  # eq. (13)
        if ratio < best_ratio:
            best_ratio, best = ratio, Affinity(laplacian, int(gaps.argmax()) + 1)
    return best


def spectral_labels(affinity: Affinity, count: int, rng: np.random.Generator) -> Labels:
    """Split the pieces into `count` groups: k-means on the lowest eigenvectors of the Laplacian.

    Parameters
    ----------
    affinity : Affinity
        From `estimate_count`.
    count : int
        Groups wanted, from 1 to the number of pieces.
    rng : numpy.random.Generator
        For the starts of k-means.

    Returns
    -------
    array of shape (n_pieces,), intp
        Group of each piece, 0 to count - 1.
    """
    n_pieces = len(affinity.laplacian)
    if count <= 1:
        return np.zeros(n_pieces, dtype=np.intp)
    if count >= n_pieces:
        return np.arange(n_pieces, dtype=np.intp)
    vectors = np.linalg.eigh(affinity.laplacian)[1][:, :count]
    vectors = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-12)
    start = int(rng.integers(2**31 - 1))
    if len(np.unique(vectors.round(9), axis=0)) < count:  # pieces that cannot be told apart
        return np.arange(n_pieces, dtype=np.intp) * count // n_pieces
    found: Labels = KMeans(count, n_init=5, random_state=start).fit_predict(vectors).astype(np.intp)
    return found


def nearest_group(embeddings: Floats, known: Labels, labels: Labels, count: int) -> Labels:
    """Give every piece a group: its own where it was clustered, else that of the nearest centre.

    Parameters
    ----------
    embeddings : array of shape (n_pieces, n_dimensions)
        Of length one.
    known : array of int, shape (n_known,)
        Pieces that were clustered.
    labels : array of int, shape (n_known,)
        Their groups.
    count : int
        Number of groups.
    """
    centres = np.zeros((count, embeddings.shape[1]))
    np.add.at(centres, labels, embeddings[known])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True) + 1e-12
    found: Labels = (embeddings @ centres.T).argmax(axis=1)
    found[known] = labels
    return found


def agreement(first: Labels, second: Labels, weights: Labels) -> float:
    """Return the share of places with the same label in both, under the best one-to-one renaming.

    Parameters
    ----------
    first, second : array of int, shape (n,)
        Non-negative labels.
    weights : array of shape (n,)
        How much each place counts.

    Examples
    --------
    >>> import numpy as np
    >>> agreement(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 2]), np.ones(4))
    0.75
    """
    table = np.zeros((int(first.max()) + 1, int(second.max()) + 1))
    np.add.at(table, (first, second), weights)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / np.sum(weights))


def most_agreed(candidates: list[Labels], weights: Labels) -> int:
    """Return the index of the labelling that agrees best with all the others."""
    shares = [[agreement(one, other, weights) for other in candidates] for one in candidates]
    return int(np.argmax(np.sum(shares, axis=1)))
