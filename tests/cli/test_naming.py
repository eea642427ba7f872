"""`diarize run --voices` and `--link`: names in files, on standard output and in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner, Result

from diarize.annotation import Annotation, Segment
from diarize.audio import Excerpt
from diarize.cli import main
from diarize.pipeline import Diarizer
from diarize.voices import Voices

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
HALF = 27.0  # s


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with both halves of a dialogue, and a file that knows duncan from the first."""
    folder = tmp_path_factory.mktemp("halves")
    sound, rate = soundfile.read(SAMPLES / "dialogue.flac")
    soundfile.write(folder / "a.wav", sound[: int(HALF * rate)], rate)
    soundfile.write(folder / "b.wav", sound[int(HALF * rate) :], rate)
    turns = Annotation.from_rttm(SAMPLES / "dialogue.rttm").crop(Segment(0.0, HALF))
    first = Diarizer().with_turns(Excerpt(SAMPLES / "dialogue.flac", 0.0, HALF), turns)
    Voices().enroll("duncan", first).save(folder / "v.npz")
    return folder


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["run", "--progress", "none", *(word.replace("@", str(folder)) for word in words)])


def talk(found: Annotation, name: str) -> float:
    """Return the seconds that a speaker has in common with duncan in the second half."""
    truth = Annotation.from_rttm(SAMPLES / "dialogue.rttm")
    pairs = [(one, other) for one in found for other in truth if (one.speaker, other.speaker) == (name, "duncan")]
    return sum(max(0.0, min(x.end, y.end - HALF) - max(x.start, y.start - HALF)) for x, y in pairs)


def test_known_people_are_named_and_it_is_said_how_likely_they_are(folder: Path, tmp_path: Path) -> None:
    outcome = run(folder, "@/b.wav", "--voices", "@/v.npz", "--num-speakers", "2", "--format", "json")
    assert outcome.exit_code == 0
    document = json.loads(outcome.stdout)
    known = [one for one in document["speakers"] if one["name"] == "duncan"]
    assert len(document["speakers"]) == 2
    assert known[0]["likelihood_ratio"] > 1
    assert all("likelihood_ratio" not in one for one in document["speakers"] if one["name"] != "duncan")
    assert f"diarize: {folder}/b.wav: duncan: " in outcome.stderr
    assert " times likelier than a stranger\n" in outcome.stderr
    (tmp_path / "b.json").write_text(outcome.stdout, encoding="utf-8")
    assert talk(Annotation.read(tmp_path / "b.json"), "duncan") > 10
    assert "stranger" not in run(folder, "@/b.wav", "--voices", "@/v.npz", "--quiet").stderr


def test_strangers_are_linked_over_recordings_and_known_people_keep_their_names(folder: Path, tmp_path: Path) -> None:
    words = ["@/a.wav", "@/b.wav", "--num-speakers", "2", "-o", str(tmp_path), "--format", "rttm,csv", "--link"]
    assert run(folder, *words).exit_code == 0
    a, b = (Annotation.from_rttm(tmp_path / f"{name}.rttm") for name in "ab")
    assert a.labels == b.labels == ["person1", "person2"]
    assert a.turns[0].speaker == "person1"
    assert Annotation.read(tmp_path / "b.csv") == b
    assert run(folder, *words, "--voices", "@/v.npz").exit_code == 0
    assert Annotation.from_rttm(tmp_path / "b.rttm").labels == ["duncan", "person1"]


def test_a_voice_file_is_read_before_any_work(folder: Path, tmp_path: Path) -> None:
    outcome = run(folder, "@/b.wav", "--voices", str(tmp_path / "none.npz"))
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert "no such voice file" in outcome.stderr
