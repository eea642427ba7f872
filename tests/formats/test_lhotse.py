"""JSONL: a supervision a line, as lhotse's documentation shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diarize import Annotation, FormatError, Turn
from diarize.formats.about import About
from diarize.formats.registry import write_all


def test_the_lines_are_supervisions(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    turns = [Turn(0.5, 2.0, "Anna B", 0.98765), Turn(1.25, 3.0, "ben")]
    write_all([Annotation(turns, "my call")], path, about={"my call": About(channel=2)})
    same = {"recording_id": "my call", "channel": 1}
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"id": "my call-000001", "start": 0.5, "duration": 1.5, "speaker": "Anna B", "custom": {"confidence": 0.988}}
        | same,
        {"id": "my call-000002", "start": 1.25, "duration": 1.75, "speaker": "ben"} | same,
    ]


def test_supervisions_of_others(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    line = '{"id": "s", "recording_id": "r", "start": 0.1, "duration": 0.2, "channel": [0, 1], "text": "hi", '
    path.write_text(line + '"language": "en", "speaker": "anna", "custom": null}\n')
    assert Annotation.read(path) == Annotation([Turn(0.1, 0.3, "anna")], "r")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"recording_id": "r", "start": 0, "duration": 1}', "speaker must be text, got None"),
        ('{"recording_id": "r", "start": 0, "duration": -1, "speaker": "a"}', "duration must be a number of seconds"),
        ('{"recording_id": "r", "start": 0, "duration": NaN, "speaker": "a"}', "duration must be a number of seconds"),
        ('{"recording_id": "r", "start": 0, "duration": 1, "speaker": "a", "custom": {"confidence": 2}}', "confidence"),
        ('{"recording_id": ', "no JSON: Expecting value in column 17"),
        ("[]", "a line must be an object"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(FormatError, match=rf"x\.jsonl:2: .*{words}"):
        Annotation.read(path)
