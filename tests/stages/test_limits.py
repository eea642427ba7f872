"""Limits on the number of speakers: what callers ask for is checked; the evidence decides who is put together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import logsumexp

from diarize.config import SpeakerConfig
from diarize.errors import ConfigError
from diarize.gmm import MixtureParameters
from diarize.stages.limits import Limits, merge_closest, support
from diarize.stages.speakers import EigenvoiceModel, View

Labels = npt.NDArray[np.intp]
OWNERS = np.repeat([0, 1, 2, 0, 1, 2], 10)


@pytest.fixture(scope="module")
def view() -> View:
    """Blocks of 20 frames of three voices, two of which are nearer to each other than to the third."""
    rng = np.random.default_rng(0)
    background = MixtureParameters(np.ones(1), np.zeros((1, 3)), np.ones((1, 3))).astype(np.float32)
    model = EigenvoiceModel(background, np.eye(3, dtype=np.float32)[None], np.zeros(3), np.eye(3))
    factors = np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.5, 1.0]])
    x = np.repeat(factors[OWNERS], 20, axis=0) + rng.normal(size=(1200, 3))
    return View(model.statistics(x.astype(np.float32), np.arange(61) * 20), model)


def shares(labels: Labels) -> npt.NDArray[np.float64]:
    return np.eye(int(labels.max()) + 1)[labels]


def test_the_two_most_alike_are_put_together(view: View) -> None:
    merged = merge_closest(shares(OWNERS), view, 1.0, 1.0)
    np.testing.assert_array_equal(merged, shares(np.array([0, 1, 1])[OWNERS]))


def test_parts_of_one_voice_are_put_together_first(view: View) -> None:
    parts = OWNERS + 3 * (np.arange(60) % 2)
    merged = shares(parts)
    for _ in range(3):
        merged = merge_closest(merged, view, 1.0, 1.0)
    np.testing.assert_array_equal(merged @ merged.T > 0, OWNERS[:, None] == OWNERS)


def test_evidence_gain_is_the_log_evidence_of_gaussian_factors(view: View) -> None:
    """With F_A = F_B it is F_A log E exp(y' f - y' P y / 2) over y ~ N(0, I), here by sampling."""
    statistics, voices, _ = view
    few = shares(OWNERS) * 0.005  # so little that sampling from the prior is exact enough
    gain = voices.evidence_gain(statistics, few, 0.5, 0.5)
    y = np.random.default_rng(1).normal(size=(400_000, 3))
    for speaker in range(3):
        counts, linear = few[:, speaker] @ statistics.counts, few[:, speaker] @ statistics.projected
        exponent = y @ linear - 0.5 * counts[0] * (y**2).sum(axis=1)
        assert gain[speaker] == pytest.approx(0.5 * (logsumexp(exponent) - np.log(len(y))), abs=0.01)


def test_support_prefers_the_true_speakers_to_others_of_the_same_number(view: View) -> None:
    config = SpeakerConfig(acoustic_scale=1.0)
    right, wrong = shares(OWNERS), shares(np.arange(60) % 3)
    assert support(right, [view], config, 1.0) > support(wrong, [view], config, 1.0) + 10
    assert support(right, [view], config, 1.0) == pytest.approx(support(right[:, [2, 0, 1]], [view] * 2, config, 1.0))


def test_numbers_within_the_limits_are_in_them() -> None:
    assert [number in Limits(2, 3) for number in range(1, 5)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((None, None, None), (1, 10**6)),
        ((3, None, None), (3, 3)),
        ((None, 2, None), (2, 10**6)),
        ((None, None, 4), (1, 4)),
        ((None, 2, 4), (2, 4)),
        ((3, 2, 4), (3, 3)),
        ((3, 3, 3), (3, 3)),
        ((np.int64(2), None, None), (2, 2)),
    ],
)
def test_limits(given: tuple[int | None, int | None, int | None], expected: tuple[int, int]) -> None:
    limits = Limits.of(*given)
    assert (limits.least, limits.most) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((0, None, None), "num_speakers must be a whole number of at least 1, got 0"),
        ((-2, None, None), "num_speakers"),
        ((None, 0, None), "min_speakers"),
        ((None, None, 0), "max_speakers"),
        ((2.5, None, None), "got 2.5"),
        ((True, None, None), "got True"),
        (("two", None, None), "got 'two'"),
        ((float("nan"), None, None), "got nan"),
        (([2], None, None), r"got \[2\]"),
        ((None, 4, 2), "contradict"),
        ((5, None, 4), "contradict"),
        ((1, 2, None), "contradict"),
        ((5, 2, 4), "contradict"),
    ],
)
def test_impossible_limits(given: tuple[int | None, int | None, int | None], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Limits.of(*given)
