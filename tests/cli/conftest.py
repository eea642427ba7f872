"""Machine code is compiled before any command runs, so that no test sees the note that the first run takes longer."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from diarize.pipeline import Diarizer

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """Diarize five seconds; the note comes once a process, and other processes load what is compiled by then."""
    samples, rate = soundfile.read(SAMPLES / "call.flac", dtype="float32")
    Diarizer("fast")((samples[: 5 * rate], rate))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of progress comes because the machine is busy."""
    monkeypatch.setattr("diarize.cli.progress._PATIENCE", 3600.0)
