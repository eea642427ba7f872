"""BayesianGaussianMixture: scikit-learn's contract on variational Bayes with the fast engine."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.covariance import covariance_kind
from diarize.gmm.engine.rows import MakeBlocks
from diarize.gmm.estimators.base import BaseMixture, Callback
from diarize.gmm.estimators.validation import Interval, StrOptions
from diarize.gmm.fitting.initialise import initial_statistics
from diarize.gmm.fitting.variational import (
    WEIGHT_PRIORS,
    VariationalFit,
    VariationalPosterior,
    VariationalPrior,
    overall,
    update,
    variational,
)
from diarize.gmm.parameters import MixtureParameters


class BayesianGaussianMixture(BaseMixture):
    """Gaussian mixture by variational Bayes: scikit-learn's estimator, with sample weights and without N x K arrays.

    Components that the data do not call for lose their rows, so that `n_components` need only be large enough.

    It differs from scikit-learn's in three ways. `lower_bound_` is a true lower bound on the log evidence, constants
    included, and never falls. For diag and spherical, the expected log determinant of a precision matrix is that of
    independent gamma distributions, as the rest of the model has it, not that of a full Wishart distribution. And
    `reg_covar` is a part of the model: the variance of noise on each row.

    Parameters
    ----------
    n_components : int
        Number of Gaussians at most.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        A covariance matrix for each component, one for all, variances for each, or one variance for each.
    tol : float
        Training ends when the lower bound, which is that of all rows together, gains less, in nats.
    reg_covar : float
        Added to every variance; above 0 it keeps every covariance positive definite.
    max_iter : int
        Iterations at most.
    n_init : int
        Starts to try; the result with the highest lower bound is kept.
    init_params : str
        How to start, as in `GaussianMixture`.
    weight_concentration_prior_type : {'dirichlet_process', 'dirichlet_distribution'}
        Prior of the weights: a Dirichlet process, cut off at n_components, or a symmetric Dirichlet distribution.
    weight_concentration_prior : float, optional
        Its concentration; the smaller, the fewer components are used. 1 / n_components by default.
    mean_precision_prior : float, optional
        How many rows the prior mean counts for; 1 by default.
    mean_prior : array (n_features,), optional
        Prior mean; that of X by default.
    degrees_of_freedom_prior : float, optional
        How many rows the prior covariance counts for; more than n_features - 1, n_features by default.
    covariance_prior : array or float, optional
        Prior covariance times `degrees_of_freedom_prior`: (n_features, n_features) for full and tied, (n_features,)
        for diag, a number for spherical. The covariance of X by default.
    random_state : int, RandomState or None
        Seed or generator of random numbers.
    warm_start : bool
        Whether `fit` continues from the last result; priors taken from the data stay those of the first.
    verbose : int
        Above 0, each start is logged.
    verbose_interval : int
        Kept for scikit-learn's contract; iterations are logged at debug level.
    n_jobs : int, optional
        Threads, over starts or else over rows; -1 is one for each core. The result does not depend on it.
    callback : callable, optional
        Called after each iteration with its number, from 1, and the lower bound.

    Attributes
    ----------
    weights_ : array (n_components,)
        Expected shares of the components.
    means_ : array (n_components, n_features)
        Their expected means.
    covariances_, precisions_, precisions_cholesky_ : array
        Expected precision matrices, their Cholesky factors and their inverses, as in `GaussianMixture`.
    weight_concentration_ : array (n_components,) or (2, n_components)
        Parameters of the Dirichlet distribution; or both of the beta distributions of the process's sticks.
    mean_precision_ : array (n_components,)
        How many rows, the prior's included, each mean comes from.
    degrees_of_freedom_ : array (n_components,), or a number for tied
        How many rows, the prior's included, each covariance comes from; for tied divided by n_components.
    weight_concentration_prior_, mean_precision_prior_, mean_prior_, degrees_of_freedom_prior_, covariance_prior_
        The priors in use.
    converged_ : bool
        Whether training ended by `tol`.
    n_iter_ : int
        Iterations of the best start.
    lower_bound_ : float
        Its lower bound on the log evidence of all rows before the last update, in nats.
    lower_bounds_ : list of float
        The same for every iteration.

    References
    ----------
    C. M. Bishop. Pattern Recognition and Machine Learning. Springer 2006, section 10.2.

    D. M. Blei, M. I. Jordan. Variational inference for Dirichlet process mixtures. Bayesian Analysis 1, 2006.
    doi:10.1214/06-BA104

    Examples
    --------
    >>> X = np.random.default_rng(0).normal([[0.0, 0.0], [9.0, 9.0]], 1.0, (100, 2, 2)).reshape(-1, 2)
    >>> mixture = BayesianGaussianMixture(6, random_state=0, max_iter=300).fit(X)
    >>> int((mixture.weights_ > 0.01).sum())
    2
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMixture._parameter_constraints,
        "weight_concentration_prior_type": [StrOptions(set(WEIGHT_PRIORS))],
        "weight_concentration_prior": [Interval(Real, 0.0, None, closed="neither"), None],
        "mean_precision_prior": [Interval(Real, 0.0, None, closed="neither"), None],
        "mean_prior": ["array-like", None],
        "degrees_of_freedom_prior": [Interval(Real, 0.0, None, closed="neither"), None],
        "covariance_prior": ["array-like", Interval(Real, 0.0, None, closed="neither"), None],
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weight_concentration_prior_type: str = "dirichlet_process",
        weight_concentration_prior: float | None = None,
        mean_precision_prior: float | None = None,
        mean_prior: npt.ArrayLike | None = None,
        degrees_of_freedom_prior: float | None = None,
        covariance_prior: npt.ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_jobs: int | None = None,
        callback: Callback | None = None,
    ) -> None:
        super().__init__(
            n_components,
            covariance_type=covariance_type,
            tol=tol,
            reg_covar=reg_covar,
            max_iter=max_iter,
            n_init=n_init,
            init_params=init_params,
            random_state=random_state,
            warm_start=warm_start,
            verbose=verbose,
            verbose_interval=verbose_interval,
            n_jobs=n_jobs,
            callback=callback,
        )
        self.weight_concentration_prior_type = weight_concentration_prior_type
        self.weight_concentration_prior = weight_concentration_prior
        self.mean_precision_prior = mean_precision_prior
        self.mean_prior = mean_prior
        self.degrees_of_freedom_prior = degrees_of_freedom_prior
        self.covariance_prior = covariance_prior

    def _prior(self, mean: Float64, covariance: Float64) -> VariationalPrior:
        """Return the prior that the parameters ask for; mean and covariance are what they default to."""
        n_features, concentration = len(mean), self.weight_concentration_prior
        freedom, precision = self.degrees_of_freedom_prior, self.mean_precision_prior
        kind = covariance_kind(self.covariance_type)
        wanted = kind.one(np.empty(kind.shape(self.n_components, n_features)), 0).shape
        if self.mean_prior is not None:
            mean = _given(self.mean_prior, (n_features,), "mean_prior")
        if self.covariance_prior is not None:
            covariance = _given(self.covariance_prior, wanted, f"{self.covariance_type} covariance_prior")
            _check_positive(covariance, f"{self.covariance_type} covariance_prior")
        return VariationalPrior(
            self.weight_concentration_prior_type,
            1 / self.n_components if concentration is None else float(concentration),
            1.0 if precision is None else float(precision),
            mean,
            float(n_features) if freedom is None else float(freedom),
            covariance,
            self.covariance_type,
            float(self.reg_covar),
        )

    def _start(self, rows: Floats, weight: Float64 | None, random_state: np.random.RandomState) -> VariationalPosterior:
        sums = initial_statistics(rows, weight, self.n_components, self.covariance_type, self.init_params, random_state)
        return update(self._prior(*overall(sums)), sums)

    def _train(
        self, make_blocks: MakeBlocks, start: VariationalPosterior, lower_bound: float, n_jobs: int
    ) -> VariationalFit:
        return variational(
            make_blocks,
            start,
            max_iter=self.max_iter,
            tol=self.tol,
            lower_bound=lower_bound,
            n_jobs=n_jobs,
            callback=self.callback,
        )

    def _keep(self, fit: VariationalFit, dtype: npt.DTypeLike) -> None:
        posterior, prior = fit.posterior, fit.posterior.prior
        self._keep_mixture(posterior.parameters, fit, dtype)
        self.weight_concentration_prior_ = prior.concentration
        self.mean_precision_prior_ = prior.mean_precision
        self.mean_prior_ = prior.mean
        self.degrees_of_freedom_prior_ = prior.degrees_of_freedom
        self.covariance_prior_ = prior.scale
        self.weight_concentration_ = posterior.concentration.astype(dtype)
        self.mean_precision_ = posterior.mean_precision.astype(dtype)
        self.degrees_of_freedom_ = posterior.degrees_of_freedom.astype(dtype)

    def _current(self) -> VariationalPosterior:
        return self.posterior_

    def _log_weights(self) -> Float64:
        return self.posterior_.log_weights

    @property
    def posterior_(self) -> VariationalPosterior:
        """The fitted distribution over mixtures as a frozen value, in float64."""
        _, means, covariances = self._kept_mixture()
        return VariationalPosterior(
            self._prior(self.mean_prior_, self.covariance_prior_),
            np.asarray(self.weight_concentration_, dtype=np.float64),
            np.asarray(self.mean_precision_, dtype=np.float64),
            means,
            np.asarray(self.degrees_of_freedom_, dtype=np.float64),
            covariances,
        )

    @property
    def parameters_(self) -> MixtureParameters:
        """The mixture of expected weights, means and precisions as a frozen value, in float64."""
        return self.posterior_.parameters


def _given(value: npt.ArrayLike, shape: tuple[int, ...], name: str) -> Float64:
    array = np.asarray(value)
    checked = check_array(array.reshape(-1, 1), dtype=np.float64, input_name=name).reshape(array.shape)
    if checked.shape != shape:
        raise ValueError(f"The parameter '{name}' should have the shape of {shape}, but got {checked.shape}")
    return np.asarray(checked, dtype=np.float64)


def _check_positive(covariance: Float64, name: str) -> None:
    if covariance.ndim < 2:
        if (covariance <= 0).any():
            raise ValueError(f"'{name}' should be positive")
    elif not np.allclose(covariance, covariance.T) or (np.linalg.eigvalsh(covariance) <= 0).any():
        raise ValueError(f"'{name}' should be symmetric, positive-definite")
