"""CTM: words with speakers become turns, turns become words."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarize import Annotation, FormatError, Turn
from diarize.formats.about import About
from diarize.formats.registry import validate, write_all


def test_a_turn_is_one_word(tmp_path: Path) -> None:
    path = tmp_path / "x.ctm"
    turns = [Turn(0.5, 2.0, "Anna B", 0.98765), Turn(1.25, 3.0, "ben")]
    write_all([Annotation(turns, "my call")], path, about={"my call": About(channel=2)})
    assert path.read_text().splitlines() == [
        "my%20call 2 0.500 1.500 <speech> 0.988 misc Anna%20B",
        "my%20call 2 1.250 1.750 <speech> NA misc ben",
    ]


def test_words_that_touch_are_one_turn(tmp_path: Path) -> None:
    path = tmp_path / "x.ctm"
    path.write_text(
        ";; words\na 1 0.1 0.2 so 0.5 lex anna\na 1 0.3 0.2 there 1.0 lex anna\na 1 0.9 0.1 yes NA lex ben\n"
    )
    one, other = Annotation.read(path)
    assert (one.start, one.end, one.speaker) == (0.1, 0.5, "anna")
    assert one.confidence == pytest.approx(0.75)
    assert other == Turn(0.9, 1.0, "ben")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a 1 0.1 0.2 so 0.5", "says who speaks has eight fields, .* got 6"),
        ("a 1 0.1 0.2 so 0.5 lex null", "names no speaker: 'null'"),
        ("a 1 0.1 x so 0.5 lex anna", "the duration must be a number"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "x.ctm"
    path.write_text(f"\n{line}\n")
    with pytest.raises(FormatError, match=rf"x\.ctm:2: .*{words}"):
        Annotation.read(path)


def test_a_channel_by_letter_is_a_problem_that_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "x.ctm"
    path.write_text("a A 0.1 0.2 so 0.5 lex anna\n")
    assert Annotation.read(path).labels == ["anna"]
    assert [str(problem) for problem in validate(path)] == [f"{path}:1: the channel is a number from 1, got 'A'"]
