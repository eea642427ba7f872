"""Compiled functions give what Python gives, with or without a place to cache them."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pytest

from diarize.gmm.engine.compilation import FUSED, REORDERED, compiled, inner


def mean_square(values: np.ndarray) -> Any:
    total = 0.0
    for value in values:
        total += value * value
    return total / len(values)


VALUES = np.arange(7.0)


@pytest.mark.parametrize("signature", ["", "f8(f8[::1])"])
@pytest.mark.parametrize("fast", [frozenset(), FUSED, REORDERED])
def test_compiled_is_what_python_does(signature: str, fast: bool) -> None:
    function = compiled(signature, fast)(mean_square)
    assert function(VALUES) == pytest.approx(mean_square(VALUES), rel=1e-14)
    assert math.isnan(function(np.array([1.0, np.nan])))
    assert function(np.array([1.0, np.inf])) == np.inf


def test_inner_functions_are_called_by_compiled_ones() -> None:
    part = inner()(mean_square)

    def root(values: np.ndarray) -> Any:
        return math.sqrt(part(values))

    assert numba.njit(root)(VALUES) == pytest.approx(math.sqrt(mean_square(VALUES)), rel=1e-14)


@pytest.mark.parametrize("error", [RuntimeError("no locator"), OSError("disk full")])
def test_without_a_place_for_the_cache_it_compiles_all_the_same(monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    real = numba.njit

    def njit(*signature, cache: Any = False, **options) -> Any:
        if cache:
            raise error
        return real(*signature, **options)

    monkeypatch.setattr(numba, "njit", njit)
    assert compiled()(mean_square)(VALUES) == pytest.approx(mean_square(VALUES), rel=1e-14)
