"""Filling in missing entries by a mixture of Gaussians: once, many times over, and with intervals."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import MissingIndicator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.covariance import COVARIANCE_TYPES
from diarize.gmm.estimators.mixture import GaussianMixture
from diarize.gmm.estimators.validation import Interval, StrOptions
from diarize.gmm.inference.conditional import conditional_mean
from diarize.gmm.inference.conditional_draws import conditional_draw, conditional_quantiles
from diarize.gmm.parameters import MixtureParameters
from diarize.gmm.scaling import Scaling
from diarize.gmm.uses.shrunk_mixtures import Settings, fit_shrunk

# A column that varies by less than this share of its largest value is constant but for rounding.
_CONSTANT = 16 * float(np.finfo(np.float64).eps)
_FAR = 1e100  # standard deviations; farther values are as good as this
_TRUE = 1e-4  # of the gain in likelihood that refitting to other rows of the same kind brings: closer is no use


class GaussianMixtureImputer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fills missing entries (NaN) in by what a mixture of Gaussians expects given the observed entries of the row.

    The mixture is trained on all rows, incomplete ones too, by EM: nothing is imputed in training. Columns may have any
    scale. Entries should be missing at random: whether one is missing may depend on what is observed, not on itself.

    Parameters
    ----------
    n_components : int or 'bic'
        Number of Gaussians; 'bic' takes the best by the Bayesian information criterion from 1 to `max_components`.
    max_components : int
        The most that 'bic' tries. Sizes are compared on 10,000 rows where there are more.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        A covariance matrix for each component, one for all, variances for each, or one variance for each.
    shrinkage : float
        How many rows, for each column, the covariance of all rows counts for in the covariance of each component; keeps
        mixtures of few rows sane.
    reg_covar : float
        Added to every variance, in units of the column's variance.
    how : {'mean', 'sample'}
        Whether `transform` takes the mean of the missing entry given the observed ones, which has the least squared
        error, or draws the missing entries of each row, which keeps variances and correlations as they are.
    tol : float
        Training ends when the mean log-likelihood gains less, in nats.
    max_iter : int
        EM iterations at most.
    n_init : int
        Starts to try for each number of components.
    add_indicator : bool
        Whether `transform` appends a column of 0 and 1 for each column in which entries were missing in training.
    keep_empty_features : bool
        Whether columns without any value in training are filled with 0, or else left out by `transform`.
    random_state : int, RandomState or None
        Seed or generator of random numbers.
    n_jobs : int or None
        Threads; -1 for one for each core, None for one. Results do not depend on it.

    Attributes
    ----------
    n_components_ : int
        Number of Gaussians, 0 where no column varies.
    bic_ : dict of int to float
        The criterion for each number of components tried; lower is better.
    center_, scale_ : array (n_features,)
        Mean and standard deviation of what is observed of each column; scale 0 for constant columns, which are filled
        with their value, and NaN for columns without any.
    converged_ : bool
        Whether training ended by `tol`.
    n_iter_ : int
        EM iterations of the mixture that was taken.
    indicator_ : MissingIndicator or None
        Where `add_indicator` is set.

    References
    ----------
    Z. Ghahramani, M. I. Jordan. Supervised learning from incomplete data via an EM approach. Advances in Neural
    Information Processing Systems 6, 1994, 120-127.

    R. J. A. Little, D. B. Rubin. Statistical Analysis with Missing Data, third edition, 2019.
    doi:10.1002/9781119482260

    Examples
    --------
    >>> line = np.arange(12.0)
    >>> rows = np.stack([line, 100 - 10 * line], axis=1)
    >>> rows[4, 1] = rows[7, 0] = np.nan
    >>> GaussianMixtureImputer(1, shrinkage=0, random_state=0).fit_transform(rows)[[4, 7]].round(1)
    array([[ 4., 60.],
           [ 7., 30.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [StrOptions({"bic"}), Interval(Integral, 1, None, closed="left")],
        "max_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions(set(COVARIANCE_TYPES))],
        "shrinkage": [Interval(Real, 0, None, closed="left")],
        "reg_covar": [Interval(Real, 0, None, closed="neither")],
        "how": [StrOptions({"mean", "sample"})],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "add_indicator": ["boolean"],
        "keep_empty_features": ["boolean"],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        n_components: int | str = "bic",
        *,
        max_components: int = 10,
        covariance_type: str = "full",
        shrinkage: float = 1.0,
        reg_covar: float = 1e-4,
        how: str = "mean",
        tol: float = 1e-4,
        max_iter: int = 100,
        n_init: int = 1,
        add_indicator: bool = False,
        keep_empty_features: bool = False,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.max_components = max_components
        self.covariance_type = covariance_type
        self.shrinkage = shrinkage
        self.reg_covar = reg_covar
        self.how = how
        self.tol = tol
        self.max_iter = max_iter
        self.n_init = n_init
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Train the mixture.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows, NaN where an entry is missing.
        y : object
            Not used.

        Raises
        ------
        ValueError
            If X holds infinity, no value at all or fewer rows than components, or a parameter is out of range.
        """
        self._validate_params()
        values = self._validated(X, reset=True)
        if np.isnan(values).all():
            raise ValueError("X holds no value at all, only NaN: there is nothing to learn from")
        self.indicator_ = None
        if self.add_indicator:
            self.indicator_ = MissingIndicator(error_on_new=False).fit(values)
        self.center_, self.scale_ = _standards(values.astype(np.float64))
        rows = self._standardised(values)
        self._rows = rows[~np.isnan(rows).all(axis=1)]
        self._mixture: MixtureParameters | None = None  # of standardised rows
        self.n_components_, self.bic_, self.converged_, self.n_iter_ = 0, dict[int, float](), True, 0
        if rows.shape[1]:
            self._learn()
        return self

    def _learn(self) -> None:
        count = len(self._rows)
        if isinstance(self.n_components, str):
            sizes = range(1, min(self.max_components, count) + 1)
        else:
            sizes = range(self.n_components, self.n_components + 1)
            if count < self.n_components:
                raise ValueError(
                    f"Expected n_samples >= n_components but got n_components = {self.n_components}, "
                    f"n_samples = {count} that hold a value which is not that of all rows"
                )
        chosen = fit_shrunk(self._rows, sizes, self._settings(), check_random_state(self.random_state))
        self._mixture, self._prior, self.bic_ = chosen.fit.parameters, chosen.prior, chosen.bic
        self.n_components_ = chosen.fit.parameters.n_components
        self.converged_, self.n_iter_ = chosen.fit.converged, len(chosen.fit.lower_bounds)
        if not self.converged_:
            text = f"Training did not converge in {self.n_iter_} iterations; increase max_iter or tol"
            warnings.warn(text, ConvergenceWarning, stacklevel=3)

    def _settings(self) -> Settings:
        names = ("covariance_type", "shrinkage", "reg_covar", "tol", "max_iter", "n_init", "n_jobs")
        return Settings(**{name: getattr(self, name) for name in names})

    @property
    def mixture_(self) -> GaussianMixture:
        """The fitted mixture of the columns that vary, in their units; spherical covariances become diagonal."""
        check_is_fitted(self)
        if self._mixture is None:
            raise ValueError("no column of the rows in training varies: there is no mixture")
        scaling = Scaling(self.center_[self._varying], self.scale_[self._varying])
        return GaussianMixture.from_parameters(scaling.undo(self._mixture, per_feature=True))

    @property
    def _varying(self) -> npt.NDArray[np.bool_]:
        varying: npt.NDArray[np.bool_] = self.scale_ > 0  # False for NaN
        return varying

    @property
    def _kept(self) -> npt.NDArray[np.bool_]:
        return ~np.isnan(self.center_) | self.keep_empty_features

    def transform(self, X: npt.ArrayLike) -> Floats:
        """Return rows with their missing entries filled in, (n_samples, n_features_out), in the precision of X."""
        check_is_fitted(self)
        values = self._validated(X, reset=False)
        if self.how == "mean":
            completed = self._completed(values, conditional_mean)
        else:
            state = check_random_state(self.random_state)
            completed = self._completed(values, lambda rows, mixture: conditional_draw(rows, mixture, state))
        if self.indicator_ is None:
            return completed
        marked: Floats = np.hstack([completed, self.indicator_.transform(values).astype(completed.dtype)])
        return marked

    def impute_many(self, X: npt.ArrayLike, n: int = 20) -> Floats:
        """Return several completions at random, whose differences tell how unsure an answer is; see `pool_estimates`.

        Each is drawn from a mixture trained anew, on as many rows drawn with replacement from those of `fit`: so the
        uncertainty of the mixture counts too (but not that of its size). Indicators are left out.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows, NaN where an entry is missing.
        n : int
            How many.

        Returns
        -------
        array (n, n_samples, n_features_out)
            In the precision of X.

        Raises
        ------
        ValueError
            If X does not fit or n is below 1.

        References
        ----------
        J. Honaker, G. King. What to do about missing values in time-series cross-section data. American Journal of
        Political Science 54, 2010, 561-581. doi:10.1111/j.1540-5907.2010.00447.x
        """
        check_is_fitted(self)
        if n < 1:
            raise ValueError(f"n must be at least 1, got {n}")
        values, state = self._validated(X, reset=False), check_random_state(self.random_state)
        completions = np.empty((n, len(values), int(self._kept.sum())), dtype=values.dtype)

        def drawn(rows: Float64, mixture: MixtureParameters) -> Floats:
            return conditional_draw(rows, self._redrawn(mixture, state), state)

        for place in range(n):
            completions[place] = self._completed(values, drawn)
        return completions

    def _redrawn(self, start: MixtureParameters, state: np.random.RandomState) -> MixtureParameters:
        """Return the mixture of a bootstrap sample of the rows of `fit`."""
        count = len(self._rows)
        weight = np.bincount(state.randint(count, size=count), minlength=count).astype(np.float64)
        # refitting gains about n_free / (2 count) nats a row: stopping early would leave draws too much alike
        n_free = start.weights.size + start.means.size + start.covariances.size
        settings = replace(self._settings(), tol=min(self.tol, _TRUE * n_free / count), max_iter=10 * self.max_iter)
        return settings.train(self._rows[weight > 0], start, self._prior, weight[weight > 0]).parameters

    def predict_interval(self, X: npt.ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the ends of the interval that each missing entry lies in with a given probability.

        They are quantiles of the entry's distribution given the observed entries of its row. Observed entries are their
        own interval. Indicators are left out.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows, NaN where an entry is missing.
        level : float
            Above 0 and below 1.

        Returns
        -------
        low, high : array (n_samples, n_features_out)
            In the precision of X.

        Raises
        ------
        ValueError
            If X does not fit or the level is out of range.
        """
        check_is_fitted(self)
        if not 0 < level < 1:
            raise ValueError(f"level must be above 0 and below 1, got {level}")
        values = self._validated(X, reset=False)
        ends: Floats = np.empty((0, 0, 0))

        def low_end(rows: Float64, mixture: MixtureParameters) -> Floats:
            nonlocal ends
            ends = conditional_quantiles(rows, mixture, [0.5 - level / 2, 0.5 + level / 2])
            first: Floats = ends[0]
            return first

        low = self._completed(values, low_end)
        return low, self._completed(values, lambda *_: ends[1])

    def _completed(self, values: Floats, complete: Callable[[Float64, MixtureParameters], Floats]) -> Floats:
        """Return rows filled in: varying columns by a function of standardised rows and the mixture."""
        completed = np.where(np.isnan(values), np.nan_to_num(self.center_), values)
        if self._mixture is not None:
            varying = self._varying
            answer = complete(self._standardised(values), self._mixture)
            answer = self.center_[varying] + self.scale_[varying] * answer
            completed[:, varying] = np.where(np.isnan(values[:, varying]), answer, values[:, varying])
        kept: Floats = completed[:, self._kept].astype(values.dtype)
        return kept

    def _standardised(self, values: Floats) -> Float64:
        """Return the columns that vary, centred and in units of their standard deviation."""
        varying = self._varying
        with np.errstate(over="ignore"):
            rows = (values[:, varying].astype(np.float64) - self.center_[varying]) / self.scale_[varying]
        near: Float64 = np.clip(rows, -_FAR, _FAR)
        return near

    def _validated(self, X: npt.ArrayLike, *, reset: bool) -> Floats:
        values: Floats = validate_data(
            self, X, reset=reset, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan"
        )
        return values

    def get_feature_names_out(self, input_features: npt.ArrayLike | None = None) -> npt.NDArray[np.object_]:
        """Return the names of the columns that `transform` gives.

        Parameters
        ----------
        input_features : array of str, optional
            Names of the columns of X; by default those seen in `fit`, or x0, x1 and so on.
        """
        check_is_fitted(self)
        names = np.asarray(super().get_feature_names_out(input_features), dtype=object)
        titles = list(names[self._kept])
        if self.indicator_ is not None:
            titles += [f"missingindicator_{name}" for name in names[self.indicator_.features_]]
        return np.array(titles, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _standards(values: Float64) -> tuple[Float64, Float64]:
    """Return mean and standard deviation of each column's values; deviation 0 for constants, NaN for no values."""
    missing = np.isnan(values)
    count = np.maximum((~missing).sum(axis=0), 1)
    unit = np.where(missing, 0.0, np.abs(values)).max(axis=0)
    unit[unit == 0] = 1.0  # in units of the largest value no square overflows
    white = np.where(missing, 0.0, values / unit)
    mean = white.sum(axis=0) / count
    deviation = np.sqrt(np.where(missing, 0.0, (white - mean) ** 2).sum(axis=0) / count)
    constant = deviation <= _CONSTANT
    center = np.where(constant, np.where(missing, -math.inf, values).max(axis=0), mean * unit)
    scale = np.where(constant, 0.0, deviation * unit)
    empty = missing.all(axis=0)
    return np.where(empty, math.nan, center), np.where(empty, math.nan, scale)
