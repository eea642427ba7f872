"""GaussianMixture: scikit-learn's contract on the fast engine."""

from __future__ import annotations

import logging
import math
import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from diarize.gmm.checks import check_start, check_weight
from diarize.gmm.em import Fit, em, maximise
from diarize.gmm.initialise import INITIALISATIONS, initial_statistics
from diarize.gmm.moments import log_likelihood, most_likely, responsibilities
from diarize.gmm.parameters import COVARIANCE_TYPES, Float64, Floats, MixtureParameters, precision_cholesky
from diarize.gmm.sampling import draw

logger = logging.getLogger(__name__)

_NOT_CONVERGED = (
    "Best performing initialization did not converge. Try different init parameters, or increase max_iter, tol, or "
    "check for degenerate data. The last gain was {gain:.3g} per row after {rounds} iterations (tol={tol:g})."
)


class GaussianMixture(DensityMixin, BaseEstimator):  # type: ignore[misc]
    """Gaussian mixture trained by EM: scikit-learn's estimator, with sample weights and without N x K arrays.

    float32 data are trained on with float32 products and float64 sums, everything else in float64.

    Parameters
    ----------
    n_components : int
        Number of Gaussians.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        A covariance matrix for each component, one for all, variances for each, or one variance for each.
    tol : float
        Training ends when the mean log-likelihood gains less, in nats.
    reg_covar : float
        Added to every variance; above 0 it keeps every covariance positive definite.
    max_iter : int
        EM iterations at most.
    n_init : int
        Starts to try; the most likely result is kept.
    init_params : {'kmeans', 'k-means++', 'random', 'random_from_data'}
        Start from k-means clusters; from the rows nearest to centres drawn by k-means++ or evenly from the data; from
        random posteriors.
    weights_init, means_init, precisions_init : array, optional
        Where to start instead; precisions are inverse covariances, in the shape of the covariance type.
    random_state : int, RandomState or None
        Source of randomness.
    warm_start : bool
        Whether `fit` goes on from the last result.
    verbose : int
        Above 0, each start is logged.
    verbose_interval : int
        Kept for scikit-learn's contract; iterations are logged at debug level.

    Attributes
    ----------
    weights_ : array (n_components,)
        Shares of the components.
    means_ : array (n_components, n_features)
        Their centres.
    covariances_, precisions_, precisions_cholesky_ : array
        (n_components, n_features, n_features), (n_features, n_features), (n_components, n_features) or (n_components,)
        for full, tied, diag and spherical.
    converged_ : bool
        Whether training ended by `tol`.
    n_iter_ : int
        EM iterations of the best start.
    lower_bound_ : float
        Its mean log-likelihood per row before the last update, in nats.
    lower_bounds_ : list of float
        The same for every iteration.

    Examples
    --------
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> mixture = GaussianMixture(2, random_state=0).fit(X)
    >>> sorted(mixture.means_.round(6).tolist())
    [[1.0, 2.0], [10.0, 2.0]]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions(set(COVARIANCE_TYPES))],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [StrOptions(set(INITIALISATIONS))],
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", None],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "verbose_interval": [Interval(Integral, 1, None, closed="left")],
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
        weights_init: npt.ArrayLike | None = None,
        means_init: npt.ArrayLike | None = None,
        precisions_init: npt.ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval

    def fit(self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Train the mixture.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows.
        y : object
            Not used.
        sample_weight : array (n_samples,), optional
            A row of weight w counts as w equal rows.

        Raises
        ------
        ValueError
            If X holds NaN or infinity, has fewer rows than components, or a parameter is out of range.
        """
        self._fit(X, sample_weight)
        return self

    def fit_predict(
        self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.intp]:
        """Train the mixture and return the most likely component of each row, as `predict` does."""
        return most_likely(self._fit(X, sample_weight), self.parameters_)

    def _fit(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> Floats:
        self._validate_params()
        rows: Floats = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        weight = check_weight(sample_weight, len(rows))
        used = rows
        if weight is not None and not weight.all():
            used, weight = rows[weight > 0], weight[weight > 0]
        if len(used) < self.n_components:
            raise ValueError(
                f"Expected n_samples >= n_components but got n_components = {self.n_components}, "
                f"n_samples = {len(used)}"
            )
        best = self._best(used, weight)
        self._keep(best, rows.dtype)
        if not best.converged and self.max_iter > 0:
            gain = float(np.diff(best.lower_bounds[-2:])[0]) if len(best.lower_bounds) > 1 else math.inf
            message = _NOT_CONVERGED.format(gain=gain, rounds=len(best.lower_bounds), tol=self.tol)
            warnings.warn(message, ConvergenceWarning, stacklevel=3)
        return rows

    def _best(self, rows: Floats, weight: Float64 | None) -> Fit:
        """Run EM from every start and return the most likely result."""
        goes_on = self.warm_start and hasattr(self, "converged_")
        random_state = check_random_state(self.random_state)
        best: Fit | None = None
        for attempt in range(1 if goes_on else self.n_init):
            start = self.parameters_.astype(np.float64) if goes_on else self._start(rows, weight, random_state)
            found = em(
                lambda: [(rows, weight)],
                start,
                max_iter=self.max_iter,
                tol=self.tol,
                reg_covar=self.reg_covar,
                lower_bound=self.lower_bound_ if goes_on else -math.inf,
            )
            if self.verbose:
                logger.info("start %d: %d iterations, converged: %s", attempt, len(found.lower_bounds), found.converged)
            if best is None or found.lower_bounds[-1:] > best.lower_bounds[-1:]:
                best = found
        return best if best is not None else Fit(start, (), False)

    def _start(self, rows: Floats, weight: Float64 | None, random_state: np.random.RandomState) -> MixtureParameters:
        shape = (self.n_components, rows.shape[1])
        given = check_start(self.weights_init, self.means_init, self.precisions_init, self.covariance_type, shape)
        if len(given) == 3:
            return MixtureParameters(**given, covariance_type=self.covariance_type)
        found = initial_statistics(
            rows, weight, self.n_components, self.covariance_type, self.init_params, random_state
        )
        start: MixtureParameters = replace(maximise(found, self.reg_covar), **given)  # type: ignore[arg-type]
        return start

    def _keep(self, fit: Fit, dtype: npt.DTypeLike) -> None:
        parameters = fit.parameters.astype(dtype)
        self.weights_ = np.array(parameters.weights)
        self.means_ = np.array(parameters.means)
        self.covariances_ = np.array(parameters.covariances)
        root = precision_cholesky(fit.parameters.covariances, self.covariance_type)
        square = root**2 if self.covariance_type in ("diag", "spherical") else root @ np.swapaxes(root, -1, -2)
        self.precisions_cholesky_ = root.astype(dtype)
        self.precisions_ = square.astype(dtype)
        self.converged_ = fit.converged
        self.n_iter_ = len(fit.lower_bounds)
        self.lower_bounds_ = list(fit.lower_bounds)
        self.lower_bound_ = fit.lower_bounds[-1] if fit.lower_bounds else -math.inf

    @property
    def parameters_(self) -> MixtureParameters:
        """The fitted mixture as a frozen value, in float64, for the plain functions of this package."""
        check_is_fitted(self, "precisions_cholesky_")
        root = np.asarray(self.precisions_cholesky_, dtype=np.float64)
        if self.covariance_type in ("diag", "spherical"):
            covariances = 1 / root**2
        else:
            half = np.linalg.inv(root)
            covariances = np.swapaxes(half, -1, -2) @ half
        weights = np.asarray(self.weights_, dtype=np.float64)
        means = np.asarray(self.means_, dtype=np.float64)
        return MixtureParameters(weights, means, covariances, self.covariance_type)

    def _rows(self, X: npt.ArrayLike) -> Floats:
        check_is_fitted(self)
        rows: Floats = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return rows

    def score_samples(self, X: npt.ArrayLike) -> Floats:
        """Return the log-likelihood of each row, (n_samples,), in nats."""
        return log_likelihood(self._rows(X), self.parameters_)

    def score(self, X: npt.ArrayLike, y: object = None) -> float:
        """Return the mean log-likelihood per row, in nats."""
        return float(self.score_samples(X).mean(dtype=np.float64))

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Return the most likely component of each row, (n_samples,)."""
        return most_likely(self._rows(X), self.parameters_)

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Return the posterior probability of each component for each row, (n_samples, n_components)."""
        return responsibilities(self._rows(X), self.parameters_)

    def sample(self, n_samples: int = 1) -> tuple[Float64, npt.NDArray[np.int64]]:
        """Draw rows from the mixture.

        Parameters
        ----------
        n_samples : int
            How many.

        Returns
        -------
        X : array (n_samples, n_features)
            Rows, ordered by component.
        y : array (n_samples,)
            The component of each.
        """
        check_is_fitted(self)
        if n_samples < 1:
            raise ValueError(f"Invalid value for 'n_samples': {n_samples}. The sampling requires at least one sample.")
        return draw(self.parameters_, n_samples, check_random_state(self.random_state))

    def _n_parameters(self) -> int:
        """Return the number of free parameters."""
        n_components, n_features = self.means_.shape
        triangle = n_features * (n_features + 1) // 2
        sizes = {
            "full": n_components * triangle,
            "tied": triangle,
            "diag": n_components * n_features,
            "spherical": n_components,
        }
        return int(sizes[self.covariance_type] + n_components * n_features + n_components - 1)

    def bic(self, X: npt.ArrayLike) -> float:
        """Return the Bayesian information criterion on X; lower is better."""
        rows = self._rows(X)
        return -2 * self.score(rows) * len(rows) + self._n_parameters() * math.log(len(rows))

    def aic(self, X: npt.ArrayLike) -> float:
        """Return Akaike's information criterion on X; lower is better."""
        rows = self._rows(X)
        return -2 * self.score(rows) * len(rows) + 2 * self._n_parameters()
