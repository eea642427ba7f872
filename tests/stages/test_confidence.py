"""Calibration of probabilities against the formula of Platt and hand-made numbers."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from diarize.stages.confidence import Calibration, log_odds


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.5, 0.7), (2.0, -1.0), (0.0, 0.3)])
def test_it_is_a_line_on_the_log_odds(slope: float, offset: float) -> None:
    probabilities = [0.02, 0.3, 0.5, 0.77, 0.98]
    expected = [1 / (1 + exp(-(slope * log(p / (1 - p)) + offset))) for p in probabilities]
    np.testing.assert_allclose(Calibration(slope, offset).apply(probabilities), expected)


def test_odds_by_hand() -> None:
    """Odds of 3 : 1 whose log is halved and raised by log 2 are 2 root 3 : 1."""
    odds = 2 * np.sqrt(3)
    assert Calibration(0.5, np.log(2)).apply(0.75) == pytest.approx(odds / (1 + odds))


def test_what_is_too_sure_counts_as_one_in_a_hundred() -> None:
    np.testing.assert_allclose(log_odds([0.0, 0.001, 0.01, 0.99, 1.0]), np.log(99) * np.array([-1, -1, -1, 1, 1]))
    np.testing.assert_allclose(Calibration().apply([0.0, 0.005, 0.3, 1.0]), [0.01, 0.01, 0.3, 0.99])


def test_the_order_stays_and_the_shape_too() -> None:
    probabilities = np.random.default_rng(0).uniform(0.02, 0.98, (4, 5))
    calibrated = Calibration(0.6, 0.9).apply(probabilities)
    assert calibrated.shape == (4, 5)
    np.testing.assert_array_equal(calibrated.ravel().argsort(), probabilities.ravel().argsort())
