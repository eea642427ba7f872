"""What a mixture says of unknown features once others are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.engine.missing import Partial, check_partial, compile_partial
from diarize.gmm.parameters import MixtureParameters

_BLOCK_ROWS = 4096


def condition(parameters: MixtureParameters, x_known: npt.ArrayLike) -> MixtureParameters:
    """Return the mixture of the unknown features given the known ones.

    Parameters
    ----------
    parameters : MixtureParameters
        The mixture of all features.
    x_known : array (n_features,)
        Values of the known features, NaN for the unknown.

    Returns
    -------
    MixtureParameters
        Over the unknown features in their order, in float64, with as many components and the same kind of covariance.
        If nothing is known, the mixture itself.

    Raises
    ------
    ValueError
        If x_known has another shape, holds infinity or leaves no feature unknown.

    References
    ----------
    C. M. Bishop. Pattern Recognition and Machine Learning, 2006, equations 2.73 and 2.75.

    Examples
    --------
    >>> even = MixtureParameters([1.0], [[0.0, 0.0]], [[[1.0, 0.8], [0.8, 1.0]]], "full")
    >>> known = condition(even, [2.0, np.nan])
    >>> known.means.round(3), known.covariances.round(3)
    (array([[1.6]]), array([[[0.36]]]))
    """
    values = np.asarray(x_known, dtype=np.float64)
    size = parameters.n_features
    if values.shape != (size,):
        raise ValueError(f"x_known must be ({size},), a value or NaN for each feature, got shape {values.shape}")
    unknown = np.isnan(values)
    if not unknown.any():
        raise ValueError("x_known holds a value for every feature: nothing is left to tell; put NaN for the unknown")
    if np.isinf(values).any():
        place = int(np.isinf(values).argmax())
        raise ValueError(f"x_known holds infinity for feature {place}; put NaN if it is unknown")
    exact = parameters.astype(np.float64)
    if unknown.all():
        return exact
    weights = posterior_of_observed(compile_partial(exact), values[None])[0]
    given = np.asarray(exact.covariances, np.float64), np.asarray(exact.means, np.float64)
    means, covariances = exact.kind.conditioned(*given, values, unknown)
    return MixtureParameters(weights, means, covariances, exact.covariance_type)


def posterior_of_observed(partial: Partial, x: Floats) -> Float64:
    """Return the posterior of each component given the observed entries; the prior for rows out of all reach."""
    joint = partial.log_joint(x)
    joint[np.isneginf(joint).all(axis=1)] = partial.log_weights
    joint -= joint.max(axis=1, keepdims=True)
    shares: Float64 = np.exp(joint, out=joint)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def conditional_mean(x: npt.ArrayLike, parameters: MixtureParameters) -> Floats:
    """Return rows with missing entries replaced by their expectation given the observed ones.

    Parameters
    ----------
    x : array (n, n_features)
        Rows, NaN where an entry is missing.
    parameters : MixtureParameters
        The mixture.

    Returns
    -------
    array (n, n_features)
        A copy, float32 for float32 and float16, else float64. A row of nothing but NaN becomes the mixture's mean.

    Raises
    ------
    ValueError
        If x does not fit the mixture or holds infinity.

    Examples
    --------
    >>> even = MixtureParameters([1.0], [[0.0, 0.0]], [[[1.0, 0.8], [0.8, 1.0]]], "full")
    >>> conditional_mean([[2.0, np.nan], [np.nan, np.nan]], even).round(3)
    array([[2. , 1.6],
           [0. , 0. ]])
    """
    completed = check_partial(x, parameters).copy()
    partial = compile_partial(parameters)
    incomplete = np.flatnonzero(np.isnan(completed).any(axis=1))
    for start in range(0, len(incomplete), _BLOCK_ROWS):
        chosen = incomplete[start : start + _BLOCK_ROWS]
        rows = completed[chosen]
        completed[chosen] = partial.expected(rows, posterior_of_observed(partial, rows))
    return completed
