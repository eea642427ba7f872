"""JSON as pyannoteAI's service answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diarize import Annotation, FormatError, Turn
from diarize.formats.registry import format_of, write_all

TURN = {"speaker": "SPEAKER_00", "start": 0.5, "end": 2.25}
SURE = TURN | {"confidence": {"SPEAKER_00": 90, "SPEAKER_01": 10}}


def test_the_layout(tmp_path: Path) -> None:
    write_all([Annotation([Turn(0.5, 2.25, "Anna", 0.98765), Turn(1, 3, "b")], "x")], tmp_path / "x.pyannote.json")
    assert json.loads((tmp_path / "x.pyannote.json").read_text()) == {
        "diarization": [
            {"speaker": "Anna", "start": 0.5, "end": 2.25, "confidence": {"Anna": 98.8}},
            {"speaker": "b", "start": 1.0, "end": 3.0},
        ]
    }


@pytest.mark.parametrize(
    ("answer", "confidence"),
    [
        ({"diarization": [TURN]}, None),
        ({"jobId": "1", "status": "succeeded", "output": {"exclusiveDiarization": [], "diarization": [SURE]}}, 0.9),
        ([TURN | {"confidence": 0.25}], 0.25),
        ({"diarization": [TURN | {"confidence": {"SPEAKER_01": 10}}]}, None),
    ],
)
def test_answers_are_read(tmp_path: Path, answer: object, confidence: float | None) -> None:
    for indent in (None, 2):
        path = tmp_path / "call.json"
        path.write_text(json.dumps(answer, indent=indent))
        assert format_of(path).name == "json-pyannote"
        assert Annotation.read(path) == Annotation([Turn(0.5, 2.25, "SPEAKER_00", confidence)], "call")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": "running"}, "diarization must be a list"),
        ({"output": None}, "output must be an object"),
        ({"diarization": [TURN, {"speaker": "a", "start": 1}]}, r"diarization\[1\]: end must be a number"),
        ({"diarization": [TURN | {"confidence": {"SPEAKER_00": 101}}]}, "numbers from 0 to 100 by speaker"),
        ({"diarization": [TURN | {"confidence": {"SPEAKER_00": "9"}}]}, "numbers from 0 to 100 by speaker"),
    ],
)
def test_refused(tmp_path: Path, answer: object, words: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(answer))
    with pytest.raises(FormatError, match=rf"x\.json: .*{words}"):
        Annotation.read(path, "json-pyannote")
