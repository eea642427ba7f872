"""Edits as a page sends them and as a document holds them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from diarize.annotation import Annotation, Segment, Turn
from diarize.editor.edits import Edits, edits_of_document, edits_of_page
from diarize.errors import FormatError
from diarize.formats.about import About
from diarize.hints import Hints
from tests.editor.conftest import EDITS

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "diarization.schema.json"


def test_ids_become_names_and_marks_are_kept() -> None:
    edits = edits_of_page(EDITS)
    assert edits.checked == (Turn(1.0, 3.0, "Anna"),)
    assert edits.turns == (Turn(3.0, 6.0004, "Anna", 0.4),)
    assert edits.silence == (Segment(7.0, 8.0),)
    assert edits.hints().fixed() == [Segment(1.0, 3.0), Segment(7.0, 8.0)]
    assert edits.annotation("talk") == Annotation([Turn(1.0, 6.0004, "Anna", 0.4)], "talk")


def test_what_is_written_is_valid_and_read_again(tmp_path: Path) -> None:
    text = edits_of_page(EDITS).to_json("talk", About(duration=9.0))
    jsonschema.validate(json.loads(text), json.loads(SCHEMA.read_text(encoding="utf-8")))
    (tmp_path / "talk.json").write_text(text, encoding="utf-8")
    again = edits_of_document(tmp_path / "talk.json")
    assert again == Edits((Turn(3.0, 6.0, "Anna", 0.4),), (Turn(1.0, 3.0, "Anna"),), (Segment(7.0, 8.0),))


def test_marks_of_the_file_before_are_not_written_again() -> None:
    before = About(hints=Hints([Turn(0.0, 9.0, "Anna")], [Segment(20.0, 30.0)]))
    written = json.loads(Edits((Turn(0.0, 9.0, "Anna"),)).to_json("talk", before))
    assert "silence" not in written
    assert [turn.get("checked") for turn in written["turns"]] == [None]


@pytest.mark.parametrize("text", ["", "[]", '{"turns": [{"start": 1}]}', '{"turns": [], "silence": [1]}'])
def test_what_is_no_document_is_told_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "talk.json").write_text(text)
    with pytest.raises(FormatError, match=r"talk\.json:"):
        edits_of_document(tmp_path / "talk.json")
