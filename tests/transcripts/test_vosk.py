"""JSON of Vosk: one result, several after one another, a list; alternatives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from diarize import FormatError
from diarize.transcripts import Transcript

from .conftest import said

Read = Callable[..., Transcript]


def result(word: str, start: float) -> dict[str, Any]:
    return {"result": [{"conf": 0.5, "end": start + 0.5, "start": start, "word": word}], "text": word}


def as_printed(results: list[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(one, indent=1) for one in results) + "\n"


@pytest.mark.parametrize("written", [as_printed, json.dumps])
def test_results(read: Read, written: Callable[[Any], str]) -> None:
    transcript = read(written([{"partial": "one"}, result("one", 0.5), {"text": ""}, result("two", 2)]))
    assert said(transcript) == [(0.5, 1.0, " one"), (2, 2.5, " two")]
    assert [word.confidence for word in transcript.words] == [0.5, 0.5]


def test_the_best_alternative(read: Read) -> None:
    alternatives = [{"confidence": 300.0, **result("one", 0)}, {"confidence": 200.0, **result("won", 0)}]
    assert said(read(json.dumps({"alternatives": alternatives}))) == [(0, 0.5, " one")]


def test_what_breaks_off_is_no_json(read: Read) -> None:
    with pytest.raises(FormatError, match=r"talk\.txt:12: no JSON: Extra data"):
        read(as_printed([result("one", 0)]) + '{"result"')
