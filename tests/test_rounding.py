"""Rounded rows: as near as the digits say, the same when rounded again, and the same from a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diarize import spooling
from diarize.rounding import packed, rounded, unpacked
from diarize.spooling import spooled

BITS = 9
ROWS = (np.random.default_rng(0).normal(size=(70, 11)) * 10.0 ** np.arange(-5, 6)).astype(np.float32)
ROWS[3], ROWS[4, 5] = 0.0, 0.0
ROWS[5] = [2.0**k for k in range(11)]  # the largest is a power of two


def test_each_number_is_within_half_a_step() -> None:
    steps = 2.0 ** (np.floor(np.log2(np.abs(ROWS).max(axis=1, initial=1e-30))) + 1 - BITS)
    values = rounded(ROWS, BITS)
    largest = np.abs(ROWS) >= (2**BITS - 1) * steps[:, None]  # what would need a bit more is one step less
    assert (np.abs(values - ROWS) <= np.where(largest, 1.0, 0.5) * steps[:, None]).all()
    np.testing.assert_array_equal(values / steps[:, None], np.rint(values / steps[:, None]))


def test_once_is_as_good_as_twice() -> None:
    once = rounded(ROWS, BITS)
    np.testing.assert_array_equal(rounded(once, BITS), once)


def test_extreme_rows_stay_finite() -> None:
    rows = np.array([[1e-44, 0.0], [3e38, 1.0], [0.0, 0.0]], np.float32)
    assert np.isfinite(rounded(rows, 14)).all()


@pytest.mark.parametrize("limit", [1, 10**6])
def test_what_is_packed_comes_back(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling.parts, "__defaults__", (32,))  # several pieces, and from a file
    arrays = dict(packed(spooled([ROWS], ROWS.shape[1], limit), BITS, "x"))
    assert len(arrays) == 9
    again = np.concatenate(list(unpacked(arrays, "x", *ROWS.shape)))
    np.testing.assert_array_equal(again, rounded(ROWS, BITS))
    assert again.dtype == np.float32


def test_it_is_small() -> None:
    rows = np.where(np.arange(11) % 4 == 0, ROWS, 0)
    assert sum(array.nbytes for _, array in packed(rows, BITS, "x")) < 0.4 * rows.nbytes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x_0_exponents", np.zeros(69, np.int8)),
        ("x_0_exponents", np.zeros(70, np.int32)),
        ("x_0_there", np.zeros((70, 1), np.uint8)),
        ("x_0_there", np.zeros((70, 2), np.uint8)),
        ("x_0_bytes", np.zeros((2, 5), np.uint8)),
        ("x_0_bytes", np.zeros((2, 5), np.float64)),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"^x: "):
        list(unpacked({**dict(packed(ROWS, BITS, "x")), name: value}, "x", *ROWS.shape))


def test_a_wild_exponent_is_tamed() -> None:
    arrays = {**dict(packed(ROWS, BITS, "x")), "x_0_exponents": np.full(70, 127, np.int8)}
    assert all(np.isfinite(rows).all() for rows in unpacked(arrays, "x", *ROWS.shape))
