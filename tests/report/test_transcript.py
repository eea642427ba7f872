"""Subtitles read, beside the readers of other packages' formats by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarize.errors import FormatError
from diarize.report.transcript import Caption, read_captions

SRT = "\ufeff2\n00:00:05,500 --> 00:01:00,000\nTwo\nlines\n\n1\n00:00:01,000 --> 00:00:02,250\n<i>Hello</i>\n"
VTT = "WEBVTT\n\nNOTE a comment\n\nid\n00:01.000 --> 00:02.250 align:start\n<v Anna B>Hi &amp; <00:01.500>bye</v>\n"


def test_srt(tmp_path: Path) -> None:
    file = tmp_path / "a.srt"
    file.write_text(SRT, encoding="utf-8")
    assert read_captions(file) == [Caption(1.0, 2.25, "Hello"), Caption(5.5, 60.0, "Two lines")]


def test_vtt(tmp_path: Path) -> None:
    file = tmp_path / "a.vtt"
    file.write_text(VTT, encoding="utf-8")
    assert read_captions(file) == [Caption(1.0, 2.25, "Hi & bye", "Anna B")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "a.srt: no line with '-->'"),
        ("1\nsoon --> 00:00:02,000\nx\n", "a.srt:2: a time is written 00:01:02,345 or 01:02.345, got 'soon'"),
        ("1\n00:00:02,000 --> 00:00:02,000\nx\n", "a.srt:2: the end must lie after the start"),
        ("1\n00:00:02,000 -->\nx\n", "a.srt:2: a time is written"),
    ],
)
def test_what_is_no_transcript_says_where(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "a.srt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        read_captions(file)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        read_captions(tmp_path / "gone.srt")
    (tmp_path / "a.srt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="not UTF-8"):
        read_captions(tmp_path / "a.srt")
    (tmp_path / "b.srt").write_bytes(b"")
    assert read_captions(tmp_path / "b.srt") == []
