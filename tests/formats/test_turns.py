"""What parsers give becomes annotations and problems."""

from __future__ import annotations

import pytest

from diarize import Annotation, DiarizeWarning, FormatError, Turn
from diarize.formats.about import About
from diarize.formats.files import Problem
from diarize.formats.turns import Entry, Parsed, annotations_of, entry, problems_of, rows


def test_entries_become_annotations() -> None:
    entries = [entry(1, "b", (0, 1), "x"), entry(2, "", (1, 2), "x", 0.5), entry(3, "b", (5, 5), "x")]
    with pytest.warns(DiarizeWarning, match="file:3: the duration is zero; left out"):
        annotations = annotations_of("file", Parsed(entries, about={"c": About()}), unnamed="a")
    assert annotations == {
        "c": Annotation((), "c"),
        "b": Annotation([Turn(0, 1, "x")], "b"),
        "a": Annotation([Turn(1, 2, "x", 0.5)], "a"),
    }


def test_fatal_problems_are_raised() -> None:
    with pytest.raises(FormatError, match="file:4: broken"):
        annotations_of("file", Parsed([], [Problem("file", 4, "broken", fatal=True)]))


def test_entries_that_cannot_be() -> None:
    with pytest.raises(FormatError, match="ends before it starts: 2 to 1"):
        entry(1, "", (2, 1), "x")
    with pytest.raises(FormatError, match="no name"):
        entry(1, "", (1, 2), "")


def test_problems_by_line() -> None:
    turns = [Turn(4, 6, "a"), Turn(0, 5, "a"), Turn(1, 2, "b"), Turn(1, 2, "a"), None]
    parsed = Parsed([Entry(line, "", turn) for line, turn in enumerate(turns, 1)], [Problem("f", 3, "odd")])
    assert [(problem.line, problem.message) for problem in problems_of("f", parsed)] == [
        (1, "speaker 'a' is still talking until 5.000"),
        (3, "odd"),
        (4, "speaker 'a' is still talking until 5.000"),
        (5, "the duration is zero"),
    ]


def test_rows_join_what_comes_to_touch_and_leave_out_what_becomes_empty() -> None:
    turns = [Turn(1.0001, 1.0004, "a"), Turn(2.0, 3.0002, "b"), Turn(3.0004, 4.0, "b")]
    assert [tuple(row) for row in rows(Annotation(turns))] == [(2000, 4000, "b", None)]
