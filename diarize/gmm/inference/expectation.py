"""The E step's sums over rows, in moment form, in the memory of one block."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.engine.kernel import Block, Kernel, Workspace, compile_kernel
from diarize.gmm.engine.products import add_products, padded
from diarize.gmm.engine.rows import Rows, check_rows, pieces, row_weights
from diarize.gmm.engine.threads import ordered_map
from diarize.gmm.parameters import MixtureParameters
from diarize.gmm.statistics import Statistics


def accumulate(
    x: npt.ArrayLike,
    parameters: MixtureParameters,
    sample_weight: npt.ArrayLike | None = None,
    *,
    n_jobs: int | None = None,
) -> Statistics:
    """Return the sums over rows that re-estimate a mixture (the E step); results of several calls add.

    Parameters
    ----------
    x : array (n, n_features)
        Rows; NaN is a missing entry: the mixture's expectation takes its place.
    parameters : MixtureParameters
        The mixture that gives the posteriors.
    sample_weight : array (n,), optional
        A row of weight w counts as w equal rows.
    n_jobs : int, optional
        Threads; the result does not depend on it.
    """
    rows = check_rows(x, parameters)
    weight = row_weights(sample_weight, len(rows))
    return collect(compile_kernel(parameters, rows.dtype), [(rows, weight)], n_jobs=n_jobs)


def statistics(
    x: npt.ArrayLike, parameters: MixtureParameters, sample_weight: npt.ArrayLike | None = None
) -> tuple[Float64, Float64, Float64]:
    """Return the raw sums: zeroth (k,), first (k, d) and second, as in `Statistics` but about zero.

    Use `accumulate` where sums are added up and turned into a mixture again: it keeps digits that raw sums lose.
    """
    sums = accumulate(x, parameters, sample_weight).about(0.0)
    return sums.zeroth, sums.first, sums.second


def collect(
    kernel: Kernel, blocks: Iterable[Rows], *, n_jobs: int | None = None, workspace: Workspace | None = None
) -> Statistics:
    """Return the statistics of rows given in blocks.

    Parameters
    ----------
    kernel : Kernel
        The mixture.
    blocks : iterable of (x, weight)
        Rows (n, n_features) and None, their weights (n,), or weights (n, n_groups) for each group of consecutive
        components: a component's posterior is then its share within the group, times the group's weight.
    n_jobs : int, optional
        Threads. Memory is that of a block for each.
    workspace : Workspace, optional
        Memory to use again, where this is called many times.
    """
    shared = workspace or Workspace()

    def add_up(job: tuple[Floats, Float64 | None, slice]) -> _Sums:
        x, weight, piece = job
        sums = _Sums(kernel)
        with shared.memory() as memory:
            for block in kernel.blocks(x, piece, memory, _n_groups(weight)):
                sums.add(x[block.rows], block, None if weight is None else weight[block.rows])
        return sums

    total = _Sums(kernel)
    jobs = ((x, weight, piece) for x, weight in blocks for piece in pieces(len(x), kernel.block_rows))
    for sums in ordered_map(add_up, jobs, n_jobs):
        total.merge(sums)
    return total.statistics()


def _n_groups(weight: Float64 | None) -> int:
    return 1 if weight is None or weight.ndim == 1 else weight.shape[1]


_NO_WEIGHT = np.empty((0, 0))


class _Sums:
    """Sums of the moments of some rows, in float64."""

    __slots__ = ("complete", "kernel", "log_likelihood", "moments", "narrow", "partial", "scatter")

    def __init__(self, kernel: Kernel) -> None:
        n_features = kernel.means.shape[1]
        self.kernel = kernel
        self.moments = np.zeros(padded(kernel.n_components, kernel.n_moments, 0, kernel.dtype)[:2])
        self.scatter = np.zeros((n_features, n_features))
        self.narrow = {int(k): _Narrow(kernel, int(k)) for k in np.flatnonzero(kernel.direct)}
        self.partial: Statistics | None = None
        self.log_likelihood = 0.0
        self.complete = 0.0  # summed weights of rows without missing entries

    def add(self, x: Floats, block: Block, weight: Float64 | None) -> None:
        """Add a block of rows; its arrays are used up."""
        from diarize.gmm.engine import loops

        kernel, factor = self.kernel, np.empty_like(block.total)
        share = _NO_WEIGHT if weight is None else np.ascontiguousarray(weight.reshape(len(x), -1).T)
        rows, log_likelihood = loops.weighted(share, block.total, block.log_likelihood, factor)
        self.complete += rows
        self.log_likelihood += log_likelihood
        if len(block.incomplete):
            self._add_incomplete(x, block, factor)
        if kernel.kind.shared:
            white = block.moments[1 : kernel.n_moments, : len(x)]
            if weight is not None:
                white = white * np.sqrt(share.sum(axis=0))
            self.scatter += white @ white.T
        if kernel.any_direct:
            for k, sink in self.narrow.items():
                sink.add(x, block.shares[k] * factor[k * len(factor) // kernel.n_components])
        scaled = factor, block.moments, kernel.n_moments, block.padded_shares, kernel.n_components
        if kernel.coefficients.ndim == 3:
            loops.add_scaled(*scaled, self.moments)
        else:
            loops.scale(*scaled)
            add_products(block.padded_shares, block.moments, self.moments)

    def _add_incomplete(self, x: Floats, block: Block, factor: Floats) -> None:
        """Take rows with missing entries out of the block and add what is expected of them."""
        places = block.incomplete
        grouped = block.shares[:, places].reshape(len(factor), -1, len(places)) * factor[:, None, places]
        posterior = grouped.reshape(len(block.shares), -1).T.astype(np.float64)
        expected = self.kernel.partial.statistics(x[places], posterior)
        self.complete -= float(posterior.sum())
        self.partial = expected if self.partial is None else self.partial + expected
        block.shares[:, places] = 0
        block.moments[:, places] = 0

    def merge(self, other: _Sums) -> None:
        """Add the sums of other rows."""
        self.moments += other.moments
        self.scatter += other.scatter
        self.log_likelihood += other.log_likelihood
        self.complete += other.complete
        for k, sink in other.narrow.items():
            self.narrow[k].merge(sink)
        if other.partial is not None:
            self.partial = other.partial if self.partial is None else self.partial + other.partial

    def statistics(self) -> Statistics:
        """Return the sums as statistics of the mixture."""
        sums = self._moment_statistics()
        if self.narrow:
            sums = _with_narrow(sums, self.narrow)
        sums = _rescaled(sums, self.complete)
        return sums if self.partial is None else sums + self.partial

    def _moment_statistics(self) -> Statistics:
        """Turn sums of whitened moments into sums about the kernel's centre."""
        kernel = self.kernel
        n_features = kernel.means.shape[1]
        sums = self.moments[: kernel.n_components, : kernel.n_moments]
        zeroth, white, rest = np.split(sums, [1, 1 + n_features], axis=1)
        backward = kernel.backward
        if backward.ndim == 1:
            first = white * backward
        else:
            first = white @ backward.T
        second = kernel.kind.of_products(rest, self.scatter, backward)
        origin = np.tile(kernel.centre, (len(zeroth), 1))
        return Statistics(zeroth[:, 0].copy(), first, second, origin, kernel.covariance_type, self.log_likelihood)


