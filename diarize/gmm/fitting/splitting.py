"""Growing a mixture by splitting components: a start for data too large to cluster."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.gmm.covariance import covariance_kind
from diarize.gmm.engine.rows import MakeBlocks
from diarize.gmm.fitting.em import Fit, em
from diarize.gmm.parameters import MixtureParameters

_STEP, _WIDE = 0.3, 0.8  # distance of halves from the old mean: for a random direction of random length, and of one


def fit_by_splitting(
    make_blocks: MakeBlocks,
    n_components: int,
    covariance_type: str = "diag",
    *,
    rounds: int = 4,
    final: int = 20,
    reg_covar: float = 1e-6,
) -> Fit:
    """Train a mixture out of core, growing it from one Gaussian by splitting components in two.

    Parameters
    ----------
    make_blocks : callable
        Opens a new pass over the data, as in `em`.
    n_components : int
        Size to reach; the heaviest components are split while it is not a power of two.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        What the covariances are.
    rounds : int
        EM rounds after each doubling.
    final : int
        EM rounds at most at the final size.
    reg_covar : float
        Added to every variance.

    Raises
    ------
    ValueError
        If there are no rows, or as in `em`.

    References
    ----------
    Y. Linde, A. Buzo, R. M. Gray. An algorithm for vector quantizer design. IEEE Transactions on Communications 28,
    1980. doi:10.1109/TCOM.1980.1094577
    """
    if n_components < 1:
        raise ValueError(f"n_components must be at least 1, got {n_components}")
    parameters = _single(make_blocks, covariance_type, reg_covar)
    generator = np.random.default_rng(0)
    while parameters.n_components < n_components:
        count = min(parameters.n_components, n_components - parameters.n_components)
        parameters = split(parameters, count, generator)
        if parameters.n_components < n_components:
            parameters = em(make_blocks, parameters, max_iter=rounds, reg_covar=reg_covar).parameters
    return em(make_blocks, parameters, max_iter=final, reg_covar=reg_covar)


def _single(make_blocks: MakeBlocks, covariance_type: str, reg_covar: float) -> MixtureParameters:
    """Return the Gaussian of all rows."""
    for block in make_blocks():
        x = np.asarray(block[0] if isinstance(block, tuple) else block)
        if x.ndim != 2:
            raise ValueError(f"blocks must be (n, n_features), got shape {x.shape}")
        if len(x):
            break
    else:
        raise ValueError("no rows to estimate a mixture from: make_blocks() gave none")
    spread = np.maximum(x.var(axis=0, dtype=np.float64), max(reg_covar, 1e-12))
    kind = covariance_kind(covariance_type)
    mean = x.mean(axis=0, dtype=np.float64, keepdims=True)
    guess = MixtureParameters(np.ones(1), mean, kind.of_variances(spread), kind.name)
    # the second pass has the true moments to centre by
    return em(make_blocks, guess, max_iter=2, tol=0.0, reg_covar=reg_covar).parameters


def split(
    parameters: MixtureParameters, count: int, generator: np.random.Generator | np.random.RandomState
) -> MixtureParameters:
    """Return a mixture whose `count` heaviest components are each split in two.

    The halves lie on both sides of the old mean, in a random direction of the component's own spread: a fixed one
    can be orthogonal to what should be separated, and EM would never leave that saddle.

    Parameters
    ----------
    parameters : MixtureParameters
        The mixture, of at least `count` components.
    count : int
        How many to split.
    generator : numpy.random.Generator or RandomState
        Of the directions.
    """
    return halved(parameters, np.argsort(-parameters.weights, kind="stable")[:count], generator)


def halved(
    parameters: MixtureParameters,
    chosen: npt.NDArray[np.intp],
    generator: np.random.Generator | np.random.RandomState,
    *,
    distance: float | None = None,
) -> MixtureParameters:
    """Return a mixture whose chosen components, given by their places, are each split in two as in `split`.

    With a distance the halves lie just so far from the old mean, measured in its component's spread.
    """
    count = len(chosen)
    direction = generator.standard_normal((count, parameters.n_features))
    if distance is not None:
        direction *= distance / _STEP / np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-12)
    step = parameters.kind.spread_along(parameters.covariances, chosen, direction)
    weights, means = parameters.weights.astype(np.float64), parameters.means.astype(np.float64)
    weights[chosen] /= 2
    weights = np.concatenate([weights, weights[chosen]])
    means = np.concatenate([means, means[chosen] + _STEP * step])
    means[chosen] -= _STEP * step
    covariances = parameters.kind.appended(parameters.covariances.astype(np.float64), chosen)
    return MixtureParameters(weights, means, covariances, parameters.covariance_type)


def grow(
    make_blocks: MakeBlocks,
    parameters: MixtureParameters,
    generator: np.random.Generator | np.random.RandomState,
    *,
    candidates: int = 6,
    rounds: int = 5,
    reg_covar: float = 1e-6,
) -> MixtureParameters:
    """Return a mixture of one component more: the most likely after a few EM rounds among several splits.

    Parameters
    ----------
    make_blocks : callable
        Opens a new pass over the data, as in `em`.
    parameters : MixtureParameters
        The mixture to grow, trained on these data.
    generator : numpy.random.Generator or RandomState
        Of the directions of splits.
    candidates : int
        How many components to try to split, the heaviest ones.
    rounds : int
        EM rounds for each of them.
    reg_covar : float
        Added to every variance.

    Raises
    ------
    ValueError
        As in `em`.

    Examples
    --------
    >>> rows = np.repeat([[0.0], [1.0], [8.0], [9.0]], 10, axis=0)
    >>> one = MixtureParameters([1.0], [[4.5]], [[16.0]])
    >>> two = grow(lambda: [rows], one, np.random.default_rng(0), rounds=50)
    >>> sorted(two.means.round(3).ravel().tolist())
    [0.5, 8.5]
    """
    heavy = np.argsort(-parameters.weights, kind="stable")[: max(1, candidates)]
    splits = (halved(parameters, heavy[place : place + 1], generator, distance=_WIDE) for place in range(len(heavy)))
    fits = [em(make_blocks, start, max_iter=rounds, tol=0.0, reg_covar=reg_covar) for start in splits]
    return max(fits, key=lambda fit: fit.lower_bounds[-1]).parameters
