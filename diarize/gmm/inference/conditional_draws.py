"""Missing entries beyond their mean: drawn at random, and by quantiles, given what is observed of their row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.engine.missing import Partial, check_partial, compile_partial
from diarize.gmm.inference.conditional import posterior_of_observed
from diarize.gmm.inference.marginals import mixture_quantiles
from diarize.gmm.inference.sampling import draw_from
from diarize.gmm.parameters import MixtureParameters

_BLOCK_ROWS = 4096
_NUMBERS = 2_000_000  # of the matrices that are inverted at a time


def _incomplete(rows: Floats) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the places of rows with missing entries, block by block."""
    places = np.flatnonzero(np.isnan(rows).any(axis=1))
    for start in range(0, len(places), _BLOCK_ROWS):
        yield places[start : start + _BLOCK_ROWS]


def conditional_draw(
    x: npt.ArrayLike,
    parameters: MixtureParameters,
    random_state: np.random.Generator | np.random.RandomState,
) -> Floats:
    """Return rows whose missing entries are drawn together from their distribution given the observed ones.

    Parameters
    ----------
    x : array (n, n_features)
        Rows, NaN where an entry is missing.
    parameters : MixtureParameters
        The mixture.
    random_state : numpy.random.Generator or RandomState
        Seed or generator of random numbers.

    Returns
    -------
    array (n, n_features)
        A copy, float32 for float32 and float16, else float64.

    Raises
    ------
    ValueError
        If x does not fit the mixture or holds infinity.

    Notes
    -----
    A component is drawn by its posterior, a whole row y from that component, and y is corrected for what is known: the
    missing entries are y_m + E(m | x_o) - E(m | y_o), of the conditional mean and covariance (Matheron's rule). So no
    matrix is factored beyond those of a conditional mean.

    References
    ----------
    A. G. Journel, C. J. Huijbregts. Mining Geostatistics, 1978, section VII.A.1.

    Examples
    --------
    >>> even = MixtureParameters([1.0], [[0.0, 0.0]], [[[1.0, 0.8], [0.8, 1.0]]], "full")
    >>> drawn = conditional_draw(np.tile([2.0, np.nan], (4000, 1)), even, np.random.default_rng(0))
    >>> drawn.mean(axis=0).round(1), drawn.std(axis=0).round(1)
    (array([2. , 1.6]), array([0. , 0.6]))
    """
    completed = check_partial(x, parameters).copy()
    partial = compile_partial(parameters)
    exact = partial.parameters
    for chosen in _incomplete(completed):
        rows = completed[chosen].astype(np.float64)
        cumulative = posterior_of_observed(partial, rows).cumsum(axis=1)
        level = random_state.uniform(size=(len(rows), 1)) * cumulative[:, -1:]
        labels = (level >= cumulative[:, :-1]).sum(axis=1)
        drawn = draw_from(exact, labels, random_state)
        means = exact.means[labels]
        # rows far outside of what they are compared with are harmless: the answer is linear in them
        moved = partial.expected(means + (rows - drawn), _certain(labels, exact.n_components))
        completed[chosen] = np.where(np.isnan(rows), drawn + (moved - means), rows)
    return completed


def _certain(labels: npt.NDArray[np.integer], n_components: int) -> Float64:
    """Return posteriors (n, n_components) of rows whose component is known."""
    sure: Float64 = np.eye(n_components)[labels]
    return sure


def conditional_quantiles(x: npt.ArrayLike, parameters: MixtureParameters, probabilities: npt.ArrayLike) -> Floats:
    """Return quantiles of each missing entry given the observed ones of its row.

    Parameters
    ----------
    x : array (n, n_features)
        Rows, NaN where an entry is missing.
    parameters : MixtureParameters
        The mixture.
    probabilities : array (n_quantiles,)
        Each above 0 and below 1; 0.025 and 0.975 are the ends of the 95 % prediction interval.

    Returns
    -------
    array (n_quantiles, n, n_features)
        Observed entries as they are; float32 for float32 and float16, else float64.

    Raises
    ------
    ValueError
        If x does not fit the mixture or holds infinity, or a probability is out of range.

    Examples
    --------
    >>> pair = MixtureParameters([0.5, 0.5], [[-9.0], [9.0]], [[1.0], [1.0]])
    >>> conditional_quantiles([[np.nan]], pair, [0.25, 0.75]).ravel().round(6)
    array([-9.,  9.])
    """
    levels = np.asarray(probabilities, dtype=np.float64).ravel()
    if not ((levels > 0) & (levels < 1)).all():
        raise ValueError(f"probabilities must be above 0 and below 1, got {levels}")
    rows = check_partial(x, parameters)
    quantiles = np.tile(rows, (len(levels), 1, 1))
    partial = compile_partial(parameters)
    for chosen in _incomplete(rows):
        block = rows[chosen].astype(np.float64)
        missing = np.isnan(block)
        where, _ = np.nonzero(missing)
        weights = posterior_of_observed(partial, block)[where]
        means, deviations = _entry_moments(partial, block, missing)
        for number, level in enumerate(levels):
            answer = quantiles[number, chosen]
            answer[missing] = mixture_quantiles(level, weights, means, deviations)
            quantiles[number, chosen] = answer
    return quantiles


def _entry_moments(partial: Partial, rows: Float64, missing: npt.NDArray[np.bool_]) -> tuple[Float64, Float64]:
    """Return mean and standard deviation of each missing entry under each component, (n_missing, n_components)."""
    parameters = partial.parameters
    means = np.empty((int(missing.sum()), parameters.n_components))
    for k in range(parameters.n_components):
        sure = _certain(np.full(len(rows), k), parameters.n_components)
        means[:, k] = partial.expected(rows, sure)[missing]
    kind, shape = parameters.kind, parameters.means.shape
    if kind.independent:
        return means, np.sqrt(parameters.variances.T[np.nonzero(missing)[1]])
    patterns, pattern = np.unique(missing, axis=0, return_inverse=True)
    each = kind.dense(parameters.covariances.astype(np.float64), (shape[0], shape[1]))
    deviations = np.stack([_deviations(matrix, patterns)[pattern.ravel()][missing] for matrix in each], axis=1)
    return means, np.broadcast_to(deviations, means.shape)


def _deviations(covariance: Float64, missing: npt.NDArray[np.bool_]) -> Float64:
    """Return the conditional standard deviations (n, d) of the missing entries of patterns (n, d); others are 1.

    They are those of inv(P_mm), P the precision: P with the rows and columns of what is observed made those of the unit
    matrix is inverted, for many patterns in one call.
    """
    size = len(covariance)
    scale = np.sqrt(np.diagonal(covariance))
    precision = np.linalg.inv(covariance / scale[:, None] / scale)
    precision = (precision + precision.T) / 2
    variances = np.empty(missing.shape)
    step = max(1, _NUMBERS // size**2)
    for start in range(0, len(missing), step):
        gone = missing[start : start + step]
        matrices = np.where(gone[:, :, None] & gone[:, None, :], precision, np.eye(size))
        variances[start : start + step] = np.diagonal(np.linalg.inv(matrices), axis1=1, axis2=2)
    deviations: Float64 = scale * np.sqrt(np.maximum(variances, np.finfo(np.float64).eps))
    return np.where(missing, deviations, 1.0)
