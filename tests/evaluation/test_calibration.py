"""Calibration against maps that are known, logistic regression of scikit-learn, and sums done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from diarize.evaluation.calibration import fit_calibration, reliability
from diarize.stages.confidence import Calibration


@pytest.mark.parametrize(("slope", "offset"), [(0.4, 0.9), (1.0, 0.0), (1.8, -0.7), (0.6, 2.0)])
def test_a_known_map_is_found_again(slope: float, offset: float) -> None:
    rng = np.random.default_rng(4)
    said = rng.uniform(0.02, 0.98, 40000)
    right = rng.random(40000) < expit(slope * logit(said) + offset)
    fitted = fit_calibration(said, right, np.ones(40000))
    assert fitted.slope == pytest.approx(slope, abs=0.06)
    assert fitted.offset == pytest.approx(offset, abs=0.06)
    assert reliability(fitted.apply(said), right, np.ones(40000)).error < 0.012


def test_the_fit_is_that_of_logistic_regression() -> None:
    """With many seconds the prior counts for nothing; a share is right for part of the time and wrong for the rest."""
    rng = np.random.default_rng(5)
    said, seconds = rng.uniform(0.02, 0.98, 300), 1000 * rng.random(300)
    share = said * rng.random(300)
    x, y = np.tile(logit(said), 2)[:, None], np.repeat([1, 0], 300)
    plain = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000)
    plain.fit(x, y, sample_weight=np.concatenate([seconds * share, seconds * (1 - share)]))
    fitted = fit_calibration(said, share, seconds)
    assert fitted.slope == pytest.approx(plain.coef_[0, 0], abs=1e-3)
    assert fitted.offset == pytest.approx(plain.intercept_[0], abs=1e-3)


def test_length_counts_like_repetition() -> None:
    once = fit_calibration([0.9, 0.6, 0.3], [1.0, 0.5, 0.5], [2.0, 3.0, 1.0])
    often = fit_calibration([0.9, 0.9, 0.6, 0.6, 0.6, 0.3], [1.0, 1.0, 0.5, 0.5, 0.5, 0.5], np.ones(6))
    assert once.slope == pytest.approx(often.slope, abs=1e-6)
    assert once.offset == pytest.approx(often.offset, abs=1e-6)


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_all_right_or_all_wrong_stays_finite(right: float) -> None:
    fitted = fit_calibration(np.full(50, 0.8), np.full(50, right), np.full(50, 100.0))
    assert np.isfinite([fitted.slope, fitted.offset]).all()
    assert abs(fitted.apply(0.8) - right) < 0.01


def test_the_order_of_probabilities_is_never_turned_round() -> None:
    fitted = fit_calibration([0.9, 0.1], [0.1, 0.9], [1000.0, 1000.0])
    assert fitted.slope == 0
    np.testing.assert_allclose(fitted.apply([0.1, 0.5, 0.9]), 0.5, atol=1e-3)


def test_certainty_is_cut_off() -> None:
    np.testing.assert_allclose(Calibration().apply([0.0, 0.005, 0.3, 1.0]), [0.01, 0.01, 0.3, 0.99])
    np.testing.assert_allclose(Calibration(2.0, 1.0).apply(np.array([[0.7]])), expit([[2 * logit(0.7) + 1]]))


def test_the_curve_by_hand() -> None:
    curve = reliability([0.0, 0.1, 0.25, 0.95, 1.0], [0.0, 1.0, 0.5, 1.0, 0.5], [1.0, 1.0, 2.0, 3.0, 3.0])
    np.testing.assert_allclose(curve.edges, np.arange(11) / 10)
    np.testing.assert_allclose(curve.seconds, [1, 1, 2, 0, 0, 0, 0, 0, 0, 6])
    empty = np.full(6, np.nan)
    np.testing.assert_allclose(curve.probability, [0, 0.1, 0.25, *empty, 0.975])
    np.testing.assert_allclose(curve.right, [0, 1, 0.5, *empty, 0.75])
    assert curve.error == pytest.approx((0 + 0.9 + 2 * 0.25 + 6 * 0.225) / 10)


def test_probabilities_that_tell_the_truth_have_no_error() -> None:
    said = np.array([0.05, 0.35, 0.35, 0.85])
    curve = reliability(said, [0.05, 0.2, 0.5, 0.85], [1.0, 2.0, 2.0, 0.0])
    assert curve.error == pytest.approx(0, abs=1e-12)
    assert np.isnan(curve.right[8])
    assert reliability(said, said, np.ones(4), n_bins=1).error == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (([], [], []), "one value a stretch"),
        (([0.5], [0.5, 0.5], [1.0]), "one value a stretch"),
        (([1.2], [0.5], [1.0]), "probability must lie from 0 to 1, got 1.2"),
        (([0.2], [np.nan], [1.0]), "right must lie"),
        (([0.2], [0.5], [-1.0]), "seconds must lie from 0 to inf"),
        (([0.2], [0.5], [np.inf]), "seconds must lie"),
    ],
)
def test_bad_values(values: tuple[list[float], ...], said: str) -> None:
    for function in (fit_calibration, reliability):
        with pytest.raises(ValueError, match=said):
            function(*values)


def test_no_time_and_no_bins() -> None:
    with pytest.raises(ValueError, match="no time to judge"):
        reliability([0.5], [0.5], [0.0])
    with pytest.raises(ValueError, match="n_bins must be at least 1, got 0"):
        reliability([0.5], [0.5], [1.0], n_bins=0)
