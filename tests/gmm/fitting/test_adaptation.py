"""MAP adaptation: its limits and Reynolds' equations written out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from diarize.gmm import accumulate, draw, map_adapt, maximise

KINDS = ("full", "tied", "diag", "spherical")
ALL = ("weights", "means", "covariances")


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, oracle: SimpleNamespace) -> Any:
    background = oracle.mixture(request.param)
    return background, draw(oracle.mixture(request.param, seed=0), 300, np.random.default_rng(5))[0] + 0.4


def test_no_relevance_is_maximum_likelihood(case: Any) -> None:
    background, x = case
    found = map_adapt(background, x, relevance=0.0, update=ALL)
    expected = maximise(accumulate(x, background), 0.0)
    for name in ALL:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9)


def test_infinite_relevance_is_the_background(case: Any) -> None:
    background, x = case
    for relevance in (np.inf, 1e15):
        found = map_adapt(background, x, relevance=relevance, update=ALL)
        for name in ALL:
            np.testing.assert_allclose(getattr(found, name), getattr(background, name), rtol=1e-9, atol=1e-11)


def test_equations_of_the_paper(oracle: SimpleNamespace) -> None:
    background = oracle.mixture("diag")
    x = draw(background, 200, np.random.default_rng(5))[0] - 0.3
    found = map_adapt(background, x, relevance=11.0, update=ALL)
    shares = oracle.posteriors(x, background)
    for k in range(4):
        n = shares[:, k].sum()
        alpha = n / (n + 11.0)
        mean = alpha * (shares[:, k] @ x / n) + (1 - alpha) * background.means[k]
        square = alpha * (shares[:, k] @ x**2 / n)
        square += (1 - alpha) * (background.covariances[k] + background.means[k] ** 2)
        np.testing.assert_allclose(found.means[k], mean, rtol=1e-9)
        np.testing.assert_allclose(found.covariances[k], square - mean**2, rtol=1e-9)
    n = shares.sum(axis=0)
    alpha = n / (n + 11.0)
    weights = alpha * n / 200 + (1 - alpha) * background.weights
    np.testing.assert_allclose(found.weights, weights / weights.sum(), rtol=1e-9)


def test_only_what_is_asked_for_changes(case: Any) -> None:
    background, x = case
    found = map_adapt(background, x, update=("means",))
    np.testing.assert_array_equal(found.weights, background.weights)
    np.testing.assert_array_equal(found.covariances, background.covariances)
    assert not np.allclose(found.means, background.means)


def test_statistics_weights_and_repetition_agree(case: Any) -> None:
    background, x = case
    count = np.random.default_rng(0).integers(0, 4, len(x))
    weighted = map_adapt(background, x, update=ALL, sample_weight=count)
    repeated = map_adapt(background, np.repeat(x, count, axis=0), update=ALL)
    parts = accumulate(x[:99], background, count[:99]) + accumulate(x[99:], background, count[99:])
    summed = map_adapt(background, parts, update=ALL)
    for name in ALL:
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-9)
        np.testing.assert_allclose(getattr(summed, name), getattr(repeated, name), rtol=1e-9)


def test_no_rows_and_identical_rows_stay_a_mixture(case: Any, oracle: SimpleNamespace) -> None:
    background, x = case
    nothing = map_adapt(background, x[:0], update=ALL)
    for name in ALL:
        np.testing.assert_allclose(getattr(nothing, name), getattr(background, name), rtol=1e-12)
    for matrix in oracle.dense(map_adapt(background, x[[0] * 50], relevance=0.0, update=ALL)):
        np.linalg.cholesky(matrix)


def test_precision_is_the_backgrounds(oracle: SimpleNamespace) -> None:
    background = oracle.mixture("diag").astype(np.float32)
    assert map_adapt(background, np.ones((3, 3))).means.dtype == np.float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"relevance": -1.0}, "relevance"),
        ({"relevance": np.nan}, "relevance"),
        ({"update": ("mean",)}, "update"),
        ({"update": "means"}, "update"),
    ],
)
def test_impossible_options(oracle: SimpleNamespace, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        map_adapt(oracle.mixture("diag"), np.ones((3, 3)), **options)
    with pytest.raises(ValueError, match="another mixture"):
        map_adapt(oracle.mixture("diag"), accumulate(np.ones((3, 3)), oracle.mixture("full")))
