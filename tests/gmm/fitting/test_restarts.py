"""The best of many starts, and collapsed components."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.gmm import MixtureParameters, draw
from diarize.gmm.fitting.restarts import Training, best_fit, collapsed, covariance, starts

KINDS = ("full", "tied", "diag", "spherical")


@pytest.mark.parametrize("kind", KINDS)
def test_one_start_for_each_method_and_more_where_chance_decides(kind: str) -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    training = Training(("ward", "kmeans", "spectral"), n_init=3)
    found = list(starts(x, 2, kind, training, np.random.RandomState(0)))
    assert [start.n_components for start in found] == [2] * 5
    assert len(list(starts(x, 1, kind, training, np.random.RandomState(0)))) == 1


def test_the_best_start_wins() -> None:
    truth = MixtureParameters([0.5, 0.3, 0.2], [[0.0], [10.0], [20.0]], np.ones(3), "spherical")
    x = draw(truth, 600, np.random.default_rng(0))[0]
    bad = MixtureParameters([0.4, 0.3, 0.3], [[-1.0], [0.0], [1.0]], [400.0, 400.0, 400.0], "spherical")
    fit, poor = best_fit(x, [bad, truth], Training())
    assert not poor
    assert fit.converged
    np.testing.assert_allclose(np.sort(fit.parameters.means[:, 0]), [0, 10, 20], atol=0.3)


def test_a_collapsed_component_loses_although_it_is_likelier() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(180, 1)), np.zeros((20, 1))])  # one value many times
    sharp = MixtureParameters([0.1, 0.9], [[0.0], [0.0]], [1e-6, 1.0], "spherical")
    broad = MixtureParameters([0.5, 0.5], [[-1.0], [1.0]], [0.6, 0.6], "spherical")
    alone, bad = best_fit(x, [sharp], Training())
    assert bad
    fit, bad = best_fit(x, [sharp, broad], Training())
    assert not bad
    assert fit.lower_bounds[-1] < alone.lower_bounds[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_collapse_along_a_slanted_direction(kind: str) -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    thin = turn @ np.diag([1.0, 1e-6]) @ turn.T
    matrices = {"full": np.array([np.eye(2), thin]), "tied": thin, "diag": [[1, 1], [1, 1e-6]], "spherical": [1, 1e-6]}
    mixture = MixtureParameters([0.5, 0.5], np.zeros((2, 2)), matrices[kind], kind)
    assert collapsed(mixture, np.eye(2), 100, 1e-6)
    assert not collapsed(mixture, np.eye(2), 100, 1e-9)
    if kind in ("full", "tied"):
        assert not collapsed(mixture, thin, 100, 1e-6)  # all the data lie on that line


def test_a_component_of_too_few_rows_is_collapsed() -> None:
    for kind, least in (("full", 4), ("diag", 2), ("spherical", 2)):
        shape = {"full": np.tile(np.eye(3), (2, 1, 1)), "diag": np.ones((2, 3)), "spherical": np.ones(2)}[kind]
        for rows, expected in ((least - 1, True), (least, False)):
            mixture = MixtureParameters([rows / 100, 1 - rows / 100], np.zeros((2, 3)), shape, kind)
            assert collapsed(mixture, np.eye(3), 100, 1e-6) is expected


def test_covariance_of_rows_with_gaps() -> None:
    x = np.random.default_rng(0).normal(size=(500, 2)) @ [[1.0, 0.5], [0.0, 1.0]]
    np.testing.assert_allclose(covariance(x), np.cov(x.T, bias=True), rtol=1e-12)
    gaps = np.where(np.arange(500)[:, None] % 10 == [0, 1], np.nan, x)
    gaps[7] = np.nan
    np.testing.assert_allclose(covariance(gaps), np.cov(x.T, bias=True), atol=0.25)
    assert covariance(x[:1]).shape == (2, 2)


def test_without_regularisation_a_point_has_no_mixture() -> None:
    with pytest.raises(ValueError, match="ill-defined"):
        best_fit(np.zeros((9, 1)), [MixtureParameters([1.0], [[0.0]], [[1.0]])], Training(reg_covar=0.0))
