"""Draws and quantiles of missing entries against the textbook's conditional distribution, row by row, by scipy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import Covariance, kstest, multivariate_normal, norm

from diarize.gmm import MixtureParameters, conditional_draw, conditional_mean, conditional_quantiles, draw

KINDS = ("full", "tied", "diag", "spherical")


def textbook(oracle: SimpleNamespace, parameters: MixtureParameters, row: np.ndarray) -> Any:
    """Return weights, means and covariances of the components for the missing entries of a row (Bishop 2.81, 2.82)."""
    gone = np.isnan(row)
    logs, means, matrices = [], [], []
    for weight, mean, matrix in zip(parameters.weights, parameters.means, oracle.dense(parameters), strict=True):
        known, cross = matrix[~gone][:, ~gone], matrix[gone][:, ~gone]
        away = row[~gone] - mean[~gone]
        logs.append(np.log(weight))
        if len(away):
            shape = Covariance.from_cholesky(np.linalg.cholesky(known))
            logs[-1] += multivariate_normal(mean[~gone], shape).logpdf(row[~gone])
        means.append(mean[gone] + cross @ np.linalg.solve(known, away))
        matrices.append(matrix[gone][:, gone] - cross @ np.linalg.solve(known, cross.T))
    weights = np.exp(np.array(logs) - max(logs))
    return weights / weights.sum(), np.array(means), np.array(matrices)


def holed(parameters: MixtureParameters, count: int, share: float, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    x = draw(parameters, count, rng)[0]
    x[rng.random(x.shape) < share] = np.nan
    return x


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ill", [False, True], ids=["plain", "ill-scaled"])
def test_quantiles_have_the_probability_asked_for(oracle: SimpleNamespace, kind: str, ill: bool) -> None:
    parameters = oracle.mixture(kind, 3, 5, seed=3, ill=ill)
    x = holed(parameters, 40, 0.4, seed=1)
    x[0] = np.nan
    levels = np.array([0.025, 0.5, 0.9])
    found = conditional_quantiles(x, parameters, levels)
    assert found.shape == (3, *x.shape)
    for i, row in enumerate(x):
        gone = np.isnan(row)
        np.testing.assert_array_equal(found[:, i, ~gone], np.tile(row[~gone], (3, 1)))
        weights, means, matrices = textbook(oracle, parameters, row)
        for j, entry in enumerate(found[:, i, gone].T):
            deviations = np.sqrt(matrices[:, j, j])
            reached = (weights * norm.cdf(entry[:, None], means[:, j], deviations)).sum(axis=1)
            np.testing.assert_allclose(reached, levels, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", [[0.4, np.nan, np.nan, -1.0], [np.nan, np.nan, np.nan, 0.3], [np.nan] * 4])
def test_draws_follow_the_conditional_mixture(oracle: SimpleNamespace, kind: str, row: np.ndarray) -> None:
    parameters = oracle.mixture(kind, 3, 4, seed=6)
    row, count = np.array(row), 20_000
    found = conditional_draw(np.tile(row, (count, 1)), parameters, np.random.default_rng(2))
    gone = np.isnan(row)
    np.testing.assert_array_equal(found[:, ~gone], np.tile(row[~gone], (count, 1)))
    weights, means, matrices = textbook(oracle, parameters, row)
    direction = np.random.default_rng(0).normal(size=gone.sum())  # a projection tells of correlations too
    centres, spread = means @ direction, np.sqrt(np.einsum("i,kij,j->k", direction, matrices, direction))

    def cdf(value: Any) -> Any:
        return (weights * norm.cdf(np.asarray(value)[:, None], centres, spread)).sum(axis=1)

    assert kstest(found[:, gone] @ direction, cdf).pvalue > 1e-3


def test_draws_are_right_for_a_covariance_of_wide_scales() -> None:
    """x1 follows x0 up to 1e-4: draws scatter by that, not by what rounding leaves."""
    covariance = np.array([[[1.0, 1.0], [1.0, 1.0 + 1e-8]]])
    parameters = MixtureParameters([1.0], [[5.0, 5.0]], covariance, "full")
    found = conditional_draw(np.tile([7.0, np.nan], (5000, 1)), parameters, np.random.default_rng(0))
    np.testing.assert_allclose(found[:, 1].mean(), 7.0, atol=1e-5)
    np.testing.assert_allclose(found[:, 1].std(), 1e-4, rtol=0.05)
    low, high = conditional_quantiles([[7.0, np.nan]], parameters, norm.cdf([-1.0, 1.0]))[:, 0, 1]
    np.testing.assert_allclose([low, high], [7.0 - 1e-4, 7.0 + 1e-4], atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_of_draws_is_the_conditional_mean(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 3, 4, seed=8)
    x = holed(parameters, 30, 0.3, seed=4)
    rng = np.random.default_rng(0)
    many = np.stack([conditional_draw(x, parameters, rng) for _ in range(500)])
    spread = many.std(axis=0) / np.sqrt(len(many))
    assert (np.abs(many.mean(axis=0) - conditional_mean(x, parameters)) <= 5 * spread + 1e-12).all()


def test_many_rows_are_done_block_by_block_and_repeatably(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("full", 2, 3, seed=1)
    x = holed(parameters, 10_000, 0.2, seed=5)
    first, second = (conditional_draw(x, parameters, np.random.RandomState(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.isnan(first).any()
    low = conditional_quantiles(x, parameters, 0.1)[0]
    np.testing.assert_allclose(low[9000:], conditional_quantiles(x[9000:], parameters, 0.1)[0], rtol=1e-6)
    gone = np.isnan(x)
    assert abs((first < low)[gone].mean() - 0.1) < 0.01


def test_precision_is_kept_and_nothing_is_changed(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("full", 2, 3)
    x = np.array([[1.0, np.nan, 0.5], [1.0, 2.0, 0.5]], dtype=np.float32)
    before = x.copy()
    assert conditional_draw(x, parameters, np.random.default_rng(0)).dtype == np.float32
    assert conditional_quantiles(x, parameters, [0.5]).dtype == np.float32
    np.testing.assert_array_equal(x, before)


def test_rows_out_of_all_reach_give_numbers(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("full", 3, 2, seed=2)
    x = [[1e200, np.nan], [-1e8, np.nan]]
    assert np.isfinite(conditional_draw(x, parameters, np.random.default_rng(0))).all()
    assert np.isfinite(conditional_quantiles(x, parameters, [0.025, 0.975])).all()


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, np.nan])
def test_bad_probabilities(oracle: SimpleNamespace, level: float) -> None:
    with pytest.raises(ValueError, match="above 0 and below 1"):
        conditional_quantiles([[np.nan, 1.0, 2.0]], oracle.mixture("diag"), [0.5, level])


def test_bad_rows(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("diag")
    for x, text in (([[np.inf, 1.0, 2.0]], "infinity"), ([[1.0, 2.0]], "features|columns|shape")):
        with pytest.raises(ValueError, match=text):
            conditional_draw(x, parameters, np.random.default_rng(0))
        with pytest.raises(ValueError, match=text):
            conditional_quantiles(x, parameters, [0.5])
