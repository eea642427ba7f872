"""Conditional mixtures against ratios of densities, closed forms and sums over a grid."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from diarize.gmm import MixtureParameters, draw
from diarize.gmm.inference.conditional import condition, conditional_mean

KINDS = ("full", "tied", "diag", "spherical")


def marginal(oracle: SimpleNamespace, parameters: MixtureParameters, chosen: Any) -> Any:
    """Return the mixture of some of the features, by submatrices."""
    matrices = np.stack(oracle.dense(parameters))[:, chosen][:, :, chosen]
    return MixtureParameters(parameters.weights, parameters.means[:, chosen], matrices, "full")


@pytest.mark.parametrize("ill", [False, True], ids=["plain", "ill-scaled"])
@pytest.mark.parametrize("kind", KINDS)
def test_density_is_that_of_all_features_over_that_of_the_known(oracle: SimpleNamespace, kind: str, ill: bool) -> None:
    parameters = oracle.mixture(kind, 4, 5, seed=1, ill=ill)
    x = draw(parameters, 30, np.random.default_rng(0))[0]
    known = np.array([True, False, True, True, False])
    found = condition(parameters, np.where(known, x[0], np.nan))
    assert found.covariance_type == kind
    assert found.means.shape == (4, 2)
    assert found.means.dtype == np.float64
    if kind in ("full", "tied"):
        np.testing.assert_array_equal(found.covariances, np.swapaxes(found.covariances, -1, -2))
    points = np.where(known, x[0], x)  # many values of the unknown features beside one of the known
    expected = oracle.log_likelihood(points, parameters)
    expected = expected - oracle.log_likelihood(points[:, known], marginal(oracle, parameters, known))
    np.testing.assert_allclose(oracle.log_likelihood(points[:, ~known], found), expected, rtol=1e-7, atol=1e-7)


def test_ill_conditioned_covariance_keeps_its_digits() -> None:
    """a I + b 1 1' has a conditional covariance and mean in closed form; its condition number here is 6e8."""
    a, b, size, n_known = 2.0**-27, 1.0, 5, 3
    covariance = a * np.eye(size) + b
    away = np.array([0.3, 0.3 + 1e-5, 0.3 - 2e-5])
    for kind, matrix in (("full", covariance[None]), ("tied", covariance)):
        parameters = MixtureParameters([1.0], np.zeros((1, size)), matrix, kind)
        found = condition(parameters, [*away, np.nan, np.nan])
        left = a * np.eye(2) + a * b / (a + n_known * b)
        np.testing.assert_allclose(found.covariances.reshape(2, 2), left, rtol=1e-7)
        np.testing.assert_allclose(found.means, b / (a + n_known * b) * away.sum(), rtol=1e-7)


def test_the_order_of_features_does_not_matter(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("full", 3, 4, seed=4)
    turn = np.array([2, 0, 3, 1])
    turned = MixtureParameters(
        parameters.weights, parameters.means[:, turn], parameters.covariances[:, turn][:, :, turn], "full"
    )
    values = np.array([0.5, np.nan, np.nan, -1.0])
    found, other = condition(parameters, values), condition(turned, values[turn])
    places = [2, 1]  # feature 2 comes before feature 1 in the turned mixture
    np.testing.assert_allclose(other.weights, found.weights, rtol=1e-10)
    np.testing.assert_allclose(other.means, found.means[:, [place - 1 for place in places]], rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_known_is_the_mixture_itself(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 2, 3)
    found = condition(parameters, np.full(3, np.nan))
    for name in ("weights", "means", "covariances"):
        np.testing.assert_array_equal(getattr(found, name), getattr(parameters, name))


def test_float32_parameters_give_a_float64_mixture(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("full", 2, 3)
    values = [0.5, np.nan, np.nan]
    found, exact = condition(parameters.astype(np.float32), values), condition(parameters, values)
    assert found.covariances.dtype == np.float64
    np.testing.assert_allclose(found.covariances, exact.covariances, rtol=1e-3)


def test_known_values_out_of_all_reach_leave_the_prior(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("diag", 3, 2)
    np.testing.assert_allclose(condition(parameters, [1e200, np.nan]).weights, parameters.weights, rtol=1e-12)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 2.0, 3.0], "nothing is left"),
        ([1.0, np.nan], r"\(3,\).*got shape \(2,\)"),
        ([[1.0, np.nan, 2.0]], r"got shape \(1, 3\)"),
        ([1.0, np.nan, -np.inf], "infinity for feature 2"),
    ],
)
def test_impossible_conditions_are_named(oracle: SimpleNamespace, values: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        condition(oracle.mixture("full", 2, 3), values)


@pytest.mark.parametrize("kind", KINDS)
def test_mean_is_that_of_the_conditional_mixture_of_each_row(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 4, 5, seed=6)
    rng = np.random.default_rng(1)
    x = draw(parameters, 40, rng)[0]
    x[rng.random(x.shape) < 0.5] = np.nan
    x[0], x[1] = np.nan, 1.0
    found = conditional_mean(x, parameters)
    for row, whole in zip(x, found, strict=True):
        unseen = np.isnan(row)
        np.testing.assert_array_equal(whole[~unseen], row[~unseen])
        if unseen.any():
            given = condition(parameters, row)
            np.testing.assert_allclose(whole[unseen], given.weights @ given.means, rtol=1e-8, atol=1e-8)


def test_mean_is_that_of_a_sum_over_a_grid(oracle: SimpleNamespace) -> None:
    """Two correlated features, three components: integrate the density over the missing one."""
    parameters = oracle.mixture("full", 3, 2, seed=8)
    grid = np.linspace(-40, 40, 40001)
    for value in (-2.0, 0.0, 3.0):
        density = np.exp(oracle.log_likelihood(np.column_stack([np.full_like(grid, value), grid]), parameters))
        found = conditional_mean([[value, np.nan]], parameters)
        np.testing.assert_allclose(found[0, 1], (grid * density).sum() / density.sum(), rtol=1e-8)


def test_many_rows_keep_their_precision_order_and_source(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("tied", 2, 3)
    rng = np.random.default_rng(5)
    x = rng.normal(size=(10_000, 3)).astype(np.float32)
    x[rng.random(x.shape) < 0.4] = np.nan
    before = x.copy()
    found = conditional_mean(x, parameters)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(x, before)
    assert not np.isnan(found).any()
    places = [0, 4095, 4096, 9999]
    np.testing.assert_allclose(found[places], conditional_mean(x[places], parameters), rtol=1e-5, atol=1e-6)


def test_rows_out_of_all_reach_give_numbers(oracle: SimpleNamespace) -> None:
    for kind in KINDS:
        found = conditional_mean([[1e200, np.nan]], oracle.mixture(kind, 3, 2))
        assert np.isfinite(found).all()


def test_infinity_is_an_error_in_complete_rows_too(oracle: SimpleNamespace) -> None:
    x = np.array([[1.0, np.nan, 0.0], [1.0, np.inf, 0.0]])
    with pytest.raises(ValueError, match="infinity: row 1"):
        conditional_mean(x, oracle.mixture("diag", 2, 3))
