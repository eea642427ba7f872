"""Baum-Welch statistics of segments against a loop over frames."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from diarize.gmm import draw, segment_statistics


@pytest.mark.parametrize(
    "boundaries",
    [
        np.arange(0, 6001, 20),  # equal, many blocks
        np.r_[0, np.sort(np.random.default_rng(0).choice(6000, 300)), 6000],  # ragged, some empty
        np.array([0, 5500, 5501, 6000]),  # longer than a block
        np.array([7, 7, 7, 19]),  # empty ones, rows outside
        np.array([0]),  # no segment
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_to_a_loop(oracle: SimpleNamespace, boundaries: np.ndarray, dtype: type) -> None:
    parameters = oracle.mixture("diag", n_components=5)
    x = draw(parameters, 6000, np.random.default_rng(4))[0].astype(dtype)
    shares = oracle.posteriors(x.astype(float), parameters)
    zeroth, first = segment_statistics(x, parameters, boundaries)
    assert zeroth.dtype == first.dtype == dtype
    assert first.shape == (len(boundaries) - 1, 5, 3)
    precise = 1e-9 if dtype == np.float64 else 1e-3
    for s, (start, stop) in enumerate(pairwise(boundaries)):
        inside = slice(start, stop)
        np.testing.assert_allclose(zeroth[s], shares[inside].sum(axis=0), rtol=precise, atol=precise)
        np.testing.assert_allclose(first[s], shares[inside].T @ x[inside], rtol=precise, atol=10 * precise)


@pytest.mark.parametrize("boundaries", [[0, 5, 3], [-1, 4], [0, 11], [0.0, 3.0], [[0, 3]], np.empty(0, dtype=int)])
def test_impossible_boundaries(oracle: SimpleNamespace, boundaries: np.ndarray) -> None:
    with pytest.raises(ValueError, match="boundaries"):
        segment_statistics(np.zeros((10, 3)), oracle.mixture("diag"), boundaries)
