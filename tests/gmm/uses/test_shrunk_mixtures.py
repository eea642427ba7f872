"""Covariances drawn towards a common one: closed forms, the objective never falls, sizes are found."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from diarize.gmm import MixtureParameters, accumulate, draw, maximise
from diarize.gmm.uses.shrunk_mixtures import Prior, Settings, fit_shrunk

KINDS = ("full", "tied", "diag", "spherical")


def target(kind: str, size: int, seed: int = 0) -> Any:
    root = np.random.default_rng(seed).normal(size=(size, size))
    matrix = root @ root.T + np.eye(size)
    return {"full": matrix, "tied": matrix, "diag": np.diag(matrix), "spherical": np.trace(matrix) / size}[kind]


def penalty(parameters: MixtureParameters, prior: Any) -> Any:
    """Return rows / 2 (log|C| + tr(inv(C) P)), in the space of the covariance, summed over the covariances."""
    total, wanted = 0.0, np.asarray(prior.covariance)
    matrices = [parameters.covariances] if parameters.covariance_type == "tied" else parameters.covariances
    for value in matrices:
        if parameters.covariance_type in ("full", "tied"):
            total += np.linalg.slogdet(value)[1] + np.trace(np.linalg.solve(value, wanted))
        else:
            total += np.sum((np.log(value) + wanted / value) * np.ones(parameters.n_features if value.ndim == 0 else 1))
    return prior.rows / 2 * total


@pytest.mark.parametrize("kind", KINDS)
def test_no_estimate_is_more_probable(oracle: SimpleNamespace, kind: str) -> None:
    """Any other covariance near the estimate makes the expected complete likelihood plus the prior smaller."""
    parameters = oracle.mixture(kind, 2, 3, seed=1)
    x = draw(parameters, 60, np.random.default_rng(0))[0]
    sums, prior = accumulate(x, parameters), Prior(target(kind, 3), 7.0)
    found = prior.m_step(sums, 0.0)
    shares = oracle.posteriors(x, parameters)

    def objective(mixture: Any) -> Any:
        return (shares * oracle.log_joint(x, mixture)).sum() - penalty(mixture, prior)

    best = objective(found)
    for factor in (0.97, 1.03):
        assert objective(replace(found, covariances=found.covariances * factor)) < best
    if kind in ("full", "tied"):
        turn = np.eye(3) + 0.02 * np.random.default_rng(1).normal(size=(3, 3))
        assert objective(replace(found, covariances=turn @ found.covariances @ turn.T)) < best


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows_no_change_and_very_many_are_the_target(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 2, 3)
    sums = accumulate(draw(parameters, 50, np.random.default_rng(0))[0], parameters)
    plain = maximise(sums)
    np.testing.assert_array_equal(Prior(target(kind, 3), 0.0).m_step(sums).covariances, plain.covariances)
    strong = Prior(target(kind, 3), 1e12).m_step(sums)
    wanted = np.broadcast_to(target(kind, 3), strong.covariances.shape)
    np.testing.assert_allclose(strong.covariances, wanted, rtol=1e-6)
    np.testing.assert_array_equal(strong.means, plain.means)


@pytest.mark.parametrize("kind", KINDS)
def test_the_objective_never_falls(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 3, 4, seed=2)
    rng = np.random.default_rng(3)
    x = draw(parameters, 300, rng)[0]
    x[rng.random(x.shape) < 0.3] = np.nan
    x = x[~np.isnan(x).all(axis=1)]
    prior, start = Prior(target(kind, 4), 12.0), oracle.mixture(kind, 3, 4, seed=5)
    values, before = [], start
    for rounds in range(1, 12):
        fit = Settings(reg_covar=0.0, tol=0.0, max_iter=rounds).train(x, start, prior)
        values.append(len(x) * fit.lower_bounds[-1] - penalty(before, prior))
        before = fit.parameters
    assert (np.diff(values) > -1e-8 * np.abs(values[0])).all()


@pytest.mark.parametrize("n_rows", [1500, 12_000])
def test_size_is_found_though_entries_are_missing(n_rows: int) -> None:
    centres = 4 * np.array([[1, 1, 0, 0], [-1, 0, 1, 0], [0, -1, -1, 1]])
    truth = MixtureParameters([0.5, 0.3, 0.2], centres, np.ones((3, 4)), "diag")
    rng = np.random.default_rng(0)
    x = draw(truth, n_rows, rng)[0]
    x = rng.permutation((x - x.mean(axis=0)) / x.std(axis=0))
    x[rng.random(x.shape) < 0.2] = np.nan
    found = fit_shrunk(x[~np.isnan(x).all(axis=1)], range(1, 8), random_state=0)
    assert found.fit.parameters.n_components == 3
    assert min(found.bic, key=found.bic.get) == 3
    assert list(found.bic) == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(np.sort(found.fit.parameters.weights), [0.2, 0.3, 0.5], atol=0.06)


@pytest.mark.parametrize("kind", KINDS)
def test_fewer_rows_than_features(kind: str) -> None:
    x = np.random.default_rng(0).normal(size=(6, 12))
    x[0, :5] = np.nan
    found = fit_shrunk(x, range(1, 5), Settings(covariance_type=kind), 0).fit.parameters
    assert np.isfinite(found.covariances).all()


def test_no_sizes() -> None:
    with pytest.raises(ValueError, match="no sizes"):
        fit_shrunk(np.zeros((3, 1)), [])
