"""The E step in moment form: the log densities of all components as one matrix product.

A Gaussian's log density is linear in z = [1, x, x^2] (variances) or z = [1, x, upper triangle of x x^T] (covariance
matrices), so the densities of a block of rows under all components are one product W @ z. Its rounding error grows
with the ratio of the spread of the whole mixture to that of a component. Rows are therefore centred and whitened by
the moments of the whole mixture first, and components still too narrow for the precision in use are evaluated
directly, as a squared distance.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.covariances.kind import CovarianceKind
from diarize.gmm.engine.missing import Partial, compile_partial
from diarize.gmm.engine.products import log_densities, packed, padded
from diarize.gmm.parameters import MixtureParameters

# Largest precision of a component, in units of the whole mixture's, that the moment form can resolve: the rounding
# error of a log density is about this times the machine epsilon.
_RESOLVED = {np.dtype(np.float32): 1e3, np.dtype(np.float64): 1e5}
# Sums made in moment form still give a variance to about a hundredth at this many times that. As EM's gain is flat
# at the best variance, no likelihood is lost, and the next round, which evaluates directly, has it exact.
_TOLERATED = 100.0
# exp() below these is a denormal number or close to one, on which products are many times slower.
_LOWEST = {np.dtype(np.float32): -60.0, np.dtype(np.float64): -600.0}
# A block's moments and posteriors together stay in a second level cache.
_BLOCK_BYTES = 1 << 20
_LEAST_WEIGHT = 1e-300
_NONE = np.empty(0, dtype=np.intp)


class Block(NamedTuple):
    """What the E step knows of some consecutive rows; the arrays are overwritten by the next block."""

    rows: slice
    moments: Floats  # (n_moments, n_rows), with padding
    padded_shares: Floats  # the next, with padding
    shares: Floats  # (n_components, n_rows): posteriors within the group, times the group's `total`
    total: Floats  # (n_groups, n_rows)
    log_likelihood: Float64  # (n_groups, n_rows)
    incomplete: npt.NDArray[np.intp]  # places of the rows with missing entries; their moments are NaN


class Memory:
    """Arrays that blocks are written to, kept from one to the next."""

    __slots__ = ("_arrays",)

    def __init__(self) -> None:
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """Return an array of this shape: zeros, or what was left in it."""
        kept = self._arrays.get(name)
        if kept is None or kept.shape != shape or kept.dtype != dtype:
            kept = self._arrays[name] = np.zeros(shape, dtype=dtype)
        return kept


class Workspace:
    """Memory for as many threads as there are at a time, kept for those that come after them."""

    __slots__ = ("_free",)

    def __init__(self) -> None:
        self._free = deque[Memory]()

    @contextmanager
    def memory(self) -> Iterator[Memory]:
        """Lend memory to one thread."""
        try:
            lent = self._free.pop()
        except IndexError:
            lent = Memory()
        yield lent
        self._free.append(lent)


@dataclass(slots=True, eq=False)
class Kernel:
    """A mixture compiled for the E step; made by `compile_kernel`, not to be changed."""

    parameters: MixtureParameters
    log_weights: Float64  # (k,)
    centre: Float64  # (d,) exact in the data's own precision
    forward: Float64  # (d,) or (d, d): whitened = forward (x - centre)
    backward: Float64  # its inverse
    coefficients: Floats  # of the product that makes log densities, as `products.packed` returns them
    n_moments: int
    offset: float  # taken out of every component's constant, so that constants stay small
    bias: Floats  # (k,) what rounding the coefficients took from a component's mean log density
    sharpness: Float64  # (k,) largest precision in units of the whole mixture's
    direct: npt.NDArray[np.bool_]  # (k,) components evaluated as squared distances
    means: Float64  # (k, d)
    factors: Float64  # precision Cholesky factors, in the mixture's own shape
    log_scale: Float64  # (k,) log weight minus log of the Gaussian's normalisation
    any_direct: bool
    _partial: Partial | None = None

    @property
    def kind(self) -> CovarianceKind:
        """What answers for the mixture's kind of covariance."""
        return self.parameters.kind

    @property
    def covariance_type(self) -> str:
        """What the covariances of the mixture are."""
        return self.parameters.covariance_type

    @property
    def n_components(self) -> int:
        """Number of Gaussians."""
        return len(self.means)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision of the products."""
        return self.bias.dtype

    @property
    def partial(self) -> Partial:
        """The same mixture for rows with missing entries."""
        if self._partial is None:
            self._partial = compile_partial(self.parameters, log_weights=self.log_weights)
        return self._partial

    def lost(self, dtype: np.dtype[Any]) -> npt.NDArray[np.bool_]:
        """Return which components (k,) are too narrow to be estimated from sums made in moment form in dtype."""
        return self.sharpness > _TOLERATED * _RESOLVED[dtype]

    @property
    def block_rows(self) -> int:
        """Rows of a block."""
        wanted = _BLOCK_BYTES // self.dtype.itemsize // (self.n_components + self.n_moments)
        return min(max(wanted, 512), 4096) // 96 * 96

    def blocks(self, x: Floats, piece: slice, memory: Memory, n_groups: int = 1) -> Iterator[Block]:
        """Run the E step over a piece of rows, block by block.

        Parameters
        ----------
        x : array (n, n_features)
            All rows; NaN is a missing entry.
        piece : slice
            Which of them.
        memory : Memory
            Where the blocks lie.
        n_groups : int
            Into how many groups of consecutive components shares and likelihoods are divided.

        Raises
        ------
        ValueError
            If a row holds infinity.
        """
        for start in range(piece.start, piece.stop, self.block_rows):
            rows = slice(start, min(start + self.block_rows, piece.stop))
            count = rows.stop - start
            sizes = padded(self.n_components, self.n_moments, count, self.dtype)
            moments = memory.array("moments", sizes[1:], self.dtype)
            moments[:, count:] = 0
            shares = memory.array("shares", sizes[::2], self.dtype)
            yield self._block(plain(x[rows]), rows, moments, shares, n_groups)

    def _block(self, x: Floats, rows: slice, moments: Floats, whole: Floats, n_groups: int) -> Block:
        from diarize.gmm.engine import loops

        shares = whole[: self.n_components, : len(x)]
        peak, total = np.empty((2, n_groups, len(x)), dtype=self.dtype)
        log_likelihood, lowest = np.empty((n_groups, len(x))), np.array([_LOWEST[self.dtype]], self.dtype)
        forward = np.atleast_2d(np.ascontiguousarray(self.forward))  # one layout: else loops are compiled once more
        mixture = loops.Mixture(self.kind.loop, self.centre, forward, self.coefficients, self.bias, lowest)
        if self.coefficients.ndim == 3 and not self.any_direct:
            loops.evaluate(x, mixture, loops.Arrays(moments, whole, peak, total))
        else:
            loops.expand(x, mixture, moments)
            with np.errstate(over="ignore", invalid="ignore"):
                log_densities(self.coefficients, moments, whole)
                for k in np.flatnonzero(self.direct):
                    shares[k] = self.log_scale[k] - 0.5 * self.distances(x, int(k)) - self.offset
            loops.softmax(whole, self.bias, lowest[0], peak, total)
        finite = loops.log_sums(peak, total, self.offset, log_likelihood)
        if self.kind.shared and not self.any_direct:  # squares are the same for all components
            with np.errstate(over="ignore", invalid="ignore"):
                log_likelihood -= loops.half_squares(moments, self.n_moments, len(x))
            finite = bool(np.isfinite(log_likelihood).all())
        block = Block(rows, moments, whole, shares, total, log_likelihood, _NONE)
        return block if finite else self._mended(x, block, np.flatnonzero(~np.isfinite(log_likelihood).all(axis=0)))

    def distances(self, x: Floats, k: int) -> Float64:
        """Return the squared Mahalanobis distances (n,) of rows x from component k, in float64."""
        from diarize.gmm.engine.loops import squared_distances

        factor = self.kind.one(self.factors, k)
        if factor.ndim == 1:
            return squared_distances(x, self.means[k], np.array(factor))  # a copy is of one type for all kinds
        return self.kind.squared_distances(x - self.means[k], factor)

    def _mended(self, x: Floats, block: Block, places: npt.NDArray[np.intp]) -> Block:
        """Evaluate rows with missing entries; give rows whose density underflows the prior as posterior."""
        bad = places[np.isinf(x[places]).any(axis=1)]
        if len(bad):
            raise ValueError(f"Input X contains infinity: row {block.rows.start + int(bad[0])}; remove or impute it")
        joint = np.full((self.n_components, len(places)), -np.inf)
        missing = np.isnan(x[places]).any(axis=1)
        if missing.any():
            joint[:, missing] = self.partial.log_joint(x[places[missing]]).T
        far = np.isneginf(joint.max(axis=0))
        joint[:, far] = self.log_scale[:, None]
        grouped = joint.reshape(len(block.total), -1, len(places))
        peak = grouped.max(axis=1)
        shares = np.exp(np.maximum(grouped - peak[:, None], _LOWEST[self.dtype]))
        block.shares[:, places] = shares.reshape(joint.shape)
        block.total[:, places] = shares.sum(axis=1)
        block.log_likelihood[:, places] = np.log(shares.sum(axis=1)) + peak
        block.log_likelihood[:, places[far]] = -np.inf
        return block._replace(incomplete=places[missing])


def plain(x: Floats) -> Floats:
    """Return the rows as the compiled functions take them: contiguous, and read-only whether they were or not."""
    rows = np.ascontiguousarray(x).view()
    rows.flags.writeable = False
    return rows


def compile_kernel(
    parameters: MixtureParameters,
    dtype: npt.DTypeLike,
    direct: npt.NDArray[np.bool_] | None = None,
    *,
    log_weights: npt.ArrayLike | None = None,
) -> Kernel:
    """Prepare a mixture for the E step.

    Parameters
    ----------
    parameters : MixtureParameters
        The mixture.
    dtype : float32 or float64
        Wanted precision of the products; float64 is taken when float32 cannot resolve many of the components.
    direct : array (n_components,) of bool, optional
        Further components to evaluate directly.
    log_weights : array (n_components,), optional
        Take the place of the logs of the weights; they need not be normalised.
    """
    wanted, kind = np.dtype(dtype), parameters.kind
    means = parameters.means.astype(np.float64)
    weights = parameters.weights.astype(np.float64)
    factors = kind.root(parameters.covariances.astype(np.float64))
    logs = np.log(np.maximum(weights, _LEAST_WEIGHT)) if log_weights is None else np.asarray(log_weights, np.float64)
    normalisation = 0.5 * means.shape[1] * np.log(2 * np.pi)
    log_scale = logs - normalisation + kind.log_determinants(factors, means.shape)
    centre = (weights @ means / weights.sum()).astype(wanted).astype(np.float64)
    forward, backward = kind.whitening(parameters.covariances, weights, means - centre, wanted)
    linear, quadratic, sharpness = kind.natural(factors, backward, forward, means - centre)
    white = _apply(forward, means - centre)
    constant = log_scale - 0.5 * (linear * white).sum(axis=1)
    if (sharpness > _RESOLVED[wanted]).mean() > 0.25:
        wanted = np.dtype(np.float64)
    narrow = sharpness > _RESOLVED[wanted]
    if direct is not None:
        narrow = narrow | direct
    if kind.shared:
        narrow[:] = narrow.any()
    offset = float(constant.max(initial=-np.inf, where=~narrow)) if not narrow.all() else float(log_scale.max())
    offset = round(offset * 1024) / 1024  # a coarse number: adding it again rounds no float32 result
    coefficients = np.concatenate([(constant - offset)[:, None], linear, quadratic], axis=1)
    # the products of directly evaluated components are overwritten: keep them finite
    coefficients[narrow] = 0
    bias = np.zeros(len(means), dtype=wanted)
    if wanted == np.float32:
        squares = kind.expected_squares(parameters.covariances, forward, white)
        bias[:] = _rounding(coefficients, np.concatenate([np.ones((len(white), 1)), white, squares], axis=1))
    return Kernel(
        parameters,
        logs,
        centre,
        forward,
        backward,
        packed(coefficients, wanted),
        coefficients.shape[1],
        offset,
        bias,
        sharpness,
        narrow,
        means,
        kind.per_feature(factors, means.shape),
        log_scale,
        bool(narrow.any()),
    )


def _apply(forward: Float64, rows: Float64) -> Float64:
    return rows * forward if forward.ndim == 1 else rows @ forward.T


def _rounding(coefficients: Float64, expected: Float64) -> Float64:
    """Return what float32 coefficients lose, (k,), in the mean over expected moments.

    Coefficients are large where components are narrow; their rounding shifts all rows of a component alike, and would
    not average out as the rounding of the products does.
    """
    lost: Float64 = ((coefficients - coefficients.astype(np.float32)) * expected).sum(axis=1)
    return lost
