"""What is read and saved: marks, backups, other recordings of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarize.annotation import Annotation, Segment, Turn
from diarize.editor.edits import Edits
from diarize.editor.files import Conflict, Opened, Output, opened
from diarize.errors import FormatError
from diarize.formats.about import About
from diarize.formats.registry import read_all

EDITS = Edits((Turn(0.0, 1.0, "ben", 0.5),), (Turn(1.0, 2.0, "ben"), Turn(1.5, 3.0, "anna")), (Segment(4.0, 5.0),))


def test_a_document_is_read_as_it_was_saved(tmp_path: Path) -> None:
    output = Output(tmp_path / "talk.json")
    output.save(Opened(EDITS, "talk", About(source="talk.wav", duration=9.0)), "")
    again = opened(output.path, "talk")
    assert again.edits == EDITS
    assert (again.about.source, again.about.duration) == ("talk.wav", 9.0)
    assert [turn.speaker for turn in Annotation.read(output.path)] == ["ben", "anna"]  # any reader joins what touches


def test_other_recordings_of_a_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "all.rttm"
    lines = [f"SPEAKER {uri} 1 0.000 1.000 <NA> <NA> {name} <NA> <NA>\n" for uri, name in [("a", "x"), ("b", "y")]]
    path.write_text("".join(lines))
    work, output = opened(path, "b"), Output(path)
    assert [turn.speaker for turn in work.edits.turns] == ["y"]
    saved = output.save(Opened(EDITS, work.uri, work.about, work.others), output.version)
    assert {uri: item.labels for uri, item in read_all(path).items()} == {"a": ["x"], "b": ["anna", "ben"]}
    assert saved.backup is not None
    assert saved.backup.read_text() == "".join(lines)


def test_backups_are_never_written_over_and_own_saves_need_none(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    (tmp_path / "talk.json.bak").write_text("older")
    Output(path).save(Opened(EDITS, "talk", About()), "")
    first = path.read_bytes()
    output = Output(path)
    saved = output.save(Opened(Edits(), "talk", About()), output.version)
    assert saved.backup == tmp_path / "talk.json.bak1"
    assert (tmp_path / "talk.json.bak1").read_bytes() == first
    assert (tmp_path / "talk.json.bak").read_text() == "older"
    assert output.save(Opened(EDITS, "talk", About()), saved.version).backup is None


def test_a_file_that_changed_or_went_is_a_conflict(tmp_path: Path) -> None:
    output = Output(tmp_path / "talk.json")
    version = output.save(Opened(EDITS, "talk", About()), "").version
    output.path.write_text("{}")
    with pytest.raises(Conflict, match="changed by somebody else"):
        output.save(Opened(EDITS, "talk", About()), version)
    output.path.unlink()
    with pytest.raises(Conflict, match="removed by somebody else"):
        output.save(Opened(EDITS, "talk", About()), version)


@pytest.mark.parametrize("name", ["talk.uem", "talk", "talk.kaldi"])
def test_what_cannot_hold_turns_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError):
        Output(tmp_path / name)
