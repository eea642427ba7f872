"""WebVTT and SRT, against webvtt-py and srt, and against subtitles of other programs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import srt
import webvtt

from diarize import Annotation, FormatError, Turn
from diarize.formats.registry import validate

TURNS = [Turn(0.5, 2.0, "Anna B"), Turn(1.25, 3.0, "ben"), Turn(3600.0, 360000.125, "Zoë 😀")]


def test_webvtt_reads_what_is_written(tmp_path: Path) -> None:
    Annotation(TURNS, "x").write(tmp_path / "x.vtt")
    captions = list(webvtt.read(str(tmp_path / "x.vtt")))
    assert [(one.start, one.end, one.voice, one.text) for one in captions] == [
        ("00:00:00.500", "00:00:02.000", "Anna B", "Anna B"),
        ("00:00:01.250", "00:00:03.000", "ben", "ben"),
        ("01:00:00.000", "100:00:00.125", "Zoë 😀", "Zoë 😀"),
    ]


def test_srt_reads_what_is_written(tmp_path: Path) -> None:
    Annotation(TURNS, "x").write(tmp_path / "x.srt")
    cues = list(srt.parse((tmp_path / "x.srt").read_text(encoding="utf-8")))
    assert [(cue.index, cue.start.total_seconds(), cue.end.total_seconds(), cue.content) for cue in cues] == [
        (1, 0.5, 2.0, "Anna B:"),
        (2, 1.25, 3.0, "ben:"),
        (3, 3600.0, 360000.125, "Zoë 😀:"),
    ]


def test_what_srt_writes_is_read(tmp_path: Path) -> None:
    texts = ["[SPEAKER_00]: Hi there", "anna: Hello: you", "- no name\nin two lines", "[ben] yes"]
    cues = [
        srt.Subtitle(n, timedelta(seconds=2 * n), timedelta(seconds=2 * n + 1), text) for n, text in enumerate(texts, 1)
    ]
    (tmp_path / "x.srt").write_text(srt.compose(cues))
    read = [(turn.start, turn.speaker) for turn in Annotation.read(tmp_path / "x.srt")]
    assert read == [(2, "SPEAKER_00"), (4, "anna"), (6, "speech"), (8, "ben")]


def test_webvtt_of_others(tmp_path: Path) -> None:
    path = tmp_path / "x.vtt"
    path.write_text(
        "\ufeffWEBVTT - a title\r\nKind: captions\r\n\r\nNOTE 00:00:09.000 --> 00:00:10.000\r\nx\r\n\r\n"
        "STYLE\r\n::cue { color: red }\r\n\r\nid 7\r\n00:01.000 --> 00:02.000 align:start\r\n"
        "<v.loud Tom &amp; Co>Hi</v> <v Zoë>Ha</v>\r\n\r\n00:03.000 --> 00:04.000\r\nanna: &lt;b&gt;\r\n"
    )
    read = [(turn.start, turn.end, turn.speaker) for turn in Annotation.read(path)]
    assert read == [(1, 2, "Tom & Co"), (1, 2, "Zoë"), (3, 4, "anna")]


def test_markup_in_names_is_no_markup(tmp_path: Path) -> None:
    Annotation([Turn(0, 1, "<script>alert(1)</script>")], "x").write(tmp_path / "x.vtt")
    assert "<script" not in (tmp_path / "x.vtt").read_text()


@pytest.mark.parametrize(
    ("ending", "text", "words"),
    [
        (".vtt", "hello\n", r"x\.vtt:1: the first line of WebVTT is WEBVTT"),
        (".vtt", "WEBVTT\n\n00:02.000 --> 00:01.000\na:\n", r"x\.vtt:3: the turn ends before it starts"),
        (".srt", "1\n00:00:01,000 --> soon\na:\n", r"x\.srt:2: a cue has two times"),
        (".srt", f"1\n{'9' * 10**6}:00:01,000 --> 00:00:02,000\na:\n", r"x\.srt:2: a cue has two times"),
        (".srt", "hello\n", "there is no cue in it"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, ending: str, text: str, words: str) -> None:
    path = tmp_path / f"x{ending}"
    path.write_text(text)
    with pytest.raises(FormatError, match=words):
        Annotation.read(path)


def test_a_speaker_who_overlaps_themselves_is_a_problem_and_one_turn(tmp_path: Path) -> None:
    path = tmp_path / "x.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:02,000\na:\n\n2\n00:00:01,000 --> 00:00:03,000\na:\n")
    assert Annotation.read(path) == Annotation([Turn(0, 3, "a")], "x")
    assert [str(problem) for problem in validate(path)] == [f"{path}:6: speaker 'a' is still talking until 2.000"]
