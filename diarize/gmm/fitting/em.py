"""Training by expectation maximisation, on rows in memory or streamed in blocks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from diarize.gmm.engine.kernel import Kernel, Workspace, compile_kernel
from diarize.gmm.engine.rows import MakeBlocks, open_blocks
from diarize.gmm.inference.expectation import collect
from diarize.gmm.parameters import MixtureParameters
from diarize.gmm.statistics import Statistics

logger = logging.getLogger(__name__)

Found = TypeVar("Found")
Value = TypeVar("Value")

# A component with a smaller share of all rows than this has nothing to be estimated from.
_DEAD = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A trained mixture and how training went.

    Parameters
    ----------
    parameters : MixtureParameters
        The mixture, in float64.
    lower_bounds : tuple of float
        Mean log-likelihood per row before each update, in nats.
    converged : bool
        Whether the last gain was below the tolerance.
    """

    parameters: MixtureParameters
    lower_bounds: tuple[float, ...]
    converged: bool


def maximise(
    statistics: Statistics, reg_covar: float = 1e-6, previous: MixtureParameters | None = None
) -> MixtureParameters:
    """Return the mixture that the statistics call for, eq. (7), the M step.

    Parameters
    ----------
    statistics : Statistics
        From `accumulate`.
    reg_covar : float
        Added to every variance; with more than 0 every covariance is positive definite.
    previous : MixtureParameters, optional
        Gives mean and covariance of components without any row; else they get those of all rows together.

    Raises
    ------
    ValueError
        If there are no rows, numbers overflow, or reg_covar is 0 and a covariance is singular.
    """
    total = float(statistics.zeroth.sum())
    if not total > 0:
        raise ValueError("no rows with positive weight to estimate a mixture from")
    if not (np.isfinite(statistics.second).all() and np.isfinite(statistics.first).all()):
        raise ValueError("the values of X are too large to square; scale them down")
    dead = statistics.zeroth <= _DEAD * total
    count = np.where(dead, 1.0, statistics.zeroth)
    means = statistics.origin + statistics.first / count[:, None]
    centred = statistics.about(np.where(dead[:, None], statistics.origin, means)).second
    kind = statistics.kind
    covariances = kind.estimated(centred, count, total)
    if dead.any():
        filling = previous or _one_gaussian(statistics, total, reg_covar)
        means[dead] = filling.means[dead]
        if not kind.shared:
            covariances[dead] = filling.covariances[dead]
    kept = dead if previous is not None else np.zeros_like(dead)
    regular = kind.regularised(covariances, means, kept, reg_covar)
    return MixtureParameters(statistics.zeroth / total, means, regular, statistics.covariance_type)


def _one_gaussian(statistics: Statistics, total: float, reg_covar: float) -> MixtureParameters:
    """Return a mixture whose components are all alike: one Gaussian over all rows."""
    n_components, n_features = statistics.first.shape
    mean = (statistics.first + statistics.zeroth[:, None] * statistics.origin).sum(axis=0) / total
    least = max(reg_covar, float(np.finfo(np.float64).tiny))
    covariance = statistics.kind.overall_at_least(statistics.about(mean).second, total, least)
    shape = statistics.kind.shape(n_components, n_features)
    means, weights = np.tile(mean, (n_components, 1)), np.full(n_components, 1 / n_components)
    return MixtureParameters(weights, means, np.broadcast_to(covariance, shape), statistics.covariance_type)


