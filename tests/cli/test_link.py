"""`diarize link`: two halves of a recording as two recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner

from diarize.annotation import Annotation, Segment, Turn
from diarize.cli import main

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
HALF = 27.0  # s


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with both halves of a dialogue, and their turns, in which the speakers are called otherwise."""
    folder = tmp_path_factory.mktemp("halves")
    sound, rate = soundfile.read(SAMPLES / "dialogue.flac")
    turns = Annotation.from_rttm(SAMPLES / "dialogue.rttm")
    for name, start, names in (("a", 0.0, {"anna": "s1", "duncan": "s2"}), ("b", HALF, {"anna": "s2", "duncan": "s1"})):
        soundfile.write(folder / f"{name}.wav", sound[int(start * rate) : int((start + HALF) * rate)], rate)
        part = turns.crop(Segment(start, start + HALF)).rename(names)
        Annotation([Turn(x.start - start, x.end - start, x.speaker) for x in part], name).write(folder / f"{name}.csv")
    return folder


def test_the_same_person_gets_the_same_name(folder: Path, tmp_path: Path) -> None:
    words = ["link", str(folder / "a.csv"), str(folder / "b.csv"), "--audio", str(folder), "-o", str(tmp_path / "out")]
    outcome = CliRunner().invoke(main, words)
    assert (outcome.exit_code, outcome.stdout) == (0, "")
    a, b = (Annotation.from_rttm(tmp_path / "out" / f"{name}.rttm") for name in "ab")
    before = Annotation.read(folder / "a.csv"), Annotation.read(folder / "b.csv")
    first = {"person1": before[0].turns[0].speaker}
    other = {"s1": "s2", "s2": "s1"}[first["person1"]]
    assert a == before[0].rename({first["person1"]: "person1", other: "person2"})
    assert b == before[1].rename({other: "person1", first["person1"]: "person2"})


def test_names_that_stay(folder: Path, tmp_path: Path) -> None:
    words = ["link", str(folder / "a.csv"), "--audio", str(folder / "a.wav"), "-o", str(tmp_path), "--keep", "s2"]
    assert CliRunner().invoke(main, [*words, "--format", "json", "--quiet"]).exit_code == 0
    assert Annotation.read(tmp_path / "a.json").labels == ["person1", "s2"]


def test_of_names_that_known_voices_gave_a_document_knows_and_of_others_a_line_warns(
    folder: Path, tmp_path: Path
) -> None:
    turns = Annotation(Annotation.read(folder / "a.csv").rename({"s1": "anna", "s2": "ben"}), "a")
    turns.write(tmp_path / "a.rttm")
    said = [{"name": "anna", "likelihood_ratio": 40.0}]
    rows = [{"start": x.start, "end": x.end, "speaker": x.speaker} for x in turns]
    document = {"format": "diarize", "version": 1, "recording": "a", "speakers": said, "turns": rows}
    (tmp_path / "a.json").write_text(json.dumps(document), encoding="utf-8")
    for name, labels in (("a.json", ["anna", "person1"]), ("a.rttm", ["person1", "person2"])):
        words = ["link", str(tmp_path / name), "--audio", str(folder / "a.wav"), "-o", str(tmp_path / "out")]
        outcome = CliRunner().invoke(main, words)
        assert Annotation.from_rttm(tmp_path / "out" / "a.rttm").labels == labels
        lost = "ben" if name == "a.json" else "anna, ben"
        assert f"{lost} may be names; --keep NAME keeps one" in outcome.stderr


def test_what_documents_say_beside_the_turns_is_kept_and_two_names_of_one_person_are_said(
    folder: Path, tmp_path: Path
) -> None:
    for name, speaker in (("a", "anna"), ("b", "eve")):
        old = {"a": "s1", "b": "s2"}[name]  # anna in the sample
        turns = Annotation.read(folder / f"{name}.csv").rename({old: speaker})
        document = {
            "format": "diarize",
            "version": 1,
            "recording": name,
            "source": f"calls/{name}.wav",
            "duration": HALF,
            "channels": {turn.speaker: 2 for turn in turns},
            "model": "default",
            "settings": {"seed": 7},
            "software": "diarize 0.1",
            "speakers": [{"name": speaker, "likelihood_ratio": 23.0}],
            "turns": [
                {"start": x.start, "end": x.end, "speaker": x.speaker, "confidence": 0.5, "checked": x.start < 9}
                for x in turns
            ],
            "silence": [{"start": 0.0, "end": 0.25}],
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    words = ["link", *(str(tmp_path / f"{name}.json") for name in "ab"), "--audio", str(folder), "--format", "json"]
    outcome = CliRunner().invoke(main, [*words, "--keep", "anna", "--keep", "eve", "-o", str(tmp_path / "out")])
    assert outcome.exit_code == 0
    assert "anna and eve sound like one person" in outcome.stderr
    for name, speaker in (("a", "anna"), ("b", "eve")):
        before, after = (json.loads((path / f"{name}.json").read_bytes()) for path in (tmp_path, tmp_path / "out"))
        for field in ("source", "duration", "model", "settings", "software", "silence"):
            assert after[field] == before[field]
        assert set(after["channels"]) == {speaker, "person1"}
        assert [one.get("likelihood_ratio") for one in after["speakers"] if one["name"] == speaker] == [23.0]
        checked = [turn.get("checked", False) for turn in after["turns"]]
        assert checked == [turn["checked"] for turn in before["turns"]]
        assert any(checked)


def test_sources_are_kept_and_sound_must_be_there(folder: Path) -> None:
    words = ["link", str(folder / "a.csv"), "--audio", str(folder), "-o", str(folder), "--format", "csv"]
    outcome = CliRunner().invoke(main, words)
    assert (outcome.exit_code, "would overwrite" in outcome.stderr) == (2, True)
    outcome = CliRunner().invoke(main, ["link", str(folder), *words[2:]])  # the folder that holds it
    assert (outcome.exit_code, "would overwrite" in outcome.stderr) == (2, True)
    words = ["link", str(folder / "a.csv"), "--audio", str(SAMPLES), "-o", str(folder / "out")]
    outcome = CliRunner().invoke(main, words)
    assert (outcome.exit_code, "no file of --audio has its name" in outcome.stderr) == (1, True)
