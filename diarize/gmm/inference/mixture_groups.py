"""Likelihoods and statistics of several mixtures kept as one, as the states of a hidden Markov model have them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64
from diarize.gmm.engine.kernel import Block, compile_kernel
from diarize.gmm.engine.rows import check_rows
from diarize.gmm.inference.expectation import collect
from diarize.gmm.inference.posteriors import each_block
from diarize.gmm.parameters import MixtureParameters
from diarize.gmm.statistics import Statistics


def group_log_likelihood(
    x: npt.ArrayLike, parameters: MixtureParameters, n_groups: int, *, n_jobs: int | None = None
) -> Float64:
    """Return the log-likelihood of each row under several mixtures kept as one.

    Parameters
    ----------
    x : array (n, n_features)
        Rows, as in `log_likelihood`.
    parameters : MixtureParameters
        The components of all mixtures; those of the first mixture first.
    n_groups : int
        Number of mixtures, each of n_components / n_groups components.
    n_jobs : int, optional
        Threads.

    Returns
    -------
    array (n, n_groups)
        Log of the summed weight times density of each mixture's components. The weights sum to one over all mixtures:
        where each has weights of its own divided by n_groups, add log(n_groups).

    Raises
    ------
    ValueError
        If the components cannot be divided, or as in `log_likelihood`.

    Examples
    --------
    >>> both = MixtureParameters([0.5, 0.5], [[0.0], [2.0]], [[1.0], [1.0]])
    >>> (group_log_likelihood(np.array([[0.0], [2.0]]), both, 2) + np.log(2)).round(4)
    array([[-0.9189, -2.9189],
           [-2.9189, -0.9189]])
    """
    if n_groups < 1 or parameters.n_components % n_groups:
        raise ValueError(f"{parameters.n_components} components cannot be divided into {n_groups} mixtures of one size")
    rows = check_rows(x, parameters)
    likelihoods = np.empty((len(rows), n_groups))

    def use(block: Block) -> None:
        likelihoods[block.rows] = block.log_likelihood.T

    each_block(rows, parameters, use, None, n_jobs, n_groups)
    return likelihoods


def accumulate_groups(
    x: npt.ArrayLike, parameters: MixtureParameters, posterior: npt.ArrayLike, *, n_jobs: int | None = None
) -> Statistics:
    """Return the sums that re-estimate several mixtures, each row belonging to each with a given probability.

    Parameters
    ----------
    x : array (n, n_features)
        Rows; NaN is a missing entry.
    parameters : MixtureParameters
        The components of all mixtures; those of the first mixture first.
    posterior : array (n, n_groups)
        How much each row counts for each mixture; not negative.
    n_jobs : int, optional
        Threads; the result does not depend on it.

    Raises
    ------
    ValueError
        If shapes do not fit together, a posterior is negative or not finite, or x holds infinity.
    """
    rows = check_rows(x, parameters)
    weight = np.asarray(posterior, dtype=np.float64)
    if weight.ndim != 2 or len(weight) != len(rows) or not weight.shape[1] or parameters.n_components % weight.shape[1]:
        raise ValueError(
            f"posterior must be ({len(rows)}, n_groups), n_groups a divisor of {parameters.n_components} components; "
            f"got shape {weight.shape}"
        )
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("posterior must be finite and not negative")
    return collect(compile_kernel(parameters, rows.dtype), [(rows, weight)], n_jobs=n_jobs)
