"""Covariance matrices: one for each component, or one for all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Flags, Float64, Floats, IllDefinedError, Places, floored, rounding
from diarize.gmm.covariances.kind import ADAPTED_FLOOR, CovarianceKind, RandomSource, Wisharts, data_share


class _Matrices(CovarianceKind):
    """What a matrix each and one for all share; arrays (..., d, d)."""

    unshared = "full"

    def check(self, covariances: Float64, name: str) -> None:
        turned = np.swapaxes(covariances, -1, -2)
        scale = np.abs(covariances).max(axis=(-1, -2), keepdims=True)
        if not (np.abs(covariances - turned) <= 1e-8 * scale).all():
            raise ValueError(f"{name} must be symmetric and finite")
        try:
            np.linalg.cholesky(covariances)
        except np.linalg.LinAlgError:
            raise IllDefinedError from None

    def variances(self, covariances: Floats) -> Floats:
        return np.diagonal(covariances, axis1=-2, axis2=-1)

    def dense(self, covariances: Float64, shape: tuple[int, int]) -> Float64:
        return covariances.reshape(-1, shape[1], shape[1])

    def isotropic(self, value: Float64, n_features: int) -> Float64:
        return value * np.eye(n_features)

    def scaled(self, covariances: Float64, spread: Float64, *, per_feature: bool) -> tuple[Float64, str]:
        return covariances * spread[:, None] * spread, self.name

    def root(self, covariances: Float64) -> Float64:
        try:
            factor = np.linalg.cholesky(covariances)
        except np.linalg.LinAlgError:
            raise IllDefinedError from None
        inverse = np.linalg.solve(factor, np.broadcast_to(np.eye(covariances.shape[-1]), covariances.shape))
        upper: Float64 = np.triu(np.swapaxes(inverse, -1, -2))
        return upper

    def of_root(self, root: Float64) -> Float64:
        half = np.linalg.inv(root)
        return np.asarray(np.swapaxes(half, -1, -2) @ half)

    def precisions(self, root: Float64) -> Float64:
        return root @ np.swapaxes(root, -1, -2)

    def of_precisions(self, precisions: Float64) -> Float64:
        turned = np.swapaxes(precisions, -1, -2)
        if not np.allclose(precisions, turned) or (np.linalg.eigvalsh(precisions) <= 0).any():
            raise ValueError(f"'{self.name} precision' should be symmetric, positive-definite")
        inverse = np.linalg.inv(precisions)
        return np.asarray((inverse + np.swapaxes(inverse, -1, -2)) / 2, dtype=np.float64)

    def log_determinants(self, root: Float64, shape: tuple[int, int]) -> Float64:
        return np.broadcast_to(np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(axis=-1), shape[:1])

    def whitened(self, away: Float64, root: Float64) -> Float64:
        return away @ root

    def coloured(self, covariances: Floats, noise: Float64, labels: Places, random_state: RandomSource) -> Float64:
        root, rows = np.linalg.cholesky(covariances.astype(np.float64)), noise.copy()
        for k in np.unique(labels):
            rows[labels == k] = rows[labels == k] @ self.one(root, int(k)).T
        return rows

    def regularised(self, covariances: Float64, means: Float64, kept: Flags, reg_covar: float) -> Float64:
        matrix = self._restored(covariances + reg_covar * np.eye(covariances.shape[-1]), covariances, kept)
        if reg_covar > 0:
            return floored((matrix + np.swapaxes(matrix, -1, -2)) / 2, reg_covar)
        if (self.variances(covariances) <= self._noise(means)).any():
            raise IllDefinedError
        return matrix

    def _restored(self, matrix: Float64, before: Float64, kept: Flags) -> Float64:
        """Return matrices, those that are kept as they were before."""
        return matrix

    def _noise(self, means: Float64) -> Float64:
        """Return the variances that rounding gives to rows around the means, for each matrix."""
        return rounding(means)

    def narrowest(self, covariances: Float64, total: Float64) -> tuple[Float64, Float64]:
        values, vectors = np.linalg.eigh(covariances)
        return values, np.einsum("...ij,ik,...kj->...j", vectors, total, vectors)

    def marginal(self, covariances: Floats, places: Places) -> Floats:
        return covariances[..., places[:, None], places]

    def conditioned(
        self, covariances: Float64, means: Float64, values: Float64, unknown: Flags
    ) -> tuple[Float64, Float64]:
        """Regress the unknown features on the others.

        The squared distance of a row from a component is |A_k d_k + A_u d_u|^2, where A' A is the precision and d the
        row minus the mean: least squares in d_u. With A_u = Q R the covariance is inv(R) inv(R)', positive definite
        whatever the rounding.
        """
        roots = np.atleast_3d(self.root(covariances)).reshape(-1, means.shape[1], means.shape[1])
        away = values[~unknown] - means[:, ~unknown]
        basis, triangle = np.linalg.qr(np.swapaxes(roots[:, unknown], 1, 2))
        inverse = np.linalg.solve(triangle, np.broadcast_to(np.eye(triangle.shape[-1]), triangle.shape))
        pulled = away[:, None] @ roots[:, ~unknown] @ basis @ np.swapaxes(inverse, 1, 2)
        every = inverse @ np.swapaxes(inverse, 1, 2)
        return means[:, unknown] - pulled[:, 0], every[0] if self.shared else every

    def in_order(self, covariances: Float64, away: Float64) -> tuple[Float64, Float64]:
        size = away.shape[-1]
        root = np.linalg.cholesky(covariances).reshape(-1, size, size)
        inverse = np.linalg.solve(root, np.broadcast_to(np.eye(size), root.shape))
        white = (away[:, :, None] @ np.swapaxes(inverse, 1, 2))[:, :, 0]
        return white, np.diagonal(root, axis1=1, axis2=2)

    def whitening(
        self, covariances: Floats, weights: Float64, away: Float64, dtype: npt.DTypeLike
    ) -> tuple[Float64, Float64]:
        backward = np.linalg.cholesky(floored(self._whole(covariances.astype(np.float64), weights, away), 0.0))
        return np.ascontiguousarray(np.tril(np.linalg.inv(backward))), np.asarray(backward, dtype=np.float64)

    def _whole(self, covariances: Float64, weights: Float64, away: Float64) -> Float64:
        """Return the covariance that makes rows white."""
        return covariances

    def with_noise(self, covariances: Float64, noise: float) -> Float64:
        turned = np.swapaxes(covariances, -1, -2)
        matrix = (covariances + turned) / 2 + noise * np.eye(covariances.shape[-1])
        return floored(matrix, noise) if noise > 0 else matrix

    def near_moments(self, away: Float64, share: Float64, root: Float64) -> Float64:
        return (away * share[:, None]).T @ away

    def weighted_squares(self, weight: Float64, away: Float64) -> Float64:
        return weight[..., None, None] * away[..., :, None] * away[..., None, :]

    def at_least(self, covariances: Float64, means: Float64, least: float) -> Float64:
        matrix = (covariances + np.swapaxes(covariances, -1, -2)) / 2
        if least == 0:
            if (self.variances(matrix) <= self._noise(means)).any():
                raise IllDefinedError
            return matrix
        floor = least * np.eye(matrix.shape[-1])
        return floored(matrix - floor, 0.0) + floor

    def prior_terms(self, covariances: Float64, prior: Float64, away: Float64) -> tuple[Float64, Float64, Float64]:
        factors = self.root(covariances)
        inverse = factors @ np.swapaxes(factors, -1, -2)
        log_det = -2 * np.log(np.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1)
        trace = np.einsum("...ij,...ij->...", inverse, prior)
        each = inverse[:, None] if self.shared else inverse
        return np.einsum("skd,skde,ske->sk", away, each, away), log_det, trace


class Full(_Matrices):
    """A matrix for each component, (k, d, d)."""

    name = "full"
    loop = 1

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, n_features, n_features

    second_shape = shape

    def n_free(self, n_components: int, n_features: int) -> int:
        return n_components * (n_features * (n_features + 1) // 2)

    def of_variances(self, variances: Float64) -> Float64:
        return np.diag(variances)[None]

    def spread_along(self, covariances: Floats, places: Places, direction: Float64) -> Float64:
        return (np.linalg.cholesky(covariances.astype(np.float64))[places] @ direction[:, :, None])[:, :, 0]

    def moved(self, second: Float64, first: Float64, new_first: Float64, zeroth: Float64, step: Float64) -> Float64:
        cross = first[:, :, None] * step[:, None, :]
        square = zeroth[:, None, None] * step[:, :, None] * step[:, None, :]
        return second + cross + np.swapaxes(cross, 1, 2) + square

    def add_rows(self, second: Float64, shares: Float64, away: Float64, weight: Float64) -> None:
        size, flat = max(1, 200_000 // away.shape[1] ** 2), second.reshape(len(second), -1)
        for start in range(0, len(away), size):
            piece = away[start : start + size]
            outer = (piece[:, :, None] * piece[:, None, :]).reshape(len(piece), -1)
            flat += shares[start : start + size].T @ outer

    def of_products(self, products: Float64, scatter: Float64, backward: Float64) -> Float64:
        size = len(backward)
        upper = np.triu_indices(size)
        matrix = np.empty((len(products), size, size))
        matrix[:, upper[0], upper[1]] = products
        matrix[:, upper[1], upper[0]] = products
        return backward @ matrix @ backward.T

    def estimated(self, centred: Float64, count: Float64, total: float) -> Float64:
        return centred / count[:, None, None]

    def overall(self, second: Float64, total: float) -> Float64:
        return np.asarray(second.sum(axis=0) / total)

    def overall_at_least(self, second: Float64, total: float, least: float) -> Float64:
        return floored(self.overall(second, total) + least * np.eye(second.shape[-1]), least)

    def _restored(self, matrix: Float64, before: Float64, kept: Flags) -> Float64:
        matrix[kept] = before[kept]
        return matrix

    def implied(self, covariances: Float64, weights: Float64, reg_covar: float) -> Float64:
        return weights[:, None, None] * (covariances - reg_covar * np.eye(covariances.shape[-1]))

    def adapted(self, prior: Float64, centred: Float64, moved: Float64, count: Float64, relevance: float) -> Float64:
        alpha, rows = data_share(count, relevance), np.where(count > 0, count, 1.0)
        scatter = centred / rows[:, None, None]
        old = prior + moved[:, :, None] * moved[:, None, :]
        mixed = alpha[:, None, None] * scatter + (1 - alpha)[:, None, None] * old
        return floored(mixed, ADAPTED_FLOOR * float(self.variances(prior).min()))

    def least_rows(self, n_features: int) -> int:
        return n_features + 1

    def _whole(self, covariances: Float64, weights: Float64, away: Float64) -> Float64:
        return np.tensordot(weights, covariances, axes=1) + (weights[:, None] * away).T @ away

    def natural(
        self, root: Float64, backward: Float64, forward: Float64, away: Float64
    ) -> tuple[Float64, Float64, Float64]:
        half, white = backward.T @ root, away @ forward.T
        matrix = half @ np.swapaxes(half, 1, 2)
        upper = np.triu_indices(away.shape[1])
        quadratic = np.where(upper[0] == upper[1], -0.5, -1.0) * matrix[:, upper[0], upper[1]]
        sharpness = np.diagonal(matrix, axis1=1, axis2=2).max(axis=1)
        return (matrix @ white[:, :, None])[:, :, 0], quadratic, sharpness

    def expected_squares(self, covariances: Floats, forward: Float64, white: Float64) -> Float64:
        upper = np.triu_indices(white.shape[1])
        second = forward @ covariances.astype(np.float64) @ forward.T
        return (second + white[:, :, None] * white[:, None, :])[:, upper[0], upper[1]]

    def posterior_mean(
        self, prior: tuple[Float64, float, float], count: Float64, scatter: Float64, step: Float64
    ) -> tuple[Float64, Float64]:
        scale, freedom, precision = prior
        rows = np.asarray(freedom + count)
        scatter = scatter + precision * step[:, :, None] * step[:, None, :]
        return rows, (scale + scatter) / rows[:, None, None]

    def wisharts(self, rows: Float64, prior_rows: float, roots: Float64, shape: tuple[int, int]) -> Wisharts:
        return Wisharts(rows, prior_rows, shape[1], roots)


class Tied(_Matrices):
    """One matrix for all components, (d, d)."""

    name = "tied"
    loop = 2
    shared = True

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return n_features, n_features

    second_shape = shape

    def n_free(self, n_components: int, n_features: int) -> int:
        return n_features * (n_features + 1) // 2

    def of_variances(self, variances: Float64) -> Float64:
        return np.diag(variances)

    def one(self, values: Float64, k: int) -> Float64:
        return values

    def chosen(self, covariances: Floats, places: Places) -> Floats:
        return covariances

    def appended(self, covariances: Float64, places: Places) -> Float64:
        return covariances

    def spread_along(self, covariances: Floats, places: Places, direction: Float64) -> Float64:
        root = np.linalg.cholesky(covariances.astype(np.float64))
        return (np.broadcast_to(root, (len(places), *root.shape)) @ direction[:, :, None])[:, :, 0]

    def moved(self, second: Float64, first: Float64, new_first: Float64, zeroth: Float64, step: Float64) -> Float64:
        cross = first.T @ step
        return second + cross + cross.T + (zeroth[:, None] * step).T @ step

    def add_rows(self, second: Float64, shares: Float64, away: Float64, weight: Float64) -> None:
        second += (away * weight[:, None]).T @ away

    def of_products(self, products: Float64, scatter: Float64, backward: Float64) -> Float64:
        return backward @ scatter @ backward.T

    def estimated(self, centred: Float64, count: Float64, total: float) -> Float64:
        return centred / total

    def overall(self, second: Float64, total: float) -> Float64:
        return np.asarray(second / total)

    def overall_at_least(self, second: Float64, total: float, least: float) -> Float64:
        return floored(self.overall(second, total) + least * np.eye(second.shape[-1]), least)

    def _noise(self, means: Float64) -> Float64:
        noise: Float64 = rounding(means).max(axis=-2)
        return noise

    def implied(self, covariances: Float64, weights: Float64, reg_covar: float) -> Float64:
        return covariances - reg_covar * np.eye(covariances.shape[-1])

    def adapted(self, prior: Float64, centred: Float64, moved: Float64, count: Float64, relevance: float) -> Float64:
        total = count.sum()
        share = data_share(total, relevance)
        old = prior + (count[:, None] * moved).T @ moved / total
        floor = ADAPTED_FLOOR * float(np.diagonal(prior).min())
        return floored(share * centred / total + (1 - share) * old, floor)

    def least_rows(self, n_features: int) -> int:
        return 0

    def natural(
        self, root: Float64, backward: Float64, forward: Float64, away: Float64
    ) -> tuple[Float64, Float64, Float64]:
        white = away @ forward.T
        return white, np.empty((len(white), 0)), (white**2).sum(axis=1)

    def expected_squares(self, covariances: Floats, forward: Float64, white: Float64) -> Float64:
        return np.empty((len(white), 0))

    def posterior_mean(
        self, prior: tuple[Float64, float, float], count: Float64, scatter: Float64, step: Float64
    ) -> tuple[Float64, Float64]:
        scale, freedom, precision = prior
        rows = np.asarray(freedom + count.mean())
        return rows, (scale + (scatter + precision * step.T @ step) / len(count)) / rows

    def wisharts(self, rows: Float64, prior_rows: float, roots: Float64, shape: tuple[int, int]) -> Wisharts:
        return Wisharts(rows * shape[0], prior_rows * shape[0], shape[1], roots[None])
