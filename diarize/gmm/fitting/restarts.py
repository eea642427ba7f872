"""The best of many starts, without solutions that are likely only because a component has collapsed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from diarize.gmm.arrays import Float64, Floats, IllDefinedError
from diarize.gmm.engine.missing import filled
from diarize.gmm.fitting.em import Fit, em, maximise
from diarize.gmm.fitting.initialise import initial_statistics
from diarize.gmm.parameters import MixtureParameters

_SHORT, _LONG = 20, 3  # EM rounds for each start; how many of them are trained to the end
_RANDOM = ("kmeans", "k-means++", "random", "random_from_data")  # starts that are worth repeating
_FLOOR, _SPREAD = 10.0, 100.0  # times reg_covar: a component's variance that has collapsed, the data's that has not


@dataclass(frozen=True, slots=True)
class Training:
    """How a mixture is searched for.

    Parameters
    ----------
    methods : tuple of str
        Kinds of starts, as `initial_statistics` takes them.
    n_init : int
        How often those are repeated that depend on chance.
    tol : float
        Training ends when the mean log-likelihood gains less, in nats.
    reg_covar : float
        Added to every variance.
    max_iter : int
        EM rounds at most.
    """

    methods: tuple[str, ...] = ("ward", "kmeans", "random_from_data")
    n_init: int = 3
    tol: float = 1e-6
    reg_covar: float = 1e-6
    max_iter: int = 1000


def starts(
    rows: Floats, n_components: int, covariance_type: str, training: Training, random_state: np.random.RandomState
) -> Iterator[MixtureParameters]:
    """Yield a mixture to train from for each method, several where it depends on chance.

    Parameters
    ----------
    rows : array (n, n_features)
        Rows, NaN where an entry is missing.
    n_components : int
        Size of the mixtures.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        What the covariances are.
    training : Training
        The methods.
    random_state : numpy.random.RandomState
        Seed or generator of random numbers.
    """
    for method in training.methods:
        for _ in range(training.n_init if method in _RANDOM and n_components > 1 else 1):
            sums = initial_statistics(rows, None, n_components, covariance_type, method, random_state)
            with suppress(IllDefinedError):
                yield maximise(sums, training.reg_covar)
        if n_components == 1:
            return  # all starts are the same


def best_fit(rows: Floats, candidates: Iterable[MixtureParameters], training: Training) -> tuple[Fit, bool]:
    """Return the most likely result of several starts, and whether it is collapsed; one that is not is preferred.

    Every start gets a few rounds, the most promising ones are trained to the end.

    Parameters
    ----------
    rows : array (n, n_features)
        Rows, NaN where an entry is missing.
    candidates : iterable of MixtureParameters
        The starts.
    training : Training
        How to train.

    Raises
    ------
    ValueError
        If reg_covar is 0 and no start leads to a mixture.

    References
    ----------
    C. Biernacki, G. Celeux, G. Govaert. Choosing starting values for the EM algorithm for getting the highest
    likelihood in multivariate Gaussian mixture models. Computational Statistics & Data Analysis 41, 2003.
    doi:10.1016/S0167-9473(02)00163-9
    """
    total = covariance(rows)
    short = [fit for start in candidates if (fit := _trained(rows, start, training, _SHORT)) is not None]
    short.sort(key=lambda fit: (collapsed(fit.parameters, total, len(rows), training.reg_covar), -_bound(fit)))
    best: tuple[Fit, bool] | None = None
    seen: list[float] = []
    sound = 0
    for fit in short:
        if sound == _LONG:
            break
        if any(abs(_bound(fit) - other) < 10 * training.tol for other in seen):
            continue  # the same place, reached from another side
        seen.append(_bound(fit))
        longer = fit if fit.converged else _trained(rows, fit.parameters, training, training.max_iter)
        if longer is None:
            continue
        bad = collapsed(longer.parameters, total, len(rows), training.reg_covar)
        sound += not bad
        if best is None or (not bad, _bound(longer)) > (not best[1], _bound(best[0])):
            best = longer, bad
    if best is None:
        raise IllDefinedError
    return best


def _bound(fit: Fit) -> float:
    return fit.lower_bounds[-1]


def _trained(rows: Floats, start: MixtureParameters, training: Training, max_iter: int) -> Fit | None:
    """Train, or return None where a component has collapsed and reg_covar is 0."""
    try:
        return em(lambda: [rows], start, max_iter=max_iter, tol=training.tol, reg_covar=training.reg_covar)
    except IllDefinedError:
        return None


def covariance(rows: Floats) -> Float64:
    """Return the covariance matrix of rows, missing entries filled in; that of one row is 0."""
    exact = filled(rows[~np.isnan(rows).all(axis=1)].astype(np.float64))
    return np.atleast_2d(np.cov(exact, rowvar=False, bias=True))


def collapsed(parameters: MixtureParameters, total: Float64, n_rows: int, reg_covar: float) -> bool:
    """Tell whether a component has shrunk to a point, a line or a plane in which the data do not lie.

    The likelihood of such a mixture is limited by `reg_covar` only and says nothing of how well it fits. Rows that hold
    one value many times, as rounded data do, attract it.

    Parameters
    ----------
    parameters : MixtureParameters
        The mixture.
    total : array (n_features, n_features)
        Covariance of all rows.
    n_rows : int
        Their number.
    reg_covar : float
        What was added to every variance.

    Examples
    --------
    >>> narrow = MixtureParameters([0.5, 0.5], [[0.0], [1.0]], [[1.0], [2e-6]])
    >>> collapsed(narrow, np.ones((1, 1)), 100, 1e-6), collapsed(narrow, np.ones((1, 1)), 100, 1e-8)
    (True, False)
    """
    kind, fewest = parameters.kind, float(parameters.weights.min()) * n_rows
    # fewer rows than a covariance has dimensions, or a single one
    if parameters.n_components > 1 and fewest < min(kind.least_rows(parameters.n_features), n_rows) - 0.5:
        return True
    floor, wide = _FLOOR * reg_covar, _SPREAD * reg_covar
    values, spread = kind.narrowest(parameters.covariances.astype(np.float64), total)
    return bool(((values < floor) & (spread > wide)).any())
