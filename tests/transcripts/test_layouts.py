"""Which layout a file is in, and what is said where it is in none."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diarize import Annotation, FormatError, Turn, label
from diarize.transcripts import Transcript, read_transcript
from diarize.transcripts.layouts import LAYOUTS, layout_of, parse_transcript
from diarize.transcripts.writing import FORMATS, text_of

Read = Callable[..., Transcript]

SAMPLES = {
    "whisper": '{"segments": [{"start": 0, "end": 1, "text": "a"}]}',
    "whisper.cpp": '{"transcription": [{"offsets": {"from": 0, "to": 1000}, "text": " a"}]}',
    "aws": '{"results": {"items": [{"type": "pronunciation", "start_time": "0", "end_time": "1", '
    '"alternatives": [{"content": "a"}]}]}}',
    "deepgram": '{"results": {"channels": [{"alternatives": [{"words": [{"word": "a", "start": 0, "end": 1}]}]}]}}',
    "assemblyai": '{"audio_url": "x", "status": "completed", "words": [{"text": "a", "start": 0, "end": 1000}]}',
    "google": '{"results": [{"alternatives": [{"transcript": "a", "words": [{"word": "a", "endTime": "1s"}]}]}]}',
    "azure": '{"recognizedPhrases": [{"offset": "PT0S", "duration": "PT1S", "nBest": [{"display": "a"}]}]}',
    "revai": '{"monologues": [{"speaker": 0, "elements": [{"type": "text", "value": "a", "ts": 0, "end_ts": 1}]}]}',
    "vosk": '{"result": [{"word": "a", "start": 0, "end": 1, "conf": 1}], "text": "a"}',
    "youtube": '{"events": [{"tStartMs": 0, "dDurationMs": 1000, "segs": [{"utf8": "a"}]}]}',
    "vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\na\n",
    "srt": "\n1\n00:00:00,000 --> 00:00:01,000\na\n",
    "ctm": "talk 1 0 1 a\n",
    "stm": "talk 1 s 0 1 a\n",
    "table": "start\tend\ttext\n0\t1000\ta\n",
}


@pytest.mark.parametrize("name", [layout.name for layout in LAYOUTS])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_is_seen_from_its_content(read: Read, name: str, encoding: str) -> None:
    transcript = read(SAMPLES[name].encode(encoding), "talk.unknown")
    assert transcript.source.layout == name
    assert [(cue.start, cue.end, cue.text) for cue in transcript.cues] == [(0, 1, "a")]
    assert transcript.uri == "talk"


def replaced(document: Any, value: object) -> Iterator[Any]:
    """Yield a document again and again, each time with another of its parts replaced."""
    for key in document if isinstance(document, dict) else range(len(document) if isinstance(document, list) else 0):
        kept, document[key] = document[key], value
        yield document
        document[key] = kept
        for _ in replaced(kept, value):
            yield document


JSON = [name for name, sample in SAMPLES.items() if sample.startswith("{")]


@pytest.mark.parametrize("name", JSON)
@pytest.mark.parametrize("value", [None, -1, 1e300, math.nan, "x", "\ud800", [], [5], {}, {"a": 1}])
def test_a_wrong_value_is_read_or_refused(name: str, value: object) -> None:
    turns = Annotation([Turn(0, 1, "anna")])
    for document in replaced(json.loads(SAMPLES[name]), value):
        try:
            labelled = label(parse_transcript(json.dumps(document).encode(), "x"), turns)
        except FormatError:
            continue
        assert all(text_of(labelled, format).encode("utf-8") or not labelled.cues for format in FORMATS)


def test_json_alone_takes_speakers_back() -> None:
    assert {layout.name for layout in LAYOUTS if layout.fill} == {"whisper", "whisper.cpp", "aws", "deepgram"}
    assert layout_of("nothing") is None


@pytest.mark.parametrize("content", ["hello\n", "", '{"turns": []}', "[5]"])
def test_what_is_none_lists_what_is_known(read: Read, content: str) -> None:
    with pytest.raises(FormatError, match=r"no transcript that is known \(JSON of whisper, .*WebVTT, SRT, CTM, STM"):
        read(content)


def test_other_programs_json_is_refused(read: Read) -> None:
    watson = '{"results": [{"final": true, "alternatives": [{"transcript": "a", "timestamps": [["a", 0, 1]]}]}]}'
    speechmatics = '{"results": [{"type": "word", "start_time": 0, "end_time": 1, "alternatives": [{"content": "a"}]}]}'
    for content in (watson, speechmatics):
        with pytest.raises(FormatError, match="no transcript that is known"):
            read(content)


def test_a_text_without_times_says_what_to_ask_for(read: Read) -> None:
    with pytest.raises(FormatError, match="it has a text but no times; ask the recogniser for words with times"):
        read('{"text": "Hello."}')


@pytest.mark.parametrize("name", ["x.srt", "x.CTM", "x.stm"])
def test_a_recogniser_writes_an_empty_file_where_nothing_is_said(read: Read, name: str) -> None:
    assert (read("\n", name).cues, read("", name).uri) == ((), "x")


def test_what_is_no_text(read: Read, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"talk\.txt:2: not text in UTF-8"):
        read(b"WEBVTT\n\xff\n")
    with pytest.raises(FormatError, match="not a text file"):
        read(b"WEBVTT\n\0")
    with pytest.raises(FormatError, match="cannot read the file: No such file"):
        read_transcript(tmp_path / "missing.srt")
