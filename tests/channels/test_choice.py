"""What may be asked for, and what is said of it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from diarize.channels.choice import Choice, alone, apart, in_words
from diarize.channels.relation import Relation
from diarize.errors import ConfigError

LEGS, ROOM, TWICE = Relation(2, "legs", (1, 2)), Relation(2, "room", (1, 2)), Relation(2, "twice", (1, 2))
MANY = 10**6


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"channels": "auto"}, Choice()),
        ({"channels": 2}, Choice("mix", 2)),
        ({"channels": "2"}, Choice("mix", 2)),
        ({"channels": "auto", "channel": 1}, Choice("mix", 1)),
        ({"channels": 3, "channel": 3}, Choice("mix", 3)),
        ({"channels": "separate", "names": ["a", "b"]}, Choice("separate", None, ("a", "b"))),
    ],
)
def test_what_is_taken(given: dict[str, Any], expected: Choice) -> None:
    assert Choice.of(**given) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"channels": "both"},
        {"channels": 0},
        {"channels": "-1"},
        {"channels": True},
        {"channels": 1.5},
        {"channels": "separate", "channel": 1},
        {"channels": 2, "channel": 1},
        {"channels": "mix", "names": ["a", "b"]},
        {"channels": "auto", "names": "agent,customer"},
        {"channels": "auto", "names": ["a", "a"]},
        {"channels": "auto", "names": ["a", " "]},
        {"channels": "auto", "names": ["a", "a 2"]},
    ],
)
def test_what_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Choice.of(**given)


def test_which_channels_are_kept_apart() -> None:
    assert apart(Choice(), LEGS, MANY) == (1, 2)
    assert apart(Choice(), ROOM, MANY) == apart(Choice(), TWICE, MANY) == ()
    assert apart(Choice("separate"), ROOM, MANY) == (1, 2)
    assert apart(Choice("separate"), TWICE, MANY) == apart(Choice("separate"), Relation(), MANY) == ()
    assert apart(Choice(), LEGS, 1) == ()
    with pytest.raises(ConfigError, match="1 speaker at most"):
        apart(Choice("separate"), LEGS, 1)
    with pytest.raises(ConfigError, match="3 names for 2 channels:"):
        apart(Choice(names=("a", "b", "c")), LEGS, MANY)
    with pytest.raises(ConfigError, match="2 names for 1 channel:"):
        apart(Choice(names=("a", "b")), Relation(), MANY)


def test_hum_is_left_out_but_not_where_all_channels_are_asked_for() -> None:
    beside_hum, beside_silence = Relation(2, "one", (2,), (1,)), Relation(2, "one", (2,))
    assert alone(Choice(), beside_hum) == 2
    assert alone(Choice("mix"), beside_hum) is alone(Choice(), beside_silence) is alone(Choice(), LEGS) is None
    assert alone(Choice("mix", 1), beside_hum) == 1


@pytest.mark.parametrize(
    ("relation", "legs", "said"),
    [
        (LEGS, (1, 2), "two legs of a call: diarized separately (channel 1, channel 2)"),
        (LEGS, (), "two legs of a call, but fewer speakers are wanted: mixed"),
        (ROOM, (), "the same people are heard in all channels: mixed"),
        (ROOM, (1, 2), "two with sound: diarized separately (channel 1, channel 2)"),
        (TWICE, (), "one signal in all channels: mixed"),
        (
            Relation(2, "one", (2,), (1,)),
            (),
            "only channel 2 holds sound that moves: taken alone; channel 1: hum or noise",
        ),
        (Relation(2, "one", (2,)), (), "only channel 2 holds sound that moves: mixed; channel 1: silence"),
        (Relation(2, "silent"), (), "all channels are silent"),
    ],
)
def test_one_line_says_it(relation: Relation, legs: tuple[int, ...], said: str) -> None:
    assert in_words(relation, legs, Choice()) == said


def test_only_pipes_are_copied() -> None:
    file = io.BytesIO(b"sound")
    with Choice().readable(file) as same:
        assert same is file
    file.seekable = lambda: False  # type: ignore[method-assign]
    with Choice("mix").readable(file) as same:
        assert same is file
    with Choice().readable(file) as copy:
        assert copy is not file
