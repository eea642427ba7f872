"""A first guess of who is who: spectral clustering of embeddings of short pieces, and how many speakers it suggests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.config import ClusteringConfig
from diarize.gmm.fitting.kmeans import kmeans_labels
from diarize.progress import checkpoint
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.matching import best_pairs
from diarize.stages.speakers import View

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

_FACTORS = (2 / 3, 1.0, 4 / 3)  # of the piece length, one start after the other; the shortest stop at pauses
_MOST_BY_LENGTH = 100  # clusters for the length alone: shares of all blocks in more of them would fill the memory
_LEAST_PIECE = 0.4  # s; shorter pieces say too little of a voice to be clustered
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


def starting_labels(
    blocks: SpeechBlocks, view: View, least: int, config: ClusteringConfig, rng: np.random.Generator
) -> Iterator[Labels]:
    """Yield starting points: the label of each block, from pieces of another length or with more clusters each time.

    Each has `least` labels or more. In long recordings the count that the graph gives is too low: groups of speakers
    or of scenes stand out more than the speakers do. More clusters are made, since the inference can empty a cluster
    but cannot add one.
    """
    by_length = min(int(blocks.seconds / config.per_cluster), _MOST_BY_LENGTH)
    graphs: dict[float, tuple[Labels, Floats, Labels, Affinity]] = {}
    for index in range(config.starts):
        factor, extra = _FACTORS[index % len(_FACTORS)], 2 * (index // len(_FACTORS))
        if factor not in graphs:
            graphs[factor] = _graph(blocks, view, factor, config)
        pieces, embeddings, chosen, affinity = graphs[factor]
        count = max(max(affinity.count, least) + config.spare + extra, by_length)
        count = min(count, len(chosen)) if len(chosen) > 3 else 1
        labels = nearest_group(embeddings, chosen, spectral_labels(affinity, count, rng), count)[pieces]
        enough = len(np.unique(labels)) >= least
        yield labels if enough else np.arange(len(pieces)) * least // len(pieces)


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
        checkpoint()
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
    return kmeans_labels(vectors, count, n_init=5, seed=start)


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
    groups: Labels = (embeddings @ centres.T).argmax(axis=1)
    groups[known] = labels
    return groups


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
    shape = (int(first.max()) + 1, int(second.max()) + 1)
    table = np.bincount(first * shape[1] + second, weights, minlength=shape[0] * shape[1]).reshape(shape)
    rows, columns = best_pairs(table)
    return float(table[rows, columns].sum() / np.sum(weights))


def most_agreed(candidates: Sequence[Labels], weights: Labels) -> int:
    """Return the index of the labelling that agrees best with all the others."""
    shares = [[agreement(one, other, weights) for other in candidates] for one in candidates]
    return int(np.argmax(np.sum(shares, axis=1)))


def _graph(
    blocks: SpeechBlocks, view: View, factor: float, config: ClusteringConfig
) -> tuple[Labels, Floats, Labels, Affinity]:
    """Return the piece of each block, the embeddings of the pieces, those that are clustered, and their affinity."""
    statistics, voices, _ = view
    pieces = _pieces(blocks, config.window * factor, crossing=factor >= 1)
    n_pieces = int(pieces[-1]) + 1
    embeddings = voices.embed(statistics.summed(pieces, n_pieces), config.dimensions)
    seconds = np.bincount(pieces, blocks.lengths) * blocks.frame_step
    chosen = np.flatnonzero(seconds >= _LEAST_PIECE)
    chosen = chosen if len(chosen) > 2 else np.arange(n_pieces)
    chosen = chosen[np.unique(np.linspace(0, len(chosen) - 1, config.max_windows).round().astype(int))]
    return pieces, embeddings, chosen, estimate_count(embeddings[chosen], config.max_speakers)


def _pieces(blocks: SpeechBlocks, seconds: float, crossing: bool) -> Labels:
    """Group consecutive blocks into pieces of about that length, across pauses or not; return each block's piece."""
    wanted = seconds / blocks.frame_step
    if crossing:
        ends = np.cumsum(blocks.lengths)
        count = max(1, round(float(ends[-1]) / wanted))
        piece = ((ends - blocks.lengths / 2) * count / ends[-1]).astype(np.intp)
    else:
        frames = np.bincount(blocks.runs, blocks.lengths)
        counts = np.maximum(1, np.round(frames / wanted))
        first = np.searchsorted(blocks.runs, np.arange(len(frames)))
        before = np.cumsum(blocks.lengths) - blocks.lengths
        place = (before - before[first][blocks.runs] + blocks.lengths / 2) / frames[blocks.runs]
        piece = ((np.cumsum(counts) - counts)[blocks.runs] + np.floor(place * counts[blocks.runs])).astype(np.intp)
    return np.unique(piece, return_inverse=True)[1].astype(np.intp)
