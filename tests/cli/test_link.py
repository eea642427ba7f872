"""`diarize link`: two halves of a recording as two recordings."""

from __future__ import annotations

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


def test_sources_are_kept_and_sound_must_be_there(folder: Path) -> None:
    words = ["link", str(folder / "a.csv"), "--audio", str(folder), "-o", str(folder), "--format", "csv"]
    outcome = CliRunner().invoke(main, words)
    assert (outcome.exit_code, "would overwrite" in outcome.stderr) == (2, True)
    words = ["link", str(folder / "a.csv"), "--audio", str(SAMPLES), "-o", str(folder / "out")]
    outcome = CliRunner().invoke(main, words)
    assert (outcome.exit_code, "no file of --audio has its name" in outcome.stderr) == (1, True)
