"""The compiled E step against scipy's densities: every covariance type, precision, scale and row there may be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from diarize.gmm import MixtureParameters, draw
from diarize.gmm.engine.kernel import Memory, Workspace, compile_kernel

KINDS = ("full", "tied", "diag", "spherical")


def blocks(kernel: Any, x: np.ndarray, n_groups: int = 1) -> Any:
    return kernel.blocks(x, slice(0, len(x)), Memory(), n_groups)


def posteriors(kernel: Any, x: np.ndarray) -> Any:
    """Return posteriors (n, k) and log-likelihoods (n,) of all rows, put together from the blocks."""
    shares, found = [], []
    for block in blocks(kernel, x):
        shares.append((block.shares / block.total).T.copy())
        found.append(block.log_likelihood[0].copy())
    return np.concatenate(shares), np.concatenate(found)


@pytest.mark.parametrize("ill", [False, True], ids=["plain", "ill-scaled"])
@pytest.mark.parametrize("kind", KINDS)
def test_float64_is_exact(oracle: SimpleNamespace, kind: str, ill: bool) -> None:
    parameters = oracle.mixture(kind, 5, 4, seed=1, ill=ill)
    x = draw(parameters, 300, np.random.default_rng(0))[0]
    shares, found = posteriors(compile_kernel(parameters, np.float64), x)
    np.testing.assert_allclose(found, oracle.log_likelihood(x, parameters), rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(shares, oracle.posteriors(x, parameters), atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_is_close(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 5, 4, seed=1)
    x = draw(parameters, 300, np.random.default_rng(0))[0].astype(np.float32)
    shares, found = posteriors(compile_kernel(parameters, np.float32), x)
    assert shares.dtype == np.float32
    np.testing.assert_allclose(found, oracle.log_likelihood(x.astype(float), parameters), atol=2e-3)
    np.testing.assert_allclose(shares, oracle.posteriors(x.astype(float), parameters), atol=2e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_direct_evaluation_is_the_same(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 4, 3)
    x = draw(parameters, 100, np.random.default_rng(2))[0]
    direct = np.array([True, False, True, False])
    kernel = compile_kernel(parameters, np.float64, direct)
    assert kernel.direct.all() if kind == "tied" else (kernel.direct == direct).all()
    shares, found = posteriors(kernel, x)
    np.testing.assert_allclose(found, oracle.log_likelihood(x, parameters), rtol=1e-10)
    np.testing.assert_allclose(shares, oracle.posteriors(x, parameters), atol=1e-9)


@pytest.mark.parametrize("kind", ["full", "diag", "spherical"])
def test_components_too_narrow_for_the_products_are_evaluated_directly(oracle: SimpleNamespace, kind: str) -> None:
    """One in five a thousand times narrower than the rest: beyond what moments in float32 resolve."""
    wide = oracle.mixture(kind, 5, 3, seed=3)
    covariances = wide.covariances.copy()
    covariances[2] *= 1e-7
    parameters = MixtureParameters(wide.weights, wide.means, covariances, kind)
    kernel = compile_kernel(parameters, np.float32)
    assert kernel.direct.tolist() == [False, False, True, False, False]
    assert kernel.lost(np.dtype(np.float32))[2]
    rng = np.random.default_rng(0)
    x = parameters.means[2] + rng.normal(size=(200, 3)) * np.sqrt(parameters.variances[2])
    rows = x.astype(np.float32)
    found = posteriors(kernel, rows)[1]
    np.testing.assert_allclose(found, oracle.log_likelihood(rows.astype(float), parameters), rtol=1e-4)


def test_many_narrow_components_ask_for_float64(oracle: SimpleNamespace) -> None:
    means = np.linspace(0, 1e4, 8)[:, None]
    parameters = MixtureParameters(np.full(8, 1 / 8), means, np.full((8, 1), 0.01))
    kernel = compile_kernel(parameters, np.float32)
    assert kernel.dtype == np.float64
    x = means + 0.05
    np.testing.assert_allclose(posteriors(kernel, x)[1], oracle.log_likelihood(x, parameters), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_follow_each_other_and_leave_no_row_out(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 3, 2)
    kernel = compile_kernel(parameters, np.float64)
    n_rows = 2 * kernel.block_rows + 7
    x = draw(parameters, n_rows, np.random.default_rng(4))[0]
    rows = [block.rows for block in blocks(kernel, x)]
    assert [part.start for part in rows] == [0, kernel.block_rows, 2 * kernel.block_rows]
    assert rows[-1].stop == n_rows
    one_by_one = np.concatenate([posteriors(kernel, x[i : i + 1])[1] for i in range(0, n_rows, 977)])
    np.testing.assert_allclose(posteriors(kernel, x)[1][::977], one_by_one, rtol=1e-10)
    assert list(blocks(kernel, x[:0])) == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_whose_density_vanishes_are_no_accident(oracle: SimpleNamespace, kind: str, dtype: type) -> None:
    parameters = oracle.mixture(kind, 3, 2)
    far = {np.float32: 1e25, np.float64: 1e200}[dtype]  # squares leave the range
    x = np.array([[0.0, 0.0], [far, -far]], dtype=dtype)
    shares, found = posteriors(compile_kernel(parameters, dtype), x)
    assert np.isfinite(found[0])
    assert found[1] < -1e40
    assert np.isfinite(shares).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_are_no_numbers_are_named(oracle: SimpleNamespace, kind: str, bad: Any) -> None:
    kernel = compile_kernel(oracle.mixture(kind, 3, 2), np.float64)
    x = np.zeros((kernel.block_rows + 20, 2))
    place = kernel.block_rows + 11
    x[place, 1] = bad
    with pytest.raises(ValueError, match=rf"row {place};"):
        list(blocks(kernel, x))


def test_a_component_without_weight_has_no_share(oracle: SimpleNamespace) -> None:
    plain = oracle.mixture("diag", 3, 2)
    parameters = MixtureParameters([0.0, 0.4, 0.6], plain.means, plain.covariances)
    x = np.concatenate([plain.means, plain.means + 0.5])
    shares, found = posteriors(compile_kernel(parameters, np.float64), x)
    assert shares[:, 0].max() < 1e-200
    rest = MixtureParameters([0.4, 0.6], plain.means[1:], plain.covariances[1:])
    np.testing.assert_allclose(found, oracle.log_likelihood(x, rest), rtol=1e-10)


@pytest.mark.parametrize("kind", ["full", "tied"])
def test_distances_are_those_of_mahalanobis(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 3, 4, ill=True)
    x = draw(parameters, 20, np.random.default_rng(1))[0]
    kernel = compile_kernel(parameters, np.float64)
    for k, matrix in enumerate(oracle.dense(parameters)):
        away = x - parameters.means[k]
        scale = np.sqrt(np.diag(matrix))  # else the inverse would be the inexact one
        expected = np.einsum("nd,de,ne->n", away / scale, np.linalg.inv(matrix / scale / scale[:, None]), away / scale)
        np.testing.assert_allclose(kernel.distances(x, k), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_mixtures_of_their_own(oracle: SimpleNamespace, kind: str, dtype: type) -> None:
    parameters = oracle.mixture(kind, 6, 3)
    x = draw(parameters, 300, np.random.default_rng(1))[0].astype(dtype)
    joint = oracle.log_joint(x.astype(float), parameters).reshape(len(x), 3, 2)
    expected = np.logaddexp.reduce(joint, axis=2)
    for block in blocks(compile_kernel(parameters, dtype), x, n_groups=3):
        tolerance = 1e-3 if dtype == np.float32 else 1e-9
        np.testing.assert_allclose(block.log_likelihood.T, expected[block.rows], atol=tolerance)
        within = block.shares.reshape(3, 2, -1) / block.total[:, None]
        np.testing.assert_allclose(within.sum(axis=1), 1, rtol=1e-5)
        shares = np.exp(joint[block.rows] - expected[block.rows, :, None])
        np.testing.assert_allclose(np.moveaxis(within, 2, 0), shares, atol=tolerance)


def test_log_weights_take_the_place_of_weights(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("full", 3, 2)
    x = draw(parameters, 50, np.random.default_rng(1))[0]
    logs = np.array([0.5, -4.0, 2.0])  # sums to anything
    expected = np.logaddexp.reduce(oracle.log_joint(x, parameters) - np.log(parameters.weights) + logs, axis=1)
    found = posteriors(compile_kernel(parameters, np.float64, log_weights=logs), x)[1]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_memory_is_lent_to_one_at_a_time_and_used_again() -> None:
    workspace = Workspace()
    kind = np.dtype(np.float32)
    with workspace.memory() as first, workspace.memory() as second:
        assert first is not second
        kept = first.array("a", (2, 3), kind)
        assert first.array("a", (2, 3), kind) is kept
        assert first.array("a", (2, 4), kind).shape == (2, 4)
        assert not second.array("a", (2, 3), kind).any()
    with workspace.memory() as again:
        assert again in (first, second)
