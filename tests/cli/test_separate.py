"""`diarize separate` from files to files; the sound itself is checked in test_separation.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from diarize.cli import main

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["separate", *map(str, arguments)])


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    path = tmp_path / "a talk.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(3 * 8000), 8000)
    return path


def rttm(path: Path, *turns: tuple[str, float, float, str]) -> Path:
    path.write_text("".join(f"SPEAKER {uri} 1 {s:.3f} {d:.3f} <NA> <NA> {who} <NA> <NA>\n" for uri, s, d, who in turns))
    return path


def test_with_turns(noise: Path, tmp_path: Path) -> None:
    turns = rttm(tmp_path / "x.rttm", ("other", 0, 1, "anna"), ("other", 1, 2, "ben"))
    result = run(noise, "-o", tmp_path / "out", "--rttm", turns, "--format", "flac")
    assert (result.exit_code, result.stderr) == (0, "")
    files = [tmp_path / "out" / f"a_talk-{name}.flac" for name in ("anna", "ben")]
    assert result.stdout.splitlines() == [str(path) for path in files]
    sound, found = soundfile.read(noise)[0], [soundfile.read(path)[0] for path in files]
    np.testing.assert_allclose(found[0][:7900], sound[:7900], atol=1e-6)
    np.testing.assert_allclose(found[1][8100:-50], sound[8100:-50], atol=1e-6)


def test_diarized_first(tmp_path: Path) -> None:
    result = run(SAMPLES / "call.flac", "-o", tmp_path, "--num-speakers", "2")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["call-speaker1.wav", "call-speaker2.wav"]


def test_nobody_speaks(noise: Path, tmp_path: Path) -> None:
    result = run(noise, "-o", tmp_path / "out", "--rttm", rttm(tmp_path / "x.rttm"))
    assert result.exit_code == 1
    assert "no recording 'a talk'" in result.stderr


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["none.wav", "-o", "out", "--rttm", "x.rttm"], 1, "none.wav: cannot be opened"),
        (["a talk.wav", "-o", "out", "--rttm", "none.rttm"], 1, "none.rttm: cannot read the file"),
        (["a talk.wav", "-o", "out", "--rttm", "two.rttm"], 1, "no recording 'a talk'"),
        (["a talk.wav", "-o", "out", "--rttm", "x.rttm", "--channel", "2"], 1, "there is no channel 2"),
        (["a talk.wav"], 2, "Missing option '-o'"),
        (["a talk.wav", "-o", "out", "--rttm", "x.rttm", "--num-speakers", "2"], 2, "leave out --num-speakers"),
        (["a talk.wav", "-o", "out", "--format", "mp3"], 2, "'mp3' is not one of 'wav', 'flac'"),
    ],
)
def test_errors(
    noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], code: int, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    rttm(tmp_path / "x.rttm", ("x", 0, 1, "anna"))
    rttm(tmp_path / "two.rttm", ("x", 0, 1, "anna"), ("y", 0, 1, "ben"))
    result = run(*options)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()
