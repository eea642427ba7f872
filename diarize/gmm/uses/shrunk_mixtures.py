"""Mixtures of few rows, with missing entries: covariances drawn towards one of all rows, size by BIC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from diarize.gmm.arrays import Float64
from diarize.gmm.covariance import covariance_kind
from diarize.gmm.engine.threads import no_openmp_pool
from diarize.gmm.estimators.mixture import GaussianMixture
from diarize.gmm.fitting.em import Fit, em, maximise
from diarize.gmm.fitting.initialise import label_statistics
from diarize.gmm.inference.conditional import conditional_mean
from diarize.gmm.parameters import MixtureParameters
from diarize.gmm.statistics import Statistics

_SAMPLE = 10_000  # rows that sizes are compared on; the one that is taken is trained on all
_ROUGH = 50  # times the tolerance, for the mixtures that are compared
_PATIENCE = 2  # sizes in a row that do no better, after which none larger is tried
_COMMON = 0.5  # how strongly the covariance of all rows is itself drawn towards no correlation, beside the others
_QUICK, _STARTS = 25, 3  # rounds of k-means, after which EM continues, and how many k-means are tried


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """What the covariance of each component is drawn towards.

    With n expected rows of a component and their covariance S, the estimate is (n S + rows * covariance) / (n + rows),
    the most probable one under an inverse Wishart prior. EM then climbs the log-likelihood of all rows minus
    rows / 2 * (log|C| + tr(inv(C) covariance)), summed over the covariances C.

    Parameters
    ----------
    covariance : array
        (n_features, n_features) for full and tied, (n_features,) for diag and () for spherical covariances.
    rows : float
        How many rows it counts for.

    References
    ----------
    C. Fraley, A. E. Raftery. Bayesian regularization for normal mixture estimation and model-based clustering. Journal
    of Classification 24, 2007, 155-181. doi:10.1007/s00357-007-0004-5
    """

    covariance: Float64
    rows: float

    def m_step(
        self, statistics: Statistics, reg_covar: float = 1e-6, previous: MixtureParameters | None = None
    ) -> MixtureParameters:
        """Return the mixture that the statistics and the prior call for; parameters are those of `maximise`."""
        likeliest = maximise(statistics, reg_covar, previous)
        if self.rows == 0:
            return likeliest
        count = statistics.zeroth.sum() if likeliest.kind.shared else statistics.zeroth
        count = np.reshape(count, (*np.shape(count), *[1] * (likeliest.covariances.ndim - np.ndim(count))))
        mixed = (count * likeliest.covariances + self.rows * self.covariance) / (count + self.rows)
        return replace(likeliest, covariances=mixed)


@dataclass(frozen=True, slots=True)
class Settings:
    """How mixtures are trained.

    Parameters
    ----------
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        What the covariances are.
    shrinkage : float
        How many rows, for each feature, the covariance of all rows counts for in each component.
    reg_covar : float
        Added to every variance.
    tol : float
        Training ends when the mean log-likelihood gains less, in nats.
    max_iter : int
        EM iterations at most.
    n_init : int
        Starts to try for each size.
    n_jobs : int or None
        Threads; results do not depend on it.
    """

    covariance_type: str = "full"
    shrinkage: float = 1.0
    reg_covar: float = 1e-4
    tol: float = 1e-4
    max_iter: int = 100
    n_init: int = 1
    n_jobs: int | None = None

    def train(self, rows: Float64, start: MixtureParameters, prior: Prior, sample_weight: Float64 | None = None) -> Fit:
        """Train a mixture from a start, on rows that may have missing entries."""
        return em(
            lambda: [(rows, sample_weight)],
            start,
            max_iter=self.max_iter,
            tol=self.tol,
            reg_covar=self.reg_covar,
            n_jobs=self.n_jobs,
            m_step=prior.m_step,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """A trained mixture, its prior, and the sizes it was chosen from.

    Parameters
    ----------
    fit : Fit
        The mixture and how training went.
    prior : Prior
        What its covariances were drawn towards.
    bic : dict of int to float
        Bayesian information criterion of each size that was tried, lower is better; of all rows, though with very many
        the mixture compared was trained on a sample of them.
    """

    fit: Fit
    prior: Prior
    bic: dict[int, float] = field(default_factory=dict)


def fit_shrunk(
    x: npt.ArrayLike,
    sizes: Iterable[int],
    settings: Settings | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> Shrunk:
    """Train mixtures of several sizes and keep the best by BIC.

    Parameters
    ----------
    x : array (n, n_features)
        Rows of about unit variance, centred; NaN where an entry is missing, in no column throughout.
    sizes : iterable of int
        Numbers of components, ascending; none larger is tried after two in a row that do no better than the best.
    settings : Settings, optional
        How they are trained.
    random_state : int, RandomState or None
        Seed or generator of random numbers.

    Raises
    ------
    ValueError
        If there are no sizes, or x is not such an array.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rows = np.repeat([[-1.0, 1.0], [1.0, -1.0]], 100, axis=0) + 0.1 * rng.normal(size=(200, 2))
    >>> fit_shrunk(rows, range(1, 9), random_state=0).fit.parameters.n_components
    2
    """
    chosen, state = settings or Settings(), check_random_state(random_state)
    rows = np.asarray(x, dtype=np.float64)
    sample = rows
    if len(rows) > _SAMPLE:
        sample = rows[np.sort(state.choice(len(rows), _SAMPLE, replace=False))]
        sample = np.where(np.isnan(sample).all(axis=0), 0.0, sample)  # all that a sample of so many rows can miss
    rough = replace(chosen, tol=_ROUGH * chosen.tol)
    one = _one_gaussian(sample, rough)
    best: Shrunk | None = None
    last, bic, waited = one, dict[int, float](), 0
    for size in sizes:
        last = one if size == 1 else _of_size(sample, size, last, one, rough, state)
        bic[size] = GaussianMixture.from_parameters(last.fit.parameters).bic(rows)
        if best is None or bic[size] < bic[best.fit.parameters.n_components]:
            best, waited = last, 0
        else:
            waited += 1
        if waited >= _PATIENCE:
            break
    if best is None:
        raise ValueError("no sizes to choose from")
    return replace(best, fit=chosen.train(rows, best.fit.parameters, best.prior), bic=bic)


def _one_gaussian(rows: Float64, settings: Settings) -> Shrunk:
    """Train one component, its covariance drawn towards that of uncorrelated features."""
    size, kind = rows.shape[1], covariance_kind(settings.covariance_type)
    unit = kind.of_variances(np.ones(size))
    prior = Prior(kind.one(unit, 0), _COMMON * settings.shrinkage * size)
    start = MixtureParameters(np.ones(1), np.zeros((1, size)), unit, kind.name)
    return Shrunk(settings.train(rows, start, prior), prior)


def _of_size(
    rows: Float64, size: int, before: Shrunk, one: Shrunk, settings: Settings, state: np.random.RandomState
) -> Shrunk:
    """Train a mixture from k-means clusters of the rows as completed by a mixture of another size."""
    from sklearn.cluster import KMeans

    kind, n_features = settings.covariance_type, rows.shape[1]
    common = np.asarray(one.fit.parameters.covariances, np.float64)
    # each of several clusters takes a share of the volume
    volume = size ** (-2 / n_features)
    prior = Prior(volume * covariance_kind(kind).one(common, 0), settings.shrinkage * n_features)
    completed = conditional_mean(rows, before.fit.parameters)
    fits = []
    for _ in range(settings.n_init):
        with no_openmp_pool():
            search = KMeans(size, n_init=_STARTS, max_iter=_QUICK, random_state=state).fit(completed)
        sums = label_statistics(completed, search.labels_, size, kind)
        fits.append(settings.train(rows, prior.m_step(sums, settings.reg_covar), prior))
    return Shrunk(max(fits, key=lambda fit: fit.lower_bounds[-1:]), prior)
