"""Which leg a hint is about: who is heard there, whose name it is, and what is known of the other hints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from diarize import Annotation, Config, Diarization, Hints, Segment, Turn
from diarize.channels.told import told_of
from diarize.grid import FrameGrid
from diarize.model import builtin_model
from diarize.stages.detection import Detection

STEP, SECONDS = 0.1, 30
FRAMES = FrameGrid(int(SECONDS / STEP), STEP, duration=float(SECONDS))


def leg(
    channel: int, spoken: Sequence[tuple[float, float]], names: Sequence[str], probable: Sequence[float] = ()
) -> Diarization:
    """Return a leg that speaks in some stretches; speech elsewhere is as probable as given."""
    model = builtin_model()
    speech = FRAMES.mask([Segment(*times) for times in spoken])
    stated = np.maximum(speech, np.resize(probable, len(speech))) if len(probable) else None
    detection, band = Detection(speech, stated=stated), model.bands["wide"]
    return Diarization(Annotation((), "call"), FRAMES, detection, band, model, Config(), tuple(names), channel=channel)


AGENT = leg(1, [(0, 10), (20, 24)], ["agent"])
CUSTOMER = leg(2, [(8, 20)], ["customer 1", "customer 2"])


def places(hints: Hints, *legs: Diarization) -> dict[str, list[list[float]]]:
    """Return for each name where it is named in each leg."""
    told = told_of(legs or (AGENT, CUSTOMER), hints)
    return {
        name: [[turn.start for turn in one.annotation if turn.speaker == name] for one in told] for name in hints.names
    }


def test_a_hint_goes_to_the_leg_that_speaks_there() -> None:
    found = places(Hints([Turn(1, 4, "Anna"), Turn(12, 15, "Ben"), Turn(21, 23, "Anna")]))
    assert found == {"Anna": [[1.0, 21.0], []], "Ben": [[], [12.0]]}


def test_whom_a_hint_does_not_name_is_silent_there() -> None:
    agent, customer = told_of((AGENT, CUSTOMER), Hints([Turn(8, 10, "agent")], [Segment(15, 16)]))
    assert agent.silence == customer.silence == (Segment(8, 10), Segment(15, 16))
    assert (agent.names, customer.names) == (("agent",), ())
    assert agent.imposed(Annotation()) == Annotation([Turn(8, 10, "agent", 1.0)])


@pytest.mark.parametrize(("name", "place"), [("agent", 0), ("customer 2", 1), ("channel1", 0), ("channel2 3", 1)])
def test_where_both_speak_it_goes_to_the_one_of_that_name(name: str, place: int) -> None:
    assert places(Hints([Turn(8, 10, name)]))[name][place] == [8.0]


def test_where_both_speak_other_hints_tell_whose_voice_it_is() -> None:
    found = places(Hints([Turn(8, 10, "Ben"), Turn(8.5, 10, "Anna"), Turn(1, 2, "Anna"), Turn(15, 16, "Ben")]))
    assert found == {"Anna": [[1.0, 8.5], []], "Ben": [[], [8.0, 15.0]]}


def test_two_strangers_at_once_are_one_in_each() -> None:
    found = places(Hints([Turn(8, 10, "x"), Turn(8, 10, "y")]))
    assert sorted(map(str, found.values())) == ["[[8.0], []]", "[[], [8.0]]"]


def test_two_at_once_where_one_leg_speaks_are_both_there() -> None:
    assert places(Hints([Turn(12, 14, "x"), Turn(12, 14, "y")])) == {"x": [[], [12.0]], "y": [[], [12.0]]}


def test_a_murmur_beside_it_is_not_whom_the_hint_is_about() -> None:
    assert places(Hints([Turn(2, 9, "Anna")])) == {"Anna": [[2.0], []]}
    assert places(Hints([Turn(2, 9, "customer 1")])) == {"customer 1": [[2.0], []]}


def test_where_nobody_was_heard_the_name_or_what_is_possible_decides() -> None:
    assert places(Hints([Turn(26, 28, "customer 1")])) == {"customer 1": [[], [26.0]]}
    assert places(Hints([Turn(26, 28, "Ben"), Turn(15, 16, "Ben")])) == {"Ben": [[], [15.0, 26.0]]}
    faint = leg(2, [(8, 20)], ["customer"], [0.3])
    assert places(Hints([Turn(26, 28, "Ben")]), leg(1, [(0, 10)], ["agent"], [0.01]), faint) == {"Ben": [[], [26.0]]}


def test_a_hint_between_two_frames_is_in_the_leg_that_speaks_there() -> None:
    assert places(Hints([Turn(15.0, 15.001, "Ben")])) == {"Ben": [[], [15.0]]}


def test_behind_the_end_a_hint_stays_somewhere() -> None:
    assert places(Hints([Turn(40, 41, "Ben")])) == {"Ben": [[40.0], []]}


def test_one_person_may_be_in_both() -> None:
    assert places(Hints([Turn(1, 4, "Anna"), Turn(12, 15, "Anna")])) == {"Anna": [[1.0], [12.0]]}
