"""Monologues of Rev.ai and Gecko."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from diarize.transcripts import Transcript

from .conftest import said

Read = Callable[..., Transcript]


def element(value: str, start: float, end: float) -> dict[str, Any]:
    return {"type": "text", "value": value, "ts": start, "end_ts": end, "confidence": 0.5}


def mark(value: str) -> dict[str, Any]:
    return {"type": "punct", "value": value}


def test_blanks_and_punctuation_are_elements(read: Read) -> None:
    first = [mark("¿"), element("Qué", 0.5, 0.8), mark(" "), element("tal", 1, 1.5), mark("? "), element("20", 1.5, 2)]
    second = [element("x", 2, 2.5), mark("-"), element("ray", 2.5, 3), mark("."), element("Ja", 4, 5)]
    monologues = [{"speaker": 0, "elements": first}, {"speaker": 1, "elements": second}]
    transcript = read(json.dumps({"monologues": monologues}))
    assert [(cue.text, cue.speaker) for cue in transcript.cues] == [
        ("¿Qué tal?", "0"),
        ("20", "0"),
        ("x-ray.", "1"),
        ("Ja", "1"),
    ]
    assert said(transcript)[1] == (1, 1.5, " tal?")


@pytest.mark.parametrize("speaker", [{"id": "Ann", "name": None}, {"id": "s1", "name": "Ann"}, "Ann"])
def test_terms_have_blanks_between(read: Read, speaker: Any) -> None:
    terms = [
        {"type": "WORD", "text": "Yes", "start": 0, "end": 0.5},
        {"type": "PUNCTUATION", "text": ",", "start": 0, "end": 0},
        {"type": "WORD", "text": "so", "start": 0.5, "end": 1},
    ]
    (cue,) = read(json.dumps({"schemaVersion": "2.0", "monologues": [{"speaker": speaker, "terms": terms}]})).cues
    assert (cue.text, cue.speaker) == ("Yes, so", "Ann")
