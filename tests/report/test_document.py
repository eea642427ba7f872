"""The document of a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarize.annotation import Annotation, Segment, Turn
from diarize.hints import Hints
from diarize.report.document import document
from diarize.transcripts import read_transcript
from diarize.transcripts.timing import cue_of_text

REFERENCE = Annotation([Turn(0.0, 6.0, "anna"), Turn(6.0, 10.0, "ben")])
HYPOTHESIS = Annotation([Turn(0.0, 7.0, "1"), Turn(7.0, 9.0, "2")], "talk")


def test_speakers_are_in_natural_order() -> None:
    annotation = Annotation([Turn(i, i + 1, name) for i, name in enumerate(["s10", "s9", "S1"])])
    assert [speaker["name"] for speaker in document(annotation, recording={})["speakers"]] == ["S1", "s9", "s10"]


def test_the_reference_comes_with_pairs_and_errors() -> None:
    compared = document(HYPOTHESIS, reference=REFERENCE, recording={})["reference"]
    assert compared["pairs"] == {"s1": "anna", "s2": "ben"}
    assert compared["total"] == 10
    assert compared["errors"] == [
        {"start": 6.0, "end": 7.0, "kind": "confusion", "count": 1},
        {"start": 9.0, "end": 10.0, "kind": "missed", "count": 1},
    ]


def test_the_key_is_that_of_this_document_alone() -> None:
    keys = {
        document(HYPOTHESIS, recording={"name": "a"})["key"],
        document(HYPOTHESIS, recording={"name": "b"})["key"],
        document(REFERENCE, recording={"name": "a"})["key"],
        document(HYPOTHESIS, recording={"name": "a"}, transcript=[cue_of_text("yes", 0.0, 1.0)])["key"],
    }
    assert len(keys) == 4
    assert document(HYPOTHESIS, recording={"name": "a"})["key"] in keys


SRT = "\ufeff2\n00:00:05,500 --> 00:01:00,000\nTwo\nlines\n\n1\n00:00:01,000 --> 00:00:02,250\n<i>Hello</i>\n"
VTT = "WEBVTT\n\nNOTE a comment\n\nid\n00:01.000 --> 00:02.250 align:start\n<v Anna B>Hi &amp; <00:01.500>bye</v>\n"
SAID = {
    "a.srt": (SRT, [(1.0, 2.25, "Hello", None), (5.5, 60.0, "Two lines", None)]),
    "a.vtt": (VTT, [(1.0, 2.25, "Hi & bye", "Anna B")]),
    "a.json": ('{"segments": [{"start": 1.0, "end": 2.0, "text": " Yes."}]}', [(1.0, 2.0, "Yes.", None)]),
}


@pytest.mark.parametrize("name", SAID)
def test_what_was_said_is_a_line_a_cue(tmp_path: Path, name: str) -> None:
    text, expected = SAID[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    cues = read_transcript(tmp_path / name).cues
    content = document(HYPOTHESIS, recording={"name": "a"}, transcript=cues)["transcript"]
    assert [tuple(cue[key] for key in ("start", "end", "text", "speaker")) for cue in content] == expected


def test_what_a_person_fixed_is_checked() -> None:
    annotation = Annotation([Turn(0.0, 4.0, "anna", 0.5), Turn(5.0, 6.0, "ben", 0.5)], "talk")
    recording = {"name": "talk.wav"}
    plain = document(annotation, recording=recording)
    page = document(annotation, hints=Hints([Turn(1.0, 2.0, "anna")], [Segment(7.0, 8.0)]), recording=recording)
    assert [(turn["id"], turn["start"], turn["end"], turn.get("checked")) for turn in page["turns"]] == [
        ("t1", 0.0, 1.0, None),
        ("t2", 1.0, 2.0, True),
        ("t3", 2.0, 4.0, None),
        ("t4", 5.0, 6.0, None),
    ]
    assert page["silence"] == [{"start": 7.0, "end": 8.0}]
    assert "silence" not in plain
    assert page["key"] != plain["key"] == document(annotation, hints=Hints(), recording=recording)["key"]
