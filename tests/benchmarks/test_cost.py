"""What an hour costs: the recordings that are strung together to it, and the answers of a person."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pytest
import soundfile
from cost import RATE, answers, strung

from diarize import Annotation, Config, Diarization, Turn
from diarize.grid import FrameGrid
from diarize.model import builtin_model
from diarize.stages.detection import Detection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return three recordings, one in a folder within, of known samples; and a text."""
    for name, seconds, level in (("b.flac", 0.5, 0.25), ("a.wav", 1.0, 0.5), ("c/d.FLAC", 0.25, -0.5)):
        path = tmp_path / "sounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.full(int(seconds * RATE), level), RATE, format=path.suffix[1:].upper())
    (tmp_path / "sounds" / "notes.txt").write_text("no sound")
    return tmp_path / "sounds"


@pytest.mark.parametrize("seconds", [0.4, 1.0, 1.3, 1.75, 4.2])
def test_recordings_follow_each_other_again_and_again(folder: Path, tmp_path: Path, seconds: float) -> None:
    strung(folder, seconds / 3600, tmp_path / "long.flac")
    sound, rate = soundfile.read(tmp_path / "long.flac")
    assert rate == RATE
    once = np.repeat([0.5, 0.25, -0.5], [RATE, RATE // 2, RATE // 4])  # a, b, c/d
    np.testing.assert_allclose(sound, np.tile(once, 3)[: round(seconds * RATE)], atol=1e-4)


def test_a_folder_without_recordings(folder: Path, tmp_path: Path) -> None:
    for path in folder.rglob("*.*"):
        if path.suffix != ".txt":
            path.unlink()
    with pytest.raises(click.ClickException, match="no recordings"):
        strung(folder, 1.0, tmp_path / "long.flac")


def test_what_a_person_answers() -> None:
    """Turns at both ends and between; the fourth answer names whoever was found next."""
    names = ("a", "b", "c")
    turns = [Turn(20.0 * k, 20.0 * k + (15 if k else 5), names[k % 3]) for k in range(9)]
    frames, model = FrameGrid(18000, 0.01, duration=180.0), builtin_model()
    silent, config = Detection(np.zeros(18000, bool)), Config()
    result = Diarization(Annotation(turns), frames, silent, model.bands["wide"], model, config, names)
    said = answers(result, 5).annotation.turns
    assert [(turn.start, turn.end, turn.speaker) for turn in said] == [
        (0.0, 5.0, "a"),
        (40.0, 50.0, "c"),
        (80.0, 90.0, "b"),
        (120.0, 130.0, "b"),  # a was found
        (160.0, 170.0, "c"),
    ]
