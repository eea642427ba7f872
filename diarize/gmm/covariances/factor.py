"""Covariances of few factors: W W' + diag(psi), for features that depend on each other by q common causes only.

A row of a component is x = mean + W z + noise, z standard normal in q dimensions and the noise of variances psi. So a
component has d q + d - q (q - 1) / 2 free parameters instead of d (d + 1) / 2, and nothing of size d x d is formed:
with y = diag(psi)^-1/2 (x - mean), A = diag(psi)^-1/2 W and M = I + A' A (q x q), the factors given a row are normal
with mean z = inv(M) A' y and covariance inv(M), the squared distance is |y - A z|^2 + |z|^2, in which nothing cancels,
and the log determinant is log|M| + sum log psi (Woodbury).

Arrays: covariances are (k, d, q + 1), the loadings W and, last, psi; roots (k, d, q + 1), A and psi^-1/2; precisions
(k, d, q + 1), L and 1 / psi with diag(1 / psi) - L L' the precision. Second moments, (k, d + q, q + 1), are sums over
rows of

    x z'   x^2       for each feature
    z z'   z         for each factor

with z and z z' as expected given the row: complete-data statistics, which add over recordings and batches.

References
----------
Z. Ghahramani, G. E. Hinton. The EM algorithm for mixtures of factor analyzers. Technical report CRG-TR-96-1, University
of Toronto, 1996.
C. Liu, D. B. Rubin, Y. N. Wu. Parameter expansion to accelerate EM: the PX-EM algorithm. Biometrika 85, 1998.
doi:10.1093/biomet/85.4.755
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Flags, Float64, Floats, IllDefinedError, Places, floored, rounding
from diarize.gmm.covariances.kind import CovarianceKind, RandomSource
from diarize.gmm.covariances.matrices import Full
from diarize.gmm.covariances.variances import Diagonal

_FULL, _DIAGONAL = Full(), Diagonal()
_START_NOISE = 0.1  # variance that the scores of a start are taken to lack: the noise of no feature starts at zero

_LEAST_FACTOR = 1e-12  # least variance of factors over rows: components without any row have none


class Factor(CovarianceKind):
    """Loadings on few factors and a noise variance for each feature, (k, d, q + 1).

    Parameters
    ----------
    n_factors : int
        q.
    directions : array (n_features, n_factors), optional
        What rows are multiplied by for the scores that a start takes for factors; see `prepared`.
    """

    name = unshared = "factor"
    loop = 0

    def __init__(self, n_factors: int = 1, directions: Float64 | None = None) -> None:
        self.n_factors = int(n_factors)
        self.directions = directions

    # The array of covariances.

    def of_size(self, n_factors: int) -> CovarianceKind:
        return Factor(n_factors)

    def like(self, covariances: npt.NDArray[np.generic]) -> CovarianceKind:
        return Factor(max(1, covariances.shape[-1] - 1)) if covariances.ndim else self

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, n_features, self.n_factors + 1

    def n_free(self, n_components: int, n_features: int) -> int:
        q = self.n_factors
        return n_components * (n_features * (q + 1) - q * (q - 1) // 2)  # any rotation of the factors is as good

    def variances(self, covariances: Floats) -> Floats:
        loadings, noise = _parts(covariances)
        return np.asarray((loadings**2).sum(axis=-1) + noise)

    def dense(self, covariances: Float64, shape: tuple[int, int]) -> Float64:
        loadings, noise = _parts(covariances)
        return np.asarray(loadings @ np.swapaxes(loadings, 1, 2) + noise[:, :, None] * np.eye(shape[1]))

    def of_variances(self, variances: Float64) -> Float64:
        # half of each variance from the factors, in arbitrary directions: loadings of zero would stay zero in EM
        drawn = np.random.default_rng(0).standard_normal((len(variances), self.n_factors))
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        return _packed(np.sqrt(variances / 2)[:, None] * drawn, variances / 2)[None]

    def scaled(self, covariances: Float64, spread: Float64, *, per_feature: bool) -> tuple[Float64, str]:
        loadings, noise = _parts(covariances)
        return _packed(loadings * spread[:, None], noise * spread**2), self.name

    # Roots.

    def root(self, covariances: Float64) -> Float64:
        loadings, noise = _parts(covariances)
        if not (noise > 0).all():
            raise IllDefinedError
        deviation = np.sqrt(noise)
        return _packed(loadings / deviation[..., None], 1 / deviation)

    def of_root(self, root: Float64) -> Float64:
        white, scale = _parts(root)
        return _packed(white / scale[..., None], 1 / scale**2)

    def precisions(self, root: Float64) -> Float64:
        white, scale = _parts(root)
        turned = np.linalg.solve(np.linalg.cholesky(_inner(white)), np.swapaxes(white, -1, -2))
        return _packed(scale[..., None] * np.swapaxes(turned, -1, -2), scale**2)

    def of_precisions(self, precisions: Float64) -> Float64:
        taken, inverse = _parts(precisions)
        wrong = ValueError("'factor precision' should be symmetric, positive-definite")
        if not (inverse > 0).all():
            raise wrong
        noise = 1 / inverse
        inner = np.eye(taken.shape[-1]) - np.swapaxes(taken, -1, -2) @ (noise[..., None] * taken)
        try:
            np.linalg.cholesky(inner)
            half = np.linalg.cholesky(np.linalg.inv(inner))
        except np.linalg.LinAlgError:
            raise wrong from None
        return _packed(noise[..., None] * taken @ half, noise)

    def log_determinants(self, root: Float64, shape: tuple[int, int]) -> Float64:
        white, scale = _parts(root)
        return np.asarray(np.log(scale).sum(axis=-1) - 0.5 * np.linalg.slogdet(_inner(white))[1])

    def whitened(self, away: Float64, root: Float64) -> Float64:
        white, scale = _parts(root)
        axes, lengths, _ = np.linalg.svd(white, full_matrices=False)
        rows = away * scale
        return np.asarray(rows - (rows @ axes) * (1 - 1 / np.sqrt(1 + lengths**2)) @ axes.T)

    def squared_distances(self, away: Float64, root: Float64) -> Float64:
        white, scale = _parts(root)
        rows = away * scale
        factors = rows @ _regression(white).T
        rest = rows - factors @ white.T
        return np.asarray(np.einsum("nd,nd->n", rest, rest) + np.einsum("nq,nq->n", factors, factors))

    # Drawing and splitting.

    def coloured(self, covariances: Floats, noise: Float64, labels: Places, random_state: RandomSource) -> Float64:
        loadings, variances = _parts(covariances)
        factors = random_state.standard_normal((len(noise), self.n_factors))
        rows = noise * np.sqrt(variances)[labels]
        for k in np.unique(labels):
            rows[labels == k] += factors[labels == k] @ loadings[k].T
        return np.asarray(rows)

    def spread_along(self, covariances: Floats, places: Places, direction: Float64) -> Float64:
        loadings, noise = _parts(covariances[places])
        count = min(self.n_factors, direction.shape[1])
        common = loadings[:, :, :count] @ direction[:, :count, None]
        return np.asarray(direction * np.sqrt(noise) + common[:, :, 0])

    # Second moments.

    def second_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, n_features + self.n_factors, self.n_factors + 1

    def moved(self, second: Float64, first: Float64, new_first: Float64, zeroth: Float64, step: Float64) -> Float64:
        about, (d, q) = second.copy(), (step.shape[1], self.n_factors)
        about[:, :d, :q] += step[:, :, None] * second[:, None, d:, q]
        about[:, :d, q] += step * (first + new_first)
        return about

    def prepared(self, away: Float64) -> CovarianceKind:
        """Return the kind with the directions in which standardised rows (n, d) vary most; their scores start EM."""
        n_features, q = away.shape[1], self.n_factors
        if not 1 <= q <= n_features:
            raise ValueError(f"n_factors must be from 1 to the number of features, {n_features}, got {q}")
        spread = away.std(axis=0)
        even = away / np.where(spread > 0, spread, 1.0)
        _, lengths, axes = np.linalg.svd(even, full_matrices=False)
        directions = np.eye(n_features)[:, :q]
        usable = int((lengths[:q] > 1e-6 * max(float(lengths[0]), 1.0)).sum())
        directions[:, :usable] = axes[:usable].T / (lengths[:usable] / np.sqrt(len(away)))
        return Factor(q, directions / np.where(spread > 0, spread, 1.0)[:, None])

    def add_rows(self, second: Float64, shares: Float64, away: Float64, weight: Float64) -> None:
        d, q = away.shape[1], self.n_factors
        scores = away @ (np.eye(d)[:, :q] if self.directions is None else self.directions)
        size = max(1, 200_000 // ((d + q) * q))
        for start in range(0, len(away), size):
            rows = slice(start, start + size)
            both = np.concatenate([away[rows], scores[rows]], axis=1)
            products = (both[:, :, None] * scores[rows, None]).reshape(len(both), -1)
            second[:, :, :q] += (shares[rows].T @ products).reshape(len(second), d + q, q)
        second[:, :d, q] += shares.T @ away**2
        second[:, d:, q] += shares.T @ scores
        second[:, d:, :q] += _START_NOISE * np.asarray(shares.sum(axis=0)).reshape(-1, 1, 1) * np.eye(q)

    def near_moments(self, away: Float64, share: Float64, root: Float64) -> Float64:
        white, scale = _parts(root)
        factors = (away * scale) @ _regression(white).T
        both = np.concatenate([away, factors], axis=1)
        cross = (both * share[:, None]).T @ factors
        cross[away.shape[1] :] += share.sum() * np.linalg.inv(_inner(white))
        return _packed(cross, np.concatenate([share @ away**2, share @ factors]))

    def of_products(self, products: Float64, scatter: Float64, backward: Float64) -> Float64:
        return np.zeros(self.second_shape(len(products), len(backward)))  # all components are evaluated directly

    def of_scatter(self, zeroth: Float64, first: Float64, scatter: Float64, covariances: Float64) -> Float64:
        white, scale = _parts(self.root(covariances))
        weights = _regression(white) * scale[:, None]  # (k, q, d): the factors of a row are weights @ (x - mean)
        cross = scatter @ np.swapaxes(weights, 1, 2)
        inner = weights @ cross + zeroth[:, None, None] * np.linalg.inv(_inner(white))
        squares = np.diagonal(scatter, axis1=1, axis2=2)
        sums = np.concatenate([squares, (weights @ first[:, :, None])[:, :, 0]], axis=1)
        return _packed(np.concatenate([cross, inner], axis=1), sums)

    def estimated(self, centred: Float64, count: Float64, total: float) -> Float64:
        """Regress rows on their factors (Ghahramani and Hinton, section 3), then give factors unit variance (PX-EM)."""
        mean, q = centred / count[:, None, None], self.n_factors
        d = mean.shape[1] - q
        cross, squares, centre = mean[:, :d, :q], mean[:, :d, q], mean[:, d:, q]
        inner = mean[:, d:, :q] - centre[:, :, None] * centre[:, None, :]
        half = np.linalg.cholesky(floored((inner + np.swapaxes(inner, 1, 2)) / 2, _LEAST_FACTOR))
        loadings = np.swapaxes(np.linalg.solve(half, np.swapaxes(cross, 1, 2)), 1, 2)
        return _packed(loadings, np.maximum(squares - (loadings**2).sum(axis=-1), 0.0))

    def overall(self, second: Float64, total: float) -> Float64:
        return np.asarray(self.estimated(second.sum(axis=0)[None], np.array([total]), total)[0])

    def overall_at_least(self, second: Float64, total: float, least: float) -> Float64:
        loadings, noise = _parts(self.overall(second, total))
        return _packed(loadings, np.maximum(noise, least))

    def regularised(self, covariances: Float64, means: Float64, kept: Flags, reg_covar: float) -> Float64:
        loadings, noise = _parts(covariances)
        if reg_covar == 0 and (noise[~kept] <= rounding(means)[~kept]).any():
            raise IllDefinedError
        lifted = _packed(loadings, np.maximum(noise, reg_covar))
        return np.where(kept[:, None, None], covariances, lifted)

    def implied(self, covariances: Float64, weights: Float64, reg_covar: float) -> Float64:
        loadings, _ = _parts(covariances)
        inner = np.broadcast_to(np.eye(self.n_factors), (len(loadings), self.n_factors, self.n_factors))
        squares = np.concatenate([self.variances(covariances), np.zeros(inner.shape[:2])], axis=1)
        return np.asarray(weights[:, None, None] * _packed(np.concatenate([loadings, inner], axis=1), squares))

    def adapted(self, prior: Float64, centred: Float64, moved: Float64, count: Float64, relevance: float) -> Float64:
        self.lacks("adaptation of covariances: adapt weights and means, or")

    def least_rows(self, n_features: int) -> int:
        return self.n_factors + 2

    def narrowest(self, covariances: Float64, total: Float64) -> tuple[Float64, Float64]:
        noise = _parts(covariances)[1]
        return noise, np.broadcast_to(np.diagonal(total), noise.shape)

    # Part of the features.

    def marginal(self, covariances: Floats, places: Places) -> Floats:
        return covariances[:, places]

    def conditioned(
        self, covariances: Float64, means: Float64, values: Float64, unknown: Flags
    ) -> tuple[Float64, Float64]:
        white, scale = _parts(self.root(covariances[:, ~unknown]))
        loadings, noise = _parts(covariances[:, unknown])
        away = (values[~unknown] - means[:, ~unknown]) * scale
        factors = (_regression(white) @ away[:, :, None])[:, :, 0]
        half = np.linalg.cholesky(np.linalg.inv(_inner(white)))
        return means[:, unknown] + (loadings @ factors[:, :, None])[:, :, 0], _packed(loadings @ half, noise)

    def in_order(self, covariances: Float64, away: Float64) -> tuple[Float64, Float64]:
        return _FULL.in_order(self.dense(covariances, away.shape[1:]), away)

    # There is no moment form: every component is evaluated directly, whatever the precision.

    def whitening(
        self, covariances: Floats, weights: Float64, away: Float64, dtype: npt.DTypeLike
    ) -> tuple[Float64, Float64]:
        return _DIAGONAL.whitening(self.variances(covariances), weights, away, dtype)

    def natural(
        self, root: Float64, backward: Float64, forward: Float64, away: Float64
    ) -> tuple[Float64, Float64, Float64]:
        return np.zeros(away.shape), np.zeros(away.shape), np.full(len(away), np.inf)

    def expected_squares(self, covariances: Floats, forward: Float64, white: Float64) -> Float64:
        return np.zeros(white.shape)


def _parts(packed: Floats) -> tuple[Float64, Float64]:
    """Return the columns (..., d, q) but the last, and the last (..., d)."""
    values = np.asarray(packed, dtype=np.float64)
    return values[..., :-1], values[..., -1]


def _packed(columns: Float64, last: Float64) -> Float64:
    return np.concatenate([columns, last[..., None]], axis=-1)


def _inner(white: Float64) -> Float64:
    """Return M = I + A' A, (..., q, q)."""
    return np.asarray(np.eye(white.shape[-1]) + np.swapaxes(white, -1, -2) @ white)


def _regression(white: Float64) -> Float64:
    """Return inv(M) A', (..., q, d): the factors expected of white rows."""
    return np.asarray(np.linalg.solve(_inner(white), np.swapaxes(white, -1, -2)))
