"""Densities and posteriors against scipy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from diarize.gmm import MixtureParameters, accumulate, draw, log_likelihood, most_likely, responsibilities

KINDS = ("full", "tied", "diag", "spherical")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ill", [False, True])
def test_densities_are_scipys(oracle: SimpleNamespace, kind: str, ill: bool) -> None:
    parameters = oracle.mixture(kind, ill=ill)
    x, _ = draw(parameters, 5000, np.random.default_rng(1))  # more than one block
    truth = oracle.log_likelihood(x, parameters)
    np.testing.assert_allclose(log_likelihood(x, parameters), truth, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(responsibilities(x, parameters), oracle.posteriors(x, parameters), atol=1e-8)
    assert (most_likely(x, parameters) == oracle.log_joint(x, parameters).argmax(axis=1)).mean() > 0.999


@pytest.mark.parametrize("kind", KINDS)
def test_float32_gives_float32_close_to_scipys_float64(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, ill=True)
    x = draw(parameters, 3000, np.random.default_rng(1))[0].astype(np.float32)
    found = log_likelihood(x, parameters)
    assert found.dtype == np.float32
    truth = oracle.log_likelihood(x.astype(float), parameters)
    np.testing.assert_allclose(found, truth, atol=2e-3)
    assert abs(found.mean(dtype=float) - truth.mean()) < 1e-5
    shares = responsibilities(x, parameters)
    assert shares.dtype == np.float32
    np.testing.assert_allclose(shares, oracle.posteriors(x.astype(float), parameters), atol=2e-3)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("seed", [3, 5])
def test_rounding_of_float32_coefficients_does_not_shift_the_mean(oracle: SimpleNamespace, seed: int) -> None:
    """Two components far apart have large coefficients: uncorrected, the mean is off by 6e-6 and 3e-5."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(2, 3, 3))
    covariances = root @ np.swapaxes(root, 1, 2) + 0.1 * np.eye(3)
    parameters = MixtureParameters([0.5, 0.5], 20 * rng.normal(size=(2, 3)), covariances, "full")
    x = draw(parameters, 20_000, rng)[0].astype(np.float32)
    found = log_likelihood(x, parameters).mean(dtype=float)
    assert found == pytest.approx(oracle.log_likelihood(x.astype(float), parameters).mean(), abs=2e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_components_a_million_times_narrower_than_the_mixture(oracle: SimpleNamespace, kind: str, dtype: type) -> None:
    far = oracle.mixture(kind, seed=5)
    narrow = MixtureParameters(far.weights, far.means * 1e3, far.covariances * 1e-6, kind)
    # points that both precisions hold exactly, about a standard deviation from the means
    x = draw(narrow, 300, np.random.default_rng(2))[0].astype(np.float32).astype(dtype)
    truth = oracle.log_likelihood(x.astype(float), narrow)
    np.testing.assert_allclose(log_likelihood(x, narrow), truth, rtol=1e-5)


def conditional_truth(x: np.ndarray, parameters: MixtureParameters, oracle: SimpleNamespace) -> Any:
    """Return log(weight x density of what is observed) (n, k), row by row."""
    found = np.empty((len(x), parameters.n_components))
    for row, out in zip(x, found, strict=True):
        seen = np.flatnonzero(~np.isnan(row))
        for k, matrix in enumerate(oracle.dense(parameters)):
            out[k] = np.log(parameters.weights[k])
            if len(seen):
                part = multivariate_normal(parameters.means[k, seen], matrix[np.ix_(seen, seen)])
                out[k] += part.logpdf(row[seen])
    return found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_missing_entries_are_marginalised(oracle: SimpleNamespace, kind: str, dtype: type) -> None:
    parameters = oracle.mixture(kind, 3, 4)
    rng = np.random.default_rng(5)
    x = draw(parameters, 5000, rng)[0]
    x[::50] = np.where(rng.uniform(size=(100, 4)) < 0.5, np.nan, x[::50])
    x[50] = np.nan
    x = x.astype(dtype)
    joint = conditional_truth(x[::50].astype(float), parameters, oracle)
    whole = np.logaddexp.reduce(joint, axis=1)
    tolerance = 1e-3 if dtype == np.float32 else 1e-9
    np.testing.assert_allclose(log_likelihood(x, parameters)[::50], whole, atol=tolerance)
    np.testing.assert_allclose(responsibilities(x, parameters)[::50], np.exp(joint - whole[:, None]), atol=tolerance)
    assert log_likelihood(x, parameters)[50] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(responsibilities(x, parameters)[50], parameters.weights, rtol=1e-5)
    complete = ~np.isnan(x).any(axis=1)
    np.testing.assert_array_equal(
        most_likely(x, parameters)[complete], oracle.log_joint(x[complete].astype(float), parameters).argmax(axis=1)
    )


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
@pytest.mark.parametrize("kind", KINDS)
def test_infinite_rows_are_errors_that_name_the_row(oracle: SimpleNamespace, kind: str, bad: Any) -> None:
    parameters = oracle.mixture(kind)
    x = np.zeros((9000, 3))
    x[8765, 1] = bad
    for function in (log_likelihood, responsibilities, accumulate):
        with pytest.raises(ValueError, match="row 8765"):
            function(x, parameters)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_too_far_for_any_density_give_no_nan(oracle: SimpleNamespace, kind: str, dtype: type) -> None:
    parameters = oracle.mixture(kind)
    x = np.full((2, 3), np.finfo(dtype).max / 4, dtype=dtype)
    x[1] = 0
    assert log_likelihood(x, parameters)[0] < -1e30
    np.testing.assert_allclose(responsibilities(x, parameters).sum(axis=1), 1, rtol=1e-6)


def test_empty_input_and_component_of_weight_zero() -> None:
    parameters = MixtureParameters([1.0, 0.0], [[0.0], [1.0]], [[1.0], [1.0]])
    assert log_likelihood(np.empty((0, 1)), parameters).shape == (0,)
    assert responsibilities(np.empty((0, 1)), parameters).shape == (0, 2)
    np.testing.assert_allclose(responsibilities(np.array([[1.0]]), parameters), [[1, 0]], atol=1e-200)


LAYOUTS = [np.asfortranarray, lambda x: np.repeat(x, 2, axis=1)[:, ::2], lambda x: x[::-1].copy()[::-1]]


@pytest.mark.parametrize("make", LAYOUTS)
def test_memory_layout_changes_nothing(oracle: SimpleNamespace, make: Any) -> None:
    parameters = oracle.mixture("full")
    x, _ = draw(parameters, 100, np.random.default_rng(1))
    other = make(x)
    other.flags.writeable = False
    np.testing.assert_allclose(log_likelihood(other, parameters), log_likelihood(x, parameters), rtol=1e-13)


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_threads_change_no_bit(oracle: SimpleNamespace, n_jobs: int | None) -> None:
    parameters = oracle.mixture("full")
    x, _ = draw(parameters, 30_000, np.random.default_rng(1))
    for function in (log_likelihood, responsibilities, most_likely):
        np.testing.assert_array_equal(function(x, parameters, n_jobs=n_jobs), function(x, parameters))


def test_other_types_and_wrong_shapes(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("diag")
    whole = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(log_likelihood(whole, parameters), log_likelihood(whole.astype(float), parameters))
    assert log_likelihood(whole.astype(np.float16), parameters).dtype == np.float32
    with pytest.raises(ValueError, match=r"x must be \(n, 3\)"):
        log_likelihood(np.zeros((2, 4)), parameters)
