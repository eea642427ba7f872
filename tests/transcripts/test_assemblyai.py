"""JSON of AssemblyAI."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from diarize import FormatError
from diarize.transcripts import Transcript

from .conftest import said

Read = Callable[..., Transcript]

WORDS = [
    {"text": "Good", "start": 250, "end": 500, "confidence": 0.97, "speaker": "A"},
    {"text": "morning.", "start": 500, "end": 1000, "confidence": 0.97, "speaker": "A"},
    {"text": "Hi.", "start": 1250, "end": 1500, "confidence": 0.5, "speaker": "B"},
]
JOB: dict[str, Any] = {"id": "x", "status": "completed", "audio_url": "https://host/x.mp3", "text": "Good morning. Hi."}
UTTERANCES = [
    {"speaker": "A", "start": 250, "end": 1000, "text": "Good morning.", "confidence": 0.97, "words": WORDS[:2]},
    {"speaker": "B", "start": 1250, "end": 1500, "text": "Hi.", "confidence": 0.5, "words": WORDS[2:]},
]


@pytest.mark.parametrize("utterances", [None, UTTERANCES])
def test_words_in_milliseconds(read: Read, utterances: Any) -> None:
    transcript = read(json.dumps({**JOB, "words": WORDS, "utterances": utterances}))
    assert [(start, end) for start, end, _ in said(transcript)] == [(0.25, 0.5), (0.5, 1.0), (1.25, 1.5)]
    assert [(cue.text, cue.speaker) for cue in transcript.cues] == [("Good morning.", "A"), ("Hi.", "B")]


def test_a_job_that_is_not_done(read: Read) -> None:
    with pytest.raises(FormatError, match="the transcript is not there yet: its status is 'queued'"):
        read(json.dumps({**JOB, "status": "queued", "words": None}))
