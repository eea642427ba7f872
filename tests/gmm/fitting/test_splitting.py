"""Growing by splitting."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from diarize.gmm import MixtureParameters, draw, fit_by_splitting, grow, log_likelihood, split

KINDS = ("full", "tied", "diag", "spherical")


@pytest.mark.parametrize("kind", KINDS)
def test_one_component_is_the_moments_of_the_rows(kind: str) -> None:
    x = np.random.default_rng(0).normal(size=(500, 2)) * [1.0, 5.0] + 1e5
    found = fit_by_splitting(lambda: np.array_split(x, 7), 1, kind, reg_covar=0.0).parameters
    np.testing.assert_allclose(found.means[0], x.mean(axis=0), rtol=1e-13)
    matrix = np.cov(x.T, bias=True)
    expected = {
        "full": matrix[None],
        "tied": matrix,
        "diag": np.diagonal(matrix)[None],
        "spherical": np.diagonal(matrix).mean(keepdims=True),
    }
    np.testing.assert_allclose(found.covariances, expected[kind], rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_growth_finds_separated_clusters(kind: str) -> None:
    centres = np.array([[0, 0], [40, -40], [-40, 40], [40, 40], [-40, -40], [0, 90]], dtype=float)
    truth = MixtureParameters(np.full(6, 1 / 6), centres, np.ones(6), "spherical")
    x = draw(truth, 3000, np.random.default_rng(1))[0].astype(np.float32)
    fit = fit_by_splitting(lambda: np.array_split(x, 5), 6, kind)
    assert fit.parameters.n_components == 6
    assert np.isfinite(fit.lower_bounds).all()
    single = fit_by_splitting(lambda: [x], 1, kind).lower_bounds[-1]
    assert log_likelihood(x, fit.parameters).mean() > single + 0.5
    if kind == "spherical":
        distance = np.linalg.norm(centres[:, None] - fit.parameters.means[None], axis=2)
        assert distance.min(axis=1).max() < 1


@pytest.mark.parametrize("kind", KINDS)
def test_split_keeps_weight_and_mean(oracle: SimpleNamespace, kind: str) -> None:
    old = oracle.mixture(kind)
    new = split(old, 2, np.random.default_rng(0))
    assert new.n_components == 6
    np.testing.assert_allclose(new.weights.sum(), 1)
    np.testing.assert_allclose(new.weights @ new.means, old.weights @ old.means)
    halves = np.argsort(-old.weights)[:2]
    np.testing.assert_allclose(new.weights[halves], old.weights[halves] / 2)


@pytest.mark.parametrize("kind", KINDS)
def test_grown_mixture_has_one_component_more_and_is_more_likely(kind: str) -> None:
    centres = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    x = draw(MixtureParameters(np.full(3, 1 / 3), centres, np.ones(3), "spherical"), 900, np.random.default_rng(1))[0]
    found = fit_by_splitting(lambda: [x], 1, kind).parameters
    for size in (2, 3):
        before, found = found, grow(lambda: [x], found, np.random.default_rng(0), rounds=40)
        assert found.n_components == size
        assert log_likelihood(x, found).mean() > log_likelihood(x, before).mean()
    if kind == "spherical":
        assert np.linalg.norm(centres[:, None] - found.means, axis=2).min(axis=1).max() < 0.5


def test_errors() -> None:
    with pytest.raises(ValueError, match="no rows"):
        fit_by_splitting(list, 2)
    with pytest.raises(ValueError, match="at least 1"):
        fit_by_splitting(lambda: [np.zeros((3, 1))], 0)
    with pytest.raises(ValueError, match="blocks must be"):
        fit_by_splitting(lambda: [np.zeros(3)], 2)
