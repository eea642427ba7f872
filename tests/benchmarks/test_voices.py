"""The command: who is trained on is not measured, and what is printed is the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from scipy.signal import lfilter
from voices import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve speakers, noises with a resonance of their own, two sessions each."""
    root, rng = tmp_path_factory.mktemp("speech"), np.random.default_rng(0)
    for number in range(12):
        (root / f"X_{number:02}").mkdir()
        angle = 0.2 + 0.2 * number
        for session in ("day1", "day2"):
            sound = lfilter([1.0], [1.0, -1.8 * np.cos(angle), 0.81], rng.normal(size=24000))
            soundfile.write(root / f"X_{number:02}" / f"{session}__1.wav", 0.05 * sound, 16000)
    return root


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.output


@pytest.mark.slow
def test_speakers_that_are_trained_on_are_not_measured(folder: Path) -> None:
    arguments = (folder, "--train", folder, "--score", "wccn", "--seconds", "0.5")
    code, output = run(*arguments)
    assert code == 2
    assert "12 speakers are trained on and measured" in output
    code, output = run(*arguments, "--fold", "all/2")
    assert code == 0, output
    assert output.splitlines()[1].split()[:6] == ["x", "other", "0.5", "wccn", "12", "120"]


def test_a_trained_score_wants_a_folder(folder: Path) -> None:
    code, output = run(folder, "--score", "plda")
    assert code == 2
    assert "--train" in output


@pytest.mark.parametrize("fold", ["3/2", "0/2", "x/2", "2", "1/"])
def test_folds_are_checked(folder: Path, fold: str) -> None:
    code, output = run(folder, "--fold", fold)
    assert code == 2
    assert "K/N" in output


@pytest.mark.slow
def test_the_same_seed_prints_the_same(folder: Path, tmp_path: Path) -> None:
    arguments = (folder, "--score", "bayes", "--seconds", "0.5", "--condition", "other-room", "--cache", tmp_path)
    first, again, other = run(*arguments), run(*arguments), run(*arguments, "--seed", 1)
    assert first == again != other
    assert first[0] == 0


def test_a_condition_with_few_people_says_so(folder: Path) -> None:
    code, output = run(folder, "--seconds", "100", "--fold", "1/3", "--condition", "other")
    assert code == 0
    assert len(output.splitlines()) == 1
    code, output = run(folder, "--seconds", "0.5", "--fold", "1/3", "--score", "cosine")
    assert output.splitlines()[1].split()[-2:] == ["too", "few"]
