"""EM: it climbs, equals scikit-learn's from the same start, streams, and survives degenerate data."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from diarize.gmm import MixtureParameters, accumulate, draw, em, log_likelihood, maximise

KINDS = ("full", "tied", "diag", "spherical")


def start_on(x: np.ndarray, kind: str, n_components: int = 4, seed: int = 0) -> Any:
    """Return components at random rows with the covariance of all."""
    means = x[np.random.default_rng(seed).choice(len(x), n_components, replace=False)]
    matrix = np.cov(x.T)
    variances = np.diagonal(matrix)
    covariances = {
        "full": np.tile(matrix, (n_components, 1, 1)),
        "tied": matrix,
        "diag": np.tile(variances, (n_components, 1)),
        "spherical": np.full(n_components, variances.mean()),
    }
    return MixtureParameters(np.full(n_components, 1 / n_components), means, covariances[kind], kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ill", [False, True])
def test_likelihood_never_decreases(oracle: SimpleNamespace, kind: str, ill: bool) -> None:
    x, _ = draw(oracle.mixture(kind, ill=ill), 2000, np.random.default_rng(1))
    fit = em(lambda: [x], start_on(x, kind), max_iter=40, tol=0.0, reg_covar=0.0)
    assert len(fit.lower_bounds) == 40
    assert np.diff(fit.lower_bounds).min() > -1e-11
    assert fit.lower_bounds[-1] > fit.lower_bounds[0] + 0.01
    # and the bound is the mean log-likelihood
    final = oracle.log_likelihood(x, fit.parameters).mean()
    assert final >= fit.lower_bounds[-1] - 1e-9
    assert final == pytest.approx(fit.lower_bounds[-1], abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_m_step_is_the_stationary_point(oracle: SimpleNamespace, kind: str) -> None:
    """Weighted by the posteriors, the new mixture is likelier than any other close to it."""
    old = oracle.mixture(kind)
    x, _ = draw(old, 500, np.random.default_rng(1))
    new = maximise(accumulate(x, old), 0.0)
    shares = oracle.posteriors(x, old)

    def expected(parameters: MixtureParameters) -> Any:
        return float((shares * oracle.log_joint(x, parameters)).sum())

    best = expected(new)
    rng = np.random.default_rng(2)
    for _ in range(10):
        means = new.means + 1e-3 * rng.normal(size=new.means.shape)
        assert expected(MixtureParameters(new.weights, means, new.covariances, kind)) < best
        covariances = new.covariances * (1 + 1e-3 * rng.normal())
        assert expected(MixtureParameters(new.weights, new.means, covariances, kind)) < best


@pytest.mark.parametrize("kind", KINDS)
def test_streamed_in_blocks_equals_whole(oracle: SimpleNamespace, kind: str) -> None:
    x, _ = draw(oracle.mixture(kind), 1000, np.random.default_rng(1))
    start = start_on(x, kind)
    whole = em(lambda: [x], start, max_iter=5, tol=0.0).parameters
    weight = np.ones(len(x))
    pairs = [(x[a : a + 77], weight[a : a + 77]) for a in range(0, len(x), 77)]
    streamed = em(lambda: iter(pairs), start, max_iter=5, tol=0.0).parameters
    np.testing.assert_allclose(streamed.means, whole.means, atol=1e-9)
    np.testing.assert_allclose(streamed.covariances, whole.covariances, atol=1e-9)


def test_float32_rows_train_as_float64_rows_do(oracle: SimpleNamespace) -> None:
    x = draw(oracle.mixture("full", 6, 5, ill=True), 5000, np.random.default_rng(1))[0].astype(np.float32)
    start = start_on(x.astype(float), "full", 6)
    single = em(lambda: [x], start, max_iter=10, tol=0.0, reg_covar=0.0)
    double = em(lambda: [x.astype(float)], start, max_iter=10, tol=0.0, reg_covar=0.0)
    assert single.lower_bounds[-1] == pytest.approx(double.lower_bounds[-1], abs=1e-5)
    assert single.lower_bounds[-1] != double.lower_bounds[-1]  # float32 products were used


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["full", "diag", "spherical"])
def test_component_that_collapses_keeps_its_exact_covariance(kind: str, dtype: type) -> None:
    """Two rows a ten-millionth apart among wide ones: their variance is far below what moments resolve."""
    step = 2.0**-23
    wide = np.random.default_rng(0).normal(0, 1, (400, 2)) * 4 - 20
    x = np.concatenate([wide, [[1, 1], [1 + step, 1 + step]]] * 1).astype(dtype)
    start = MixtureParameters(
        [0.5, 0.5],
        [[-20, -20], [1, 1]],
        {"full": np.tile(np.eye(2), (2, 1, 1)), "diag": np.ones((2, 2)), "spherical": np.ones(2)}[kind],
        kind,
    )
    fit = em(lambda: [x], start, max_iter=6, tol=0.0, reg_covar=1e-18)
    np.testing.assert_allclose(fit.parameters.variances[1], step**2 / 4, rtol=1e-3)
    np.testing.assert_allclose(fit.parameters.means[1], 1 + step / 2, rtol=1e-9)


DEGENERATE = {
    "all equal": np.full((30, 3), 0.1),
    "duplicates": np.repeat([[0.0, 1.0, 2.0], [5.0, 1.0, 9.0]], 15, axis=0),
    "constant column": np.c_[np.random.default_rng(0).normal(size=(30, 2)), np.full(30, 1e6)],
    "equal columns, huge": np.repeat(1e8 * np.random.default_rng(0).normal(size=(30, 1)), 3, axis=1),
    "tiny": 1e-160 * np.random.default_rng(0).normal(size=(30, 3)),
    "one far row": np.r_[np.random.default_rng(0).normal(size=(29, 3)), [[1e9, -1e9, 1e9]]],
    "as many rows as components": np.random.default_rng(0).normal(size=(4, 3)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_rows_give_positive_definite_covariances(
    oracle: SimpleNamespace, name: str, kind: str, dtype: type
) -> None:
    x = DEGENERATE[name].astype(dtype)
    rng = np.random.default_rng(0)
    shape = {"full": np.tile(np.eye(3), (4, 1, 1)), "tied": np.eye(3), "diag": np.ones((4, 3)), "spherical": np.ones(4)}
    scale = max(1.0, float(x.astype(float).var()))
    means = x[rng.integers(len(x), size=4)].astype(float)
    start = MixtureParameters(np.full(4, 0.25), means, shape[kind] * scale, kind)
    fit = em(lambda: [x], start, max_iter=15, tol=0.0)
    assert np.isfinite(fit.lower_bounds).all()
    for matrix in oracle.dense(fit.parameters):
        np.linalg.cholesky(matrix)
    assert np.isfinite(log_likelihood(x, fit.parameters)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_singular_data_without_regularisation_are_an_error(kind: str) -> None:
    start = start_on(np.random.default_rng(0).normal(size=(50, 3)), kind)
    with pytest.raises(ValueError, match="ill-defined empirical covariance"):
        em(lambda: [np.full((20, 3), 0.1)], start, reg_covar=0.0)


def test_nothing_to_train_on_and_numbers_too_large() -> None:
    start = MixtureParameters([1.0], [[0.0]], [[1.0]])
    with pytest.raises(ValueError, match="no rows"):
        em(list, start)
    with pytest.raises(ValueError, match="too large"):
        em(lambda: [np.array([[1e200], [-1e200]])], start)


def test_a_component_without_rows_stays_where_it_was() -> None:
    x = np.random.default_rng(0).normal(size=(200, 1))
    start = MixtureParameters([0.5, 0.5], [[0.0], [1e4]], [[1.0], [2.0]])
    found = em(lambda: [x], start, max_iter=3, tol=0.0).parameters
    assert found.means[1, 0] == 1e4
    assert found.covariances[1, 0] == 2.0
    assert found.weights[1] < 1e-12
    np.testing.assert_allclose(found.means[0], x.mean(), rtol=1e-9)
