"""What every mixture estimator does in scikit-learn's way, whatever it trains by."""

from __future__ import annotations

import logging
import math
import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral, Real
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.covariance import COVARIANCE_TYPES, covariance_kind
from diarize.gmm.engine.rows import MakeBlocks
from diarize.gmm.estimators.checks import check_n_samples, check_weight, informative
from diarize.gmm.estimators.storage import Stored
from diarize.gmm.estimators.validation import Interval, StrOptions
from diarize.gmm.fitting.initialise import INITIALISATIONS
from diarize.gmm.inference.posteriors import log_likelihood, most_likely, responsibilities
from diarize.gmm.inference.sampling import draw
from diarize.gmm.parameters import MixtureParameters

logger = logging.getLogger(__name__)

Callback = Callable[[int, float], object]
"""Called after each round with its number, from 1, and the mean log-likelihood (or bound) before it, in nats."""

_NOT_CONVERGED = (
    "Best performing initialization did not converge. Try different init parameters, or increase max_iter, tol, or "
    "check for degenerate data. It ended after iteration {rounds}"
)
_LAST_GAIN = ", whose gain over the one before was {gain:.3g} (tol={tol:g})"
_TOO_FEW = "Expected n_samples >= n_components but got n_components = {components}, n_samples = {rows}"
_COLLAPSED = (
    "Training did not converge: after {rounds} iterations a component was left with rows that are all alike, and the "
    "model is the one before that. Set reg_covar above 0, or take fewer components."
)


class Trained(Protocol):
    """What training gives back."""

    @property
    def lower_bounds(self) -> tuple[float, ...]:
        """What training raised, for each round, in nats."""

    @property
    def converged(self) -> bool:
        """Whether the last gain was below the tolerance."""


