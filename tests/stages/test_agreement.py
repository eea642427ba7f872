"""The mean of outcomes: people with names are the same in all, others are matched."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.config import Config, OutputConfig
from diarize.stages.agreement import Waiting, averaged, without_short_turns
from diarize.stages.limits import Limits
from diarize.stages.rounds import Outcome

LENGTHS = np.full(6, 20)


def outcome(labels: list[int], sure: float, n_named: int = 0) -> Outcome:
    """Return an outcome that is so sure of its labels."""
    numbers = np.array(labels)
    posterior = np.full((len(labels), numbers.max() + 1), (1 - sure) / numbers.max())
    posterior[np.arange(len(labels)), numbers] = sure
    return Outcome(posterior, numbers, n_named=n_named)


def mean(*outcomes: Outcome) -> Outcome:
    return averaged([Waiting.of(one) for one in outcomes], LENGTHS, 1)


def test_speakers_without_names_are_matched() -> None:
    result = mean(outcome([0, 0, 1, 1, 2, 2], 0.8), outcome([2, 2, 0, 0, 1, 1], 0.6))
    np.testing.assert_array_equal(result.labels, [0, 0, 1, 1, 2, 2])
    np.testing.assert_allclose(result.posterior.max(axis=1), 0.7, atol=1e-6)


def test_people_with_names_are_not() -> None:
    """Two outcomes that disagree on who is who are averaged as they are."""
    result = mean(outcome([0, 0, 0, 1, 1, 1], 0.9, 2), outcome([1, 1, 1, 0, 0, 0], 0.7, 2))
    np.testing.assert_allclose(result.posterior[:, 0], [0.6, 0.6, 0.6, 0.4, 0.4, 0.4], atol=1e-6)
    assert result.n_named == 2


def test_a_name_and_strangers_beside_it() -> None:
    result = mean(outcome([0, 0, 1, 1, 2, 2], 0.8, 1), outcome([0, 0, 2, 2, 1, 1], 0.6, 1))
    np.testing.assert_array_equal(result.labels, [0, 0, 1, 1, 2, 2])


def test_the_single_outcomes_are_kept() -> None:
    one, two = outcome([0, 0, 1, 1, 1, 1], 0.8), outcome([1, 1, 0, 0, 0, 0], 0.6)
    kept: tuple[npt.NDArray[np.intp], ...] = mean(one, two).candidates
    np.testing.assert_array_equal(kept, [one.labels, two.labels])


def test_a_short_turn_that_a_person_fixed_stays() -> None:
    labels = outcome([0, 0, 1, 0, 0, 0], 0.9, 2)
    config = Config(output=OutputConfig(min_turn=0.4))
    lone = np.array([-1, -1, 1, -1, -1, -1])
    assert without_short_turns(labels, Limits(), config).n_speakers == 1
    np.testing.assert_array_equal(without_short_turns(labels, Limits(), config, lone).labels, [0, 0, 1, 0, 0, 0])
