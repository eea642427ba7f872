"""The E step in moment form: the log densities of all components as one matrix product.

A Gaussian's log density is linear in z = [1, x, x^2] (variances) or z = [1, x, upper triangle of x x^T] (covariance
matrices), so the densities of a block of rows under all components are one product W @ z. Its rounding error grows
with the ratio of the spread of the whole mixture to that of a component. Rows are therefore centred and whitened by
the moments of the whole mixture first, and components still too narrow for the precision in use are evaluated
directly, as a squared distance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diarize.gmm.parameters import Float64, Floats, MixtureParameters, floored, precision_cholesky

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


class Block(NamedTuple):
    """What the E step knows of some consecutive rows; the arrays are overwritten by the next block."""

    rows: slice
    moments: Floats  # (n_moments, n_rows)
    shares: Floats  # (n_components, n_rows): posteriors times `total`
    total: Floats  # (n_rows,)
    log_likelihood: Float64  # (n_rows,)


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """A mixture compiled for the E step; made by `compile_kernel`."""

    covariance_type: str
    centre: Float64  # (d,) exact in the data's own precision
    forward: Float64  # (d,) or (d, d): whitened = forward (x - centre)
    backward: Float64  # its inverse
    coefficients: Floats  # (k, n_moments)
    rounding: Floats | None  # (k, 1) what rounding the coefficients took from a component's mean log density
    offset: float  # taken out of every row of the coefficients, so that constants stay small
    sharpness: Float64  # (k,) largest precision in units of the whole mixture's
    direct: npt.NDArray[np.bool_]  # (k,) components evaluated as squared distances
    means: Float64  # (k, d)
    factors: Float64  # precision Cholesky factors, in the mixture's own shape
    log_scale: Float64  # (k,) log weight minus log of the Gaussian's normalisation

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision of the products."""
        return self.coefficients.dtype

    def lost(self, dtype: np.dtype[Any]) -> npt.NDArray[np.bool_]:
        """Return which components (k,) are too narrow to be estimated from sums made in moment form in dtype."""
        return self.sharpness > _TOLERATED * _RESOLVED[dtype]

    @property
    def block_rows(self) -> int:
        """Rows of a block."""
        return min(max(512, _BLOCK_BYTES // self.dtype.itemsize // sum(self.coefficients.shape)), 4096)

    def expand(self, x: Floats, out: Floats) -> None:
        """Write the moments of rows x (n, d) into out (n_moments, n)."""
        n_features = x.shape[1]
        white = out[1 : 1 + n_features]
        out[0] = 1
        if self.forward.ndim == 1:
            np.subtract(x.T, self.centre.astype(x.dtype)[:, None], out=white)
            np.multiply(white, self.forward.astype(out.dtype)[:, None], out=white)
            np.multiply(white, white, out=out[1 + n_features :])
            return
        # whitening cancels digits when dimensions are correlated: always in float64
        white[...] = self.forward @ (x - self.centre).T
        if self.covariance_type == "full":
            row = 1 + n_features
            for i in range(n_features):
                np.multiply(white[i], white[i:], out=out[row : row + n_features - i])
                row += n_features - i

    def log_joint(self, x: Floats, moments: Floats, out: Floats) -> None:
        """Write log(weight x density) - offset into out (k, n); see `leaves_common`."""
        np.matmul(self.coefficients, moments, out=out)
        if self.rounding is not None:
            np.add(out, self.rounding, out=out)
        for k in np.flatnonzero(self.direct):
            out[k] = self.log_scale[k] - self.offset - 0.5 * self.distances(x, int(k))

    def distances(self, x: Floats, k: int) -> Float64:
        """Return the squared Mahalanobis distances (n,) of rows x from component k, in float64."""
        factor = self.factors if self.covariance_type == "tied" else self.factors[k]
        away = x - self.means[k]
        scaled = away @ factor if factor.ndim == 2 else away * factor
        found: Float64 = np.einsum("nd,nd->n", scaled, scaled)
        return found

    @property
    def leaves_common(self) -> bool:
        """Whether `log_joint` leaves out -common / 2, as the products of a tied covariance do."""
        return self.covariance_type == "tied" and not self.direct.any()

    def common(self, moments: Floats) -> Float64:
        """Return the squared norm (n,) of the whitened rows, which a tied covariance leaves out of the products."""
        white = moments[1:].astype(np.float64)
        found: Float64 = np.einsum("dn,dn->n", white, white)
        return found

    def blocks(self, x: Floats) -> Iterator[Block]:
        """Run the E step over rows x (n, d), block by block.

        Raises
        ------
        ValueError
            If a row holds NaN or infinity.
        """
        n_components, n_moments = self.coefficients.shape
        size = min(self.block_rows, max(1, len(x)))
        moments = np.empty((n_moments, size), dtype=self.dtype)
        shares = np.empty((n_components, size), dtype=self.dtype)
        for start in range(0, len(x), size):
            rows = slice(start, min(start + size, len(x)))
            count = rows.stop - start
            yield self._block(x[rows], rows, moments[:, :count], shares[:, :count])

    def _block(self, x: Floats, rows: slice, moments: Floats, shares: Floats) -> Block:
        with np.errstate(over="ignore", invalid="ignore"):
            self.expand(x, moments)
            self.log_joint(x, moments, shares)
        peak = shares.max(axis=0)
        finite = np.isfinite(peak)
        if not finite.all():
            self._far_rows(x, rows, shares, ~finite)
            peak = shares.max(axis=0)
        with np.errstate(over="ignore"):  # further below the peak than numbers reach: no share at all
            np.subtract(shares, peak, out=shares)
        np.maximum(shares, _LOWEST[self.dtype], out=shares)
        np.exp(shares, out=shares)
        total = shares.sum(axis=0)
        found = np.log(total, dtype=np.float64)
        found += peak
        found += self.offset
        if self.leaves_common:
            with np.errstate(over="ignore"):
                found -= 0.5 * self.common(moments)
        found[~finite] = -np.inf
        return Block(rows, moments, shares, total, found)

    def _far_rows(self, x: Floats, rows: slice, shares: Floats, far: npt.NDArray[np.bool_]) -> None:
        """Give rows whose density underflows the prior as posterior; rows that are no numbers are errors."""
        bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
        if len(bad):
            raise ValueError(f"Input X contains NaN or infinity: row {rows.start + int(bad[0])}; remove or impute it")
        shares[:, far] = self.log_scale[:, None]


def compile_kernel(
    parameters: MixtureParameters, dtype: npt.DTypeLike, direct: npt.NDArray[np.bool_] | None = None
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
    """
    kind = np.dtype(dtype)
    means = parameters.means.astype(np.float64)
    weights = parameters.weights.astype(np.float64)
    factors = precision_cholesky(parameters.covariances, parameters.covariance_type)
    logs = np.log(np.maximum(weights, _LEAST_WEIGHT)) - 0.5 * means.shape[1] * np.log(2 * np.pi)
    log_scale = logs + _log_determinants(factors, parameters.covariance_type, means.shape)
    centre = (weights @ means / weights.sum()).astype(kind).astype(np.float64)
    forward, backward = _whitening(parameters, weights, means - centre)
    linear, quadratic, sharpness = _natural(parameters.covariance_type, factors, backward, forward, means - centre)
    white = _apply(forward, means - centre)
    constant = log_scale - 0.5 * (linear * white).sum(axis=1)
    if (sharpness > _RESOLVED[kind]).mean() > 0.25:
        kind = np.dtype(np.float64)
    narrow = sharpness > _RESOLVED[kind]
    if direct is not None:
        narrow = narrow | direct
    if parameters.covariance_type == "tied":
        narrow[:] = narrow.any()
    offset = float(constant.max(initial=-np.inf, where=~narrow)) if not narrow.all() else float(log_scale.max())
    offset = round(offset * 1024) / 1024  # a coarse number: adding it again rounds no float32 result
    coefficients = np.concatenate([(constant - offset)[:, None], linear, quadratic], axis=1)
    # the products of directly evaluated components are overwritten: keep them finite
    coefficients[narrow] = 0
    rounding = None
    if parameters.covariance_type == "full" and kind == np.float32:
        rounding = _rounding(coefficients, parameters.covariances, forward, white)
    return Kernel(
        parameters.covariance_type,
        centre,
        forward,
        backward,
        coefficients.astype(kind),
        rounding,
        offset,
        sharpness,
        narrow,
        means,
        _per_feature(factors, parameters.covariance_type, means.shape),
        log_scale,
    )


def _per_feature(factors: Float64, covariance_type: str, shape: tuple[int, ...]) -> Float64:
    return np.broadcast_to(factors[:, None], shape) if covariance_type == "spherical" else factors


def _log_determinants(factors: Float64, covariance_type: str, shape: tuple[int, ...]) -> Float64:
    if covariance_type in ("full", "tied"):
        found = np.log(np.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1)
    else:
        found = np.log(_per_feature(factors, covariance_type, shape)).sum(axis=1)
    return np.broadcast_to(found, shape[:1])


def _apply(forward: Float64, rows: Float64) -> Float64:
    return rows * forward if forward.ndim == 1 else rows @ forward.T


def _whitening(parameters: MixtureParameters, weights: Float64, away: Float64) -> tuple[Float64, Float64]:
    """Return the map that whitens and its inverse; for a tied covariance by that, else by the whole mixture's."""
    if parameters.covariance_type in ("diag", "spherical"):
        spread: Float64 = np.sqrt(weights @ (parameters.variances.astype(np.float64) + away**2))
        return 1.0 / spread, spread
    pooled: Float64 = parameters.covariances.astype(np.float64)
    if parameters.covariance_type == "full":
        pooled = np.tensordot(weights, pooled, axes=1) + (weights[:, None] * away).T @ away
    backward = np.linalg.cholesky(floored(pooled, 0.0))
    return np.tril(np.linalg.inv(backward)), np.asarray(backward, dtype=np.float64)


def _natural(
    covariance_type: str, factors: Float64, backward: Float64, forward: Float64, away: Float64
) -> tuple[Float64, Float64, Float64]:
    """Return linear (k, d) and quadratic coefficients in whitened space, and how sharp each component is there."""
    n_features = away.shape[1]
    white = _apply(forward, away)
    if covariance_type == "tied":
        return white, np.empty((len(white), 0)), (white**2).sum(axis=1)
    if covariance_type != "full":
        precision = (_per_feature(factors, covariance_type, away.shape) * backward) ** 2
        return precision * white, -0.5 * precision, precision.max(axis=1)
    root = backward.T @ factors
    matrix = root @ np.swapaxes(root, 1, 2)
    upper = np.triu_indices(n_features)
    quadratic = np.where(upper[0] == upper[1], -0.5, -1.0) * matrix[:, upper[0], upper[1]]
    sharpness = np.diagonal(matrix, axis1=1, axis2=2).max(axis=1)
    return (matrix @ white[:, :, None])[:, :, 0], quadratic, sharpness


def _rounding(coefficients: Float64, covariances: Floats, forward: Float64, white: Float64) -> Floats:
    """Return what float32 coefficients lose, (k, 1), in the mean over rows that a component itself would draw.

    Coefficients are large where components are narrow; their rounding shifts all rows of a component alike, and would
    not average out as the rounding of the products does.
    """
    upper = np.triu_indices(white.shape[1])
    second = forward @ covariances.astype(np.float64) @ forward.T + white[:, :, None] * white[:, None, :]
    expected = np.concatenate([np.ones((len(white), 1)), white, second[:, upper[0], upper[1]]], axis=1)
    lost: Floats = ((coefficients - coefficients.astype(np.float32)) * expected).sum(axis=1, keepdims=True)
    return lost.astype(np.float32)
