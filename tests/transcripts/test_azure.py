"""JSON of Azure Speech: batch and fast transcription."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from diarize import FormatError
from diarize.transcripts import Transcript

from .conftest import said

Read = Callable[..., Transcript]


def phrase(channel: int, ticks: bool) -> dict[str, Any]:
    words = [("page", 0.2, 0.3), ("fourteen", 0.5, 0.5)]
    times = [
        {"offsetInTicks": start * 1e7, "durationInTicks": length * 1e7}
        if ticks
        else {"offset": f"PT{start}S", "duration": f"PT{length}S"}
        for _, start, length in words
    ]
    best = {
        "confidence": 0.9,
        "lexical": "page fourteen",
        "display": "Page 14.",
        "words": [{"word": word, "confidence": 0.5, **time} for (word, _, _), time in zip(words, times, strict=True)],
    }
    return {"channel": channel, "speaker": 2, "offset": "PT0.2S", "duration": "PT0.8S", "nBest": [best, best]}


@pytest.mark.parametrize("ticks", [False, True])
def test_words_as_they_are_displayed(read: Read, ticks: bool) -> None:
    transcript = read(json.dumps({"recognizedPhrases": [phrase(0, ticks), {"recognitionStatus": "NoMatch"}]}))
    assert said(transcript) == [(0.2, 0.5, "Page"), (0.5, 1.0, " 14.")]
    assert [(cue.start, cue.end, cue.speaker) for cue in transcript.cues] == [(0.2, 1.0, "2")]


def test_a_channel_that_says_the_same_is_left_out(read: Read) -> None:
    other = phrase(1, True)
    assert len(read(json.dumps({"recognizedPhrases": [phrase(0, True), other]})).cues) == 1
    other["nBest"][0]["display"] = "Cage 14."
    assert len(read(json.dumps({"recognizedPhrases": [phrase(0, True), other]})).cues) == 2


def test_fast_transcription(read: Read) -> None:
    words = [{"text": "Hi", "offsetMilliseconds": 60, "durationMilliseconds": 100}, {"text": "there."}]
    phrases = [
        {"offsetMilliseconds": 60, "durationMilliseconds": 540, "text": "Hi there.", "words": words},
        {"offsetMilliseconds": 61000, "durationMilliseconds": 1000, "text": "So."},
    ]
    transcript = read(json.dumps({"combinedPhrases": [{"text": "Hi there. So."}], "phrases": phrases}))
    assert said(transcript) == [(0.06, 0.16, "Hi"), (0.16, 0.6, " there."), (61, 62, "So.")]


def test_without_times(read: Read) -> None:
    with pytest.raises(FormatError, match=r"recognizedPhrases\[0\]: it has no times"):
        read('{"recognizedPhrases": [{"offset": "PT", "nBest": [{"display": "a"}]}]}')
