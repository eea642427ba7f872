"""Exponential and logarithm against more digits."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from diarize.gmm.engine import elementary


@pytest.mark.parametrize(("dtype", "lowest", "tolerance"), [(np.float32, -80.0, 1.5e-7), (np.float64, -700.0, 4e-16)])
def test_the_exponential_is_exact_to_the_last_digit(dtype: type, lowest: float, tolerance: float) -> None:
    @numba.njit
    def each(values: np.ndarray, out: Any) -> Any:
        for i in range(len(values)):
            out[i] = elementary.exp(values[i])

    values = np.concatenate([np.random.default_rng(0).uniform(lowest, 0, 100_000), [0, -1e-30, lowest]]).astype(dtype)
    found = np.empty_like(values)
    each(values, found)
    truth = np.exp(values.astype(np.longdouble))
    assert found.dtype == dtype
    assert (np.abs(found - truth) / truth).max() < tolerance
    assert found[100_000] == 1


def test_the_logarithm_is_exact_to_the_last_digit() -> None:
    @numba.njit
    def each(values: np.ndarray, out: Any) -> Any:
        for i in range(len(values)):
            out[i] = elementary.log(values[i])

    rng = np.random.default_rng(0)
    values = np.concatenate([rng.uniform(0.5, 2, 100_000), 2.0 ** rng.uniform(-1000, 1000, 100_000), [1.0]])
    found = np.empty_like(values)
    each(values, found)
    truth = np.log(values.astype(np.longdouble))
    assert (np.abs(found - truth) <= 4e-16 * np.maximum(np.abs(truth), 1e-3)).all()
    assert found[-1] == 0
