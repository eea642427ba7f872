"""Covariances of features that do not depend on each other: a variance for each, or one for all of a component."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Flags, Float64, Floats, IllDefinedError, Places, rounding
from diarize.gmm.covariances.kind import ADAPTED_FLOOR, CovarianceKind, RandomSource, Wisharts, data_share


class _Variances(CovarianceKind):
    """What variances of each feature and those of all features share: second moments are sums of squares, (k, d)."""

    loop = 0
    independent = True

    def dense(self, covariances: Float64, shape: tuple[int, int]) -> Float64:
        return np.broadcast_to(self.variances(covariances), shape)[:, :, None] * np.eye(shape[1])

    def root(self, covariances: Float64) -> Float64:
        if (covariances <= 0).any():
            raise IllDefinedError
        return 1.0 / np.sqrt(covariances)

    def of_root(self, root: Float64) -> Float64:
        return 1 / root**2

    def precisions(self, root: Float64) -> Float64:
        return root**2

    def of_precisions(self, precisions: Float64) -> Float64:
        if (precisions <= 0).any():
            raise ValueError(f"'{self.name} precision' should be positive")
        return 1 / precisions

    def log_determinants(self, root: Float64, shape: tuple[int, int]) -> Float64:
        each: Float64 = np.log(np.broadcast_to(self.variances(root), shape)).sum(axis=1)
        return each

    def whitened(self, away: Float64, root: Float64) -> Float64:
        return away * root

    def coloured(self, covariances: Floats, noise: Float64, labels: Places, random_state: RandomSource) -> Float64:
        return np.asarray(noise * np.sqrt(self.variances(covariances))[labels])

    def spread_along(self, covariances: Floats, places: Places, direction: Float64) -> Float64:
        return np.asarray(direction * np.sqrt(self.variances(covariances)[places]))

    def second_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, n_features

    def moved(self, second: Float64, first: Float64, new_first: Float64, zeroth: Float64, step: Float64) -> Float64:
        return second + step * (first + new_first)

    def add_rows(self, second: Float64, shares: Float64, away: Float64, weight: Float64) -> None:
        second += shares.T @ away**2

    def near_moments(self, away: Float64, share: Float64, root: Float64) -> Float64:
        return share @ away**2

    def of_products(self, products: Float64, scatter: Float64, backward: Float64) -> Float64:
        return products * backward**2

    def estimated(self, centred: Float64, count: Float64, total: float) -> Float64:
        return self.reduced(centred / count[:, None])

    def overall(self, second: Float64, total: float) -> Float64:
        return self.reduced(second.sum(axis=0) / total)

    def overall_at_least(self, second: Float64, total: float, least: float) -> Float64:
        return self.reduced(np.maximum(second.sum(axis=0) / total, least))

    def regularised(self, covariances: Float64, means: Float64, kept: Flags, reg_covar: float) -> Float64:
        lifted = np.maximum(covariances, 0.0)
        if reg_covar == 0 and (lifted <= self.reduced(rounding(means))).any():
            raise IllDefinedError
        return np.where(kept.reshape(-1, *[1] * (lifted.ndim - 1)), covariances, lifted + reg_covar)

    def implied(self, covariances: Float64, weights: Float64, reg_covar: float) -> Float64:
        return np.asarray(weights[:, None] * np.maximum(self.variances(covariances) - reg_covar, 0))

    def narrowest(self, covariances: Float64, total: Float64) -> tuple[Float64, Float64]:
        own = self.variances(covariances)
        wanted = len(own), len(total)
        return np.broadcast_to(own, wanted).astype(np.float64), np.broadcast_to(np.diagonal(total), wanted)

    def in_order(self, covariances: Float64, away: Float64) -> tuple[Float64, Float64]:
        scale = np.broadcast_to(np.sqrt(self.variances(covariances)), away.shape[1:])
        return away / scale, scale

    def whitening(
        self, covariances: Floats, weights: Float64, away: Float64, dtype: npt.DTypeLike
    ) -> tuple[Float64, Float64]:
        spread: Float64 = np.sqrt(weights @ (self.variances(covariances).astype(np.float64) + away**2))
        forward = (1.0 / spread).astype(dtype).astype(np.float64)  # exact in the rows' own precision
        return forward, 1.0 / forward

    def natural(
        self, root: Float64, backward: Float64, forward: Float64, away: Float64
    ) -> tuple[Float64, Float64, Float64]:
        precision = (np.broadcast_to(self.variances(root), away.shape) * backward) ** 2
        return precision * (away * forward), -0.5 * precision, precision.max(axis=1)

    def expected_squares(self, covariances: Floats, forward: Float64, white: Float64) -> Float64:
        return np.broadcast_to(self.variances(covariances), white.shape) * forward**2 + white**2

    def with_noise(self, covariances: Float64, noise: float) -> Float64:
        return covariances + noise

    def weighted_squares(self, weight: Float64, away: Float64) -> Float64:
        return weight[..., None] * away**2

    def at_least(self, covariances: Float64, means: Float64, least: float) -> Float64:
        if least == 0 and (covariances <= self.reduced(rounding(means))).any():
            raise IllDefinedError
        return np.maximum(covariances, least)


class Diagonal(_Variances):
    """A variance for each feature of each component, (k, d)."""

    name = unshared = "diag"

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, n_features

    def n_free(self, n_components: int, n_features: int) -> int:
        return n_components * n_features

    def variances(self, covariances: Floats) -> Floats:
        return covariances

    def of_variances(self, variances: Float64) -> Float64:
        return variances[None]

    def scaled(self, covariances: Float64, spread: Float64, *, per_feature: bool) -> tuple[Float64, str]:
        return covariances * spread**2, self.name

    def adapted(self, prior: Float64, centred: Float64, moved: Float64, count: Float64, relevance: float) -> Float64:
        alpha, rows = data_share(count, relevance), np.where(count > 0, count, 1.0)
        mixed = alpha[:, None] * centred / rows[:, None] + (1 - alpha)[:, None] * (prior + moved**2)
        return np.maximum(mixed, ADAPTED_FLOOR * prior)

    def marginal(self, covariances: Floats, places: Places) -> Floats:
        return covariances[:, places]

    def conditioned(
        self, covariances: Float64, means: Float64, values: Float64, unknown: Flags
    ) -> tuple[Float64, Float64]:
        return means[:, unknown], covariances[:, unknown]

    def posterior_mean(
        self, prior: tuple[Float64, float, float], count: Float64, scatter: Float64, step: Float64
    ) -> tuple[Float64, Float64]:
        scale, freedom, precision = prior
        rows = np.asarray(freedom + count)
        return rows, (scale + np.maximum(scatter, 0) + precision * step**2) / rows[:, None]

    def wisharts(self, rows: Float64, prior_rows: float, roots: Float64, shape: tuple[int, int]) -> Wisharts:
        return Wisharts(rows[:, None], prior_rows, 1, roots)

    def prior_terms(self, covariances: Float64, prior: Float64, away: Float64) -> tuple[Float64, Float64, Float64]:
        factors = self.root(covariances)
        log_det = -2 * np.log(factors).sum(axis=-1)
        return ((factors * away) ** 2).sum(axis=-1), log_det, (factors**2 * prior).sum(axis=-1)


class Spherical(_Variances):
    """One variance for all features of a component, (k,)."""

    name = unshared = "spherical"

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components,)

    def n_free(self, n_components: int, n_features: int) -> int:
        return n_components

    def variances(self, covariances: Floats) -> Floats:
        return covariances[:, None]

    def of_variances(self, variances: Float64) -> Float64:
        return np.asarray(variances.mean(keepdims=True))

    def per_feature(self, root: Float64, shape: tuple[int, int]) -> Float64:
        return np.broadcast_to(root[:, None], shape)

    def reduced(self, squares: Float64) -> Float64:
        return np.asarray(squares.mean(axis=-1))

    def scaled(self, covariances: Float64, spread: Float64, *, per_feature: bool) -> tuple[Float64, str]:
        if per_feature or np.ptp(spread) > 0:
            return covariances[:, None] * spread**2, Diagonal.name
        return np.asarray(covariances * spread[0] ** 2), self.name

    def adapted(self, prior: Float64, centred: Float64, moved: Float64, count: Float64, relevance: float) -> Float64:
        alpha, rows = data_share(count, relevance), np.where(count > 0, count, 1.0)
        scatter, old = centred.mean(axis=1) / rows, prior + (moved**2).mean(axis=1)
        mixed = np.asarray(alpha * scatter + (1 - alpha) * old, dtype=np.float64)
        return np.maximum(mixed, ADAPTED_FLOOR * prior)

    def marginal(self, covariances: Floats, places: Places) -> Floats:
        return covariances

    def conditioned(
        self, covariances: Float64, means: Float64, values: Float64, unknown: Flags
    ) -> tuple[Float64, Float64]:
        return means[:, unknown], covariances

    def posterior_mean(
        self, prior: tuple[Float64, float, float], count: Float64, scatter: Float64, step: Float64
    ) -> tuple[Float64, Float64]:
        scale, freedom, precision = prior
        rows = np.asarray(freedom + count)
        return rows, (scale + self.reduced(np.maximum(scatter, 0) + precision * step**2)) / rows

    def wisharts(self, rows: Float64, prior_rows: float, roots: Float64, shape: tuple[int, int]) -> Wisharts:
        return Wisharts(rows[:, None] * shape[1], prior_rows * shape[1], 1, roots[:, None])

    def prior_terms(self, covariances: Float64, prior: Float64, away: Float64) -> tuple[Float64, Float64, Float64]:
        factors, n_features = self.root(covariances), away.shape[-1]
        log_det = -2 * n_features * np.log(factors)
        return np.asarray(factors**2 * (away**2).sum(axis=-1)), log_det, n_features * factors**2 * prior
