"""GaussianMixtureSelector: every kind of covariance and every size in one table, and the best of them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from numbers import Integral, Real
from os import PathLike
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
from diarize.gmm.estimators.checks import check_n_samples, informative
from diarize.gmm.estimators.mixture import GaussianMixture
from diarize.gmm.estimators.validation import Interval, StrOptions
from diarize.gmm.fitting.em import Fit
from diarize.gmm.fitting.initialise import INITIALISATIONS
from diarize.gmm.fitting.restarts import Training, best_fit, starts
from diarize.gmm.fitting.splitting import split
from diarize.gmm.inference.posteriors import log_likelihood
from diarize.gmm.inference.sampling import draw
from diarize.gmm.parameters import MixtureParameters
from diarize.gmm.scaling import Scaling

logger = logging.getLogger(__name__)

Row = dict[str, Any]
_SEEDS = 2**31 - 1
_CRITERIA = {"bic": 1, "aic": 1, "icl": 1, "cv": -1}  # 1 where lower is better
_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What every cell of the table is made of."""

    rows: Floats
    log_volume: Float64
    training: Training
    folds: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]
    criterion: str
    patience: float


class GaussianMixtureSelector(DensityMixin, BaseEstimator):  # type: ignore[misc]
    """Fits mixtures of each covariance type and size, compares them, and is the best of them.

    Each cell is trained from several starts, among them the last smaller mixture with a component split. Results in
    which a component has collapsed to a point or a plane are set aside, however likely. Missing entries are NaN.

    Parameters
    ----------
    n_components : int or iterable of int
        Sizes to try; an int stands for 1 up to it. Sizes above the number of rows that differ are left
        out.
    covariance_types : str or iterable of {'full', 'tied', 'diag', 'spherical'}
        Covariances to try.
    criterion : {'bic', 'aic', 'icl', 'cv'}
        What decides: the Bayesian information criterion, Akaike's, the integrated completed likelihood, which prefers
        components that do not overlap, or the likelihood of rows held out.
    standardise : bool
        Whether columns are scaled to a variance of 1 for training. Results are in the units of the data; for the
        spherical type it makes another model.
    init_params : str or iterable of str
        Kinds of starts, as `GaussianMixture` takes them.
    n_init : int
        How often starts that depend on chance are repeated.
    cv : int or None
        Folds of cross-validation; with None there is none, or 5 folds where the criterion needs them.
    patience : int or None
        A covariance type is left when this many sizes in a row have brought nothing better; None tries all.
    tol, reg_covar, max_iter
        As of `GaussianMixture`, on columns of variance 1 with `standardise`.
    random_state : int, RandomState or None
        Seed or generator of random numbers.
    n_jobs : int or None
        Threads, at most one for each covariance type; results do not depend on it.
    callback : callable or None
        Told each cell of the table, a dict, once it is there; called from all threads.

    Attributes
    ----------
    results_ : dict of arrays
        A column for each entry, a row for each cell: covariance_type, n_components, log_likelihood, n_parameters, bic,
        aic, icl, n_iter, converged, collapsed, and where there are folds cv_log_likelihood (mean of held-out rows) and
        cv_standard_error (of this mean over rows). Likelihoods are in nats and in the units of the data.
    best_index_ : int
        Its place in these columns.
    best_params_ : dict
        Its covariance_type and n_components.
    best_estimator_ : GaussianMixture
        The best mixture, in the units of the data, its components in the order of falling weight; a spherical one of
        standardised rows is held as diag.
    n_iter_ : int
        EM rounds that training it to the end took.
    n_features_in_ : int
        Number of features.

    References
    ----------
    C. Fraley, A. E. Raftery. Model-based clustering, discriminant analysis, and density estimation. Journal of the
    American Statistical Association 97, 2002. doi:10.1198/016214502760047131

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal([[0.0, 0.0], [9.0, 3.0]], 1.0, (100, 2, 2)).reshape(-1, 2)
    >>> selector = GaussianMixtureSelector(3, random_state=0).fit(rows)
    >>> selector.best_params_
    {'covariance_type': 'diag', 'n_components': 2}
    >>> len(selector.results_["bic"])
    12
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left"), "array-like", range],
        "covariance_types": [StrOptions(set(COVARIANCE_TYPES)), "array-like"],
        "criterion": [StrOptions(set(_CRITERIA))],
        "standardise": ["boolean"],
        "init_params": [StrOptions(set(INITIALISATIONS)), "array-like"],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "cv": [Interval(Integral, 2, None, closed="left"), None],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "callback": [callable, None],
    }

    def __init__(
        self,
        n_components: int | Iterable[int] = 9,
        *,
        covariance_types: str | Iterable[str] = COVARIANCE_TYPES,
        criterion: str = "bic",
        standardise: bool = True,
        init_params: str | Iterable[str] = ("ward", "kmeans", "random_from_data"),
        n_init: int = 3,
        cv: int | None = None,
        patience: int | None = None,
        tol: float = 1e-6,
        reg_covar: float = 1e-6,
        max_iter: int = 1000,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        callback: Callable[[Row], object] | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_types = covariance_types
        self.criterion = criterion
        self.standardise = standardise
        self.init_params = init_params
        self.n_init = n_init
        self.cv = cv
        self.patience = patience
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.callback = callback

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Fill the table and keep the best mixture.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows, NaN where an entry is missing.
        y : object
            Not used.

        Raises
        ------
        ValueError
            If X holds infinity, has fewer rows that differ than the least size, fewer than folds, or a column without
            any value, or a parameter is out of range.
        """
        self._validate_params()
        rows = self._validated(X, reset=True, least=2)
        sizes = self._sizes(len(np.unique(rows[informative(rows)], axis=0)))
        kinds = _choice(self.covariance_types, COVARIANCE_TYPES, "covariance_types")
        scaling = Scaling.of(rows) if self.standardise else Scaling.none(rows.shape[1])
        random_state = check_random_state(self.random_state)
        seeds = random_state.randint(_SEEDS, size=(len(kinds), len(sizes)))
        task = self._task(scaling.apply(rows), scaling.log_volume(rows), random_state)

        def column(place: int) -> list[tuple[Row, MixtureParameters]]:
            return _column(task, kinds[place], sizes, seeds[place].tolist(), self.callback)

        n_jobs = min(effective_n_jobs(self.n_jobs), len(kinds))
        if n_jobs > 1:
            with ThreadPoolExecutor(n_jobs) as threads:
                columns = list(threads.map(column, range(len(kinds))))
        else:
            columns = [column(place) for place in range(len(kinds))]
        self._keep([cell for cells in columns for cell in cells], scaling, rows.dtype)
        return self

    def _sizes(self, distinct: int) -> list[int]:
        given = self.n_components
        sizes: list[Any] = list(range(1, given + 1)) if isinstance(given, int | np.integer) else sorted({*given})
        if not sizes or any(not isinstance(size, Integral) for size in sizes) or sizes[0] < 1:
            raise ValueError(f"n_components must be a positive int or some of them, got {given!r}")
        if distinct < sizes[0]:
            counts = f"n_components = {sizes[0]}, n_samples = {distinct} that differ"
            raise ValueError(f"Expected n_samples >= n_components but got {counts}")
        return [int(size) for size in sizes if size <= distinct]

    def _task(self, rows: Floats, log_volume: Float64, random_state: np.random.RandomState) -> _Task:
        methods = _choice(self.init_params, INITIALISATIONS, "init_params")
        training = Training(methods, self.n_init, self.tol, self.reg_covar, self.max_iter)
        count = self.cv or (_FOLDS if self.criterion == "cv" else 0)
        if count > len(rows):
            raise ValueError(f"cv={count} folds need as many rows, got n_samples = {len(rows)}")
        folds = list(KFold(count, shuffle=True, random_state=random_state).split(rows)) if count else []
        return _Task(rows, log_volume, training, folds, self.criterion, self.patience or math.inf)

    def _keep(self, cells: list[tuple[Row, MixtureParameters]], scaling: Scaling, dtype: npt.DTypeLike) -> None:
        if not cells:
            raise IllDefinedError
        table = [row for row, _ in cells]
        self.results_ = {name: np.array([row[name] for row in table]) for name in table[0]}
        self.best_index_ = min(range(len(table)), key=lambda place: _rank(table[place], self.criterion))
        best, parameters = cells[self.best_index_]
        self.best_params_ = {name: best[name] for name in ("covariance_type", "n_components")}
        if best["collapsed"]:
            logger.warning("every mixture of the table has a collapsed component; take fewer components")
        ordered = _by_share(scaling.undo(parameters))
        self.best_estimator_ = GaussianMixture(
            ordered.n_components, covariance_type=ordered.covariance_type, tol=self.tol, reg_covar=self.reg_covar
        )._holding(ordered.astype(dtype))
        self.n_iter_ = self.best_estimator_.n_iter_ = int(best["n_iter"])
        self.best_estimator_.converged_ = bool(best["converged"])

    def _validated(self, X: npt.ArrayLike, *, reset: bool, least: int = 1) -> Floats:
        rows: Floats = validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            ensure_min_samples=least,
        )
        return rows

    def _asked(self, X: npt.ArrayLike) -> tuple[GaussianMixture, Floats]:
        check_is_fitted(self)
        return self.best_estimator_, self._validated(X, reset=False)

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Return the most likely component of each row, (n_samples,)."""
        model, rows = self._asked(X)
        return model.predict(rows)

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Return the posterior probability of each component for each row, (n_samples, n_components)."""
        model, rows = self._asked(X)
        return model.predict_proba(rows)

    def score_samples(self, X: npt.ArrayLike) -> Floats:
        """Return the log-likelihood of each row, (n_samples,), in nats and in the units of the data."""
        model, rows = self._asked(X)
        return model.score_samples(rows)

    def score(self, X: npt.ArrayLike, y: object = None) -> float:
        """Return the mean log-likelihood per row, in nats."""
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1) -> tuple[Float64, npt.NDArray[np.int64]]:
        """Draw rows from the best mixture, see `GaussianMixture.sample`."""
        check_is_fitted(self)
        check_n_samples(n_samples)
        return draw(self.best_estimator_.parameters_, n_samples, check_random_state(self.random_state))

    def plot(self, to: str | PathLike[str] | Any) -> Any:
        """Draw the criterion over the number of components, a line for each covariance type.

        Parameters
        ----------
        to : path or matplotlib Axes
            A file to write, its ending says in which format, or axes to draw on.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from diarize.gmm.plots import draw_selection

        check_is_fitted(self)
        return draw_selection(self.results_, self.criterion, self.best_index_, to)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _by_share(parameters: MixtureParameters) -> MixtureParameters:
    """Return the same mixture with its components in the order of falling weight."""
    order = np.argsort(-parameters.weights, kind="stable")
    covariances = parameters.kind.chosen(parameters.covariances, order)
    return replace(
        parameters, weights=parameters.weights[order], means=parameters.means[order], covariances=covariances
    )


def _choice(given: str | Iterable[str], known: tuple[str, ...], name: str) -> tuple[str, ...]:
    chosen = (given,) if isinstance(given, str) else tuple(given)
    if not chosen or any(item not in known for item in chosen):
        raise ValueError(f"{name} must be of {', '.join(known)}, got {given!r}")
    return tuple(dict.fromkeys(chosen))


def _rank(row: Row, criterion: str) -> tuple[bool, float, int]:
    """Return what a cell is sorted by: the best first, the smaller of two that are as good."""
    name = "cv_log_likelihood" if criterion == "cv" else criterion
    return bool(row["collapsed"]), _CRITERIA[criterion] * float(row[name]), int(row["n_parameters"])


def _column(
    task: _Task, kind: str, sizes: list[int], seeds: list[int], callback: Callable[[Row], object] | None
) -> list[tuple[Row, MixtureParameters]]:
    """Return the cells of one covariance type, each with its mixture; sizes that cannot be trained are left out."""
    cells: list[tuple[Row, MixtureParameters]] = []
    best, waited, last = math.inf, 0, None
    for size, seed in zip(sizes, seeds, strict=True):
        try:
            row, last = _cell(task, kind, size, seed, last)
        except IllDefinedError:
            logger.info("%s with %d components left out: every start collapsed", kind, size)
            continue
        cells.append((row, last))
        if callback is not None:
            callback(row)
        bad, value, _ = _rank(row, task.criterion)
        waited = 0 if not bad and value < best else waited + 1
        best = best if bad else min(best, value)
        if waited >= task.patience:
            break
    return cells


def _cell(
    task: _Task, kind: str, size: int, seed: int, last: MixtureParameters | None
) -> tuple[Row, MixtureParameters]:
    """Return a cell of the table and its mixture, of rows as they are trained on."""
    fit, bad = _search(task.rows, kind, size, task.training, seed, last)
    model, shift = GaussianMixture.from_parameters(fit.parameters), float(task.log_volume.sum())
    row: Row = {
        "covariance_type": kind,
        "n_components": size,
        "log_likelihood": model._total(task.rows) - shift,
        "n_parameters": model._n_parameters(),
        "bic": model.bic(task.rows) + 2 * shift,
        "aic": model.aic(task.rows) + 2 * shift,
        "icl": model.icl(task.rows) + 2 * shift,
        "n_iter": len(fit.lower_bounds),
        "converged": fit.converged,
        "collapsed": bad,
    }
    if task.folds:
        held = np.concatenate([_held_out(task, fold, kind, size, seed) for fold in task.folds])
        row["cv_log_likelihood"] = float(held.mean())
        row["cv_standard_error"] = float(held.std(ddof=1) / math.sqrt(len(held)))
    return row, fit.parameters


def _search(
    rows: Floats, kind: str, size: int, training: Training, seed: int, last: MixtureParameters | None
) -> tuple[Fit, bool]:
    random_state = np.random.RandomState(seed)
    candidates = list(starts(rows, size, kind, training, random_state))
    if last is not None and size <= 2 * last.n_components:
        candidates.append(split(last, size - last.n_components, random_state))
    return best_fit(rows, candidates, training)


def _held_out(
    task: _Task, fold: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], kind: str, size: int, seed: int
) -> Float64:
    """Return the log-likelihoods of rows held out, in the units of the data."""
    train, test = fold
    if len(train) < size:
        return np.full(len(test), -math.inf)
    fit, _ = _search(task.rows[train], kind, size, task.training, seed, None)
    return np.asarray(log_likelihood(task.rows[test], fit.parameters) - task.log_volume[test], dtype=np.float64)
