"""Measures of scores against closed forms for Gaussian scores, scikit-learn's ROC, and sums done by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm
from sklearn.metrics import log_loss, roc_curve
from voices_measures import (
    calibrated,
    equal_error_rate,
    error_rates,
    fit_calibration,
    log_likelihood_ratio_cost,
    minimum_cost,
    minimum_log_likelihood_ratio_cost,
    speaker_interval,
)

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def quantiles(distance: float, n_same: int = 4001, n_other: int = 90001) -> tuple[Floats, Mask]:
    """Return scores at even quantiles of two unit Gaussians, log-likelihood ratios of these; no chance involved."""
    scores = np.concatenate([distance / 2 + norm.ppf((np.arange(n) + 0.5) / n) for n in (n_same, n_other)])
    scores[n_same:] -= distance
    return distance * scores, np.arange(n_same + n_other) < n_same


def sample(seed: int = 0) -> tuple[Floats, Mask, Floats]:
    """Return coarse scores, many of them equal, with weights."""
    rng = np.random.default_rng(seed)
    same = rng.random(400) < 0.3
    return np.round(rng.normal(same * 1.5), 1), same, rng.integers(1, 4, 400).astype(float)


@pytest.mark.parametrize("distance", [0.5, 1.0, 2.0, 3.0])
def test_two_unit_gaussians_have_the_equal_error_rate_of_the_textbook(distance: float) -> None:
    assert equal_error_rate(*quantiles(distance)) == pytest.approx(norm.cdf(-distance / 2), abs=3e-4)


@pytest.mark.parametrize("prior", [0.01, 0.2, 0.5, 0.9])
def test_two_unit_gaussians_have_the_least_cost_at_the_threshold_of_bayes(prior: float) -> None:
    distance = 2.0
    threshold = np.log((1 - prior) / prior) / distance  # where the posterior is one half
    cost = prior * norm.cdf(threshold - distance / 2) + (1 - prior) * norm.sf(threshold + distance / 2)
    expected = cost / min(prior, 1 - prior)
    assert minimum_cost(*quantiles(distance), prior=prior) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("distance", [0.5, 2.0])
def test_ratios_that_tell_the_truth_cost_what_the_integral_says(distance: float) -> None:
    x = np.linspace(-12, 12, 20001)
    ratio = distance * (x + distance / 2)
    expected = np.trapezoid(norm.pdf(x) * np.logaddexp(0, -ratio) / np.log(2), x)
    scores, same = quantiles(distance)
    assert log_likelihood_ratio_cost(scores, same) == pytest.approx(expected, abs=1e-3)
    assert minimum_log_likelihood_ratio_cost(scores, same) == pytest.approx(expected, abs=3e-3)


def test_error_rates_are_those_of_scikit_learn() -> None:
    scores, same, weights = sample()
    false_alarms, hits, _ = roc_curve(same, scores, sample_weight=weights, drop_intermediate=False)
    ours = error_rates(scores, same, weights)
    np.testing.assert_allclose(ours[1], false_alarms[::-1], atol=1e-12)
    np.testing.assert_allclose(ours[0], 1 - hits[::-1], atol=1e-12)


def test_the_cost_of_ratios_is_the_balanced_log_loss_in_bits() -> None:
    scores, same, weights = sample()
    balanced = np.where(same, weights / weights[same].sum(), weights / weights[~same].sum())
    expected = log_loss(same, 1 / (1 + np.exp(-scores)), sample_weight=balanced) / np.log(2)
    assert log_likelihood_ratio_cost(scores, same, weights) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("measure", [equal_error_rate, minimum_cost, log_likelihood_ratio_cost])
def test_a_weight_is_worth_as_many_trials(measure: Any) -> None:
    scores, same, weights = sample()
    repeated = np.repeat(np.arange(len(scores)), weights.astype(int))
    assert measure(scores, same, weights) == pytest.approx(measure(scores[repeated], same[repeated]))


def test_what_says_nothing_costs_one_bit_and_half_of_the_trials() -> None:
    same = np.array([True, False, False, True])
    zeros = np.zeros(4)
    assert equal_error_rate(zeros, same) == 0.5
    assert minimum_cost(zeros, same, prior=0.01) == pytest.approx(1)
    assert log_likelihood_ratio_cost(zeros, same) == pytest.approx(1)
    assert minimum_log_likelihood_ratio_cost(zeros, same) == pytest.approx(1)


def test_what_is_separated_costs_nothing() -> None:
    scores, same = np.array([-1.0, 0.0, 2.0, 3.0]), np.array([False, False, True, True])
    assert equal_error_rate(scores, same) == 0
    assert minimum_cost(scores, same) == 0
    assert minimum_log_likelihood_ratio_cost(scores, same) == 0
    assert equal_error_rate(-scores, same) == 1


def test_both_kinds_of_trials_are_needed() -> None:
    with pytest.raises(ValueError, match="of one speaker and of two"):
        equal_error_rate(np.array([1.0, 2.0]), np.array([True, True]))


def test_a_calibration_undoes_a_scale_and_an_offset() -> None:
    scores, same = quantiles(2.0)
    slope, offset = fit_calibration(scores / 7 + 3, same)
    assert slope == pytest.approx(7, rel=0.01)
    assert offset == pytest.approx(-21, rel=0.01)


def test_calibrated_scores_come_from_other_speakers() -> None:
    rng = np.random.default_rng(1)
    speakers = np.concatenate([np.repeat(np.arange(20), 10)[:, None] * [1, 1], rng.integers(20, size=(2000, 2))])
    same = speakers[:, 0] == speakers[:, 1]
    scores = rng.normal(3.0 * same)
    before = calibrated(scores, same, speakers)
    assert log_likelihood_ratio_cost(before, same) < log_likelihood_ratio_cost(scores, same)
    own = (speakers == 7).any(axis=1)
    changed = np.where(own, -scores, scores)  # speaker 7 turned upside down
    after = calibrated(changed, same, speakers)
    parted = (speakers % 5 == 7 % 5).any(axis=1)
    np.testing.assert_array_equal(after[parted & ~own], before[parted & ~own])
    assert not np.allclose(after[~parted], before[~parted])


def test_a_calibration_needs_speakers() -> None:
    speakers = np.array([[0, 0], [1, 1], [0, 1]])
    with pytest.raises(ValueError, match="too few"):
        calibrated(np.array([1.0, 2.0, 0.0]), speakers[:, 0] == speakers[:, 1], speakers)


def test_intervals_are_of_speakers_not_of_trials() -> None:
    """Copies of every trial say nothing new; the interval of the mean of n speakers is that of the textbook."""
    rng = np.random.default_rng(0)
    level = rng.normal(size=200)
    own = np.repeat(np.arange(200), 30)
    speakers = np.concatenate([np.stack([own, own], axis=1), np.stack([own, (own + 1) % 200], axis=1)])
    same = np.arange(len(speakers)) < len(own)
    scores = np.concatenate([level[own], np.zeros(len(own))])

    def mean(scores: Floats, same: Mask, weights: Floats) -> float:
        return float(np.average(scores[same], weights=weights[same]))

    low, high = speaker_interval(mean, scores, same, speakers, np.random.default_rng(1), n_draws=1000)
    assert high - low == pytest.approx(2 * 1.96 * level.std() / np.sqrt(200), rel=0.1)
    assert (low + high) / 2 == pytest.approx(level.mean(), abs=0.02)
