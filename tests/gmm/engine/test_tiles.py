"""The tiles themselves, on sizes that are whole."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.gmm.engine import products

pytestmark = pytest.mark.skipif(not products.tiled(), reason="tiles are for processors with AVX-512")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_numbers_are_not_lost_in_long_sums(dtype: type) -> None:
    """A plain sum in float32 stops growing here: each term is below half a digit of the sum before it."""
    from diarize.gmm.engine import loops, tiles

    n_rows = 96 * 40
    shares = np.full((tiles.COMPONENTS, n_rows), 3e-8, dtype)
    shares[:, :48] = 1
    sums = np.zeros((tiles.COMPONENTS, tiles.MOMENTS))
    loops.add_products(shares, np.ones((tiles.MOMENTS, n_rows), dtype), sums)
    expected = 48 + (n_rows - 48) * 3e-8
    np.testing.assert_allclose(sums, expected, rtol=4e-7 if dtype == np.float32 else 1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_place_of_a_tile_is_its_own(dtype: type) -> None:
    from diarize.gmm.engine import loops, tiles

    n_rows = tiles.WIDE * tiles.lanes(dtype)
    weights = np.zeros((1, 2, tiles.HIGH), dtype)
    weights[0, 0] = np.arange(tiles.HIGH)
    weights[0, 1] = 1000
    moments = np.stack([np.ones(n_rows), np.arange(n_rows)]).astype(dtype)
    out = np.empty((tiles.HIGH, n_rows), dtype)
    loops.log_densities(weights, moments, out)
    np.testing.assert_array_equal(out, np.arange(tiles.HIGH)[:, None] + 1000 * np.arange(n_rows))
