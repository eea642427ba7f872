"""Compiled loops against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diarize.gmm.engine import loops


@pytest.mark.parametrize(("dtype", "lowest", "tolerance"), [(np.float32, -60.0, 2e-7), (np.float64, -600.0, 2e-15)])
@pytest.mark.parametrize("n_groups", [1, 2, 6])
def test_softmax_is_exact_to_the_last_digits(dtype: type, lowest: float, tolerance: float, n_groups: int) -> None:
    rng = np.random.default_rng(0)
    joint = rng.uniform(lowest * 1.2, 0, (6, 1001)).astype(dtype)
    bias = rng.normal(size=6).astype(dtype)
    shares, peak, total = joint.copy(), *np.empty((2, n_groups, 1001), dtype)
    loops.softmax(shares, bias, dtype(lowest), peak, total)
    shifted = (joint + bias[:, None]).reshape(n_groups, -1, 1001)
    np.testing.assert_array_equal(peak, shifted.max(axis=1))
    expected = np.exp(np.maximum(shifted - shifted.max(axis=1)[:, None], dtype(lowest)).astype(np.longdouble))
    np.testing.assert_allclose(shares, expected.reshape(6, -1).astype(float), rtol=tolerance)
    np.testing.assert_allclose(total, expected.sum(axis=1).astype(float), rtol=5 * tolerance)


def test_softmax_of_impossible_and_undefined_densities_has_no_peak() -> None:
    joint = np.array([[-np.inf, np.nan, 0.0], [-np.inf, np.nan, -np.inf]])
    peak, total = np.empty((1, 3)), np.empty((1, 3))
    loops.softmax(joint, np.zeros(2), -600.0, peak, total)
    assert peak[0].tolist() == [-np.inf, -np.inf, 0]
    assert total[0, 2] == 1


@pytest.mark.parametrize("out", [np.float32, np.float64])
def test_moments_are_standardised_rows_and_their_squares(out: Any) -> None:
    rng = np.random.default_rng(0)
    x, centre, scale = rng.normal(size=(300, 4)).astype(np.float32), np.array([1.0, -2, 0, 0.5]), rng.uniform(1, 2, 4)
    x.flags.writeable = False  # as the engine's rows are: loops are compiled once for both
    found = np.empty((9, 300), out)
    loops.expand_variances(x, centre, scale, found)
    z = ((x - centre) * scale).T
    np.testing.assert_allclose(found, np.concatenate([np.ones((1, 300)), z, z**2]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_whitening_and_products(dtype: type) -> None:
    rng = np.random.default_rng(0)
    x, centre, forward = rng.normal(size=(300, 4)).astype(dtype), rng.normal(size=4), np.tril(rng.normal(size=(4, 4)))
    x.flags.writeable = False
    found = np.empty((1 + 4 + 10, 300), dtype)
    loops.whiten(x, centre, forward, found)
    z = forward @ (x - centre).T
    np.testing.assert_allclose(found[1:5], z, rtol=1e-5, atol=1e-6)
    loops.expand_products(found, 4, 300)
    np.testing.assert_array_equal(found[0], 1)
    upper = np.triu_indices(4)
    np.testing.assert_allclose(found[5:], (z[:, None] * z[None])[upper], rtol=1e-5, atol=1e-6)


def test_distances_keep_digits_that_float32_would_lose() -> None:
    x = np.array([[1.0, 2.0]], np.float32)
    x.flags.writeable = False
    found = loops.squared_distances(x, np.array([1.0 + 1e-9, 2.0]), np.array([1e9, 1.0]))
    np.testing.assert_allclose(found, [1.0], rtol=1e-6)
