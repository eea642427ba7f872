"""Plain array functions over a mixture: likelihoods, posteriors and the sums that every training is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.gmm.kernel import Kernel, compile_kernel
from diarize.gmm.parameters import Float64, Floats, MixtureParameters

Rows = tuple[Floats, Float64 | None]
"""Rows of data (n, d) and their weights (n,), None for equal weights."""

MakeBlocks = Callable[[], Iterable[Any]]
"""Opens a pass over the data: blocks x (n, d), or pairs (x, sample_weight)."""


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Sums over rows, weighted by posteriors: all that a mixture's re-estimation needs; they add over recordings.

    Parameters
    ----------
    zeroth : array (n_components,)
        Sum of posteriors.
    first : array (n_components, n_features)
        Sum of posterior times (x - origin).
    second : array
        Sum of posterior times (x - origin)^2, (n_components, n_features), for diag and spherical; of the outer product,
        (n_components, n_features, n_features), for full; summed over components, (n_features, n_features), for tied.
    origin : array (n_components, n_features)
        What the sums are about; close to the data, so that no digits are lost.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        What `second` is.
    log_likelihood : float
        Weighted sum of the rows' log-likelihoods, in nats.
    """

    zeroth: Float64
    first: Float64
    second: Float64
    origin: Float64
    covariance_type: str
    log_likelihood: float = 0.0

    def about(self, origin: npt.ArrayLike) -> Statistics:
        """Return the same sums about another origin, (n_components, n_features) or whatever broadcasts to it."""
        target = np.broadcast_to(np.asarray(origin, dtype=np.float64), self.first.shape).copy()
        step = self.origin - target
        first = self.first + self.zeroth[:, None] * step
        if self.covariance_type in ("diag", "spherical"):
            second = self.second + step * (self.first + first)
        elif self.covariance_type == "full":
            cross = self.first[:, :, None] * step[:, None, :]
            square = self.zeroth[:, None, None] * step[:, :, None] * step[:, None, :]
            second = self.second + cross + np.swapaxes(cross, 1, 2) + square
        else:
            cross = self.first.T @ step
            second = self.second + cross + cross.T + (self.zeroth[:, None] * step).T @ step
        return replace(self, first=first, second=second, origin=target)

    def __add__(self, other: Statistics) -> Statistics:
        moved = other if np.array_equal(self.origin, other.origin) else other.about(self.origin)
        return replace(
            self,
            zeroth=self.zeroth + moved.zeroth,
            first=self.first + moved.first,
            second=self.second + moved.second,
            log_likelihood=self.log_likelihood + moved.log_likelihood,
        )


def log_likelihood(x: npt.ArrayLike, parameters: MixtureParameters) -> Floats:
    """Return the log-likelihood of each row, in nats.

    Parameters
    ----------
    x : array (n, n_features)
        float32 is evaluated by float32 products, everything else in float64.
    parameters : MixtureParameters
        The mixture.

    Returns
    -------
    array (n,)
        In the precision of x.

    Raises
    ------
    ValueError
        If x does not fit the mixture, or holds NaN or infinity.

    Examples
    --------
    >>> standard = MixtureParameters([1.0], [[0.0]], [[1.0]])
    >>> log_likelihood(np.array([[0.0], [2.0]]), standard).round(4)
    array([-0.9189, -2.9189])
    """
    rows = check_rows(x, parameters)
    found = np.empty(len(rows), dtype=rows.dtype)
    for block in compile_kernel(parameters, rows.dtype).blocks(rows):
        found[block.rows] = block.log_likelihood
    return found


def responsibilities(x: npt.ArrayLike, parameters: MixtureParameters) -> Floats:
    """Return the posterior probability of each component for each row, (n, n_components), in the precision of x.

    Parameters and errors are those of `log_likelihood`.

    Examples
    --------
    >>> pair = MixtureParameters([0.5, 0.5], [[0.0], [2.0]], [[1.0], [1.0]])
    >>> responsibilities(np.array([[1.0], [2.0]]), pair).round(3)
    array([[0.5  , 0.5  ],
           [0.119, 0.881]])
    """
    rows = check_rows(x, parameters)
    found = np.empty((len(rows), parameters.n_components), dtype=rows.dtype)
    for block in compile_kernel(parameters, rows.dtype).blocks(rows):
        np.multiply(block.shares.T, (1 / block.total)[:, None], out=found[block.rows], casting="same_kind")
    return found


def most_likely(x: npt.ArrayLike, parameters: MixtureParameters) -> npt.NDArray[np.intp]:
    """Return the component with the highest posterior for each row, (n,)."""
    rows = check_rows(x, parameters)
    found = np.empty(len(rows), dtype=np.intp)
    for block in compile_kernel(parameters, rows.dtype).blocks(rows):
        found[block.rows] = block.shares.argmax(axis=0)
    return found


def accumulate(
    x: npt.ArrayLike, parameters: MixtureParameters, sample_weight: npt.ArrayLike | None = None
) -> Statistics:
    """Return the sums over rows that re-estimate a mixture (the E step); results of several calls add.

    Parameters
    ----------
    x : array (n, n_features)
        Rows.
    parameters : MixtureParameters
        The mixture that gives the posteriors.
    sample_weight : array (n,), optional
        A row of weight w counts as w equal rows.
    """
    rows = check_rows(x, parameters)
    return collect(compile_kernel(parameters, rows.dtype), [(rows, _weights(sample_weight, len(rows)))])


