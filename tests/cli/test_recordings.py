"""Turns and sound of recordings: matched by name, cut to what is looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner, Result

from diarize import Annotation, Turn
from diarize.cli import main

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["stats", *map(str, words)])


@pytest.fixture
def call(tmp_path: Path) -> Path:
    path = tmp_path / "call.rttm"
    Annotation([Turn(0, 60, "anna"), Turn(59, 90, "ben"), Turn(62, 62.5, "anna")], "call").write(path)
    return path


def test_length_of_the_sound(call: Path) -> None:
    outcome = run(SAMPLES / "meeting.rttm", "--audio", SAMPLES, "--format", "json")
    info = soundfile.info(SAMPLES / "meeting.flac")
    content = json.loads(outcome.output)["recordings"][0]
    assert content["duration"] == pytest.approx(info.frames / info.samplerate, abs=0.001)
    other = run(call, "--audio", SAMPLES / "meeting.flac")  # the only one for the only recording
    assert "has turns after its end" in other.stderr


def test_regions_of_a_uem(call: Path, tmp_path: Path) -> None:
    (tmp_path / "call.uem").write_text("call 1 0 30\ncall 1 60 70\n")
    outcome = run(call, SAMPLES / "meeting.rttm", "--uem", tmp_path / "call.uem", "--format", "json")
    (only,) = json.loads(outcome.stdout)["recordings"]
    assert (only["duration"], only["speech"]) == (40, 40)
    assert "'meeting' is not in the UEM" in outcome.stderr


def test_an_empty_file_is_a_recording_without_speech(tmp_path: Path) -> None:
    (tmp_path / "silent.rttm").write_text("")
    outcome = run(tmp_path / "silent.rttm", "--duration", 5)
    assert outcome.output.splitlines()[:2] == [
        "silent",
        "  0:05.0 in all, 0 speakers, speech 0 %, overlap 0 %, silence 100 %",
    ]


def test_a_uem_of_other_recordings(call: Path) -> None:
    outcome = run(call, "--uem", SAMPLES / "meeting.uem")
    assert outcome.exit_code == 1
    assert "none of its recordings is in the turns" in outcome.stderr
