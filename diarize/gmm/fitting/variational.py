"""Variational Bayes for Gaussian mixtures: a distribution over mixtures, fitted to rows through the same sums as EM.

Weights have a Dirichlet prior, or are the sticks of a Dirichlet process; each component has a normal-Wishart prior
(normal-gamma for variances). The rows enter through `Statistics` only, so that no array of rows x components is ever
made: the E step is that of one mixture with corrected weights, and the lower bound on the log evidence is the sum of
that mixture's log-likelihoods less the divergence of the posterior from the prior. The last stick is not the whole
rest: later components keep their prior and get no rows, so that the bound is one for the infinite process.

"Bishop" is C. M. Bishop, Pattern Recognition and Machine Learning, Springer 2006, section 10.2.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, digamma, gammaln

from diarize.gmm.arrays import Float64
from diarize.gmm.covariance import covariance_kind
from diarize.gmm.covariances.kind import CovarianceKind, Wisharts
from diarize.gmm.engine.kernel import Kernel, Workspace, compile_kernel
from diarize.gmm.engine.rows import MakeBlocks, Rows, open_blocks
from diarize.gmm.fitting.em import careful_round
from diarize.gmm.inference.expectation import collect
from diarize.gmm.parameters import MixtureParameters
from diarize.gmm.statistics import Statistics

logger = logging.getLogger(__name__)

WEIGHT_PRIORS = ("dirichlet_process", "dirichlet_distribution")


@dataclass(frozen=True, slots=True, eq=False)
class VariationalPrior:
    """What is believed of a mixture before any row is seen; the same for each component.

    Parameters
    ----------
    weight_type : {'dirichlet_process', 'dirichlet_distribution'}
        Sticks broken one after the other, the first components getting the most; or a symmetric Dirichlet
        distribution.
    concentration : float
        Of the process or the distribution; the smaller, the fewer components are used.
    mean_precision : float
        How many rows the prior mean counts for.
    mean : array (n_features,)
        Where components are expected.
    degrees_of_freedom : float
        How many rows the prior covariance counts for; more than n_features - 1.
    scale : array
        Prior covariance times degrees of freedom (the inverse of the Wishart distribution's scale matrix):
        (n_features, n_features) for full and tied, (n_features,) for diag, () for spherical.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        What the covariances are. For tied, degrees of freedom and scale count once for each component.
    noise : float
        Variance of noise that each row, also of those that the prior counts for, is taken to carry: it is added to
        every variance.

    Raises
    ------
    ValueError
        If a number is out of range, or the covariance is not positive definite.
    """

    weight_type: str
    concentration: float
    mean_precision: float
    mean: Float64
    degrees_of_freedom: float
    scale: Float64
    covariance_type: str
    noise: float = 0.0

    def __post_init__(self) -> None:
        if self.weight_type not in WEIGHT_PRIORS:
            raise ValueError(f"weight_type must be one of {', '.join(WEIGHT_PRIORS)}, got {self.weight_type!r}")
        if not (self.concentration > 0 and self.mean_precision > 0 and self.noise >= 0):
            raise ValueError(
                "concentration and mean_precision must be above 0 and noise 0 or more, got "
                f"{self.concentration!r}, {self.mean_precision!r} and {self.noise!r}"
            )
        if not self.degrees_of_freedom > len(self.mean) - 1:
            raise ValueError(
                "The parameter 'degrees_of_freedom_prior' should be greater than "
                f"{len(self.mean) - 1}, but got {self.degrees_of_freedom:.3f}."
            )
        self.kind.root(self.covariance)

    @property
    def kind(self) -> CovarianceKind:
        """What answers for this kind of covariance."""
        return covariance_kind(self.covariance_type)

    @property
    def covariance(self) -> Float64:
        """The expected covariance with its noise, in the shape of `scale`."""
        expected = np.asarray(self.scale, dtype=np.float64) / self.degrees_of_freedom
        return self.kind.with_noise(expected, self.noise)


@dataclass(frozen=True, slots=True, eq=False)
class VariationalPosterior:
    """What is believed of a mixture after rows were seen; made by `update`.

    Parameters
    ----------
    prior : VariationalPrior
        What was believed before.
    concentration : array (n_components,) or (2, n_components)
        Of the Dirichlet distribution; or both parameters of the beta distribution of each stick.
    mean_precision : array (n_components,)
        How many rows, the prior's included, each mean comes from.
    means : array (n_components, n_features)
        Expected means.
    degrees_of_freedom : array (n_components,) or ()
        How many rows, the prior's included, each covariance comes from; () for tied: of the only one, divided by
        n_components.
    covariances : array
        Inverses of the expected precisions, as in `MixtureParameters`.

    Raises
    ------
    ValueError
        If a covariance is not positive definite.
    """

    prior: VariationalPrior
    concentration: Float64
    mean_precision: Float64
    means: Float64
    degrees_of_freedom: Float64
    covariances: Float64
    factors: Float64 = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", self.prior.kind.root(self.covariances))

    @property
    def parameters(self) -> MixtureParameters:
        """The mixture of expected weights, means and precisions."""
        weights = expected_weights(self.concentration)
        return MixtureParameters(weights, self.means, self.covariances, self.prior.covariance_type)

    @property
    def log_weights(self) -> Float64:
        """What takes the place of the log weights of `parameters` in the E step, (n_components,).

        The expected log weight, and what the expected log density differs by from the log density at the expected
        parameters: Bishop (10.46), (10.64) to (10.66).
        """
        n_features, shape = self.means.shape[1], _wisharts(self)
        gap = _multidigamma(shape.rows / 2, shape.size) - shape.size * np.log(shape.rows / 2)
        squares = np.square(shape.roots)
        if shape.roots.ndim == 2:
            traces = np.broadcast_to(squares, self.means.shape).sum(axis=1)
        else:
            traces = squares.sum(axis=(1, 2))
        lost = n_features / self.mean_precision + self.prior.noise * traces
        gained = n_features // shape.size * gap.reshape(-1)
        corrected: Float64 = expected_log_weights(self.concentration) + 0.5 * (gained - lost)
        return corrected

    @property
    def divergence(self) -> float:
        """Kullback-Leibler divergence of this posterior from its prior, in nats: of weights, means and precisions."""
        return _weight_divergence(self) + _mean_divergence(self) + _precision_divergence(self)

    def kernel(self, dtype: npt.DTypeLike, direct: npt.NDArray[np.bool_] | None = None) -> Kernel:
        """Prepare the E step, as `compile_kernel` does."""
        return compile_kernel(self.parameters, dtype, direct, log_weights=self.log_weights)


def expected_weights(concentration: npt.ArrayLike) -> Float64:
    """Return the expected weights, (n_components,), normalised; concentration as in `VariationalPosterior`."""
    values = np.asarray(concentration, dtype=np.float64)
    if values.ndim == 2:
        taken = values[0] / values.sum(axis=0)
        values = taken * np.concatenate([[1.0], np.cumprod(1 - taken[:-1])])
    weights: Float64 = values / values.sum()
    return weights


def expected_log_weights(concentration: npt.ArrayLike) -> Float64:
    """Return the expected logarithms of the weights, (n_components,): Bishop (10.66), Blei and Jordan 2006."""
    values = np.asarray(concentration, dtype=np.float64)
    logs: Float64 = digamma(values) - digamma(values.sum(axis=0))
    if values.ndim == 1:
        return logs
    sticks: Float64 = logs[0] + np.concatenate([[0.0], np.cumsum(logs[1, :-1])])
    return sticks


def update(prior: VariationalPrior, statistics: Statistics) -> VariationalPosterior:
    """Return the posterior that the statistics call for (the M step): Bishop (10.58) to (10.63).

    Parameters
    ----------
    prior : VariationalPrior
        What was believed before.
    statistics : Statistics
        From `collect` over rows and the kernel of an earlier posterior, or of a start.

    Raises
    ------
    ValueError
        If numbers overflow, or a covariance is singular and the prior has no noise.
    """
    if not (np.isfinite(statistics.second).all() and np.isfinite(statistics.first).all()):
        raise ValueError("the values of X are too large to square; scale them down")
    count = statistics.zeroth
    precision = prior.mean_precision + count
    step = statistics.about(prior.mean).first / precision[:, None]
    # about the new means all terms are positive: nothing cancels
    scatter = statistics.about(prior.mean + step).second
    believed = prior.scale, prior.degrees_of_freedom, prior.mean_precision
    rows, mean = prior.kind.posterior_mean(believed, count, scatter, step)
    covariances = prior.kind.with_noise(mean, prior.noise)
    concentration = _concentration(prior, count)
    return VariationalPosterior(prior, concentration, precision, prior.mean + step, rows, covariances)


def _concentration(prior: VariationalPrior, count: Float64) -> Float64:
    if prior.weight_type == "dirichlet_distribution":
        return prior.concentration + count
    later = np.append(np.cumsum(count[:0:-1])[::-1], 0.0)  # rows of the components after each
    return np.stack([1 + count, prior.concentration + later])  # Blei and Jordan 2006


@dataclass(frozen=True, slots=True, eq=False)
class VariationalFit:
    """A posterior over mixtures and how training went.

    Parameters
    ----------
    posterior : VariationalPosterior
        The posterior, in float64.
    lower_bounds : tuple of float
        Lower bound on the log evidence of all rows before each update, in nats.
    converged : bool
        Whether the last gain was below the tolerance.
    """

    posterior: VariationalPosterior
    lower_bounds: tuple[float, ...]
    converged: bool


def variational(
    make_blocks: MakeBlocks,
    start: VariationalPosterior,
    *,
    max_iter: int = 100,
    tol: float = 1e-3,
    lower_bound: float = -np.inf,
    n_jobs: int | None = None,
    callback: Callable[[int, float], object] | None = None,
) -> VariationalFit:
    """Fit a posterior over mixtures by coordinate ascent; each round is one pass over the data.

    Parameters
    ----------
    make_blocks : callable
        Opens a new pass over the data: an iterable of blocks (n, n_features), or of pairs (block, sample_weight). The
        first block decides on float32 or float64 products.
    start : VariationalPosterior
        Where to start; it holds the prior.
    max_iter : int
        Rounds at most.
    tol : float
        Training ends when the bound gains less, in nats for all rows together.
    lower_bound : float
        Bound that the first round is compared with, when training continues.
    n_jobs : int, optional
        Threads; the result does not depend on it.
    callback : callable, optional
        Called after each round with its number, from 1, and its bound.

    Raises
    ------
    ValueError
        If a block does not fit the mixture or holds NaN or infinity.

    References
    ----------
    C. M. Bishop. Pattern Recognition and Machine Learning. Springer 2006, section 10.2.

    D. M. Blei, M. I. Jordan. Variational inference for Dirichlet process mixtures. Bayesian Analysis 1, 2006.
    doi:10.1214/06-BA104

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(5.0, 2.0, (1000, 1))
    >>> prior = VariationalPrior("dirichlet_process", 1.0, 1.0, np.zeros(1), 1.0, np.ones(1), "diag")
    >>> no_rows = Statistics(np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((1, 1)), "diag")
    >>> fit = variational(lambda: [rows[:600], rows[600:]], update(prior, no_rows))
    >>> fit.converged, bool(abs(fit.posterior.means[0, 0] - rows.sum() / 1001) < 1e-9)
    (True, True)
    """
    posterior, bounds = start, list[float]()
    if max_iter < 1:
        return VariationalFit(start, (), False)
    workspace = Workspace()

    def run(kernel: Kernel) -> Statistics:
        return collect(kernel, _complete(make_blocks, start.parameters), n_jobs=n_jobs, workspace=workspace)

    def update_from(sums: Statistics) -> VariationalPosterior:
        return update(start.prior, sums)

    wanted = next((x.dtype for x, _ in _complete(make_blocks, start.parameters)), np.dtype(np.float64))
    kernel = start.kernel(wanted)
    for _ in range(max_iter):
        sums, updated, following = careful_round(
            run, update_from, VariationalPosterior.kernel, posterior, kernel, wanted
        )
        bounds.append(sums.log_likelihood - posterior.divergence)
        posterior, kernel = updated, following
        logger.debug("variational round %d: lower bound %.6f", len(bounds), bounds[-1])
        if callback is not None:
            callback(len(bounds), bounds[-1])
        gain = bounds[-1] - lower_bound
        # the bound itself never falls: where it seems to, no gain is left that rounding would show
        if abs(gain) < tol or (len(bounds) > 1 and gain < 0 < tol):
            return VariationalFit(posterior, tuple(bounds), True)
        lower_bound = bounds[-1]
    return VariationalFit(posterior, tuple(bounds), False)


def _complete(make_blocks: MakeBlocks, parameters: MixtureParameters) -> Iterator[Rows]:
    """Start a pass over the data; missing entries, which the E step takes, have no place in this model."""
    for rows, weight in open_blocks(make_blocks, parameters):
        if np.isnan(rows.min(initial=0)):
            raise ValueError("Input X contains NaN; variational Bayes needs complete rows: impute or remove them")
        yield rows, weight


def overall(statistics: Statistics) -> tuple[Float64, Float64]:
    """Return mean (n_features,) and sample covariance of all rows together.

    Parameters
    ----------
    statistics : Statistics
        Of all rows, over any mixture.

    Returns
    -------
    mean : array (n_features,)
        Of the rows.
    covariance : array
        Divided by the rows less one: (n_features, n_features) for full and tied, (n_features,) for diag, () for
        spherical.
    """
    total = float(statistics.zeroth.sum())
    mean: Float64 = (statistics.first + statistics.zeroth[:, None] * statistics.origin).sum(axis=0) / total
    # weights may be shares that sum to one row or less: no less than half of them is left
    return mean, statistics.kind.overall(statistics.about(mean).second, max(total - 1, total / 2))


def _wisharts(posterior: VariationalPosterior) -> Wisharts:
    prior, rows = posterior.prior, posterior.degrees_of_freedom.reshape(-1)
    return prior.kind.wisharts(rows, prior.degrees_of_freedom, posterior.factors, posterior.means.shape)


def _weight_divergence(posterior: VariationalPosterior) -> float:
    """Return the divergence of the weights' distribution: of Dirichlet, or of one beta distribution a stick."""
    own, prior = posterior.concentration, posterior.prior.concentration
    if own.ndim == 1:
        before = np.full(len(own), prior)
        norms = gammaln(own.sum()) - gammaln(own).sum() - gammaln(before.sum()) + gammaln(before).sum()
    else:
        before = np.stack([np.ones(own.shape[1]), np.full(own.shape[1], prior)])
        norms = (betaln(*before) - betaln(*own)).sum()
    return float(norms + ((own - before) * (digamma(own) - digamma(own.sum(axis=0)))).sum())


def _mean_divergence(posterior: VariationalPosterior) -> float:
    """Return the expected divergence of the normal distributions of the means, given the precisions."""
    prior, away = posterior.prior, posterior.means - posterior.prior.mean
    roots = _wisharts(posterior).roots
    white = away * roots if roots.ndim == 2 else (np.swapaxes(roots, 1, 2) @ away[:, :, None])[:, :, 0]
    share = prior.mean_precision / posterior.mean_precision
    terms = away.shape[1] * (share - 1 - np.log(share)) + prior.mean_precision * np.square(white).sum(axis=1)
    return 0.5 * float(terms.sum())


def _precision_divergence(posterior: VariationalPosterior) -> float:
    """Return the divergence of the Wishart distributions: Bishop (B.78) to (B.82)."""
    own, before, size, roots = _wisharts(posterior)
    if roots.ndim == 2:
        ratio = np.square(roots) * posterior.prior.covariance  # of the expected precision to the prior's
        log_ratio, trace = np.log(ratio), ratio
    else:
        root = np.swapaxes(roots, 1, 2) @ np.linalg.cholesky(posterior.prior.covariance)
        log_ratio = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        trace = np.square(root).sum(axis=(1, 2))
    divergence = 0.5 * before * (size * np.log(own / before) - log_ratio + trace) - 0.5 * size * own
    divergence = divergence + _multigammaln(np.asarray(0.5 * before), size) - _multigammaln(0.5 * own, size)
    return float((divergence + 0.5 * (own - before) * _multidigamma(0.5 * own, size)).sum())


def _multigammaln(values: Float64, size: int) -> Float64:
    """Return log of the multivariate gamma function, for each value; without its constant, which divergences lose."""
    logarithm: Float64 = gammaln(values[..., None] - 0.5 * np.arange(size)).sum(axis=-1)
    return logarithm


def _multidigamma(values: Float64, size: int) -> Float64:
    """Return the derivative of `_multigammaln`."""
    derivative: Float64 = digamma(values[..., None] - 0.5 * np.arange(size)).sum(axis=-1)
    return derivative
