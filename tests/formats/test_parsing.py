"""What parsers share: where entries and problems come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from diarize.annotation import Turn
from diarize.errors import FormatError
from diarize.formats.about import About
from diarize.formats.files import Problem
from diarize.formats.parsing import parsed_json, parsed_lines
from diarize.formats.turns import Entry


def read(number: int, line: str) -> list[Entry]:
    if line == "bad":
        raise FormatError("it is bad")
    return [Entry(number, "", Turn(0.0, 1.0, name)) for name in line.split()]


def test_lines() -> None:
    known = Problem("x.txt", 1, "byte order mark")
    lines = [(1, "anna ben"), (3, "bad"), (4, ""), (5, "carl")]
    parsed = parsed_lines("x.txt", lines, [known], read, remarks=lambda line: ["one name"] if " " not in line else [])
    assert [(item.line, item.turn.speaker) for item in parsed.entries if item.turn] == [
        (1, "anna"),
        (1, "ben"),
        (5, "carl"),
    ]
    assert list(parsed.problems) == [
        known,
        Problem("x.txt", 3, "it is bad", fatal=True),  # and no remark on what could not be read
        Problem("x.txt", 4, "one name"),
        Problem("x.txt", 5, "one name"),
    ]
    assert parsed.about == {}


def turns_of(value: Any) -> tuple[list[Any], str, About]:
    if "list" not in value:
        raise FormatError("there is no list")
    return value["list"], "call", About(channel=2)


def item(uri: str, value: Any) -> Entry:
    return read(0, value)[0]._replace(uri=uri)


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"list": ["anna", "bad", "ben"]}')
    parsed = parsed_json(path, "list", turns_of, item)
    assert parsed.entries == [Entry(0, "call", Turn(0.0, 1.0, name)) for name in ("anna", "ben")]
    assert parsed.problems == [Problem(str(path), 0, "list[1]: it is bad", fatal=True)]
    assert parsed.about == {"call": About(channel=2)}


@pytest.mark.parametrize(
    ("text", "line", "said"), [("{}", 0, "there is no list"), ('{\n"list" 1}', 2, "no JSON"), (None, 0, "cannot read")]
)
def test_no_json_of_that_kind(tmp_path: Path, text: str | None, line: int, said: str) -> None:
    path = tmp_path / "x.json"
    if text is not None:
        path.write_text(text)
    parsed = parsed_json(path, "list", turns_of, item)
    (problem,) = parsed.problems
    assert (list(parsed.entries), problem.fatal, problem.line) == ([], True, line)
    assert problem.message.startswith(said)