class BaseMixture(Stored, DensityMixin, BaseEstimator, metaclass=ABCMeta):  # type: ignore[misc]
    """A mixture as scikit-learn's estimator; a subclass says how it starts, trains and keeps the result.

    A start and a training result are whatever the subclass takes them for; only `lower_bounds` and `converged` of a
    result are looked at here.
    """

    _allow_nan: ClassVar[bool] = False
    """Whether rows may have missing entries."""
    lower_bound_: float
    n_samples_seen_: float

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions(set(COVARIANCE_TYPES))],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [StrOptions(set(INITIALISATIONS))],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "verbose_interval": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "callback": [callable, None],
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
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_jobs: int | None = None,
        callback: Callback | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.n_jobs = n_jobs
        self.callback = callback

    # What a subclass gives.

    @abstractmethod
    def _start(self, rows: Floats, weight: Float64 | None, random_state: np.random.RandomState) -> Any:
        """Return where to train from."""

    @abstractmethod
    def _train(self, make_blocks: MakeBlocks, start: Any, lower_bound: float, n_jobs: int) -> Trained:
        """Train from a start; the first round is compared with lower_bound. Several of these may run at once."""

    @abstractmethod
    def _keep(self, fit: Any, dtype: npt.DTypeLike) -> None:
        """Set the fitted attributes, in the precision of the data; lower_bound_ and converged_ among them."""

    @abstractmethod
    def _current(self) -> Any:
        """Return the start from which training continues after `fit`."""

    @property
    @abstractmethod
    def parameters_(self) -> MixtureParameters:
        """The fitted mixture as a frozen value, in float64, for the plain functions of this package."""

    def _log_weights(self) -> Float64 | None:
        """Return what stands for the logarithms of the weights, (n_components,), or None for just these."""
        return None

    # What it gets.

    def _keep_mixture(self, parameters: MixtureParameters, fit: Trained, dtype: npt.DTypeLike) -> None:
        """Set the attributes that every fitted mixture has."""
        root = parameters.kind.root(parameters.covariances.astype(np.float64))
        self.weights_ = parameters.weights.astype(dtype)
        self.means_ = parameters.means.astype(dtype)
        self.covariances_ = parameters.covariances.astype(dtype)
        self.precisions_cholesky_ = root.astype(dtype)
        self.precisions_ = parameters.kind.precisions(root).astype(dtype)
        self.converged_ = fit.converged
        self.n_iter_ = len(fit.lower_bounds)
        self.lower_bounds_ = list(fit.lower_bounds)
        self.lower_bound_ = fit.lower_bounds[-1] if fit.lower_bounds else -math.inf

    def _kept_mixture(self) -> tuple[Float64, Float64, Float64]:
        """Return weights, means and, from the attribute that predictions depend on, covariances, in float64."""
        check_is_fitted(self, "precisions_cholesky_")
        root = np.asarray(self.precisions_cholesky_, dtype=np.float64)
        covariances = covariance_kind(self.covariance_type).like(root).of_root(root)
        return np.asarray(self.weights_, np.float64), np.asarray(self.means_, np.float64), covariances

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
            If X holds infinity (or NaN, where the estimator does not take missing entries), has fewer rows than
            components or a column without any value, or a parameter is out of range.
        """
        self._fit(X, sample_weight)
        return self

    def fit_predict(
        self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.intp]:
        """Train the mixture and return the most likely component of each row, as `predict` does."""
        return most_likely(self._fit(X, sample_weight), self.parameters_, **self._engine())

    def _fit(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> Floats:
        self._validate_params()
        rows = self._validated(X, reset=True, least=2)
        used, weight = self._usable(rows, sample_weight)
        total = float(len(used) if weight is None else weight.sum())
        self._learn(lambda: [(used, weight)], lambda state: self._start(used, weight, state), total, rows.dtype)
        return rows

    def _usable(self, rows: Floats, sample_weight: npt.ArrayLike | None) -> tuple[Floats, Float64 | None]:
        """Return the rows that have a weight, and these weights, checked to be enough to train on."""
        weight = check_weight(sample_weight, len(rows))
        if weight is not None and not weight.all():
            rows, weight = rows[weight > 0], weight[weight > 0]
        if len(rows) < self.n_components:
            raise ValueError(_TOO_FEW.format(components=self.n_components, rows=len(rows)))
        valued = int(informative(rows).sum()) if self._allow_nan else len(rows)
        if valued < self.n_components:
            raise ValueError(_TOO_FEW.format(components=self.n_components, rows=valued) + " that hold a value")
        return rows, weight

    def _learn(
        self,
        make_blocks: MakeBlocks,
        make_start: Callable[[np.random.RandomState], Any],
        total: float,
        dtype: npt.DTypeLike,
    ) -> None:
        """Train from every start on rows of this total weight, and keep the best result."""
        random_state = check_random_state(self.random_state)
        goes_on = self.warm_start and hasattr(self, "converged_")
        # one after the other, so that they do not depend on the number of threads
        starts = [self._current()] if goes_on else [make_start(random_state) for _ in range(self.n_init)]
        lower_bound = self.lower_bound_ if goes_on else -math.inf
        fits = self._train_all(make_blocks, starts, lower_bound)
        if self.verbose:
            for attempt, fit in enumerate(fits):
                logger.info("start %d: %d iterations, converged: %s", attempt, len(fit.lower_bounds), fit.converged)
        best = max(fits, key=lambda fit: (not self._collapsed(fit), fit.lower_bounds[-1:]))
        self._keep(best, dtype)
        self.n_samples_seen_ = total
        if not best.converged and self.max_iter > 0:
            text = (_COLLAPSED if self._collapsed(best) else _NOT_CONVERGED).format(rounds=len(best.lower_bounds))
            if not self._collapsed(best) and len(best.lower_bounds) > 1:
                text += _LAST_GAIN.format(gain=best.lower_bounds[-1] - best.lower_bounds[-2], tol=self.tol)
            warnings.warn(text, ConvergenceWarning, stacklevel=4)

    def _train_all(self, make_blocks: MakeBlocks, starts: list[Any], lower_bound: float) -> list[Trained]:
        """Train from each start: a thread for each where there are several, else threads over rows."""
        n_jobs = effective_n_jobs(self.n_jobs)
        if len(starts) == 1 or n_jobs == 1:
            return [self._train(make_blocks, start, lower_bound, n_jobs) for start in starts]
        with ThreadPoolExecutor(min(n_jobs, len(starts))) as threads:
            return list(threads.map(lambda start: self._train(make_blocks, start, lower_bound, 1), starts))

    def _collapsed(self, fit: Trained) -> bool:
        """Tell whether training ended early without having converged."""
        return not fit.converged and len(fit.lower_bounds) < self.max_iter

    def _validated(self, X: npt.ArrayLike, *, reset: bool, least: int = 1) -> Floats:
        """Return X as rows of float64 or float32, as they are where they are that already."""
        rows: Floats = validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan" if self._allow_nan else True,
            ensure_min_samples=least,
        )
        return rows

    def _rows(self, X: npt.ArrayLike) -> Floats:
        check_is_fitted(self)
        return self._validated(X, reset=False)

    def _engine(self) -> dict[str, Any]:
        """Return the options of functions that evaluate rows."""
        return {"log_weights": self._log_weights(), "n_jobs": self.n_jobs}

    def score_samples(self, X: npt.ArrayLike) -> Floats:
        """Return the log-likelihood of each row, (n_samples,), in nats."""
        return log_likelihood(self._rows(X), self.parameters_, **self._engine())

    def score(self, X: npt.ArrayLike, y: object = None) -> float:
        """Return the mean log-likelihood per row, in nats."""
        return float(self.score_samples(X).mean())  # in the precision of X, as scikit-learn does

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Return the most likely component of each row, (n_samples,)."""
        return most_likely(self._rows(X), self.parameters_, **self._engine())

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Return the posterior probability of each component for each row, (n_samples, n_components)."""
        return responsibilities(self._rows(X), self.parameters_, **self._engine())

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
        check_n_samples(n_samples)
        return draw(self.parameters_, n_samples, check_random_state(self.random_state))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._allow_nan
        return tags
