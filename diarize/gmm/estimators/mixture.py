"""GaussianMixture: scikit-learn's contract on the fast engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy
from sklearn.utils import check_random_state

from diarize.gmm.arrays import Float64, Floats, IllDefinedError
from diarize.gmm.covariance import COVARIANCE_KINDS, covariance_kind
from diarize.gmm.covariances.kind import CovarianceKind
from diarize.gmm.engine.kernel import compile_kernel
from diarize.gmm.engine.rows import MakeBlocks, Rows
from diarize.gmm.estimators.base import BaseMixture, Callback
from diarize.gmm.estimators.checks import check_start, check_weight
from diarize.gmm.estimators.validation import Interval, StrOptions
from diarize.gmm.fitting.adaptation import map_adapt
from diarize.gmm.fitting.em import Fit, em, maximise
from diarize.gmm.fitting.initialise import initial_statistics, sample_size
from diarize.gmm.fitting.online import blend, implied, step_size
from diarize.gmm.fitting.streams import Reservoir, passes
from diarize.gmm.inference.conditional import condition
from diarize.gmm.inference.expectation import collect
from diarize.gmm.inference.posteriors import responsibilities
from diarize.gmm.parameters import MixtureParameters
from diarize.gmm.statistics import Statistics

ENTRIES_AT_ONCE = 4_000_000  # posteriors held at a time


class GaussianMixture(BaseMixture):
    """Gaussian mixture trained by EM: scikit-learn's estimator, and what it lacks, without N x K arrays.

    Rows may have weights and missing entries (NaN), come in batches (`partial_fit`) or from disk (`fit_blocks`).
    float32 data are trained on with float32 products and float64 sums, everything else in float64.

    Parameters
    ----------
    n_components : int
        Number of Gaussians.
    covariance_type : {'full', 'tied', 'diag', 'spherical', 'factor'}
        A covariance matrix for each component, one for all, variances for each, one variance for each; or a few
        factors, with a noise variance for each feature: a mixture of factor analysers (Ghahramani and Hinton 1996).
    n_factors : int
        Factors of each component, for 'factor'; at most as many as there are features.
    tol : float
        Training ends when the mean log-likelihood gains less, in nats.
    reg_covar : float
        Added to every variance, of factors the least noise; above 0 it keeps every covariance positive definite. With
        0, training ends where a component has collapsed.
    max_iter : int
        EM iterations at most.
    n_init : int
        Starts to try; the most likely result is kept.
    init_params : {'kmeans', 'k-means++', 'spectral', 'ward', 'random', 'random_from_data'}
        Start from k-means clusters; from the rows nearest to centres drawn by k-means++ or evenly from the data; from
        spectral clusters; from Ward's hierarchical ones; from random posteriors. With more than 50,000 rows (200 for
        each component if that is more), on as large a sample of them.
    weights_init, means_init, precisions_init : array, optional
        Where to start instead; precisions are inverse covariances, in the shape of the covariance type.
    random_state : int, RandomState or None
        Seed or generator of random numbers.
    warm_start : bool
        Whether `fit` continues from the last result.
    verbose : int
        Above 0, each start is logged.
    verbose_interval : int
        Kept for scikit-learn's contract; iterations are logged at debug level.
    n_jobs : int or None
        Threads, over starts if there are several and else over rows; -1 for one for each core, None for one. Results do
        not depend on it.
    callback : callable or None
        Called after each iteration (or batch) with its number, from 1, and the mean log-likelihood before its update,
        in nats; what it raises ends training. With several starts on several threads, it is called from all of them.
    decay : float
        How fast the steps of `partial_fit` get smaller: above 0.5, up to 1, where every row ever seen counts the same.
    min_step : float
        The least step of `partial_fit`; above 0 the model follows a stream that changes.

    Attributes
    ----------
    weights_ : array (n_components,)
        Shares of the components.
    means_ : array (n_components, n_features)
        Their centres.
    covariances_, precisions_, precisions_cholesky_ : array
        (n_components, n_features, n_features), (n_features, n_features), (n_components, n_features) or (n_components,)
        for full, tied, diag and spherical. For factor (n_components, n_features, n_factors + 1): covariances are
        loadings W and, last, noise variances psi, so that W W' + diag(psi) is the matrix; precisions are L and 1 / psi,
        diag(1 / psi) - L L' being the matrix; of the last, W and 1 divided by the square root of psi.
    converged_ : bool
        Whether training ended by `tol`.
    n_iter_ : int
        EM iterations of the best start.
    lower_bound_ : float
        Its mean log-likelihood per row before the last update, in nats.
    lower_bounds_ : list of float
        The same for every iteration.
    n_samples_seen_ : float
        Rows (their weight) that the model was trained on, by `fit` and `partial_fit` together.
    n_batches_seen_ : int
        Calls of `partial_fit` since `fit`.

    Examples
    --------
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> mixture = GaussianMixture(2, random_state=0).fit(X)
    >>> sorted(mixture.means_.round(6).tolist())
    [[1.0, 2.0], [10.0, 2.0]]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMixture._parameter_constraints,
        "covariance_type": [StrOptions(set(COVARIANCE_KINDS))],
        "n_factors": [Interval(Integral, 1, None, closed="left")],
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", None],
        "decay": [Interval(Real, 0.5, 1, closed="right")],
        "min_step": [Interval(Real, 0, 1, closed="both")],
    }
    _allow_nan: ClassVar[bool] = True
    _running: Statistics | None = None
    """Statistics of `partial_fit`; they follow from the parameters where there are none."""
    n_batches_seen_: int

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        n_factors: int = 1,
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
        n_jobs: int | None = None,
        callback: Callback | None = None,
        decay: float = 0.7,
        min_step: float = 0.0,
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
        self.n_factors = n_factors
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.decay = decay
        self.min_step = min_step

    @classmethod
    def from_parameters(cls, parameters: MixtureParameters) -> Self:
        """Return a fitted estimator of given parameters, in their precision; to `partial_fit` it has seen no rows.

        Examples
        --------
        >>> pair = MixtureParameters([0.5, 0.5], [[0.0], [4.0]], [[1.0], [1.0]], "diag")
        >>> GaussianMixture.from_parameters(pair).predict([[3.0], [1.0]])
        array([1, 0])
        """
        kind = parameters.kind
        model = cls(parameters.n_components, covariance_type=kind.name, n_factors=kind.n_factors)
        return model._holding(parameters)

    def _holding(self, parameters: MixtureParameters) -> Self:
        self._keep(Fit(parameters, (), True), parameters.means.dtype)
        self.n_samples_seen_ = 0.0
        self.n_features_in_ = parameters.n_features
        return self

    def fit_blocks(self, blocks: Iterable[Any] | Callable[[], Iterable[Any]]) -> Self:
        """Train the mixture on rows that do not fit into memory: one pass over them for the start, one an iteration.

        The start is made from a sample of bounded size, evenly drawn (see `init_params`).

        Parameters
        ----------
        blocks : iterable, or callable that returns a new one for each pass
            Arrays (n, n_features), or pairs (array, sample_weight).

        Raises
        ------
        TypeError
            If blocks can be read only once, as a generator can.
        ValueError
            As `fit` does.

        Examples
        --------
        >>> halves = [np.array([[0.0], [1.0]]), np.array([[8.0], [9.0]])]
        >>> sorted(GaussianMixture(2, random_state=0).fit_blocks(halves).means_.round(3).tolist())
        [[0.5], [8.5]]
        """
        self._validate_params()
        self._fit_blocks(passes(blocks))
        return self

    def _fit_blocks(self, make_blocks: Callable[[], Iterable[Any]]) -> None:
        sample = Reservoir(sample_size(self.n_components), check_random_state(self.random_state))
        dtype: np.dtype[Any] | None = None
        total = 0.0
        for rows, weight in self._checked(make_blocks, reset=True):
            dtype = dtype or rows.dtype
            total += len(rows) if weight is None else float(weight.sum())
            useful = ~np.isnan(rows).all(axis=1)
            if weight is not None:
                useful &= weight > 0
            sample.add(rows[useful], None if weight is None else weight[useful])
        if dtype is None:
            raise ValueError("Found array with 0 sample(s): blocks gave none; give at least one block of rows")
        kept, share = self._usable(*sample.rows())
        self._learn(lambda: self._checked(make_blocks), lambda state: self._start(kept, share, state), total, dtype)

    def _checked(self, make_blocks: Callable[[], Iterable[Any]], *, reset: bool = False) -> Iterator[Rows]:
        """Open a pass over blocks, checked as `fit` checks rows; the first block decides on the number of features."""
        for block in make_blocks():
            x, weight = block if isinstance(block, tuple) else (block, None)
            rows = self._validated(x, reset=reset, least=0)
            yield rows, check_weight(weight, len(rows), some=False)
            reset = False

    def partial_fit(self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Train on with one more batch of a stream (online EM); the first batch gives the start, if there is no model.

        Running statistics, which give the model, are mixed with those of the batch: s <- (1 - step) s + step s_batch,
        step = max(min_step, (1 + seen / n)^-decay) for a batch of n rows after `seen` ones. `fit` may come before it.

        Parameters
        ----------
        X : array (n_samples, n_features)
            The batch; the first has at least as many rows as there are components.
        y : object
            Not used.
        sample_weight : array (n_samples,), optional
            A row of weight w counts as w equal rows.

        Raises
        ------
        ValueError
            As `fit` does.

        References
        ----------
        O. Cappe, E. Moulines. On-line expectation-maximization algorithm for latent data models. Journal of the Royal
        Statistical Society B 71, 2009, section 2. doi:10.1111/j.1467-9868.2009.00698.x

        Examples
        --------
        >>> stream = np.random.default_rng(0).normal([[2.0], [8.0]] * 50, 1.0, (40, 100, 1))
        >>> mixture = GaussianMixture(2, random_state=0)
        >>> for batch in stream:
        ...     mixture = mixture.partial_fit(batch)
        >>> mixture.n_samples_seen_, sorted(mixture.means_.round(1).ravel().tolist())
        (4000.0, [2.0, 8.0])
        """
        self._validate_params()
        first = not hasattr(self, "precisions_cholesky_")
        rows = self._validated(X, reset=first)
        if first:
            used, weight = self._usable(rows, sample_weight)
            current = self._start(used, weight, check_random_state(self.random_state))
            seen, batches, running = 0.0, 0, None
        else:
            used, weight = rows, check_weight(sample_weight, len(rows))
            current = self.parameters_
            seen, batches = self.n_samples_seen_, self.n_batches_seen_
            running = self._running or implied(current, self.reg_covar)
        dtype = rows.dtype if first else self.means_.dtype
        batch = collect(compile_kernel(current, rows.dtype), [(used, weight)], n_jobs=self.n_jobs)
        count = float(len(used) if weight is None else weight.sum())
        running = blend(running, batch, step_size(seen, count, self.decay, self.min_step))
        bound = batch.log_likelihood / count
        self._keep(Fit(maximise(running, self.reg_covar, current), (bound,), False), dtype)
        self._running = running
        self.n_samples_seen_ = seen + count
        self.n_batches_seen_ = batches + 1
        if self.callback is not None:
            self.callback(self.n_batches_seen_, bound)
        return self

    def _start(self, rows: Floats, weight: Float64 | None, random_state: np.random.RandomState) -> MixtureParameters:
        shape = (self.n_components, rows.shape[1])
        given = check_start(self.weights_init, self.means_init, self.precisions_init, self._kind, shape)
        if len(given) == 3:
            return MixtureParameters(**given, covariance_type=self.covariance_type)
        sums = initial_statistics(rows, weight, self.n_components, self._kind, self.init_params, random_state)
        start: MixtureParameters = replace(maximise(sums, self.reg_covar), **given)  # type: ignore[arg-type]
        return start

    def _train(self, make_blocks: MakeBlocks, start: MixtureParameters, lower_bound: float, n_jobs: int) -> Fit:
        done = 0

        def report(iteration: int, bound: float) -> None:
            nonlocal done
            done = iteration
            if self.callback is not None:
                self.callback(iteration, bound)

        train = partial(em, make_blocks, start, tol=self.tol, reg_covar=self.reg_covar, lower_bound=lower_bound)
        try:
            return train(max_iter=self.max_iter, n_jobs=n_jobs, callback=report)
        except IllDefinedError:  # a component has collapsed: the same again, up to there
            return train(max_iter=done, n_jobs=n_jobs)

    def _current(self) -> MixtureParameters:
        wanted = self._kind.shape(self.n_components, self.means_.shape[1])
        if len(self.means_) != self.n_components or self.covariances_.shape != wanted:
            raise ValueError(
                f"warm_start goes on with the last model, which has {len(self.means_)} components and covariances of "
                f"shape {self.covariances_.shape}; n_components, covariance_type or n_factors have changed since: set "
                "warm_start to False"
            )
        return self.parameters_

    def _keep(self, fit: Fit, dtype: npt.DTypeLike) -> None:
        self._running = None
        self.n_batches_seen_ = 0
        self._keep_mixture(fit.parameters, fit, dtype)

    @property
    def parameters_(self) -> MixtureParameters:
        """The fitted mixture as a frozen value, in float64, for the plain functions of this package."""
        return MixtureParameters(*self._kept_mixture(), self.covariance_type)

    @property
    def _kind(self) -> CovarianceKind:
        return covariance_kind(self.covariance_type).of_size(self.n_factors)

    def _n_parameters(self) -> int:
        """Return the number of free parameters."""
        n_components, n_features = self.means_.shape
        return int(self._kind.n_free(n_components, n_features) + n_components * n_features + n_components - 1)

    def bic(self, X: npt.ArrayLike) -> float:
        """Return the Bayesian information criterion on X; lower is better."""
        rows = self._rows(X)
        return -2 * self._total(rows) + self._n_parameters() * math.log(len(rows))

    def aic(self, X: npt.ArrayLike) -> float:
        """Return Akaike's information criterion on X; lower is better."""
        return -2 * self._total(self._rows(X)) + 2 * self._n_parameters()

    def icl(self, X: npt.ArrayLike) -> float:
        """Return the integrated completed likelihood criterion on X; lower is better.

        It is the Bayesian information criterion plus twice the entropy of the posteriors in nats, and so prefers
        components that do not overlap: clusters.

        References
        ----------
        C. Biernacki, G. Celeux, G. Govaert. Assessing a mixture model for clustering with the integrated completed
        likelihood. IEEE Transactions on Pattern Analysis and Machine Intelligence 22, 2000. doi:10.1109/34.865189
        """
        rows, parameters = self._rows(X), self.parameters_
        step = max(1, ENTRIES_AT_ONCE // parameters.n_components)
        entropy = 0.0
        for start in range(0, len(rows), step):
            posterior = responsibilities(rows[start : start + step], parameters, **self._engine())
            entropy -= float(xlogy(posterior, posterior).sum(dtype=np.float64))
        return self.bic(rows) + 2 * entropy

    def _total(self, rows: Floats) -> float:
        return float(self.score_samples(rows).sum(dtype=np.float64))

    def condition(self, x_known: npt.ArrayLike) -> Self:
        """Return the fitted mixture of the unknown features given the known ones.

        Parameters
        ----------
        x_known : array (n_features,)
            Values of the known features, NaN for the unknown.

        Raises
        ------
        ValueError
            If x_known has another shape, holds infinity or leaves no feature unknown.

        Examples
        --------
        >>> even = MixtureParameters([1.0], [[0.0, 0.0]], [[[1.0, 0.8], [0.8, 1.0]]], "full")
        >>> GaussianMixture.from_parameters(even).condition([2.0, np.nan]).means_.round(3)
        array([[1.6]])
        """
        conditioned = condition(self.parameters_, x_known).astype(self.means_.dtype)
        other = self._like()._holding(conditioned)
        other.set_params(means_init=None, precisions_init=None)  # those of all features
        if hasattr(self, "feature_names_in_"):
            other.feature_names_in_ = self.feature_names_in_[np.isnan(np.asarray(x_known, dtype=np.float64))]
        return other

    def adapt(
        self,
        X: npt.ArrayLike,
        *,
        relevance: float = 16.0,
        update: Collection[str] = ("means",),
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Return a new mixture: this one adapted to rows by maximum a posteriori estimation, see `map_adapt`.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows, perhaps few.
        relevance : float
            How many rows this mixture counts for against them.
        update : collection of {'weights', 'means', 'covariances'}
            What is adapted.
        sample_weight : array (n_samples,), optional
            Weights of the rows.

        Raises
        ------
        ValueError
            If the rows do not fit this mixture or a parameter is out of range.
        """
        rows = self._rows(X)
        weight = check_weight(sample_weight, len(rows))
        adapted = map_adapt(self.parameters_, rows, relevance=relevance, update=update, sample_weight=weight)
        other = self._like()._holding(adapted.astype(self.means_.dtype))
        if hasattr(self, "feature_names_in_"):
            other.feature_names_in_ = self.feature_names_in_
        return other

    def _like(self) -> Self:
        return type(self)(**self.get_params(deep=False))
