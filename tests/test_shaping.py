"""Shapes of annotations, worked out by hand."""

from __future__ import annotations

from math import nan

import pytest

from diarize import Annotation, ConfigError, Shape, Turn
from diarize.shaping import close_pauses, cut_long, drop_short, exclusive

Told = list[tuple[float, float, str]]


def told(annotation: Annotation) -> Told:
    return [(turn.start, turn.end, turn.speaker) for turn in annotation]


def talk(*turns: tuple[float, float, str] | tuple[float, float, str, float]) -> Annotation:
    return Annotation((Turn(*turn) for turn in turns), "talk")


def test_nothing_changes_by_default() -> None:
    annotation = talk((0, 4, "a", 0.5), (3, 9, "b"), (4.01, 4.02, "a"))
    assert Shape().apply(annotation) == annotation
    assert Shape(1, True, 1, 5).apply(Annotation((), "silence")) == Annotation((), "silence")


def test_pauses_are_closed_where_nobody_else_talks() -> None:
    annotation = talk((0, 1, "a"), (1.3, 2, "a"), (2.4, 3, "a"), (3.1, 3.2, "b"), (3.3, 4, "a"))
    assert told(close_pauses(annotation, 0.3)) == [(0, 2, "a"), (2.4, 3, "a"), (3.1, 3.2, "b"), (3.3, 4, "a")]
    assert told(close_pauses(annotation, 0.4))[0] == (0, 3, "a")
    assert close_pauses(annotation, 0.2) == annotation


def test_a_closed_pause_keeps_the_mean_confidence() -> None:
    (turn,) = close_pauses(talk((0, 1, "a", 0.4), (1.5, 4.5, "a", 0.8)), 0.5)
    assert turn.confidence == pytest.approx((0.4 * 1 + 0.8 * 3) / 4)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        # the surer one has the overlap, whoever came first
        ([(0, 4, "a", 0.6), (3, 5, "b", 0.9)], [(0, 3, "a"), (3, 5, "b")]),
        ([(0, 4, "a", 0.9), (3, 5, "b", 0.6)], [(0, 4, "a"), (4, 5, "b")]),
        # equally sure, or not known of one: who holds the floor
        ([(0, 4, "a", 0.7), (3, 5, "b", 0.7)], [(0, 4, "a"), (4, 5, "b")]),
        ([(0, 4, "b"), (3, 5, "a", 0.99)], [(0, 4, "b"), (4, 5, "a")]),
        # inside another turn: interrupted by the surer one, swallowed by the one who holds the floor
        ([(0, 10, "a", 0.5), (2, 3, "b", 0.9)], [(0, 2, "a"), (2, 3, "b"), (3, 10, "a")]),
        ([(0, 10, "a"), (2, 3, "b")], [(0, 10, "a")]),
        # at the same time: the longer one, then the name
        ([(0, 1, "a"), (0, 2, "b")], [(0, 2, "b")]),
        ([(0, 2, "b"), (0, 2, "a")], [(0, 2, "a")]),
        # three at once
        ([(0, 3, "a", 0.5), (1, 4, "b", 0.6), (2, 5, "c", 0.7)], [(0, 1, "a"), (1, 2, "b"), (2, 5, "c")]),
    ],
)
def test_exclusive(turns: list[tuple[float, float, str]], expected: Told) -> None:
    alone = exclusive(talk(*turns))
    assert told(alone) == expected
    assert alone.overlap() == []
    assert alone.speech() == talk(*turns).speech()


def test_short_turns_are_left_out() -> None:
    assert told(drop_short(talk((0, 0.3, "a"), (1.0, 1.3, "b"), (2, 2.2, "a")), 0.3)) == [(0, 0.3, "a"), (1, 1.3, "b")]


def test_long_turns_become_equal_pieces_a_millisecond_apart() -> None:
    pieces = cut_long(talk((1.0, 8.0, "a", 0.5), (9.0, 12.0, "b")), 3.0)
    assert told(pieces) == [(1.0, 3.332, "a"), (3.333, 5.666, "a"), (5.667, 8.0, "a"), (9.0, 12.0, "b")]
    assert {turn.confidence for turn in pieces} == {0.5, None}


def test_the_order() -> None:
    """The pause is closed first, so the turn is long enough; the overlap is gone before short turns are."""
    annotation = talk((0, 1, "a"), (1.2, 2, "a"), (1.9, 2.3, "b"), (5, 5.9, "c"))
    assert told(Shape(merge_gap=0.2, exclusive=True, min_turn=0.9, max_turn=1.5).apply(annotation)) == [
        (0, 0.999, "a"),
        (1.0, 2.0, "a"),
        (5, 5.9, "c"),
    ]


@pytest.mark.parametrize(
    "settings",
    [{"merge_gap": -1}, {"merge_gap": nan}, {"min_turn": nan}, {"max_turn": 0}, {"max_turn": nan}]
    + [{"min_turn": 2, "max_turn": 1}],
)
def test_what_makes_no_shape(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"{list(settings)[-1]} must be"):
        Shape(**settings)  # type: ignore[arg-type]
