"""Both ways to make the products, against numpy in float64."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from diarize.gmm import accumulate, draw
from diarize.gmm.engine import products

needs_tiles = pytest.mark.skipif(not products.tiled(), reason="tiles are for processors with AVX-512")
each_way = pytest.mark.parametrize("tiled", [pytest.param(True, marks=needs_tiles), False])
SIZES = [(1, 3, 1), (5, 7, 100), (64, 41, 1000), (9, 231, 513), (130, 13, 48)]


@pytest.fixture
def way(tiled: bool, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(products, "tiled", lambda: tiled)


@each_way
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-6), (np.float64, 1e-14)])
def test_products_are_those_of_numpy(way: Any, sizes: Any, dtype: type, tolerance: float) -> None:
    n_components, n_moments, n_rows = sizes
    rng = np.random.default_rng(1)
    coefficients = rng.normal(size=(n_components, n_moments))
    whole = products.padded(*sizes, dtype)
    moments = np.zeros(whole[1:], dtype)
    moments[:n_moments, :n_rows] = rng.normal(size=(n_moments, n_rows))
    joint = np.full(whole[::2], np.nan, dtype)
    products.log_densities(products.packed(coefficients, dtype), moments, joint)
    scale = np.abs(coefficients) @ np.abs(moments[:n_moments, :n_rows].astype(float))
    expected = coefficients.astype(dtype).astype(float) @ moments[:n_moments, :n_rows].astype(float)
    assert (np.abs(joint[:n_components, :n_rows] - expected) <= tolerance * scale).all()
    sums = np.zeros(whole[:2])
    sums[0, 0] = 5.0
    products.add_products(joint, moments, sums)
    expected = joint[:n_components, :n_rows].astype(float) @ moments[:n_moments, :n_rows].T.astype(float)
    expected[0, 0] += 5.0
    scale = (
        np.abs(joint[:n_components, :n_rows].astype(float)) @ np.abs(moments[:n_moments, :n_rows].T.astype(float)) + 5
    )
    assert (np.abs(sums[:n_components, :n_moments] - expected) <= tolerance * scale).all()


@needs_tiles
@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_ways_give_the_same_statistics(
    oracle: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, kind: str, dtype: type
) -> None:
    parameters = oracle.mixture(kind, 5, 4)
    x = draw(parameters, 5003, np.random.default_rng(1))[0].astype(dtype)
    by_tiles = accumulate(x, parameters)
    monkeypatch.setattr(products, "tiled", lambda: False)
    by_library = accumulate(x, parameters)
    tolerance = 1e-5 if dtype == np.float32 else 1e-11
    for name in ("zeroth", "first", "second"):
        truth = getattr(by_library, name)
        np.testing.assert_allclose(getattr(by_tiles, name), truth, rtol=tolerance, atol=tolerance * np.abs(truth).max())


def test_padding_makes_whole_tiles_or_none() -> None:
    sizes = products.padded(5, 7, 100, np.float32)
    assert sizes == ((8, 12, 144) if products.tiled() else (5, 7, 100))
