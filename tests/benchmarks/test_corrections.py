"""The person who is played: answers, what is done by hand, and the rows of the table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from corrections import answer, as_told, draw, line, read

from diarize import Annotation, Check, Hints, Segment, Turn

TRUTH = Annotation([Turn(1, 4, "anna"), Turn(3, 6, "ben"), Turn(8, 9, "cleo")])
STRETCH = Check(0.0, 8.5, "speaker1", 1.0, "doubtful")


def test_an_answer_is_what_is_true() -> None:
    told = answer(TRUTH, STRETCH, 0.0, np.random.default_rng(0))
    assert told.annotation.turns == (Turn(1, 4, "anna"), Turn(3, 6, "ben"), Turn(8, 8.5, "cleo"))
    assert told.silence == (Segment(0, 1), Segment(6, 8))
    assert answer(TRUTH, Check(6.5, 7.5, "x", 1.0, "doubtful"), 0.0, np.random.default_rng(0)) == Hints(
        (), [Segment(6.5, 7.5)]
    )


def test_a_wrong_answer_names_somebody_else() -> None:
    rng = np.random.default_rng(0)
    told = [answer(TRUTH, Check(1.5, 2.5, "x", 1.0, "doubtful"), 0.3, rng) for _ in range(400)]
    wrong = [one for one in told if one.names != ("anna",)]
    assert {one.names for one in wrong} == {("ben",), ("cleo",)}
    assert len(wrong) == pytest.approx(120, abs=30)
    assert all(one.annotation.turns[0].segment == Segment(1.5, 2.5) for one in wrong)


def test_what_is_done_by_hand() -> None:
    before = Annotation([Turn(0, 5, "speaker1"), Turn(5, 9, "speaker2"), Turn(9, 10, "speaker3")])
    hints = Hints([Turn(1, 3, "anna"), Turn(3, 4, "ben"), Turn(6, 7, "ben")])
    assert as_told(before, hints).durations() == {"anna": 4.0, "ben": 5.0, "speaker3": 1.0}


def test_rows(tmp_path: Path) -> None:
    """Of two recordings one gets better and one worse; their means are written."""
    better = {0: [100.0, 1, 2, 20, 0, 0.0], 5: [100.0, 1, 1, 2, 30, 0.5]}
    worse = {0: [50.0, 0, 0, 5, 0, 0.0], 5: [50.0, 0, 0, 6, 20, 0.3]}
    row = line("suggested", [better, worse], [0, 5])
    assert row.startswith("suggested")
    assert " 0: 15.00 " in row
    assert " 5:  7.00 (2.0..12.0)   8.0  1" in row
    assert row.endswith("   25 s  0.40 CPU s")
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"names": ["a"], "looks": [0, 5], "rows": {"suggested": [better]}}))
    names, looks, results = read([path, path])
    assert (names, looks, results) == (["a", "a"], [0, 5], {"suggested": [better, better]})
    draw(results, looks, tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").stat().st_size > 5000
