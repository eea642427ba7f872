"""The sample conversations: complete, valid, small, and what the script makes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize.annotation import Annotation
from diarize.formats.registry import validate
from diarize.formats.uem import read_uem, validate_uem

SAMPLES = Path(__file__).resolve().parents[1] / "audio_samples"
SPEAKERS = {"dialogue": 2, "meeting": 4, "call": 2}


def test_all_are_there_and_no_others() -> None:
    names = {f"{name}{suffix}" for name in SPEAKERS for suffix in (".flac", ".rttm", ".uem")}
    assert {path.name for path in SAMPLES.iterdir() if path.is_file()} == names | {"README.md", "make_samples.py"}


def test_all_together_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir() if path.is_file()) < 5e6


@pytest.mark.parametrize("name", SPEAKERS)
def test_labels_are_valid_and_of_this_recording(name: str) -> None:
    assert validate(SAMPLES / f"{name}.rttm") == []
    assert validate_uem(SAMPLES / f"{name}.uem") == []
    reference = Annotation.from_rttm(SAMPLES / f"{name}.rttm")
    assert reference.uri == name
    assert len(reference.labels) == SPEAKERS[name]
    assert list(read_uem(SAMPLES / f"{name}.uem")) == [name]


@pytest.mark.parametrize("name", SPEAKERS)
def test_durations_agree(name: str) -> None:
    info = soundfile.info(SAMPLES / f"{name}.flac")
    (region,) = read_uem(SAMPLES / f"{name}.uem")[name]
    reference = Annotation.from_rttm(SAMPLES / f"{name}.rttm")
    assert region.start == 0
    assert 0 <= info.duration - region.end < 0.001
    assert max(turn.end for turn in reference) <= region.end
    assert 20 <= info.duration <= 65


@pytest.mark.parametrize("name", SPEAKERS)
def test_turns_are_louder_than_what_lies_between(name: str) -> None:
    samples, rate = soundfile.read(SAMPLES / f"{name}.flac")
    speech = np.zeros(len(samples), bool)
    for segment in Annotation.from_rttm(SAMPLES / f"{name}.rttm").speech():
        speech[round(segment.start * rate) : round(segment.end * rate)] = True
    inside, outside = np.mean(samples[speech] ** 2), np.mean(samples[~speech] ** 2)
    assert inside > 100 * outside
    assert outside > 0  # a quiet room, not digital silence
    assert np.abs(samples).max() < 1


def test_what_makes_each_one_worth_having() -> None:
    assert soundfile.info(SAMPLES / "call.flac").samplerate == 8000
    assert soundfile.info(SAMPLES / "meeting.flac").samplerate == 16000
    meeting = Annotation.from_rttm(SAMPLES / "meeting.rttm")
    assert 0.5 < sum(segment.duration for segment in meeting.overlap()) < 5


def synthesisers_missing() -> str:
    """Return why the samples cannot be made here, nothing where they can."""
    if shutil.which("flite") is None or shutil.which("text2wave") is None:
        return "needs the speech synthesisers flite and festival"
    version = subprocess.run(["flite", "--version"], capture_output=True, text=True, check=False).stdout
    return "" if "2.2" in version else "another version of flite speaks differently; the samples are made with 2.2"


@pytest.mark.skipif(bool(synthesisers_missing()), reason=synthesisers_missing())
def test_the_script_makes_the_same_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SAMPLES / "make_samples.py", tmp_path], check=True)
    for name in SPEAKERS:
        for suffix in (".rttm", ".uem"):
            assert (tmp_path / f"{name}{suffix}").read_bytes() == (SAMPLES / f"{name}{suffix}").read_bytes()
        again, _ = soundfile.read(tmp_path / f"{name}.flac")
        committed, _ = soundfile.read(SAMPLES / f"{name}.flac")
        np.testing.assert_allclose(again, committed, atol=1e-3)  # other versions of scipy round differently
