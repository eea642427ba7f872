"""The search on errors that are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from diarize.config import Config, SpeakerConfig, SpeechConfig
from diarize.evaluation.search import LADDERS, search

Errors = Callable[[Config], npt.NDArray[np.float64]]


def bowl(bias: float, loop: float) -> Errors:
    """Return errors of four recordings that are smallest at these settings."""
    return lambda config: np.full(
        4, 1 + (config.speech.bias - bias) ** 2 + 100 * (config.speakers.loop_probability - loop) ** 2
    )


@pytest.mark.parametrize(("bias", "loop"), [(2, 0.7), (-3, 0.99), (-0.5, 0.95), (4, 0.9)])
def test_the_bottom_is_found(bias: float, loop: float) -> None:
    best = search(bowl(bias, loop), Config())
    assert (best.speech.bias, best.speakers.loop_probability) == (bias, loop)
    unchanged = best.with_(speech=SpeechConfig(), speakers=SpeakerConfig())
    assert unchanged == Config()


def test_a_start_off_the_ladder_counts_as_a_rung() -> None:
    start = Config(speech=SpeechConfig(bias=0.2))
    assert search(bowl(0.2, 0.95), start) == start
    assert search(bowl(3, 0.95), start).speech.bias == 3


def test_the_limits_of_the_prior_go_along() -> None:
    start = Config(speakers=SpeakerConfig(prior=2.0, min_prior=1.0, max_prior=600.0))
    speakers = search(lambda config: np.full(3, abs(config.speakers.prior - 2.7)), start).speakers
    assert (speakers.prior, speakers.min_prior, speakers.max_prior) == (2.7, 1.35, 810.0)
    # one more step would take max_prior above what it may be
    speakers = search(lambda config: np.full(3, 10 - config.speakers.prior), start).speakers
    assert (speakers.prior, speakers.max_prior) == (2.7, 810.0)


def test_one_recording_alone_changes_nothing() -> None:
    def errors(config: Config) -> npt.NDArray[np.float64]:
        moved = config.speech.bias != -0.5
        return np.array([5.0, 5.0, 5.0, 1.0 if moved else 9.0])

    assert search(errors, Config()) == Config()


def test_near_ties_change_nothing() -> None:
    assert search(lambda config: np.full(4, 100 - 0.4 * config.speech.bias), Config()) == Config()


def test_each_setting_is_tried_once() -> None:
    seen: list[Config] = []

    def errors(config: Config) -> npt.NDArray[np.float64]:
        seen.append(config)
        return np.zeros(3)

    search(errors, Config())
    assert len(set(seen)) == 1 + 2 * len(LADDERS) - 1  # up and down, but pauses cannot be shorter than none
