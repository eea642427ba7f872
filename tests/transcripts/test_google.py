"""JSON of Google Speech-to-Text, v1 and v2."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from diarize import FormatError
from diarize.transcripts import Transcript

from .conftest import said

Read = Callable[..., Transcript]


def result(text: str, words: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    best = {"transcript": text, "confidence": 0.9, **({} if words is None else {"words": words})}
    return {"alternatives": [best, {"transcript": "other"}], "languageCode": "en-us", **more}


V1 = [{"startTime": "0s", "endTime": "1.200s", "word": "okay"}, {"startTime": "1.200s", "endTime": "2s", "word": "so"}]
V2 = [{"endOffset": "1.200s", "word": "okay"}, {"startOffset": "1.200s", "endOffset": "2s", "word": "so"}]
NANOS = [
    {"startTime": {}, "endTime": {"seconds": "1", "nanos": 200000000}, "word": "okay"},
    {"startTime": {"seconds": "1", "nanos": 200000000}, "endTime": {"seconds": 2}, "word": "so"},
]


@pytest.mark.parametrize("words", [V1, V2, NANOS])
def test_times_in_each_spelling(read: Read, words: list[dict[str, Any]]) -> None:
    assert said(read(json.dumps({"results": [result("Okay, so", words)]}))) == [(0, 1.2, "Okay,"), (1.2, 2, " so")]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda results: {"done": True, "response": {"results": results}},
        lambda results: {"response": {"results": {"gs://x/y.mp3": {"transcript": {"results": results}}}}},
    ],
)
def test_answers_of_operations(read: Read, wrap: Callable[[Any], Any]) -> None:
    assert [cue.text for cue in read(json.dumps(wrap([result("Okay so", V1)]))).cues] == ["Okay so"]


def test_the_last_result_says_all_again_with_speakers(read: Read) -> None:
    tagged = [{**word, "speakerTag": k + 1} for k, word in enumerate(V1)]
    transcript = read(json.dumps({"results": [result("okay", V1[:1]), result(" so", V1[1:]), result("", tagged)]}))
    assert [(word.text.strip(), word.speaker) for word in transcript.words] == [("okay", "1"), ("so", "2")]


def test_results_without_word_times_follow_each_other(read: Read) -> None:
    results = [result("a b", resultEndOffset="2s"), {"languageCode": "en"}, result(" c", resultEndOffset="3.500s")]
    transcript = read(json.dumps({"results": results}))
    assert [(cue.start, cue.end, cue.text, cue.timed) for cue in transcript.cues] == [
        (0, 2, "a b", False),
        (2, 3.5, "c", False),
    ]
    with pytest.raises(FormatError, match=r"results\[0\]: it has no times; ask Google for those of words"):
        read(json.dumps({"results": [result("a b")]}))
