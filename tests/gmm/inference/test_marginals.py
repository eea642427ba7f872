"""Distribution functions and quantiles against scipy, brute-force integration and each other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import simpson
from scipy.stats import kstest, norm

from diarize.gmm import (
    MixtureParameters,
    condition,
    draw,
    log_likelihood,
    marginal,
    marginal_cdf,
    marginal_quantiles,
    rosenblatt,
)

KINDS = ("full", "tied", "diag", "spherical")


@pytest.mark.parametrize("kind", KINDS)
def test_marginal_keeps_moments_and_order(oracle: SimpleNamespace, kind: str) -> None:
    mixture = oracle.mixture(kind)
    part = marginal(mixture, [2, 0])
    for whole, some in zip(oracle.dense(mixture), oracle.dense(part), strict=True):
        np.testing.assert_allclose(some, whole[np.ix_([2, 0], [2, 0])])
    np.testing.assert_array_equal(part.means, mixture.means[:, [2, 0]])
    np.testing.assert_array_equal(part.weights, mixture.weights)


@pytest.mark.parametrize("features", [[], [0, 0], [3], [-1], [[0]], [0.5]])
def test_features_that_do_not_exist(oracle: SimpleNamespace, features: Any) -> None:
    with pytest.raises(ValueError, match="features must be places from 0 to 2"):
        marginal(oracle.mixture("full"), features)


@pytest.mark.parametrize("kind", KINDS)
def test_cdf_is_the_weighted_sum_of_scipys(oracle: SimpleNamespace, kind: str) -> None:
    mixture = oracle.mixture(kind, ill=True)
    x = draw(mixture, 50, np.random.default_rng(0))[0]
    deviations = np.sqrt(np.stack([np.diag(matrix) for matrix in oracle.dense(mixture)]))
    expected = np.einsum("k,nkd->nd", mixture.weights, norm.cdf(x[:, None], mixture.means, deviations))
    np.testing.assert_allclose(marginal_cdf(x, mixture), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_quantiles_invert_the_cdf(oracle: SimpleNamespace, kind: str) -> None:
    mixture = oracle.mixture(kind, ill=True)
    levels = np.array([1e-9, 1e-3, 0.1, 0.5, 0.77, 0.999, 1 - 1e-9])
    found = marginal_quantiles(levels, mixture)
    assert (np.diff(found, axis=0) > 0).all()
    np.testing.assert_allclose(marginal_cdf(found, mixture), np.repeat(levels[:, None], 3, axis=1), atol=1e-11)


def test_quantiles_in_the_gap_between_distant_components() -> None:
    mixture = MixtureParameters([0.3, 0.7], [[0.0], [1e6]], [[1.0], [1e-4]])
    found = marginal_quantiles([0.0, 0.15, 0.3, 0.65, 1.0], mixture)[:, 0]
    assert found[0] == -np.inf
    assert found[4] == np.inf
    assert found[1] == pytest.approx(norm.ppf(0.5), abs=1e-6)
    assert 5 < found[2] < 1e6 - 0.01
    assert found[3] == pytest.approx(1e6 + 0.01 * norm.ppf(0.5), abs=1e-6)


@pytest.mark.parametrize("levels", [[-0.1], [1.1], [np.nan], 0.5])
def test_levels_that_are_no_probabilities(oracle: SimpleNamespace, levels: Any) -> None:
    with pytest.raises(ValueError, match="levels must be"):
        marginal_quantiles(levels, oracle.mixture("diag"))


@pytest.mark.parametrize("kind", KINDS)
def test_rosenblatt_is_the_integral_of_the_conditional_density(oracle: SimpleNamespace, kind: str) -> None:
    mixture = oracle.mixture(kind, n_components=3)
    row = mixture.means[0] + [0.3, -0.4, 0.5]
    found = rosenblatt(row[None], mixture)[0]
    first = marginal(mixture, [0])
    second = condition(marginal(mixture, [0, 1]), [row[0], np.nan])
    third = condition(mixture, [row[0], row[1], np.nan])
    for value, given, place in zip(found, (first, second, third), row, strict=True):
        grid = np.linspace(place - 60, place, 60001)
        expected = simpson(np.exp(log_likelihood(grid[:, None], given)), x=grid)
        assert value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_drawn_from_the_mixture_become_even_and_independent(oracle: SimpleNamespace, kind: str) -> None:
    mixture = oracle.mixture(kind, ill=True)
    rows = draw(mixture, 2000, np.random.default_rng(1))[0]
    found = rosenblatt(rows, mixture)
    for column in found.T:
        assert kstest(column, "uniform").pvalue > 1e-3
    assert np.abs(np.corrcoef(found.T) - np.eye(3)).max() < 0.08


def test_rows_far_out_give_no_nan(oracle: SimpleNamespace) -> None:
    found = rosenblatt(np.array([[1e6, -1e6, 1e6], [-1e3, 1e3, 0.0]]), oracle.mixture("full"))
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("function", [marginal_cdf, rosenblatt])
def test_rows_that_do_not_fit(oracle: SimpleNamespace, function: Any) -> None:
    with pytest.raises(ValueError, match="x must be"):
        function(np.zeros((4, 2)), oracle.mixture("full"))
    with pytest.raises(ValueError, match="finite"):
        function(np.full((4, 3), np.nan), oracle.mixture("full"))