def _rescaled(sums: Statistics, weight: float) -> Statistics:
    """Take out what rounding adds to all posteriors alike: they sum to the weight of the rows."""
    factor = weight / max(float(sums.zeroth.sum()), np.finfo(np.float64).tiny)
    scaled = {name: getattr(sums, name) * factor for name in ("zeroth", "first", "second")}
    return replace(sums, **scaled)


class _Narrow:
    """Sums about a component's own mean, for components too narrow for the moment form."""

    __slots__ = ("first", "kind", "mean", "root", "second", "zeroth")

    def __init__(self, kernel: Kernel, k: int) -> None:
        n_features = kernel.means.shape[1]
        self.kind, self.mean, self.root = kernel.kind, kernel.means[k], kernel.kind.one(kernel.factors, k)
        self.zeroth = 0.0
        self.first = np.zeros(n_features)
        self.second = np.zeros(self.kind.second_shape(1, n_features)[0 if self.kind.shared else 1 :])

    def add(self, x: Floats, posterior: Floats) -> None:
        near = posterior > np.finfo(np.float32).tiny  # few rows are anywhere near a narrow component
        away, share = x[near] - self.mean, posterior[near].astype(np.float64)
        self.zeroth += float(share.sum())
        self.first += share @ away
        self.second += self.kind.near_moments(away, share, self.root)

    def merge(self, other: _Narrow) -> None:
        self.zeroth += other.zeroth
        self.first += other.first
        self.second += other.second


def _with_narrow(moment: Statistics, narrow: dict[int, _Narrow]) -> Statistics:
    zeroth, first, origin = moment.zeroth.copy(), moment.first.copy(), moment.origin.copy()
    shared = moment.kind.shared
    second = np.zeros_like(moment.second) if shared else moment.second.copy()
    for k, sink in narrow.items():
        zeroth[k], first[k], origin[k] = sink.zeroth, sink.first, sink.mean
        if shared:  # then every component is evaluated directly
            second += sink.second
        else:
            second[k] = sink.second
    return replace(moment, zeroth=zeroth, first=first, second=second, origin=origin)
