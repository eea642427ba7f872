"""EAF, against pympi."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from pympi.Elan import Eaf

from diarize import Annotation, FormatError, Turn
from diarize.formats.about import About
from diarize.formats.registry import read_described, write_all

TURNS = [Turn(0.5, 2.0, "Anna B"), Turn(1.25, 3.0, 'ben <&> "😀"'), Turn(4.0, 5.125, "Anna B")]


def test_pympi_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "out" / "x.eaf"
    path.parent.mkdir()
    write_all([Annotation(TURNS, "my call")], path, about={"my call": About(source=str(tmp_path / "my call.wav"))})
    eaf = Eaf(str(path))
    assert list(eaf.get_tier_names()) == ["Anna B", 'ben <&> "😀"']
    assert sorted(eaf.get_annotation_data_for_tier("Anna B")) == [(500, 2000, ""), (4000, 5125, "")]
    (media,) = eaf.get_linked_files()
    assert media["MEDIA_URL"] == f"file://{tmp_path}/my%20call.wav"
    assert media["RELATIVE_MEDIA_URL"] == "../my call.wav"
    assert media["MIME_TYPE"] == "audio/x-wav"


def test_the_sound_and_the_recording_come_back(tmp_path: Path) -> None:
    about = {"my call": About(source=str(tmp_path / "my call.wav"))}
    write_all([Annotation(TURNS, "my call")], tmp_path / "x.eaf", about=about)
    assert read_described(tmp_path / "x.eaf") == ({"my call": Annotation(TURNS, "my call")}, about)


def test_the_order_is_that_of_the_schema(tmp_path: Path) -> None:
    write_all([Annotation(TURNS, "x")], tmp_path / "x.eaf")
    root = ElementTree.parse(tmp_path / "x.eaf").getroot()
    assert [item.tag for item in root] == ["HEADER", "TIME_ORDER", "TIER", "TIER", "LINGUISTIC_TYPE"]
    times = [int(slot.attrib["TIME_VALUE"]) for slot in root.iter("TIME_SLOT")]
    assert times == sorted(times)


def test_what_pympi_writes_is_read(tmp_path: Path) -> None:
    eaf = Eaf()
    eaf.remove_tier("default")
    eaf.add_tier("anna-words", part="anna")
    eaf.add_tier("ben")
    eaf.add_annotation("anna-words", 500, 2000, "hello")
    eaf.add_annotation("anna-words", 2000, 2500, "")
    eaf.add_annotation("ben", 0, 1000, "x")
    eaf.add_linked_file("file:///sounds/a%20b.wav", mimetype="audio/x-wav")
    eaf.to_file(str(tmp_path / "x.eaf"))
    annotations, about = read_described(tmp_path / "x.eaf")
    assert annotations == {"x": Annotation([Turn(0, 1, "ben"), Turn(0.5, 2.5, "anna")], "x")}
    assert about["x"].source == "/sounds/a b.wav"


def test_slots_without_a_time_reach_to_the_next_that_has_one(tmp_path: Path) -> None:
    slots = '<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="b"/>'
    slots += '<TIME_SLOT TIME_SLOT_ID="c" TIME_VALUE="3000"/>'
    items = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{one}" TIME_SLOT_REF1="{one}" TIME_SLOT_REF2="{other}"/>'
        "</ANNOTATION>"
        for one, other in ("ab", "bc")
    )
    path = tmp_path / "x.eaf"
    path.write_text(
        f"<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER>"
        f"<TIER TIER_ID='anna'>{items}</TIER></ANNOTATION_DOCUMENT>"
    )
    assert Annotation.read(path) == Annotation([Turn(1, 3, "anna")], "x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<ANNOTATION_DOCUMENT>\n<TIER>\n</ANNOTATION_DOCUMENT>", r"x\.eaf:3: no XML: mismatched tag"),
        ("<html/>", "root must be ANNOTATION_DOCUMENT, got 'html'"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><ANNOTATION_DOCUMENT/>', "a document type is no part of EAF"),
        ('<ANNOTATION_DOCUMENT><TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="1.5"/></ANNOTATION_DOCUMENT>', "got '1.5'"),
        (
            '<ANNOTATION_DOCUMENT><TIER TIER_ID="t"><ALIGNABLE_ANNOTATION ANNOTATION_ID="a7"/></TIER>'
            "</ANNOTATION_DOCUMENT>",
            "annotation 'a7' names a time slot that is not there",
        ),
    ],
)
def test_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.eaf"
    path.write_text(text)
    with pytest.raises(FormatError, match=words):
        Annotation.read(path)
