"""JSON of whisper.cpp, with tokens and without."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from diarize import FormatError
from diarize.transcripts import Transcript
from diarize.transcripts.whispercpp import fill_whispercpp

from .conftest import said

Read = Callable[..., Transcript]


def token(text: str, start: int, end: int) -> dict[str, Any]:
    stamps = {"from": f"00:00:00,{start:03}", "to": f"00:00:00,{end:03}"}
    return {
        "text": text,
        "timestamps": stamps,
        "offsets": {"from": start, "to": end},
        "id": 400,
        "p": 0.9,
        "t_dtw": -1,
    }


def document(text: str, tokens: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    segment: dict[str, Any] = {
        "timestamps": {"from": "00:00:00,000", "to": "00:00:00,900"},
        "offsets": {"from": 0, "to": 900},
        "text": text,
    }
    if tokens is not None:
        segment["tokens"] = tokens
    return {
        "systeminfo": "AVX = 1",
        "model": {"type": "base", "multilingual": True},
        "params": {"model": "models/ggml-base.bin", "language": "en", "translate": False},
        "result": {"language": "en"},
        "transcription": [segment],
    }


TOKENS = [
    {"text": "[_BEG_]", "id": 50364, "p": 0.9, "t_dtw": -1},
    token(" My", 0, 100),
    token(" fe", 100, 200),
    token("llow", 200, 300),
    token(",", 300, 320),
    {"text": "[_TT_45]", "id": 50409, "p": 0.1, "t_dtw": -1},
]


def test_segments_without_tokens(read: Read) -> None:
    (cue,) = read(json.dumps(document(" My fellow, yes"))).cues
    assert (cue.start, cue.end, cue.text, cue.timed) == (0.0, 0.9, "My fellow, yes", False)


def test_tokens_become_words(read: Read) -> None:
    transcript = read(json.dumps(document(" My fellow,", TOKENS)))
    assert said(transcript) == [(0.0, 0.1, " My"), (0.1, 0.3, " fellow,")]
    assert transcript.cues[0].timed


def test_a_full_stop_does_not_lengthen_its_word(read: Read) -> None:
    tokens = [token(" Yes", 0, 200), token(".", 900, 900), token(" ♪", 850, 900)]
    assert said(read(json.dumps(document(" Yes. ♪", tokens)))) == [(0.0, 0.2, " Yes."), (0.85, 0.9, " ♪")]


def test_half_characters_in_tokens_are_put_together(read: Read) -> None:
    first, second = "好".encode()[:2], "好".encode()[2:]
    text = json.dumps(document("你好", [token("你", 0, 100), token("HALF", 100, 150), token("REST", 150, 200)]))
    data = text.encode().replace(b"HALF", first).replace(b"REST", second)
    assert said(read(data)) == [(0.0, 0.1, "你"), (0.1, 0.2, "好")]


def test_all_tokens_of_a_word_get_its_speaker() -> None:
    filled = document(" My fellow,", json.loads(json.dumps(TOKENS)))
    fill_whispercpp(filled, {0: "anna", 1: "ben"}, {0: "ben"})
    (segment,) = filled["transcription"]
    assert segment["speaker"] == "ben"
    assert [one.pop("speaker", None) for one in segment["tokens"]] == [None, "anna", "ben", "ben", "ben", None]
    assert segment["tokens"] == TOKENS


def test_a_segment_without_times(read: Read) -> None:
    broken = document(" a")
    broken["transcription"][0]["offsets"] = {"from": 0}
    with pytest.raises(FormatError, match=r"transcription\[0\]: it has no times"):
        read(json.dumps(broken))
