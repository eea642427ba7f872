"""Several sources in one signal: each a mixture over log spectra, the loudest wins in every band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from sklearn.utils import check_random_state

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.engine.kernel import Block
from diarize.gmm.estimators.mixture import GaussianMixture
from diarize.gmm.fitting.em import maximise
from diarize.gmm.fitting.initialise import initial_statistics
from diarize.gmm.inference.posteriors import each_block, responsibilities
from diarize.gmm.parameters import MixtureParameters

Float32 = npt.NDArray[np.float32]

MAX_COMBINATIONS = 1 << 16
"""Combinations of components, one of each source, that are compared at most."""

_ROWS_EACH = 4  # rows of training for each component, at least
_SHRINKAGE = 20.0  # rows that the common variance of a source counts for in that of a component
_LEAST_VARIANCE = 1e-3
_NEGLIGIBLE = 1e-3  # combinations less probable than this, relative to the best one, are left out
_FRAMES = 64  # whose combinations are held at a time


@dataclass(frozen=True, slots=True, eq=False)
class SpectralSource:
    """What a source sounds like; made by `fit_source`, used by `separate_sources`.

    Parameters
    ----------
    mixture : MixtureParameters
        Of its log spectra in bands, `context` of them one after the other, with diagonal covariances.
    spectra : array (n_components, n_bins), float32
        Mean log power spectrum of each component in full resolution.
    edges : array (n_bands + 1,)
        Band i is the mean power of the bins from edge i up to edge i + 1.
    context, step : int
        Frames that are stacked, an odd number, and how many frames they are apart.
    """

    mixture: MixtureParameters
    spectra: Float32
    edges: npt.NDArray[np.intp]
    context: int = 1
    step: int = 1

    def rows(self, log_spectra: Float32) -> Float32:
        """Return frames (n, n_bins) as rows of the mixture."""
        return stacked(in_bands(log_spectra, self.edges), self.context, self.step)


def band_edges(n_bins: int, resolution: float) -> npt.NDArray[np.intp]:
    """Return edges of bands that are a bin wide at first and then 1 / `resolution` of their position.

    Examples
    --------
    >>> band_edges(16, 4.0).tolist()
    [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16]
    """
    edges = [0]
    while edges[-1] < n_bins:
        edges.append(edges[-1] + max(1, round(edges[-1] / resolution)))
    if len(edges) > 2 and edges[-1] - n_bins > n_bins - edges[-2]:
        edges.pop(-2)  # a last band of less than half its width joins the one below
    edges[-1] = n_bins
    return np.array(edges, dtype=np.intp)


def in_bands(log_spectra: Float32, edges: npt.NDArray[np.intp]) -> Float32:
    """Return the log of the mean power in each band, (n, n_bands)."""
    if len(edges) == log_spectra.shape[1] + 1:
        return log_spectra
    level = log_spectra.max(axis=1, keepdims=True)  # so that no power leaves the range of float32
    power = np.add.reduceat(np.exp(log_spectra - level), edges[:-1], axis=1) / np.diff(edges).astype(np.float32)
    levels: Float32 = np.log(np.maximum(power, np.finfo(np.float32).tiny)) + level
    return levels


def stacked(rows: Float32, context: int, step: int) -> Float32:
    """Return each row beside its neighbours, (n, context x n_features); the first and last row are repeated."""
    reach = context // 2
    places = np.arange(len(rows))[:, None] + step * np.arange(-reach, reach + 1)
    stack: Float32 = rows[places.clip(0, len(rows) - 1)].reshape(len(rows), -1)
    return stack


def fit_source(
    log_spectra: npt.ArrayLike,
    *,
    n_components: int = 256,
    resolution: float = 6.0,
    context: int = 3,
    step: int = 2,
    random_state: int | np.random.RandomState | None = None,
) -> SpectralSource:
    """Learn what one source sounds like from log power spectra of it alone.

    A component stands for a few rows only: k-means clusters, whose variances are mixed with those of the whole source.

    Parameters
    ----------
    log_spectra : array (n_frames, n_bins)
        Log power of the source alone, frames in their order; some ten seconds of speech are enough.
    n_components : int
        Components at most; with less than four frames for each there are fewer.
    resolution : float
        Bands in which spectra are compared are a bin wide up to this bin and then 1 / resolution of their position.
    context : int
        Frames that are compared together, an odd number.
    step : int
        How many frames they are apart.
    random_state : int, RandomState or None
        Seed or generator of random numbers.

    Raises
    ------
    ValueError
        If there is no frame, a value is not finite or a number is out of range.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(40, 16))
    >>> source = fit_source(rows, n_components=4, resolution=4.0, context=1, random_state=0)
    >>> source.mixture.means.shape, source.spectra.shape
    ((4, 10), (4, 16))
    """
    spectra = _checked(log_spectra, "log_spectra of a source")
    for name, value in (("n_components", n_components), ("context", context), ("step", step)):
        if not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
    if context % 2 == 0:
        raise ValueError(f"context must be odd, as many frames before as after, got {context!r}")
    if not resolution >= 1:
        raise ValueError(f"resolution must be at least 1, got {resolution!r}")
    edges = band_edges(spectra.shape[1], resolution)
    rows = stacked(in_bands(spectra, edges), context, step)
    distinct = len(np.unique(rows, axis=0))  # k-means warns of more clusters than that
    size = max(1, min(n_components, len(rows) // _ROWS_EACH, distinct))
    sums = initial_statistics(rows, None, size, "diag", "kmeans", check_random_state(random_state))
    mixture = _shrunk(maximise(sums, _LEAST_VARIANCE), len(rows))
    shares = responsibilities(rows, mixture)
    count = shares.sum(axis=0)
    means = shares.T @ spectra / np.maximum(count, np.finfo(np.float32).tiny)[:, None]
    means = np.where(count[:, None] > 0, means, spectra.mean(axis=0))
    return SpectralSource(mixture, means.astype(np.float32), edges, int(context), int(step))


def _shrunk(mixture: MixtureParameters, n_rows: int) -> MixtureParameters:
    """Return a mixture whose variances are mixed with their mean over the components: the mode under a prior on it."""
    count = n_rows * mixture.weights[:, None]
    common = mixture.weights @ mixture.covariances
    variances = (count * mixture.covariances + _SHRINKAGE * common) / (count + _SHRINKAGE)
    return MixtureParameters(mixture.weights, mixture.means, variances, "diag").astype(np.float32)


def combine_sources(mixtures: Sequence[MixtureParameters]) -> MixtureParameters:
    """Return the mixture of the signal in which each feature is that of the source that is largest in it.

    It has a component for each combination of one component of every source, in the order of `itertools.product`:
    feature by feature, mean and variance of the one with the largest mean. That is the max model: the log of a sum of
    powers is nearly the largest of the logs.

    Parameters
    ----------
    mixtures : sequence of MixtureParameters
        With diagonal or spherical covariances, over the same features.

    Raises
    ------
    ValueError
        If there is no mixture, features differ, covariances are not diagonal or there are too many combinations.

    References
    ----------
    A. Nadas, D. Nahamoo, M. A. Picheny. Speech recognition using noise-adaptive prototypes. IEEE Transactions on
    Acoustics, Speech and Signal Processing 37, 1989. doi:10.1109/29.32282

    S. T. Roweis. Factorial models and refiltering for speech separation and denoising. Eurospeech 2003.
    doi:10.21437/Eurospeech.2003-345

    Examples
    --------
    >>> low = MixtureParameters([1.0], [[5.0, 0.0]], [[1.0, 1.0]])
    >>> high = MixtureParameters([0.25, 0.75], [[0.0, 3.0], [0.0, 7.0]], [[2.0, 2.0], [2.0, 2.0]])
    >>> both = combine_sources([low, high])
    >>> both.means.tolist(), both.covariances.tolist()
    ([[5.0, 3.0], [5.0, 7.0]], [[1.0, 2.0], [1.0, 2.0]])
    """
    if not mixtures:
        raise ValueError("no source to combine; give at least one")
    for mixture in mixtures:
        if not mixture.kind.independent:
            raise ValueError(f"sources need diagonal or spherical covariances, got {mixture.covariance_type!r}")
        if mixture.n_features != mixtures[0].n_features:
            raise ValueError(f"sources have {mixtures[0].n_features} and {mixture.n_features} features; must be equal")
    combinations = int(np.prod([float(mixture.n_components) for mixture in mixtures]))
    if combinations > MAX_COMBINATIONS:
        raise ValueError(
            f"{combinations} combinations of components are above the limit of {MAX_COMBINATIONS}; fit smaller mixtures"
        )
    return reduce(_larger, mixtures)


def _larger(one: MixtureParameters, other: MixtureParameters) -> MixtureParameters:
    means, variances = (one.means[:, None], other.means[None]), (one.variances[:, None], other.variances[None])
    first = means[0] >= means[1]
    shape = (-1, one.n_features)
    weights = np.outer(one.weights, other.weights).ravel()
    return MixtureParameters(
        weights / weights.sum(), np.where(first, *means).reshape(shape), np.where(first, *variances).reshape(shape)
    )


def separate_sources(
    log_spectra: npt.ArrayLike,
    sources: Sequence[Any],
    *,
    n_components: int = 256,
    evidence: float = 0.2,
    random_state: int | np.random.RandomState | None = None,
) -> Float32:
    """Return which share of the power each source has in every frame and bin of a signal that is their sum.

    All combinations of components are compared with the signal by the max model (`combine_sources`); the shares are
    those of the components' spectra, averaged over the posterior of the combinations.

    Parameters
    ----------
    log_spectra : array (n_frames, n_bins)
        Log power spectra of the signal, frames in their order, on the scale of the sources'.
    sources : sequence of SpectralSource, array (n, n_bins), GaussianMixture or MixtureParameters
        What each sounds like: fitted by `fit_source`, as rows of log spectra of it alone, or as a mixture of such
        rows with diagonal or spherical covariances.
    n_components : int
        Components of sources that are given as rows, at most; fewer where combinations would get too many.
    evidence : float
        Neighbouring bands and frames tell much the same: the log-likelihood of a frame counts by this factor.
    random_state : int, RandomState or None
        Seed or generator of random numbers for sources given as rows.

    Returns
    -------
    array (n_sources, n_frames, n_bins), float32
        Soft masks that sum to one over the sources; masks times a complex spectrum of the signal separate it.

    Raises
    ------
    ValueError
        If there is no source, shapes do not fit, a value is not finite or there are too many combinations.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> low, high = rng.normal([[8.0, 8.0, 0.0, 0.0]], 0.1, (40, 4)), rng.normal([[0.0, 0.0, 8.0, 8.0]], 0.1, (40, 4))
    >>> masks = separate_sources([[8.0, 8.0, 8.0, 8.0]], [low, high], n_components=2, random_state=0)
    >>> masks.round(2).tolist()
    [[[1.0, 1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0, 1.0]]]
    """
    spectra = _checked(log_spectra, "log_spectra")
    if not len(sources):
        raise ValueError("no source to separate; give at least one")
    if not evidence > 0:
        raise ValueError(f"evidence must be above 0, got {evidence!r}")
    state = check_random_state(random_state)
    size = min(n_components, components_each(len(sources)))
    fitted = [_source(each, size, spectra.shape[1], state) for each in sources]
    first = fitted[0]
    for other in fitted[1:]:
        if not np.array_equal(other.edges, first.edges) or (other.context, other.step) != (first.context, first.step):
            raise ValueError("the sources were fitted with different bands or context; fit all of them alike")
    mixture, log_weights = _tempered(combine_sources([each.mixture for each in fitted]), evidence / first.context)
    rows = first.rows(spectra)
    masks = np.empty((len(fitted), *spectra.shape), dtype=np.float32)

    def use(block: Block) -> None:
        for start in range(0, block.shares.shape[1], _FRAMES):
            part = slice(start, start + _FRAMES)
            posterior = (block.shares[:, part] / block.total[:, part]).T
            masks[:, block.rows][:, part] = _shares(posterior, [each.spectra for each in fitted])

    each_block(rows, mixture, use, log_weights, None)
    return masks


def components_each(n_sources: int) -> int:
    """Return how many components each of several sources may have, so that there are not too many combinations.

    Examples
    --------
    >>> components_each(2), components_each(3), components_each(4)
    (256, 40, 16)
    """
    return max(1, int(MAX_COMBINATIONS ** (1 / max(2, n_sources)) + 1e-9))


def _checked(log_spectra: npt.ArrayLike, name: str) -> Float32:
    rows = np.asarray(log_spectra)
    if rows.dtype.kind not in "fiu" or rows.ndim != 2 or not rows.size:
        raise ValueError(f"{name} must be (n_frames, n_bins) numbers, got shape {rows.shape} of {rows.dtype}")
    if not np.isfinite(rows).all():
        raise ValueError(f"{name} must be finite; add a small power before taking the log")
    return rows.astype(np.float32)


def _source(given: Any, n_components: int, n_bins: int, state: np.random.RandomState) -> SpectralSource:
    mixture = given.parameters_ if isinstance(given, GaussianMixture) else given
    if isinstance(mixture, MixtureParameters):
        edges = np.arange(mixture.n_features + 1, dtype=np.intp)
        source = SpectralSource(mixture.astype(np.float32), mixture.means.astype(np.float32), edges)
    elif isinstance(mixture, SpectralSource):
        source = mixture
    else:
        source = fit_source(mixture, n_components=n_components, random_state=state)
    if source.spectra.shape[1] != n_bins:
        raise ValueError(f"a source has {source.spectra.shape[1]} bins, the signal {n_bins}; they must be equal")
    return source


def _tempered(mixture: MixtureParameters, power: float) -> tuple[MixtureParameters, Float64]:
    """Return a mixture and log weights whose joint densities are weight x density^power, up to one factor for all."""
    variances = mixture.variances / np.float32(power)
    with np.errstate(divide="ignore"):
        log_weights = np.log(mixture.weights, dtype=np.float64)
    log_weights += (1 - power) / 2 * np.log(mixture.variances).sum(axis=1, dtype=np.float64)
    return MixtureParameters(mixture.weights, mixture.means, variances, "diag"), log_weights


def _shares(posterior: Floats, spectra: list[Float32]) -> Float32:
    """Return the mean share of each source over the combinations, (n_sources, n, n_bins)."""
    posterior = np.where(posterior < _NEGLIGIBLE * posterior.max(axis=1, keepdims=True), 0, posterior)
    frames, chosen = np.nonzero(posterior)
    used, column = np.unique(chosen, return_inverse=True)
    weights = csr_array((posterior[frames, chosen], (frames, column)), shape=(len(posterior), len(used)))
    which = np.unravel_index(used, [len(each) for each in spectra])
    shares = np.stack([each[index] for each, index in zip(spectra, which, strict=True)])
    shares -= shares.max(axis=0)
    np.exp(shares, out=shares)
    shares /= shares.sum(axis=0)
    means: Float32 = np.stack([weights @ each for each in shares])
    means /= means.sum(axis=0)
    return means
