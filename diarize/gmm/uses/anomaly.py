"""Which rows are unlike the others: a mixture that outliers cannot spoil, thresholds, p-values and reasons."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.model_selection import KFold
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from diarize.gmm.arrays import Float64
from diarize.gmm.covariance import COVARIANCE_TYPES
from diarize.gmm.estimators.mixture import GaussianMixture
from diarize.gmm.estimators.validation import Interval, Options, StrOptions
from diarize.gmm.fitting.em import maximise
from diarize.gmm.inference.conditional import conditional_mean
from diarize.gmm.inference.expectation import accumulate
from diarize.gmm.inference.posteriors import log_likelihood
from diarize.gmm.parameters import MixtureParameters

Kept = npt.NDArray[np.bool_]

_LEAST_REG = 0.01
_TRIM = 0.3  # where the training rows may hold outliers
_QUARTILE = 0.6744897501960817  # of the standard normal distribution
_FENCE = 3.0  # standard deviations


class GaussianMixtureOutlierDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """Rows of low density are outliers; the density is that of a mixture fitted to the likelier part of the rows.

    Features are scaled by median and interquartile range. The mixture is fitted, the least likely share of the rows is
    left out, and it is fitted to the others, until these stay the same (concentration steps). Left-out rows are scored
    as all others: trimming decides what the mixture learns from, not what is an outlier. A dense clump of outliers
    nearly as large as the share left out can still hold the fit.

    Entries may be missing (NaN): rows are scored with their expectation in their place, so that they speak neither for
    nor against the row.

    Parameters
    ----------
    n_components : int
        Number of Gaussians. One is the safe choice where the training rows hold outliers, since small components
        tend to settle on these; with clean rows (contamination=0) more of them draw a finer picture.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        As `GaussianMixture` has it.
    contamination : float in [0, 0.5] or 'auto'
        Share of the training rows that come out as outliers. 0 says that the training rows are clean: the threshold is
        the lowest score of them. 'auto' puts it where the cube root of the score's distance from the peak, close to a
        normal variable for Gaussian rows, is three standard deviations above its median; both are taken from the
        likelier half of the rows.
    trim : float in [0, 1) or 'auto'
        Share of the training rows to learn nothing from; 'auto' is 0.3, or 0 with contamination=0.
    max_steps : int
        Concentration steps at most.
    reg_covar : float or 'auto'
        Added to every variance of the scaled features; 'auto' is 2 n_features / n_samples, but at least 0.01 and at
        most 1: covariances of few rows in many dimensions need support.
    n_init : int
        Starts of the first fit; the most likely one is kept.
    cv : int or None
        Folds that fit is to calibrate `p_values` on; without, `calibrate` does it, on other rows.
    random_state : int, RandomState or None
        Seed or generator of random numbers of k-means, with several components, and of the folds.
    n_jobs : int or None
        Threads over rows; results do not depend on it.

    Attributes
    ----------
    offset_ : float
        Scores below are outliers, in nats.
    mixture_ : GaussianMixture
        Of the scaled features.
    center_, scale_ : array (n_features,)
        What is subtracted from the features before they are divided, in their units.
    support_ : array (n_samples,) of bool
        The training rows that the mixture was fitted to.
    n_steps_ : int
        Concentration steps that were taken.

    References
    ----------
    P. J. Rousseeuw, K. Van Driessen. A fast algorithm for the minimum covariance determinant estimator. Technometrics
    41, 1999. doi:10.1080/00401706.1999.10485670
    N. M. Neykov, P. Filzmoser, R. Dimova, P. N. Neytchev. Robust fitting of mixtures using the trimmed likelihood
    estimator. Computational Statistics and Data Analysis 52, 2007. doi:10.1016/j.csda.2006.12.024
    E. B. Wilson, M. M. Hilferty. The distribution of chi-square. PNAS 17, 1931. doi:10.1073/pnas.17.12.684

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(200, 2)) @ [[1.0, 0.9], [0.0, 0.5]]
    >>> X[:2] = [[2.5, -2.5], [9.0, 9.0]]
    >>> detector = GaussianMixtureOutlierDetector(contamination=0.01).fit(X)
    >>> np.flatnonzero(detector.predict(X) == -1)
    array([0, 1])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions(set(COVARIANCE_TYPES))],
        "contamination": [StrOptions({"auto"}), Options(Real, {0}), Interval(Real, 0, 0.5, closed="right")],
        "trim": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
        "max_steps": [Interval(Integral, 0, None, closed="left")],
        "reg_covar": [StrOptions({"auto"}), Interval(Real, 0.0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "cv": [Interval(Integral, 2, None, closed="left"), None],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        contamination: float | str = "auto",
        trim: float | str = "auto",
        max_steps: int = 20,
        reg_covar: float | str = "auto",
        n_init: int = 1,
        cv: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.contamination = contamination
        self.trim = trim
        self.max_steps = max_steps
        self.reg_covar = reg_covar
        self.n_init = n_init
        self.cv = cv
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn what is usual.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows.
        y : object
            Not used.

        Raises
        ------
        ValueError
            If X holds infinity, has fewer than two rows, fewer than there are components or folds, or a column without
            any value, or a parameter is out of range.
        """
        self._validate_params()
        rows = self._validated(X, reset=True)
        void = np.flatnonzero(np.isnan(rows).all(axis=0))
        if len(void):
            raise ValueError(f"X holds only NaN in column {', '.join(map(str, void))}; remove it")
        self.center_, self.scale_ = _robust_scale(rows)
        random_state = check_random_state(self.random_state)
        self._calibration = [] if self.cv is None else self._cross_calibrated(rows, self.cv, random_state)
        scaled = self._scaled(rows)
        self.mixture_, self.support_, self.n_steps_ = self._concentrated(scaled, random_state)
        self.offset_ = self._threshold(self._score(scaled))
        return self

    def _concentrated(self, rows: Float64, random_state: np.random.RandomState) -> tuple[GaussianMixture, Kept, int]:
        """Return the mixture, which rows it was fitted to, and the number of concentration steps."""
        reg_covar = min(1.0, max(_LEAST_REG, 2 * rows.shape[1] / len(rows)))
        if self.reg_covar != "auto":
            reg_covar = float(self.reg_covar)
        mixture = GaussianMixture(
            self.n_components,
            covariance_type=self.covariance_type,
            reg_covar=reg_covar,
            n_init=self.n_init,
            random_state=random_state,
            n_jobs=self.n_jobs,
        ).fit(rows)
        trim = self.trim if self.trim != "auto" else _TRIM if self.contamination != 0 else 0.0
        count = max(int(np.ceil(len(rows) * (1 - float(trim)))), self.n_components, 2)
        kept, current, steps = np.ones(len(rows), dtype=bool), mixture.parameters_, 0
        while count < len(rows) and steps < self.max_steps:
            best = np.zeros(len(rows), dtype=bool)
            best[np.argsort(-self._density(rows, current), kind="stable")[:count]] = True
            if (best == kept).all() or np.isnan(rows[best]).all(axis=0).any():
                break
            kept = best
            # one EM iteration a step, after which a single Gaussian is there already
            current = maximise(accumulate(rows[kept], current, n_jobs=self.n_jobs), reg_covar, current)
            steps += 1
        if steps:
            precisions = GaussianMixture.from_parameters(current).precisions_
            mixture.set_params(weights_init=current.weights, means_init=current.means, precisions_init=precisions)
            mixture.set_params(n_init=1).fit(rows[kept])
        return mixture, kept, steps

    def _cross_calibrated(
        self, rows: Float64, n_folds: int, random_state: np.random.RandomState
    ) -> list[tuple[GaussianMixtureOutlierDetector, Float64]]:
        folds = []
        for train, test in KFold(n_folds, shuffle=True, random_state=random_state).split(rows):
            model = clone(self).set_params(cv=None, random_state=random_state).fit(rows[train])
            folds.append((model, np.sort(model.score_samples(rows[test]))))
        return folds

    def _threshold(self, scores: Float64) -> float:
        if self.contamination == 0:
            return float(scores.min())
        if self.contamination != "auto":
            return float(np.percentile(scores, 100 * float(self.contamination)))
        peak = float(self._score(self.mixture_.means_).max())
        depth = np.cbrt(np.maximum(peak - scores, 0))
        quarter, median = np.quantile(depth, [0.25, 0.5])
        spread = (median - quarter) / _QUARTILE if quarter < median else depth.std()
        return float(peak - (median + _FENCE * spread) ** 3)

    def _validated(self, X: npt.ArrayLike, *, reset: bool) -> Float64:
        rows: Float64 = validate_data(
            self,
            X,
            reset=reset,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            ensure_min_samples=2 if reset else 1,
        )
        return rows

    def _scaled(self, rows: Float64) -> Float64:
        scaled: Float64 = (rows - self.center_) / self.scale_
        return scaled

    def _rows(self, X: npt.ArrayLike) -> Float64:
        """Return scaled rows, missing entries included."""
        check_is_fitted(self)
        return self._scaled(self._validated(X, reset=False))

    def _density(self, rows: Float64, parameters: MixtureParameters) -> Float64:
        """Return log densities of scaled rows, expectations in the place of missing entries."""
        if np.isnan(rows).any():
            rows = conditional_mean(rows, parameters).astype(np.float64)
        return log_likelihood(rows, parameters, n_jobs=self.n_jobs).astype(np.float64)

    def _score(self, rows: Float64) -> Float64:
        log_densities: Float64 = self._density(rows, self.mixture_.parameters_) - float(np.log(self.scale_).sum())
        return log_densities

    def score_samples(self, X: npt.ArrayLike) -> Float64:
        """Return the log density of each row, (n_samples,), in nats: the lower, the more anomalous."""
        return self._score(self._rows(X))

    def decision_function(self, X: npt.ArrayLike) -> Float64:
        """Return how far the score of each row is above the threshold, (n_samples,), in nats; below 0 for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return -1 for outliers, else 1, (n_samples,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def fit_threshold(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Put the threshold where it tells labelled rows apart best, by the F1 score of the outliers.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows held out from training.
        y : array (n_samples,)
            1 and -1, as `predict` has them, or 0 for inliers and 1 for outliers.

        Raises
        ------
        ValueError
            If y is something else, or all rows are of one kind.

        Examples
        --------
        >>> detector = GaussianMixtureOutlierDetector().fit([[0.0], [1.0], [2.0], [3.0]])
        >>> detector.fit_threshold([[1.0], [2.0], [9.0], [9.5], [30.0]], [1, 1, 1, -1, -1]).predict([[9.2], [9.4]])
        array([ 1, -1])
        """
        scores = self.score_samples(X)
        outlier = _is_outlier(y)
        check_consistent_length(scores, outlier)
        order = np.argsort(scores, kind="stable")
        ranked = scores[order]
        hits, flagged = np.cumsum(outlier[order]), np.arange(1, len(ranked) + 1)
        f1 = 2 * hits / (flagged + outlier.sum())
        f1[:-1][ranked[:-1] == ranked[1:]] = 0  # no threshold can be put between equal scores
        best = int(f1.argmax())
        self.offset_ = float(np.nextafter(ranked[-1], np.inf))
        if best + 1 < len(ranked):
            self.offset_ = float(ranked[best] / 2 + ranked[best + 1] / 2)
        return self

    def calibrate(self, X: npt.ArrayLike) -> Self:
        """Take these rows, usual ones that were held out from training, as what `p_values` compares with."""
        self._calibration = [(self, np.sort(self.score_samples(X)))]
        return self

    def p_values(self, X: npt.ArrayLike) -> Float64:
        """Return the conformal p-value of each row, (n_samples,): how rare rows as unlikely are among usual ones.

        With n calibration rows, c of them with scores as low, it is (c + 1) / (n + 1); a row of a fold is compared by
        the model that was fitted without it. If usual rows are exchangeable with those of `calibrate`, theirs are at
        most a with probability a at most, whatever the mixture and the distribution; after cross-conformal calibration
        (`cv`) 2 a is what is guaranteed and a what is seen. Outliers among the calibration rows make them too large,
        not too small.

        Raises
        ------
        ValueError
            If neither `cv` was set nor `calibrate` was called.

        References
        ----------
        S. Bates, E. Candes, L. Lei, Y. Romano, M. Sesia. Testing for outliers with conformal p-values. Annals of
        Statistics 51, 2023. doi:10.1214/22-AOS2244
        V. Vovk. Cross-conformal predictors. Annals of Mathematics and Artificial Intelligence 74, 2015.
        doi:10.1007/s10472-013-9368-4

        Examples
        --------
        >>> usual = np.arange(-9.0, 10.0)[:, None]
        >>> detector = GaussianMixtureOutlierDetector(contamination=0).fit(usual).calibrate(usual)
        >>> detector.p_values([[0.0], [7.5], [12.0]])
        array([1.  , 0.25, 0.05])
        """
        check_is_fitted(self)
        if not self._calibration:
            raise ValueError(
                "p-values are not calibrated: set cv before fit, or call calibrate with held-out usual rows"
            )
        rows = self._validated(X, reset=False)
        below = np.ones(len(rows))
        for model, scores in self._calibration:
            below += np.searchsorted(scores, model.score_samples(rows), side="right")
        shares: Float64 = below / (1 + sum(len(scores) for _, scores in self._calibration))
        return shares

    def expected(self, X: npt.ArrayLike) -> Float64:
        """Return what each feature was expected to be given all others, (n_samples, n_features), in the units of X."""
        values: Float64 = self._expected(self._filled(X)) * self.scale_ + self.center_
        return values

    def explain(self, X: npt.ArrayLike) -> Float64:
        """Return for each feature how much likelier the row would be, if that feature were as the others suggest.

        Returns
        -------
        array (n_samples, n_features)
            In nats; large for the features that make the row anomalous. With one Gaussian it is half the squared number
            of conditional standard deviations from the conditional mean; with several it may be below 0.

        Examples
        --------
        >>> X = np.random.default_rng(0).normal(size=(500, 1)) + [0.0, 10.0] + np.zeros((500, 2))
        >>> X = np.c_[X, np.random.default_rng(1).normal(size=500)]
        >>> detector = GaussianMixtureOutlierDetector().fit(X)
        >>> detector.explain([[1.0, 11.0, 9.0], [3.0, 7.0, 0.0]]).round(-1) + 0.0
        array([[  0.,   0., 110.],
               [700., 700.,   0.]])
        """
        rows = self._filled(X)
        parameters = self.mixture_.parameters_
        expected, base = self._expected(rows), self._density(rows, parameters)
        gains = np.empty_like(rows)
        for feature in range(rows.shape[1]):
            usual = rows.copy()
            usual[:, feature] = expected[:, feature]
            gains[:, feature] = self._density(usual, parameters) - base
        return gains

    def _filled(self, X: npt.ArrayLike) -> Float64:
        return conditional_mean(self._rows(X), self.mixture_.parameters_).astype(np.float64)

    def _expected(self, rows: Float64) -> Float64:
        expected = np.empty_like(rows)
        for feature in range(rows.shape[1]):
            holed = rows.copy()
            holed[:, feature] = np.nan
            expected[:, feature] = conditional_mean(holed, self.mixture_.parameters_)[:, feature]
        return expected

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _robust_scale(rows: Float64) -> tuple[Float64, Float64]:
    """Return medians and what the interquartile ranges say of standard deviations, which stand in where these are 0."""
    low, center, high = np.nanquantile(rows, [0.25, 0.5, 0.75], axis=0)
    scale = (high - low) / (2 * _QUARTILE)
    with np.errstate(over="ignore"):
        scale = np.where(scale > 0, scale, np.nanstd(rows, axis=0))
    return center, np.where((scale > 0) & np.isfinite(scale), scale, 1.0)


def _is_outlier(y: npt.ArrayLike) -> Kept:
    """Return which labels say outlier."""
    labels = column_or_1d(y)
    values = set(labels.tolist())
    if values in ({-1, 1}, {0, 1}):
        return np.asarray(labels == (-1 if -1 in values else 1), dtype=bool)
    raise ValueError(f"y must hold both kinds: 1 and -1 (outliers), or 0 and 1 (outliers); got {sorted(values)[:5]}")
