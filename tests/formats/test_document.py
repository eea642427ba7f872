"""JSON of this package, against its JSON Schema and totals counted by hand."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from diarize import Annotation, Config, FormatError, Turn
from diarize.diarization import asdict
from diarize.formats.about import About
from diarize.formats.document import to_document
from diarize.formats.registry import read_described, validate

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "diarization.schema.json").read_text(encoding="utf-8"))
TALK = Annotation(
    [Turn(0, 4, "anna", 0.98765), Turn(3, 6, "ben"), Turn(5.5, 5.75, "anna", 0.5), Turn(7, 8, "ben")], "talk"
)
ABOUT = About("a b.wav", 9.0, 2, "builtin", asdict(Config()), "diarize 1", {"anna": 2, "ben": 1})
WHOLE: dict[str, Any] = json.loads(to_document(TALK, ABOUT))


def test_the_schema_is_one_and_holds_for_what_is_written() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for annotation, about in ((TALK, ABOUT), (TALK, About()), (Annotation((), ""), About())):
        Draft202012Validator(SCHEMA).validate(json.loads(to_document(annotation, about)))


def test_turns_overlaps_and_totals() -> None:
    assert WHOLE["turns"] == [
        {"start": 0, "end": 4, "speaker": "anna", "confidence": 0.988, "overlap": 1},
        {"start": 3, "end": 6, "speaker": "ben", "confidence": None, "overlap": 1.25},
        {"start": 5.5, "end": 5.75, "speaker": "anna", "confidence": 0.5, "overlap": 0.25},
        {"start": 7, "end": 8, "speaker": "ben", "confidence": None, "overlap": 0},
    ]
    assert WHOLE["overlaps"] == [{"start": 3, "end": 4}, {"start": 5.5, "end": 5.75}]
    assert WHOLE["speakers"] == [
        {"name": "anna", "turns": 2, "seconds": 4.25, "overlap": 1.25},
        {"name": "ben", "turns": 2, "seconds": 4, "overlap": 1.25},
    ]
    assert WHOLE["settings"]["seed"] == Config().seed


def test_how_sure_names_are_is_said_of_those_speakers_alone_and_comes_back(tmp_path: Path) -> None:
    document = json.loads(to_document(TALK, About(ratios={"ben": 1234.567, "eve": 2.0})))
    Draft202012Validator(SCHEMA).validate(document)
    assert [one.get("likelihood_ratio") for one in document["speakers"]] == [None, 1230]
    path = tmp_path / "talk.json"
    path.write_text(json.dumps(document))
    assert read_described(path)[1]["talk"].ratios == {"ben": 1230}
    document["speakers"][0]["likelihood_ratio"] = 0
    path.write_text(json.dumps(document))
    with pytest.raises(FormatError, match="likelihood_ratio must be a number above 0, got 0"):
        read_described(path)


def test_everything_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "other name.json"
    path.write_text(to_document(TALK, ABOUT))
    annotations, about = read_described(path)
    assert about == {"talk": ABOUT}
    assert list(annotations) == ["talk"]
    assert [turn.confidence for turn in annotations["talk"]] == [0.988, None, 0.5, None]
    assert to_document(annotations["talk"], about["talk"]) == to_document(TALK, ABOUT)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("format",), "other", 'format must be "diarize"'),
        (("version",), 2, "version must be 1, which this program reads, got 2"),
        (("version",), "1", "version must be 1"),
        (("recording",), 7, "recording must be text, got 7"),
        (("channel",), 0, "channel must be a whole number from 1"),
        (("channels", "anna"), 0, "channels\\['anna'\\] must be a whole number from 1"),
        (("duration",), -1, "duration must be a number of seconds"),
        (("source",), ["x"], "source must be text"),
        (("settings",), [], "settings must be an object"),
        (("turns",), {}, "turns must be a list"),
        (("turns", 1), "x", r"turns\[1\]: a turn must be an object"),
        (("turns", 1, "start"), "0", r"turns\[1\]: start must be a number of seconds, at least 0, got '0'"),
        (("turns", 1, "end"), None, r"turns\[1\]: end must be a number"),
        (("turns", 1, "end"), True, r"turns\[1\]: end must be a number"),
        (("turns", 1, "speaker"), "", r"turns\[1\]: the speaker has no name"),
        (("turns", 1, "confidence"), 1.5, r"turns\[1\]: confidence must be a number from 0 to 1"),
        (("turns", 1, "checked"), None, r"turns\[1\]: checked must be true or false, got"),
    ],
)
def test_wrong_values_are_refused_here_and_by_the_schema(
    tmp_path: Path, place: tuple[Any, ...], value: object, words: str
) -> None:
    document = json.loads(json.dumps(WHOLE))
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    assert not Draft202012Validator(SCHEMA).is_valid(document)
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document))
    with pytest.raises(FormatError, match=words):
        Annotation.read(path, "json")
    assert any(problem.fatal for problem in validate(path, "json"))


def test_turns_may_say_whether_a_person_checked_them(tmp_path: Path) -> None:
    whole = deepcopy(WHOLE)
    whole["turns"][0]["checked"], whole["turns"][1]["checked"] = True, False
    Draft202012Validator(SCHEMA).validate(whole)
    written = tmp_path / "plain.json"
    written.write_text(json.dumps(WHOLE), encoding="utf-8")
    (tmp_path / "checked.json").write_text(json.dumps(whole), encoding="utf-8")
    assert validate(tmp_path / "checked.json") == []
    assert list(Annotation.read(tmp_path / "checked.json")) == list(Annotation.read(written))


def test_silence_is_described_and_checked(tmp_path: Path) -> None:
    whole = deepcopy(WHOLE) | {"silence": [{"start": 8.5, "end": 9}]}
    Draft202012Validator(SCHEMA).validate(whole)
    for silence in ({}, [3], [{"start": 1}], [{"start": "1", "end": 2}]):
        wrong, path = whole | {"silence": silence}, tmp_path / "wrong.json"
        assert not Draft202012Validator(SCHEMA).is_valid(wrong)
        path.write_text(json.dumps(wrong))
        with pytest.raises(FormatError, match="silence"):
            Annotation.read(path)
    path.write_text(json.dumps(whole | {"silence": [{"start": 2, "end": 1}]}))
    with pytest.raises(FormatError, match=r"silence\[0\] ends before it starts"):
        Annotation.read(path)


@pytest.mark.parametrize("name", ["format", "version", "recording", "turns"])
def test_what_is_needed(tmp_path: Path, name: str) -> None:
    document = {key: value for key, value in WHOLE.items() if key != name}
    assert not Draft202012Validator(SCHEMA).is_valid(document)
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document))
    with pytest.raises(FormatError, match=name):
        Annotation.read(path, "json")


def test_all_wrong_turns_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(WHOLE | {"turns": [{"start": 2, "end": 1, "speaker": "a"}, 5]}))
    assert [problem.message for problem in validate(path)] == [
        "turns[0]: the turn ends before it starts: 2 to 1",
        "turns[1]: a turn must be an object {...}, got 5",
    ]
