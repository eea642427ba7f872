"""JSON of Amazon Transcribe."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from diarize import FormatError
from diarize.transcripts import Transcript
from diarize.transcripts.aws import fill_aws

from .conftest import said

Read = Callable[..., Transcript]


def spoken(start: str, end: str, content: str) -> dict[str, Any]:
    best = {"confidence": "0.99", "content": content}
    return {"type": "pronunciation", "alternatives": [best], "start_time": start, "end_time": end}


def mark(content: str) -> dict[str, Any]:
    return {"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": content}]}


def document() -> dict[str, Any]:
    return {
        "jobName": "my-job",
        "accountId": "111122223333",
        "status": "COMPLETED",
        "results": {
            "transcripts": [{"transcript": "On hold. Sorry, ma'am."}],
            "items": [
                spoken("4.87", "5.02", "On"),
                spoken("5.02", "5.4", "hold"),
                mark("."),
                spoken("5.6", "5.9", "Sorry"),
                mark(","),
                spoken("6.0", "6.3", "ma'am"),
                mark("."),
            ],
            "audio_segments": [
                {"id": 0, "transcript": "On hold.", "start_time": "4.87", "end_time": "5.4", "items": [0, 1, 2]},
                {"id": 1, "transcript": "Sorry, ma'am.", "start_time": "5.6", "end_time": "6.3", "items": [3, 4, 5, 6]},
            ],
        },
    }


def test_words_have_their_punctuation(read: Read) -> None:
    transcript = read(json.dumps(document()))
    assert said(transcript) == [
        (4.87, 5.02, "On"),
        (5.02, 5.4, " hold."),
        (5.6, 5.9, " Sorry,"),
        (6.0, 6.3, " ma'am."),
    ]
    assert [cue.text for cue in transcript.cues] == ["On hold.", "Sorry, ma'am."]
    assert transcript.words[0].confidence == 0.99


def test_chinese_has_no_blanks(read: Read) -> None:
    items = [spoken("0.1", "0.3", "你"), spoken("0.3", "0.5", "好"), mark("。")]
    results = {"transcripts": [{"transcript": "你好。"}], "items": items}
    assert read(json.dumps({"results": results})).cues[0].text == "你好。"


def test_speakers_are_filled_in() -> None:
    filled = document()
    fill_aws(filled, {0: "anna", 1: "anna", 3: "ben", 5: "ben"}, {})
    names = ["anna"] * 3 + ["ben"] * 4
    assert [item.pop("speaker") for item in filled["results"]["items"]] == names
    assert [one.pop("speaker") for one in filled["results"]["audio_segments"]] == ["anna", "ben"]
    assert filled == document()


def test_an_item_without_content(read: Read) -> None:
    broken = document()
    broken["results"]["items"][1]["alternatives"] = []
    with pytest.raises(FormatError, match=r"results\.items\[1\]\.alternatives is empty"):
        read(json.dumps(broken))