def statistics(
    x: npt.ArrayLike, parameters: MixtureParameters, sample_weight: npt.ArrayLike | None = None
) -> tuple[Float64, Float64, Float64]:
    """Return the raw sums: zeroth (k,), first (k, d) and second, as in `Statistics` but about zero.

    Use `accumulate` where sums are added up and turned into a mixture again: it keeps digits that raw sums lose.
    """
    found = accumulate(x, parameters, sample_weight).about(0.0)
    return found.zeroth, found.first, found.second


def collect(kernel: Kernel, blocks: Iterable[Rows]) -> Statistics:
    """Return the statistics of rows given in blocks; memory is that of one block of the kernel."""
    n_features = kernel.means.shape[1]
    sums = np.zeros(kernel.coefficients.shape)
    scatter = np.zeros((n_features, n_features))
    narrow = {int(k): _Narrow(kernel, int(k)) for k in np.flatnonzero(kernel.direct)}
    found = 0.0
    for x, weight in blocks:
        for block in kernel.blocks(x):
            scale = 1 / block.total
            if weight is None:
                found += float(block.log_likelihood.sum())
            else:
                scale = (scale * weight[block.rows]).astype(kernel.dtype)
                found += float(block.log_likelihood @ weight[block.rows])
            posteriors = np.multiply(block.shares, scale, out=block.shares)
            sums += (block.moments @ posteriors.T).T
            if kernel.covariance_type == "tied":
                white = block.moments[1:] if weight is None else block.moments[1:] * np.sqrt(weight[block.rows])
                scatter += white @ white.T
            for k, sink in narrow.items():
                sink.add(x[block.rows], posteriors[k])
    moment = _moment_statistics(kernel, sums, scatter, found)
    return _with_narrow(moment, narrow) if narrow else moment


def _moment_statistics(kernel: Kernel, sums: Float64, scatter: Float64, found: float) -> Statistics:
    """Turn sums of whitened moments into sums about the kernel's centre."""
    n_features = kernel.means.shape[1]
    zeroth, white, rest = sums[:, 0], sums[:, 1 : 1 + n_features], sums[:, 1 + n_features :]
    backward = kernel.backward
    if backward.ndim == 1:
        first, second = white * backward, rest * backward**2
    else:
        first = white @ backward.T
        matrix = scatter if kernel.covariance_type == "tied" else _symmetric(rest, n_features)
        second = backward @ matrix @ backward.T
    origin = np.tile(kernel.centre, (len(zeroth), 1))
    return Statistics(zeroth.copy(), first, second, origin, kernel.covariance_type, found)


def _symmetric(triangles: Float64, size: int) -> Float64:
    upper = np.triu_indices(size)
    found = np.empty((len(triangles), size, size))
    found[:, upper[0], upper[1]] = triangles
    found[:, upper[1], upper[0]] = triangles
    return found


class _Narrow:
    """Sums about a component's own mean, for components too narrow for the moment form."""

    __slots__ = ("first", "matrix", "mean", "second", "zeroth")

    def __init__(self, kernel: Kernel, k: int) -> None:
        n_features = kernel.means.shape[1]
        self.matrix = kernel.covariance_type in ("full", "tied")
        self.mean = kernel.means[k]
        self.zeroth = 0.0
        self.first = np.zeros(n_features)
        self.second = np.zeros((n_features, n_features) if self.matrix else n_features)

    def add(self, x: Floats, posterior: Floats) -> None:
        near = posterior > np.finfo(np.float32).tiny  # few rows are anywhere near a narrow component
        away, share = x[near] - self.mean, posterior[near].astype(np.float64)
        self.zeroth += float(share.sum())
        self.first += share @ away
        self.second += (away * share[:, None]).T @ away if self.matrix else share @ away**2


def _with_narrow(moment: Statistics, narrow: dict[int, _Narrow]) -> Statistics:
    zeroth, first, origin = moment.zeroth.copy(), moment.first.copy(), moment.origin.copy()
    tied = moment.covariance_type == "tied"
    second = np.zeros_like(moment.second) if tied else moment.second.copy()
    for k, sink in narrow.items():
        zeroth[k], first[k], origin[k] = sink.zeroth, sink.first, sink.mean
        if tied:  # then every component is evaluated directly
            second += sink.second
        else:
            second[k] = sink.second
    return replace(moment, zeroth=zeroth, first=first, second=second, origin=origin)


def check_rows(x: npt.ArrayLike, parameters: MixtureParameters) -> Floats:
    """Return x as float32 or float64 rows that fit the mixture."""
    rows = np.asarray(x)
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.astype(np.float32 if rows.dtype == np.float16 else np.float64)
    if rows.ndim != 2 or rows.shape[1] != parameters.n_features:
        raise ValueError(f"x must be (n, {parameters.n_features}) for this mixture, got shape {rows.shape}")
    return rows


def _weights(sample_weight: npt.ArrayLike | None, count: int) -> Float64 | None:
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (count,) or not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError(f"sample_weight must be ({count},), finite and not negative, got shape {weight.shape}")
    return weight


def open_blocks(make_blocks: MakeBlocks, parameters: MixtureParameters) -> Iterator[Rows]:
    """Start a pass over the data and check each block."""
    for block in make_blocks():
        x, weight = block if isinstance(block, tuple) else (block, None)
        rows = check_rows(x, parameters)
        yield rows, _weights(weight, len(rows))
