"""The document of a page."""

from __future__ import annotations

from diarize.annotation import Annotation, Turn
from diarize.report.document import document
from diarize.report.transcript import Caption

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
        document(HYPOTHESIS, recording={"name": "a"}, transcript=[Caption(0, 1, "yes")])["key"],
    }
    assert len(keys) == 4
    assert document(HYPOTHESIS, recording={"name": "a"})["key"] in keys
