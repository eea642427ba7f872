"""GaussianMixtureDensity: a density whose number of components is found by cross-validation."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.model_selection import KFold
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from diarize.gmm.arrays import Float64, Floats, IllDefinedError
from diarize.gmm.covariance import COVARIANCE_TYPES
from diarize.gmm.estimators.checks import check_n_samples
from diarize.gmm.estimators.mixture import GaussianMixture
from diarize.gmm.estimators.validation import Interval, StrOptions
from diarize.gmm.fitting.em import Fit
from diarize.gmm.fitting.restarts import Training, best_fit, starts
from diarize.gmm.fitting.splitting import grow
from diarize.gmm.inference.marginals import marginal, marginal_cdf, marginal_quantiles, rosenblatt
from diarize.gmm.inference.posteriors import log_likelihood
from diarize.gmm.inference.sampling import draw
from diarize.gmm.scaling import Scaling
from diarize.gmm.uses.calibration import PITCalibration

logger = logging.getLogger(__name__)

_SEEDS = 2**31 - 1
_AUTOMATIC = ("full", "tied", "diag")


class GaussianMixtureDensity(DensityMixin, BaseEstimator):  # type: ignore[misc]
    """Density of numeric rows as a mixture, with as many components as cross-validation supports.

    In each fold a mixture grows component by component, each size starting from the one before with a component split
    in two. Taken is the mixture of fewest parameters whose likelihood of held-out rows is within one standard error of
    the best: that of the difference, row by row, so that it does not matter how unlike each other the rows are.

    Parameters
    ----------
    max_components : int
        The largest size to try.
    covariance_type : {'auto', 'full', 'tied', 'diag', 'spherical'}
        What the covariances are; auto tries full, tied and diag ones in the same folds.
    cv : int
        Folds; fewer where there are fewer rows.
    patience : int
        Growing ends when this many sizes in a row have brought nothing better.
    rule : {'one_standard_error', 'best'}
        Take the fewest parameters that are about as good as the best, or the best.
    standardise : bool
        Whether columns are scaled to a variance of 1 for training; results are in the units of the data.
    tol, reg_covar, max_iter
        As of `GaussianMixture`, on columns of variance 1 with `standardise`.
    random_state : int, RandomState or None
        Seed or generator of random numbers.
    n_jobs : int or None
        Threads, at most one for each fold; results do not depend on it.

    Attributes
    ----------
    mixture_ : GaussianMixture
        The density, in the units of the data: a spherical one of standardised rows is held as diag.
    n_components_ : int
        Its number of components.
    covariance_type_ : str
        What its covariances are.
    cv_log_likelihood_ : array (n_sizes,)
        Mean log-likelihood of held-out rows with 1, 2, ... components of this type, in nats; -inf where a component
        collapsed.
    cv_standard_error_ : array (n_sizes,)
        Standard error of the difference from the best of all.
    n_iter_ : int
        EM rounds of the last training.
    n_features_in_ : int
        Number of features.

    References
    ----------
    P. Smyth. Model selection for probabilistic clustering using cross-validated likelihood. Statistics and Computing
    10, 2000. doi:10.1023/A:1008940618127

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal([[0.0], [9.0]], 1.0, (200, 2, 1)).reshape(-1, 1)
    >>> density = GaussianMixtureDensity(4, random_state=0).fit(rows)
    >>> density.n_components_, bool(abs(density.cdf([4.5], 0)[0] - 0.5) < 0.01)
    (2, True)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "max_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions({"auto", *COVARIANCE_TYPES})],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "rule": [StrOptions({"one_standard_error", "best"})],
        "standardise": ["boolean"],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        max_components: int = 20,
        *,
        covariance_type: str = "auto",
        cv: int = 5,
        patience: int = 3,
        rule: str = "one_standard_error",
        standardise: bool = True,
        tol: float = 1e-4,
        reg_covar: float = 1e-6,
        max_iter: int = 300,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.max_components = max_components
        self.covariance_type = covariance_type
        self.cv = cv
        self.patience = patience
        self.rule = rule
        self.standardise = standardise
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Find the number of components and train on all rows.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows.
        y : object
            Not used.

        Raises
        ------
        ValueError
            If X is not finite or has fewer than two rows, or a parameter is out of range.
        """
        self._validate_params()
        rows = self._validated(X, reset=True, least=2)
        scaling = Scaling.of(rows) if self.standardise else Scaling.none(rows.shape[1])
        even = scaling.apply(rows)
        training = Training(("ward", "kmeans"), 1, self.tol, self.reg_covar, self.max_iter)
        random_state = check_random_state(self.random_state)
        shift = scaling.log_volume(rows)
        tried = [(kind, *self._held_out(even, kind, training, state)) for kind, state in self._states(random_state)]
        held = np.concatenate([held_out for _, held_out, _ in tried]) - shift
        means, errors, place = least_as_good(held, [count for _, _, counts in tried for count in counts], self.rule)
        ends = np.cumsum([len(held_out) for _, held_out, _ in tried])
        which = int(np.searchsorted(ends, place, side="right"))
        kind, held_out, _ = tried[which]
        first = int(ends[which]) - len(held_out)
        self.covariance_type_ = kind
        self.cv_log_likelihood_, self.cv_standard_error_ = (x[first : first + len(held_out)] for x in (means, errors))
        path = _path(even, kind, training, random_state.randint(_SEEDS), place - first + 1, thorough=True)
        *_, (fit, bad) = path
        if bad:
            logger.warning("the density has a collapsed component; rows may be rounded or repeated")
        self.mixture_ = GaussianMixture.from_parameters(scaling.undo(fit.parameters).astype(rows.dtype))
        self.n_components_ = fit.parameters.n_components
        self.n_iter_ = len(fit.lower_bounds)
        return self

    def _states(self, random_state: np.random.RandomState) -> list[tuple[str, np.random.RandomState]]:
        """Return the covariance types to try; folds are the same for all, so that rows can be compared."""
        kinds = _AUTOMATIC if self.covariance_type == "auto" else (self.covariance_type,)
        seed = random_state.randint(_SEEDS)
        return [(kind, np.random.RandomState(seed)) for kind in kinds]

    def _held_out(
        self, rows: Floats, kind: str, training: Training, random_state: np.random.RandomState
    ) -> tuple[Float64, list[int]]:
        """Return the log-likelihood of each row when held out, (n_sizes, n), and the parameters of each size.

        It is -inf where a mixture has collapsed.
        """
        folds = list(KFold(min(self.cv, len(rows)), shuffle=True, random_state=random_state).split(rows))
        seeds = random_state.randint(_SEEDS, size=len(folds)).tolist()
        paths = [
            _path(rows[train], kind, training, seed, self.max_components)
            for (train, _), seed in zip(folds, seeds, strict=True)
        ]
        sizes: list[Float64] = []
        counts: list[int] = []
        totals: list[float] = []
        with ThreadPoolExecutor(min(effective_n_jobs(self.n_jobs), len(folds))) as threads:
            while len(sizes) < self.max_components:
                fits = [fit for fit in threads.map(lambda path: next(path, None), paths) if fit is not None]
                if len(fits) < len(folds):
                    break
                held = np.full(len(rows), -np.inf)
                for (_, test), (fit, bad) in zip(folds, fits, strict=True):
                    if not bad:
                        held[test] = log_likelihood(rows[test], fit.parameters)
                sizes.append(held)
                totals.append(float(held.mean()))
                counts.append(GaussianMixture.from_parameters(fits[0][0].parameters)._n_parameters())
                if len(totals) - 1 - int(np.argmax(totals)) >= self.patience:
                    break
        return np.stack(sizes), counts

    def _validated(self, X: npt.ArrayLike, *, reset: bool, least: int = 1) -> Floats:
        rows: Floats = validate_data(self, X, reset=reset, dtype=[np.float64, np.float32], ensure_min_samples=least)
        return rows

    def _asked(self, X: npt.ArrayLike) -> tuple[GaussianMixture, Floats]:
        check_is_fitted(self)
        return self.mixture_, self._validated(X, reset=False)

    def score_samples(self, X: npt.ArrayLike) -> Floats:
        """Return the log-density of each row, (n_samples,), in nats."""
        mixture, rows = self._asked(X)
        return mixture.score_samples(rows)

    def score(self, X: npt.ArrayLike, y: object = None) -> float:
        """Return the mean log-density per row, in nats."""
        return float(self.score_samples(X).mean())

    def density(self, X: npt.ArrayLike) -> Floats:
        """Return the density at each row, (n_samples,)."""
        return np.exp(self.score_samples(X))

    def marginal(self, features: Sequence[int | str]) -> GaussianMixture:
        """Return the fitted mixture of some features, named or by their places, whatever the others."""
        check_is_fitted(self)
        places = [self._place(feature) for feature in features]
        mixture = GaussianMixture.from_parameters(marginal(self.mixture_.parameters_, places))
        if hasattr(self, "feature_names_in_"):
            mixture.feature_names_in_ = self.feature_names_in_[places]
        return mixture

    def cdf(self, X: npt.ArrayLike, feature: int | str | None = None) -> Float64:
        """Return the probability that a feature by itself is at most as large.

        Parameters
        ----------
        X : array (n_samples, n_features), or (n,) where a feature is given
            Values.
        feature : int or str, optional
            Whose values these are.

        Returns
        -------
        array
            In the shape of X.
        """
        if feature is None:
            mixture, rows = self._asked(X)
            return marginal_cdf(rows, mixture.parameters_)
        values = np.asarray(X, dtype=np.float64)
        return marginal_cdf(values.reshape(-1, 1), self.marginal([feature]).parameters_).reshape(values.shape)

    def quantile(self, levels: npt.ArrayLike, feature: int | str | None = None) -> Float64:
        """Return where features by themselves reach probabilities.

        Parameters
        ----------
        levels : float or array (n_levels,)
            Between 0 and 1.
        feature : int or str, optional
            Only of this feature.

        Returns
        -------
        array (n_levels, n_features), or of the shape of levels where a feature is given
        """
        check_is_fitted(self)
        wanted = np.asarray(levels, dtype=np.float64)
        if feature is None:
            return marginal_quantiles(np.atleast_1d(wanted), self.mixture_.parameters_)
        quantiles = marginal_quantiles(wanted.reshape(-1), self.marginal([feature]).parameters_)
        return quantiles.reshape(wanted.shape)

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.RandomState | None = None
    ) -> tuple[Float64, npt.NDArray[np.int64]]:
        """Draw rows (n_samples, n_features), and tell the component of each, (n_samples,)."""
        check_is_fitted(self)
        check_n_samples(n_samples)
        given = self.random_state if random_state is None else random_state
        return draw(self.mixture_.parameters_, n_samples, check_random_state(given))

    def calibration(self, X: npt.ArrayLike, *, conditional: bool = True) -> PITCalibration:
        """Return the probability integral transform of rows that were not trained on, and how even it is.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows held out.
        conditional : bool
            Whether each feature is judged given those before it, as `rosenblatt` does, which sees the dependence of
            features; else each by itself.

        Raises
        ------
        ValueError
            If X does not fit what was trained on or is not finite.
        """
        mixture, rows = self._asked(X)
        probabilities = (rosenblatt if conditional else marginal_cdf)(rows, mixture.parameters_)
        names = getattr(self, "feature_names_in_", [f"feature {place}" for place in range(rows.shape[1])])
        return PITCalibration(probabilities, tuple(map(str, names)))

    def _place(self, feature: int | str) -> int:
        if isinstance(feature, str):
            names = list(getattr(self, "feature_names_in_", []))
            if feature not in names:
                raise ValueError(f"no feature is named {feature!r}; there are {names}")
            return names.index(feature)
        return int(feature)


def _path(
    rows: Floats, kind: str, training: Training, seed: int, size: int, *, thorough: bool = False
) -> Iterator[tuple[Fit, bool]]:
    """Yield mixtures of 1, 2, ... components, each grown from the one before, and whether they have collapsed.

    The last one is also trained from fresh starts if the path is to be thorough.
    """
    random_state = np.random.RandomState(seed)
    last: Fit | None = None
    for count in range(1, min(size, len(np.unique(rows, axis=0))) + 1):
        candidates = []
        if last is None or (thorough and count == size):
            candidates += list(starts(rows, count, kind, training, random_state))
        try:
            if last is not None:
                candidates.append(grow(lambda: [rows], last.parameters, random_state, reg_covar=training.reg_covar))
            last, bad = best_fit(rows, candidates, training)
        except IllDefinedError:
            if last is None:
                raise
            return
        yield last, bad


def least_as_good(held: Float64, n_parameters: Sequence[int], rule: str) -> tuple[Float64, Float64, int]:
    """Return mean held-out log-likelihoods of models, standard errors of their differences from the best, the choice.

    Parameters
    ----------
    held : array (n_models, n)
        Log-likelihoods of held-out rows.
    n_parameters : sequence of int
        Of the models; the least that is good is chosen.
    rule : {'one_standard_error', 'best'}
        What is good.
    """
    means = held.mean(axis=1)
    best = int(np.argmax(means))
    errors = np.full(len(means), np.inf)
    for place, row in enumerate(held):
        if np.isfinite(means[place]):
            errors[place] = (held[best] - row).std(ddof=1) / math.sqrt(held.shape[1])
    good = np.isfinite(means) & (means >= means[best] - (errors if rule == "one_standard_error" else 0.0))
    chosen = min(np.flatnonzero(good), key=lambda place: (n_parameters[int(place)], -means[place]), default=0)
    return means, errors, int(chosen)
