"""Speech marks, whatever their format."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarize.annotation import Segment
from diarize.errors import FormatError
from diarize.formats.marks import read_speech_marks
from diarize.formats.registry import format_of

RTTM = """SPEAKER talk 1 0.000 2.000 <NA> <NA> anna <NA> <NA>
SPEAKER talk 1 1.000 2.000 <NA> <NA> ben <NA> <NA>
SPEAKER other 1 7.000 2.000 <NA> <NA> ben <NA> <NA>
"""
UEM = "talk 1 0 3\nother 1 7 9\n"
LAB = "0.0 2.0 anna\n1.0 3.0 ben and others\n3.0 7.0 sil\n"
SPKR_INFO = "SPKR-INFO talk 1 <NA> <NA> <NA> unknown anna <NA> <NA>\n"


@pytest.mark.parametrize(("kind", "content"), [("rttm", RTTM), ("rttm", SPKR_INFO + RTTM), ("uem", UEM), ("lab", LAB)])
@pytest.mark.parametrize("ending", ["", ".txt", ".OWN"])
def test_by_ending_or_content(tmp_path: Path, kind: str, content: str, ending: str) -> None:
    path = tmp_path / f"marks{ending.replace('.OWN', '.' + kind.upper())}"
    path.write_text(content)
    assert format_of(path).name == kind
    assert read_speech_marks(path, "talk") == [Segment(0, 3)]


@pytest.mark.parametrize(("ending", "content"), [("rttm", RTTM), ("uem", UEM)])
def test_other_recordings_only(tmp_path: Path, ending: str, content: str) -> None:
    path = tmp_path / f"marks.{ending}"
    path.write_text(content)
    with pytest.raises(FormatError, match=rf"marks\.{ending}: no speech marks for recording 'mine' .*talk, other"):
        read_speech_marks(path, "mine")


@pytest.mark.parametrize("ending", ["rttm", "uem", "lab", "txt"])
def test_empty_file_marks_no_speech(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"marks.{ending}"
    path.write_text("")
    assert read_speech_marks(path, "talk") == []


def test_id_with_a_blank(tmp_path: Path) -> None:
    path = tmp_path / "marks.uem"
    path.write_text("my%20talk 1 0 3\n")
    assert read_speech_marks(path, "my talk") == [Segment(0, 3)]


@pytest.mark.parametrize("name", ["none.rttm", "none.txt"])
def test_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match=f"{name}: cannot read the file"):
        read_speech_marks(tmp_path / name, "talk")
