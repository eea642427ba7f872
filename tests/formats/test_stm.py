"""STM: stretches of one speaker."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarize import Annotation, FormatError, Turn
from diarize.formats.about import About
from diarize.formats.registry import validate, write_all


def test_a_turn_is_a_line_without_transcript(tmp_path: Path) -> None:
    path = tmp_path / "x.stm"
    turns = [Turn(0.5, 2.0, "Anna B", 0.98765), Turn(1.25, 3.0, "ben")]
    write_all([Annotation(turns, "my call")], path, about={"my call": About(channel=2)})
    assert path.read_text() == "my%20call 2 Anna%20B 0.500 2.000\nmy%20call 2 ben 1.250 3.000\n"


def test_transcripts_labels_and_stretches_that_are_not_scored(tmp_path: Path) -> None:
    path = tmp_path / "x.stm"
    path.write_text(
        ";; comment\na 1 inter_segment_gap 0.0 0.5 <o,,unknown> IGNORE_TIME_SEGMENT_IN_SCORING\n"
        "a 1 anna 0.5 1.5 <o,f0,female> so 5 6 there\na 1 7 1.5 2.5\n"
    )
    assert Annotation.read(path) == Annotation([Turn(0.5, 1.5, "anna"), Turn(1.5, 2.5, "7")], "a")
    assert validate(path) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a 1 anna 0.5", "got 4 fields"),
        ("a 1 anna 2 1 x", "ends before"),
        ("a 1 anna x 1", "the start must be a number"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "x.stm"
    path.write_text(f"\n{line}\n")
    with pytest.raises(FormatError, match=rf"x\.stm:2: .*{words}"):
        Annotation.read(path)
