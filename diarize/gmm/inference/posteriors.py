"""Likelihoods and posteriors of rows under a mixture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Floats
from diarize.gmm.engine.kernel import Block, Workspace, compile_kernel
from diarize.gmm.engine.rows import check_rows, pieces
from diarize.gmm.engine.threads import ordered_map
from diarize.gmm.parameters import MixtureParameters


def log_likelihood(
    x: npt.ArrayLike,
    parameters: MixtureParameters,
    *,
    log_weights: npt.ArrayLike | None = None,
    n_jobs: int | None = None,
) -> Floats:
    """Return the log-likelihood of each row, in nats: the logarithm of eq. (4).

    Parameters
    ----------
    x : array (n, n_features)
        float32 is evaluated by float32 products, everything else in float64. NaN is a missing entry: the likelihood is
        that of the others, 1 where there is none.
    parameters : MixtureParameters
        The mixture.
    log_weights : array (n_components,), optional
        Take the place of the logs of the mixture's weights; they need not be normalised.
    n_jobs : int, optional
        Threads; the result does not depend on it.

    Returns
    -------
    array (n,)
        In the precision of x.

    Raises
    ------
    ValueError
        If x does not fit the mixture, or holds infinity.

    Examples
    --------
    >>> standard = MixtureParameters([1.0], [[0.0]], [[1.0]])
    >>> log_likelihood(np.array([[0.0], [2.0]]), standard).round(4)
    array([-0.9189, -2.9189])
    """
    rows = check_rows(x, parameters)
    likelihoods = np.empty(len(rows), dtype=rows.dtype)

    def use(block: Block) -> None:
        likelihoods[block.rows] = block.log_likelihood[0]

    each_block(rows, parameters, use, log_weights, n_jobs)
    return likelihoods


def responsibilities(
    x: npt.ArrayLike,
    parameters: MixtureParameters,
    *,
    log_weights: npt.ArrayLike | None = None,
    n_jobs: int | None = None,
) -> Floats:
    """Return the posterior probability of each component for each row, (n, n_components), in the precision of x.

    This is eq. (5). Parameters and errors are those of `log_likelihood`.

    Examples
    --------
    >>> pair = MixtureParameters([0.5, 0.5], [[0.0], [2.0]], [[1.0], [1.0]])
    >>> responsibilities(np.array([[1.0], [2.0]]), pair).round(3)
    array([[0.5  , 0.5  ],
           [0.119, 0.881]])
    """
    rows = check_rows(x, parameters)
    posteriors = np.empty((len(rows), parameters.n_components), dtype=rows.dtype)

    def use(block: Block) -> None:
        np.multiply(block.shares.T, (1 / block.total).T, out=posteriors[block.rows], casting="same_kind")

    each_block(rows, parameters, use, log_weights, n_jobs)
    return posteriors


def most_likely(
    x: npt.ArrayLike,
    parameters: MixtureParameters,
    *,
    log_weights: npt.ArrayLike | None = None,
    n_jobs: int | None = None,
) -> npt.NDArray[np.intp]:
    """Return the component with the highest posterior for each row, (n,); parameters as in `log_likelihood`."""
    rows = check_rows(x, parameters)
    labels = np.empty(len(rows), dtype=np.intp)

    def use(block: Block) -> None:
        labels[block.rows] = block.shares.argmax(axis=0)

    each_block(rows, parameters, use, log_weights, n_jobs)
    return labels


def each_block(
    rows: Floats,
    parameters: MixtureParameters,
    use: Callable[[Block], None],
    log_weights: npt.ArrayLike | None,
    n_jobs: int | None,
    n_groups: int = 1,
) -> None:
    """Run the E step over rows (n, n_features) and hand over each block, from several threads if so wanted."""
    kernel, workspace = compile_kernel(parameters, rows.dtype, log_weights=log_weights), Workspace()

    def evaluate(piece: slice) -> None:
        with workspace.memory() as memory:
            for block in kernel.blocks(rows, piece, memory, n_groups):
                use(block)

    for _ in ordered_map(evaluate, pieces(len(rows), kernel.block_rows), n_jobs):
        pass
