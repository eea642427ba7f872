"""Whether probabilities are even."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from diarize.gmm import PITCalibration

RNG = np.random.default_rng(0)
EVEN, UNEVEN = RNG.random(500), RNG.beta(2, 2, 500)
BOTH = PITCalibration(np.stack([EVEN, UNEVEN], axis=1), ("right", "too wide"))


def test_kolmogorov_and_smirnov() -> None:
    expected = [kstest(column, "uniform") for column in (EVEN, UNEVEN)]
    np.testing.assert_allclose(BOTH.statistic, [test.statistic for test in expected])
    np.testing.assert_allclose(BOTH.p_value, [test.pvalue for test in expected])
    assert BOTH.p_value[0] > 0.01 > BOTH.p_value[1]


def test_coverage_of_central_intervals() -> None:
    found = BOTH.coverage([0.5, 0.9])
    for place, values in enumerate((EVEN, UNEVEN)):
        assert found[0, place] == pytest.approx(((values >= 0.25) & (values <= 0.75)).mean())
        assert found[1, place] == pytest.approx(((values >= 0.05) & (values <= 0.95)).mean())


def test_a_picture(tmp_path: Path) -> None:
    axes = pytest.importorskip("matplotlib.figure").Figure().subplots()
    assert BOTH.plot(axes) is axes
    assert {"right", "too wide"} < set(axes.get_legend_handles_labels()[1])
    BOTH.plot(tmp_path / "pit.png")
    assert (tmp_path / "pit.png").stat().st_size > 1000
