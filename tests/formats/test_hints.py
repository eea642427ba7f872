"""Hints from files: what is certain in each format, and what names nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diarize.annotation import Annotation, Segment, Turn
from diarize.errors import FormatError
from diarize.formats.about import About
from diarize.formats.document import to_document
from diarize.formats.hints import read_all_hints, read_hints
from diarize.formats.registry import read_described
from diarize.formats.rttm import read_rttm
from diarize.hints import Hints

RTTM = """SPEAKER talk 1 1.000 2.000 <NA> <NA> anna <NA> <NA>
NON-SPEECH talk 1 4.500 1.250 <NA> other <NA> <NA> <NA>
SPEAKER other 1 7.000 2.000 <NA> <NA> ben <NA> <NA>
"""
ANNA = Turn(1, 3, "anna")


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def document(turns: list[dict[str, object]], **more: object) -> str:
    return json.dumps({"format": "diarize", "version": 1, "recording": "talk", "turns": turns, **more})


def test_rttm_has_turns_and_silence(tmp_path: Path) -> None:
    path = written(tmp_path, "some.rttm", RTTM)
    hints = read_hints(path, "talk")
    assert hints.annotation == Annotation([ANNA], "talk")
    assert hints.silence == (Segment(4.5, 5.75),)
    assert read_hints(path, "other").silence == ()
    with pytest.raises(FormatError, match=r"some\.rttm: no hints for recording 'mine' .*talk, other"):
        read_hints(path, "mine")


def test_silence_alone_is_a_hint_and_no_recording_of_turns(tmp_path: Path) -> None:
    path = written(tmp_path, "some.rttm", "NON-SPEECH talk 1 0 1 <NA> other <NA> <NA> <NA>\n")
    assert read_hints(path, "talk") == Hints(Annotation((), "talk"), [Segment(0, 1)])
    assert read_rttm(path) == {}


def test_a_wrong_line_of_silence_matters_only_here(tmp_path: Path) -> None:
    path = written(tmp_path, "some.rttm", RTTM + "NON-SPEECH talk 1 soon 1 <NA> other <NA> <NA> <NA>\n")
    assert sorted(read_rttm(path)) == ["other", "talk"]
    with pytest.raises(FormatError, match=r"some\.rttm:4: the start must be a number"):
        read_hints(path, "talk")


def test_labels_name_speakers_and_silence(tmp_path: Path) -> None:
    hints = read_hints(written(tmp_path, "x.txt", "1\t3\tanna\n4\t6\tsilence\n"), "talk")
    assert list(hints.annotation) == [ANNA]
    assert hints.silence == (Segment(4, 6),)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.uem", "talk 1 0 3\n", "says where speech is, not who speaks"),
        ("x.lab", "0 3\n", "hints name the speakers"),
        ("x.lab", "0 3 speech\n", "hints name the speakers"),
        ("x.rttm", "SPEAKER talk 1 0 3 <NA> <NA> <NA> <NA> <NA>\n", "a turn is of '<NA>', which is nobody"),
        ("x.json", document([{"start": 0, "end": 3, "speaker": ""}]), r"turns\[0\]: the speaker has no name"),
    ],
)
def test_files_that_name_nobody_are_refused(tmp_path: Path, name: str, content: str, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_hints(written(tmp_path, name, content), "talk")


@pytest.mark.parametrize(
    "name", ["Anna Maria", "a\nb", "<script>alert(1)</script>", "../../etc/passwd", "NA", "x" * 5000]
)
def test_any_name_comes_back_from_any_file(tmp_path: Path, name: str) -> None:
    annotation = Annotation([Turn(1, 3, name)], "talk")
    for ending in ("rttm", "json", "csv", "txt"):
        annotation.write(tmp_path / f"talk.{ending}")
        assert read_hints(tmp_path / f"talk.{ending}", "talk").annotation.turns == annotation.turns, ending


def test_only_what_was_checked_is_certain_in_json(tmp_path: Path) -> None:
    open_turn = {"start": 5, "end": 6, "speaker": "speaker2", "checked": False}
    anna = {"start": 1, "end": 3, "speaker": "anna"}
    silence = [{"start": 8, "end": 9.5}, {"start": 9.7, "end": 9.7}]
    checked = written(tmp_path, "a.json", document([anna | {"checked": True}, open_turn]))
    assert list(read_hints(checked, "talk").annotation) == [ANNA]
    quiet = read_hints(written(tmp_path, "b.json", document([anna, open_turn], silence=silence)), "talk")
    assert (list(quiet.annotation), quiet.silence) == ([], (Segment(8, 9.5),))
    plain = read_hints(written(tmp_path, "c.json", document([anna, open_turn])), "talk")
    assert plain.annotation.labels == ["anna", "speaker2"]


def test_what_was_checked_survives_reading_and_writing(tmp_path: Path) -> None:
    """A checked turn that touches one nobody looked at is one turn with it, and comes back by itself."""
    annotation = Annotation([Turn(0, 5, "anna", 0.5), Turn(4, 6, "ben", 0.5)], "talk")
    about = About(hints=Hints([Turn(1.0004, 3, "anna"), Turn(4, 6, "carl")], [Segment(7, 8)]))
    path = written(tmp_path, "talk.json", to_document(annotation, about))
    turns = [
        (turn["start"], turn["end"], turn["speaker"], turn.get("checked"))
        for turn in json.loads(path.read_text())["turns"]
    ]
    assert turns == [
        (0, 1, "anna", None),
        (1, 3, "anna", True),
        (3, 5, "anna", None),
        (4, 6, "ben", None),
    ]
    read, known = read_described(path)
    assert read["talk"] == annotation
    again = to_document(read["talk"], known["talk"])
    assert again == path.read_text()
    assert read_hints(path, "talk") == Hints(Annotation([Turn(1, 3, "anna", 0.5)], "talk"), [Segment(7, 8)])


def test_a_folder_has_files_of_several_recordings(tmp_path: Path) -> None:
    written(tmp_path, "one.json", document([{"start": 1, "end": 3, "speaker": "anna"}]))
    written(tmp_path, "call.srt", "1\n00:00:01,000 --> 00:00:03,000\n[anna] hello\n")
    written(tmp_path, "readme.md", "no turns\n")
    assert sorted(read_all_hints(tmp_path)) == ["call", "talk"]
    written(tmp_path, "two.rttm", RTTM)
    with pytest.raises(FormatError, match=r"two\.rttm: hints for recording 'talk' are in .*one\.json already"):
        read_all_hints(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match="no file in this folder says who speaks"):
        read_all_hints(tmp_path / "empty")
