"""Hints: what is fixed, what is left open, and what an annotation becomes under them, worked out by hand."""

from __future__ import annotations

import pytest

from diarize.annotation import Annotation, Segment, Turn
from diarize.hints import Hints, gaps

GIVEN = Annotation([Turn(0, 10, "speaker1", 0.6), Turn(8, 14, "speaker2", 0.7)], "talk")


def test_what_is_fixed() -> None:
    hints = Hints([Turn(2, 4, "anna"), Turn(3, 5, "ben")], [Segment(7, 9), Segment(4.5, 6)])
    assert hints.fixed() == [Segment(2, 6), Segment(7, 9)]
    assert hints.names == ("anna", "ben")
    assert hints


def test_nothing_is_fixed() -> None:
    assert not Hints()
    assert Hints().fixed() == []
    assert Hints().imposed(GIVEN) == GIVEN


def test_hints_stand_in_place_of_what_was_there() -> None:
    hints = Hints([Turn(1, 3, "anna"), Turn(2, 3, "ben")], [Segment(9, 11)])
    assert hints.imposed(GIVEN) == Annotation(
        [
            Turn(0, 1, "speaker1", 0.6),
            Turn(1, 3, "anna", 1.0),
            Turn(2, 3, "ben", 1.0),
            Turn(3, 9, "speaker1", 0.6),
            Turn(8, 9, "speaker2", 0.7),
            Turn(11, 14, "speaker2", 0.7),
        ],
        "talk",
    )


def test_a_turn_holds_against_silence() -> None:
    assert Hints([Turn(1, 2, "anna")], [Segment(0, 4)]).imposed(GIVEN).crop(Segment(0, 4)).turns == (
        Turn(1, 2, "anna", 1.0),
    )


def test_a_hint_that_says_who_was_said_joins_on_to_the_turn() -> None:
    imposed = Hints([Turn(4, 6, "speaker1")]).imposed(Annotation(GIVEN.turns[:1]))
    assert [(turn.start, turn.end) for turn in imposed] == [(0, 10)]
    assert imposed.turns[0].confidence == pytest.approx((8 * 0.6 + 2 * 1.0) / 10)


def test_what_is_left_open() -> None:
    left = Hints([Turn(2, 9, "anna")]).left_open(GIVEN)
    assert left == [Turn(0, 2, "speaker1", 0.6), Turn(9, 10, "speaker1", 0.6), Turn(9, 14, "speaker2", 0.7)]


def test_what_is_fixed_of_turns() -> None:
    """A hint marks the part of the turn in which it names the speaker; another speaker's hint marks nothing."""
    hints = Hints([Turn(2, 4, "speaker1"), Turn(8.5, 20, "speaker2"), Turn(5, 6, "anna"), Turn(9.5, 9.6, "speaker1")])
    assert [(turn.start, turn.end, turn.speaker, fixed) for turn, fixed in hints.marked(GIVEN)] == [
        (0, 2, "speaker1", False),
        (2, 4, "speaker1", True),
        (4, 9.5, "speaker1", False),
        (9.5, 9.6, "speaker1", True),
        (9.6, 10, "speaker1", False),
        (8, 8.5, "speaker2", False),
        (8.5, 14, "speaker2", True),
    ]
    assert Hints().marked(GIVEN) == [(turn, False) for turn in GIVEN]


def test_gaps_lie_in_a_stretch_and_outside_of_segments() -> None:
    segments = [Segment(0, 1), Segment(2, 3), Segment(5, 9)]
    assert gaps(segments, Segment(0.5, 6)) == [Segment(1, 2), Segment(3, 5)]
    assert gaps(segments, Segment(5.5, 10)) == [Segment(9, 10)]
    assert gaps(segments, Segment(2.2, 2.5)) == []
    assert gaps([], Segment(1, 2)) == [Segment(1, 2)]
    assert gaps(segments, Segment(3.5, 4)) == [Segment(3.5, 4)]


@pytest.mark.parametrize(("turns", "silence"), [([(0, 1, "anna")], ()), ("anna", ()), ((), [(0, 1)])])
def test_what_is_no_hint(turns: object, silence: object) -> None:
    with pytest.raises(ValueError, match="hints are Turns, and Segments in which nobody speaks, got"):
        Hints(turns, silence)  # type: ignore[arg-type]
