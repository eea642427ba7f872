"""The measure of drift, on sound that was shifted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from drift import click_places, composed, lag


@pytest.mark.parametrize("shift", [0, 80, -160])
def test_lag(shift: int) -> None:
    written = np.random.default_rng(0).standard_normal(16000).astype(np.float32)
    heard = np.roll(written, shift)
    assert lag(heard, written, 8000) == shift / 8


def test_clicks_are_where_they_are_said_to_be() -> None:
    places = click_places(1300, 8000)
    assert [place / 8000 for place in places] == [10, 600, 1200, 1290]
    part = np.array([0.5, 0.0, -0.5], np.float32)
    quiet = composed(part, range(79000, 80000), places, 8000)
    np.testing.assert_allclose(quiet[:3], [0.0, -0.25, 0.25])  # 79000 is 1 above a multiple of 3
    loud = composed(np.zeros(3, np.float32), range(79000, 81000), places, 8000)
    assert np.flatnonzero(loud).min() // 4 == 250
    assert np.flatnonzero(loud).max() < 1016