def em(
    make_blocks: MakeBlocks,
    start: MixtureParameters,
    *,
    max_iter: int = 100,
    tol: float = 1e-3,
    reg_covar: float = 1e-6,
    lower_bound: float = -np.inf,
    n_jobs: int | None = None,
    callback: Callable[[int, float], object] | None = None,
    m_step: Callable[[Statistics, float, MixtureParameters], MixtureParameters] = maximise,
) -> Fit:
    """Train a mixture from a given start; each round is one pass over the data, in the memory of one block.

    Parameters
    ----------
    make_blocks : callable
        Opens a new pass over the data: an iterable of blocks (n, n_features), or of pairs (block, sample_weight). The
        first block decides on float32 or float64 products.
    start : MixtureParameters
        Where to start.
    max_iter : int
        Rounds at most.
    tol : float
        Training ends when the mean log-likelihood gains less, in nats.
    reg_covar : float
        Added to every variance.
    lower_bound : float
        Mean log-likelihood that the first round is compared with, when training continues.
    n_jobs : int, optional
        Threads; the result does not depend on it.
    callback : callable, optional
        Called after each round with its number, from 1, and the mean log-likelihood before its update.
    m_step : callable, optional
        Makes the next mixture of the sums, reg_covar and the mixture before, as `maximise` does: a prior, for example.

    Raises
    ------
    ValueError
        If a block does not fit the mixture or holds infinity.

    References
    ----------
    A. P. Dempster, N. M. Laird, D. B. Rubin. Maximum likelihood from incomplete data via the EM algorithm. Journal of
    the Royal Statistical Society B 39, 1977. doi:10.1111/j.2517-6161.1977.tb01600.x

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(5.0, 2.0, (1000, 1))
    >>> fit = em(lambda: [rows[:600], rows[600:]], MixtureParameters([1.0], [[0.0]], [[1.0]]))
    >>> bool(abs(fit.parameters.means[0, 0] - rows.mean()) < 1e-9), fit.converged
    (True, True)
    """
    parameters, bounds = start, list[float]()
    if max_iter < 1:
        return Fit(start, (), False)
    workspace = Workspace()

    def run(kernel: Kernel) -> Statistics:
        return collect(kernel, open_blocks(make_blocks, start), n_jobs=n_jobs, workspace=workspace)

    def update(sums: Statistics) -> MixtureParameters:
        return m_step(sums, reg_covar, parameters)

    wanted = next((x.dtype for x, _ in open_blocks(make_blocks, start)), np.dtype(np.float64))
    kernel = compile_kernel(start, wanted)
    for _ in range(max_iter):
        sums, parameters, kernel = careful_round(run, update, compile_kernel, parameters, kernel, wanted)
        bound = sums.log_likelihood / float(sums.zeroth.sum())
        bounds.append(bound)
        logger.debug("EM round %d: mean log-likelihood %.6f", len(bounds), bound)
        if callback is not None:
            callback(len(bounds), bound)
        if abs(bound - lower_bound) < tol:
            return Fit(parameters, tuple(bounds), True)
        lower_bound = bound
    return Fit(parameters, tuple(bounds), False)


def careful_round(
    run: Callable[[Kernel], Found],
    update: Callable[[Found], Value],
    prepare: Callable[[Value, np.dtype[Any], npt.NDArray[np.bool_] | None], Kernel],
    before: Value,
    kernel: Kernel,
    wanted: np.dtype[Any],
) -> tuple[Found, Value, Kernel]:
    """Run one E and M step, the E step twice if a component became too narrow for the first sums.

    Parameters
    ----------
    run : callable
        The E step: a pass over the data with a kernel.
    update : callable
        The M step: turns what the E step returned into a new value, a mixture for example.
    prepare : callable
        Compiles a value for the E step, in some precision, with components that are to be evaluated directly.
    before : object
        The value that `kernel` was made of.
    kernel : Kernel
        The E step to run.
    wanted : float32 or float64
        Wanted precision of products.

    Returns
    -------
    sums, value, kernel
        What the E step returned, the new value, and that compiled for the next round.
    """
    sums = run(kernel)
    updated = update(sums)
    following = prepare(updated, wanted, None)
    if (following.lost(kernel.dtype) & ~kernel.direct).any():
        # make the sums again, about the narrow component's own mean
        finer = max(following.dtype, kernel.dtype, key=lambda kind: kind.itemsize)
        sums = run(prepare(before, finer, following.lost(finer)))
        updated = update(sums)
        following = prepare(updated, wanted, None)
    return sums, updated, following
