"""`diarize enroll`: whose voice is kept, of which recording; what is said and refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from diarize import Annotation, Diarization, Diarizer
from diarize.cli import main
from diarize.editor.edits import Edits
from diarize.editor.files import Opened, Output
from diarize.formats.about import About
from diarize.voices import Voices

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
DIALOGUE = str(SAMPLES / "dialogue.flac")
TURNS = str(SAMPLES / "dialogue.rttm")


def enroll(*words: str) -> Result:
    return CliRunner().invoke(main, ["enroll", *words])


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_turns_say_who_it_is() -> None:
    outcome = enroll("anna", DIALOGUE, "--turns", TURNS, "--voices", "v.npz")
    assert outcome.exit_code == 0
    assert outcome.stdout == ""
    assert outcome.stderr == f"diarize: {DIALOGUE}: 22 s of anna (wide, narrow band)\n"  # as in the reference
    assert enroll("Ben", DIALOGUE, "--turns", TURNS, "--speaker", "duncan", "--voices", "v.npz", "--quiet").stderr == ""
    assert enroll("anna", DIALOGUE, "--turns", TURNS, "--voices", "v.npz").exit_code == 0
    known = Voices.load("v.npz")
    assert [(name, len(heard)) for name, heard in known.people.items()] == [("anna", 2), ("Ben", 1)]
    reference = 22.07  # s of turns in the reference, pauses within them counted
    assert 0.8 * reference < known.people["anna"][0].seconds <= reference


def test_what_the_editor_saved_says_who_it_is() -> None:
    turns = Annotation.read(TURNS).rename({"anna": "Anna Lee"}).turns
    first = next(turn for turn in turns if turn.speaker == "Anna Lee")
    halves = (
        replace(first, end=first.start + 0.5),
        replace(first, start=first.start + 0.5),
    )  # cut, and so both are checked
    edits = Edits(tuple(turn for turn in turns if turn is not first), halves)
    Output(Path("talk.json")).save(Opened(edits, "dialogue", About()), "")
    outcome = enroll("anna", DIALOGUE, "--turns", "talk.json", "--speaker", "Anna Lee", "--voices", "v.npz")
    assert (outcome.exit_code, outcome.stderr) == (0, f"diarize: {DIALOGUE}: 22 s of anna (wide, narrow band)\n")


def test_without_turns_all_speech_is_taken_and_several_people_are_said() -> None:
    outcome = enroll("anna", DIALOGUE, "--voices", "v.npz", "--progress", "none")
    assert outcome.exit_code == 0
    assert f"warning: {DIALOGUE}: 2 people are heard, all taken for anna" in outcome.stderr
    assert Voices.load("v.npz").people["anna"][0].seconds > 30


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (
            ["anna", DIALOGUE, "--voices", "v.npz", "--speaker", "anna"],
            2,
            "--speaker is one of the speakers",
        ),
        (
            ["eve", DIALOGUE, "--voices", "v.npz", "--turns", TURNS],
            1,
            "who is eve? there are several speakers",
        ),
        (["anna", DIALOGUE, "--voices", "none/v.npz"], 2, "folder of none"),
        (["anna", DIALOGUE, "--voices", DIALOGUE], 2, "would overwrite"),
        (["anna", DIALOGUE], 2, "--voices"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(words: list[str], code: int, what: str) -> None:
    outcome = enroll(*words)
    assert outcome.exit_code == code
    assert what in outcome.stderr
    assert not Path("v.npz").exists()


def test_turns_of_another_recording_are_said() -> None:
    Annotation(Annotation.read(TURNS), "monday").write("turns.rttm")
    outcome = enroll("anna", DIALOGUE, "--turns", "turns.rttm", "--voices", "v.npz")
    assert (outcome.exit_code, "are of recording 'monday'" in outcome.stderr) == (0, True)


def test_recordings_without_turns_of_their_own_are_refused() -> None:
    Path("other.flac").write_bytes(Path(DIALOGUE).read_bytes())
    outcome = enroll("anna", DIALOGUE, "other.flac", "--turns", TURNS, "--voices", "v.npz")
    assert outcome.exit_code == 1
    assert "recording 'other' is not in it (recordings: dialogue)" in outcome.stderr


def test_what_others_did_to_the_file_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("anna", "gone"):
        assert enroll(name, DIALOGUE, "--turns", TURNS, "--speaker", "anna", "--voices", "v.npz").exit_code == 0
    listen = Diarizer.with_turns

    def slowly(self: Diarizer, *words: Any) -> Diarization:
        result = listen(self, *words)
        Voices.load("v.npz").remove("gone").rename("anna", "Anna").save("v.npz")
        return result

    monkeypatch.setattr(Diarizer, "with_turns", slowly)
    assert enroll("duncan", DIALOGUE, "--turns", TURNS, "--voices", "v.npz").exit_code == 0
    assert Voices.load("v.npz").names == ["Anna", "duncan"]
