"""Sums over rows against plain loops."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from diarize.gmm import MixtureParameters, accumulate, draw, log_likelihood, statistics

KINDS = ("full", "tied", "diag", "spherical")


def test_one_narrow_component_among_wide_ones() -> None:
    weights, means = np.full(5, 0.2), np.arange(5.0)[:, None] * [1.0, 2.0]
    parameters = MixtureParameters(weights, means, np.array([[1.0, 1.0]] * 4 + [[1e-14, 1e-12]]), "diag")
    x = np.concatenate([means[4] + [[0, 0], [1e-7, -2e-6]], np.zeros((1, 2))])
    joint = [
        np.log(0.2) + multivariate_normal(m, np.diag(c)).logpdf(x)
        for m, c in zip(means, parameters.covariances, strict=True)
    ]
    np.testing.assert_allclose(log_likelihood(x, parameters), np.logaddexp.reduce(joint), rtol=1e-9)
    sums = accumulate(x[:2], parameters)
    np.testing.assert_allclose(sums.zeroth, [0, 0, 0, 0, 2], atol=1e-9)
    np.testing.assert_allclose(sums.about(means).second[4], [1e-14, 4e-12], rtol=1e-6)


def naive_sums(x: np.ndarray, weight: np.ndarray, shares: np.ndarray, kind: str) -> Any:
    zeroth, first = (weight[:, None] * shares).sum(axis=0), (weight[:, None] * shares).T @ x
    if kind in ("diag", "spherical"):
        return zeroth, first, (weight[:, None] * shares).T @ x**2
    outer = np.einsum("n,nk,ni,nj->kij", weight, shares, x, x)
    return zeroth, first, outer if kind == "full" else outer.sum(axis=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_statistics_are_those_of_a_plain_loop(oracle: SimpleNamespace, kind: str, weighted: Any) -> None:
    parameters = oracle.mixture(kind)
    x, _ = draw(parameters, 900, np.random.default_rng(1))
    weight = np.random.default_rng(2).uniform(0, 3, len(x)) if weighted else None
    expected = naive_sums(x, np.ones(len(x)) if weight is None else weight, oracle.posteriors(x, parameters), kind)
    for found, truth in zip(statistics(x, parameters, weight), expected, strict=True):
        np.testing.assert_allclose(found, truth, rtol=1e-9, atol=1e-8)
    total = accumulate(x, parameters, weight).log_likelihood
    each = oracle.log_likelihood(x, parameters)
    assert total == pytest.approx(each.sum() if weight is None else each @ weight, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_threads_change_no_bit(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind)
    x, _ = draw(parameters, 30_000, np.random.default_rng(1))
    x[::1000, 1] = np.nan
    one, three = accumulate(x, parameters), accumulate(x, parameters, n_jobs=3)
    for name in ("zeroth", "first", "second", "origin"):
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name))
    assert one.log_likelihood == three.log_likelihood


@pytest.mark.parametrize("kind", KINDS)
def test_missing_entries_count_by_what_is_expected_of_them(oracle: SimpleNamespace, kind: str) -> None:
    """Against the textbook's formulas, one row and component at a time."""
    parameters = oracle.mixture(kind, 3, 3)
    rng = np.random.default_rng(3)
    x = draw(parameters, 60, rng)[0]
    x[rng.uniform(size=x.shape) < 0.3] = np.nan
    weight = rng.uniform(0.5, 2, len(x))
    zeroth, first, second = np.zeros(3), np.zeros((3, 3)), np.zeros((3, 3, 3))
    total = 0.0
    for row, w in zip(x, weight, strict=True):
        seen, gone = np.flatnonzero(~np.isnan(row)), np.flatnonzero(np.isnan(row))
        logs, means, squares = np.log(parameters.weights), [], []
        for k, matrix in enumerate(oracle.dense(parameters)):
            mean, inverse = row.copy(), np.linalg.inv(matrix[np.ix_(seen, seen)])
            gain = matrix[np.ix_(gone, seen)] @ inverse
            mean[gone] = parameters.means[k, gone] + gain @ (row[seen] - parameters.means[k, seen])
            spread = np.zeros((3, 3))
            spread[np.ix_(gone, gone)] = matrix[np.ix_(gone, gone)] - gain @ matrix[np.ix_(seen, gone)]
            if len(seen):
                logs[k] += multivariate_normal(parameters.means[k, seen], matrix[np.ix_(seen, seen)]).logpdf(row[seen])
            means.append(mean)
            squares.append(spread + np.outer(mean, mean))
        shares = w * np.exp(logs - np.logaddexp.reduce(logs))
        total += w * np.logaddexp.reduce(logs)
        zeroth += shares
        first += shares[:, None] * means
        second += shares[:, None, None] * squares
    if kind in ("diag", "spherical"):
        second = np.diagonal(second, axis1=1, axis2=2)
    elif kind == "tied":
        second = second.sum(axis=0)
    for found, truth in zip(statistics(x, parameters, weight), (zeroth, first, second), strict=True):
        np.testing.assert_allclose(found, truth, rtol=1e-8, atol=1e-8)
    assert accumulate(x, parameters, weight).log_likelihood == pytest.approx(total, rel=1e-10)


def test_a_negative_weight_is_an_error(oracle: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="sample_weight"):
        accumulate(np.zeros((2, 3)), oracle.mixture("diag"), [1.0, -1.0])
