"""Transcripts written, read by webvtt-py, srt, csv, json and the readers of turns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import srt
import webvtt

from diarize import Annotation, FormatError, Turn, label
from diarize.transcripts import Cue, Transcript, Word, read_transcript, write_transcript
from diarize.transcripts.writing import FORMATS, text_of

Read = Callable[..., Transcript]

CUES = (
    Cue(0.5, 2.0, (Word(0.5, 1.0, "Is 1", "Anna B"), Word(1.0, 2.0, "\n< 2?", "Anna B", 0.75)), "Anna B"),
    Cue(2.0, 3.0, (Word(2.0, 3.0, "Yes --> so.", "ben"),), "ben"),
    Cue(3600.0, 3601.5, (Word(3600.0, 3601.5, "Who?"),)),
)
TALK = Transcript(CUES, "call")


def test_webvtt(tmp_path: Path) -> None:
    write_transcript(TALK, tmp_path / "x.vtt")
    captions = [(one.start, one.end, one.voice, one.text) for one in webvtt.read(str(tmp_path / "x.vtt"))]
    assert captions == [
        ("00:00:00.500", "00:00:02.000", "Anna B", "Is 1\n&lt; 2?"),
        ("00:00:02.000", "00:00:03.000", "ben", "Yes -&gt; so."),
        ("01:00:00.000", "01:00:01.500", None, "Who?"),
    ]


def test_srt() -> None:
    cues = [
        (c.index, c.start.total_seconds(), c.end.total_seconds(), c.content) for c in srt.parse(text_of(TALK, "srt"))
    ]
    assert cues == [
        (1, 0.5, 2.0, "Anna B: Is 1\n< 2?"),
        (2, 2.0, 3.0, "ben: Yes -> so."),
        (3, 3600.0, 3601.5, "Who?"),
    ]


def test_tags_are_closed_where_a_cue_ends(read: Read) -> None:
    source = "WEBVTT\n\n00:00.000 --> 00:04.000 align:start\n<i>One <b>two</b> three. <c.red>Four & five</c></i>\n"
    labelled = label(read(source), Annotation([Turn(0, 2.4, "a"), Turn(2.4, 4, "b")]))
    cues = text_of(labelled, "vtt").split("\n\n")[1:]
    assert [cue.strip().split("\n")[1] for cue in cues] == [
        "<v a><i>One <b>two</b> three.</i>",
        "<v b><i><c.red>Four &amp; five</c></i>",
    ]
    assert all(" align:start" in cue for cue in cues)
    assert [one.content for one in srt.parse(text_of(labelled, "srt"))] == [
        "a: <i>One <b>two</b> three.</i>",
        "b: <i>Four & five</i>",
    ]


def test_subtitles_are_turns_again(tmp_path: Path) -> None:
    write_transcript(TALK, tmp_path / "x.vtt")
    assert [turn.speaker for turn in Annotation.read(tmp_path / "x.vtt")][:2] == ["Anna B", "ben"]


def test_ctm_and_stm_are_turns_again(tmp_path: Path) -> None:
    named = Transcript(CUES[:2], "call")
    for ending in ("ctm", "stm"):
        write_transcript(named, tmp_path / f"x.{ending}")
        read = Annotation.read(tmp_path / f"x.{ending}")
        assert [(turn.start, turn.end, turn.speaker) for turn in read] == [(0.5, 2, "Anna B"), (2, 3, "ben")]
    assert text_of(TALK, "ctm").splitlines()[1:] == [
        "call 1 1.000 1.000 <_2? 0.750 lex Anna%20B",
        "call 1 2.000 1.000 Yes_-->_so. NA lex ben",
        "call 1 3600.000 1.500 Who? NA lex NA",
    ]
    assert text_of(TALK, "stm").splitlines()[2] == "call 1 unknown 3600.000 3601.500 Who?"


@pytest.mark.parametrize(("format", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_tables(format: str, delimiter: str) -> None:
    rows = list(csv.DictReader(io.StringIO(text_of(TALK, format)), delimiter=delimiter))
    assert rows[0] == {"start": "0.500", "end": "2.000", "speaker": "Anna B", "text": "Is 1 < 2?"}
    assert [row["speaker"] for row in rows] == ["Anna B", "ben", ""]


def test_a_script_joins_what_one_speaker_says() -> None:
    cues = (*CUES[:1], Cue(2, 3, (Word(2, 3, "And?", "Anna B"),), "Anna B"), *CUES[1:])
    assert text_of(Transcript(cues), "txt") == "Anna B: Is 1 < 2? And?\n\nben: Yes --> so.\n\nWho?\n"


def test_json_of_others_keeps_all_that_it_had(read: Read) -> None:
    source: dict[str, Any] = {
        "text": " Hi. Yes.",
        "segments": [
            {"id": 0, "start": 0.0, "end": 1.0, "text": " Hi.", "tokens": [1], "temperature": 0.0},
            {"id": 1, "start": 1.0, "end": 2.0, "text": " Yes.", "no_speech_prob": 1e-12, "é": None},
        ],
        "language": "en",
    }
    labelled = label(read(json.dumps(source)), Annotation([Turn(0, 1, "anna"), Turn(1, 2, "ben")]))
    written = json.loads(text_of(labelled))
    assert [segment.pop("speaker") for segment in written["segments"]] == ["anna", "ben"]
    assert written == source
    assert "speaker" not in labelled.source.document["segments"][0]  # what was read is not changed


def test_json_of_what_was_none_has_names_of_whisperx() -> None:
    assert json.loads(text_of(TALK, "json"))["segments"][1] == {
        "start": 2.0,
        "end": 3.0,
        "text": "Yes --> so.",
        "speaker": "ben",
        "words": [{"start": 2.0, "end": 3.0, "word": "Yes --> so.", "speaker": "ben"}],
    }


def test_half_characters_stay_what_they_were(read: Read) -> None:
    half = "好".encode()[:2]
    text = b'{"transcription": [{"offsets": {"from": 0, "to": 9}, "text": "a", "tokens": [{"text": "' + half + b'"}]}]}'
    written = text_of(read(text))
    assert json.loads(written.encode("utf-8"))["transcription"][0]["tokens"][0]["text"] == "\udce5\udca5"


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_written_is_read_again(tmp_path: Path, format: str) -> None:
    if format == "txt":
        return
    said = Transcript((CUES[1], Cue(3.5, 4.5, (Word(3.5, 4.5, "No.", "Anna B"),), "Anna B")), "call")
    write_transcript(said, tmp_path / f"call.{format}")
    again = read_transcript(tmp_path / f"call.{format}")
    assert [(cue.start, cue.end) for cue in again.cues] == [(2, 3), (3.5, 4.5)]
    assert again.uri == "call"
    if format != "srt":  # whose names are part of the text
        assert [cue.speaker for cue in again.cues] == ["ben", "Anna B"]


def test_lines_of_a_length_hold_the_name() -> None:
    words = tuple(Word(k, k + 1, f" word{k}", "Anna") for k in range(8))
    text = text_of(Transcript((Cue(0, 8, words, "Anna"),)), "srt", line_length=18)
    assert all(len(line) <= 18 for cue in srt.parse(text) for line in cue.content.splitlines())
    assert all(cue.content.startswith("Anna: ") for cue in srt.parse(text))


def test_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="unknown format 'docx' of transcripts"):
        text_of(TALK, "docx")
    with pytest.raises(FormatError, match="csv has no lines of a length; only vtt and srt have"):
        text_of(TALK, "csv", line_length=42)
    with pytest.raises(FormatError, match=r"the known endings of transcripts are \.vtt, \.srt"):
        write_transcript(TALK, tmp_path / "x.doc")
