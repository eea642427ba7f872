"""JSON of Deepgram, with utterances and without."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from diarize import FormatError
from diarize.transcripts import Transcript
from diarize.transcripts.deepgram import fill_deepgram

from .conftest import said

Read = Callable[..., Transcript]

WORDS = [
    {"word": "four", "start": 0.4, "end": 0.8, "confidence": 0.5, "punctuated_word": "Four", "speaker": 0},
    {"word": "score", "start": 0.8, "end": 1.2, "confidence": 0.9, "punctuated_word": "score.", "speaker": 0},
    {"word": "and", "start": 1.3, "end": 1.5, "confidence": 0.9, "punctuated_word": "And", "speaker": 1},
]


def document(utterances: bool) -> dict[str, Any]:
    best = {"transcript": "Four score. And", "confidence": 0.9, "words": WORDS}
    results: dict[str, Any] = {"channels": [{"alternatives": [best]}]}
    if utterances:
        common = {"confidence": 0.9, "channel": 0}
        results["utterances"] = [
            {"start": 0.4, "end": 1.2, **common, "transcript": "Four score.", "words": WORDS[:2], "speaker": 0},
            {"start": 1.3, "end": 1.5, **common, "transcript": "And", "words": WORDS[2:], "speaker": 1},
        ]
    whole = {"metadata": {"request_id": "x", "duration": 2.0, "channels": 1}, "results": results}
    return json.loads(json.dumps(whole))  # type: ignore[no-any-return]


@pytest.mark.parametrize("utterances", [False, True])
def test_words_and_cues(read: Read, utterances: bool) -> None:
    transcript = read(json.dumps(document(utterances)))
    assert [text.strip() for _, _, text in said(transcript)] == ["Four", "score.", "And"]
    assert [(cue.start, cue.end, cue.text, cue.speaker) for cue in transcript.cues] == [
        (0.4, 1.2, "Four score.", "0"),
        (1.3, 1.5, "And", "1"),
    ]


@pytest.mark.parametrize("utterances", [False, True])
def test_speakers_are_filled_in(utterances: bool) -> None:
    filled = document(utterances)
    fill_deepgram(filled, {0: "a", 1: "a", 2: "b"}, {0: "a", 1: "b"})
    words = filled["results"]["channels"][0]["alternatives"][0]["words"]
    assert [word["speaker"] for word in words] == ["a", "a", "b"]
    for utterance, name in zip(filled["results"].get("utterances", []), "ab", strict=utterances):
        assert utterance["speaker"] == name
        assert {word["speaker"] for word in utterance["words"]} == {name}


def test_words_without_times(read: Read) -> None:
    with pytest.raises(FormatError, match=r"alternatives\[0\]: its words have no times"):
        read('{"results": {"channels": [{"alternatives": [{"words": [{"word": "a"}]}]}]}}')
