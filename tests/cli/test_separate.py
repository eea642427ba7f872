"""`diarize separate` from files to files; the sound itself is checked in test_separation.py."""

from __future__ import annotations

import os
import threading
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
    sound, separated = soundfile.read(noise)[0], [soundfile.read(path)[0] for path in files]
    np.testing.assert_allclose(separated[0][:7900], sound[:7900], atol=1e-6)
    np.testing.assert_allclose(separated[1][8100:-50], sound[8100:-50], atol=1e-6)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("diarized", [False, True])
def test_a_named_pipe_is_read_once(tmp_path: Path, diarized: bool) -> None:
    fifo = tmp_path / "line.wav"
    os.mkfifo(fifo)
    feeder = threading.Thread(target=lambda: fifo.write_bytes((SAMPLES / "call.flac").read_bytes()))
    feeder.start()
    turns = rttm(tmp_path / "x.rttm", ("x", 0, 10, "speaker1"))
    options = ["--config", "fast"] if diarized else ["--rttm", turns]
    result = run(fifo, "-o", tmp_path / "out", *options)
    feeder.join(10)
    assert (result.exit_code, result.stderr if not diarized else "") == (0, "")
    files = sorted((tmp_path / "out").iterdir())
    assert files[0].name == "line-speaker1.wav"
    assert len(soundfile.read(files[0])[0]) == len(soundfile.read(SAMPLES / "call.flac")[0])


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="needs /dev/stdin")
def test_standard_input_that_is_a_pipe(noise: Path, tmp_path: Path) -> None:
    turns = rttm(tmp_path / "x.rttm", ("x", 0, 1, "anna"))
    reading, writing = os.pipe()
    before = os.dup(0)
    os.dup2(reading, 0)  # what /dev/stdin is
    os.close(reading)

    def feed() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(noise.read_bytes())

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        result = run("/dev/stdin", "-o", tmp_path / "out", "--rttm", turns, "--quiet")
    finally:
        os.dup2(before, 0)  # ends the pipe, so that the feeder ends in any case
        os.close(before)
        feeder.join(10)
    assert (result.exit_code, result.stderr) == (0, "")
    sound = soundfile.read(tmp_path / "out" / "stdin-anna.wav")[0]
    np.testing.assert_allclose(sound[:7900], soundfile.read(noise)[0][:7900], atol=1e-6)


def test_what_is_wrong_with_a_recording_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "both.wav"
    sound = 0.1 * np.random.default_rng(0).standard_normal(3 * 8000)
    soundfile.write(path, np.stack([sound, -sound], axis=1), 8000)
    turns = rttm(tmp_path / "x.rttm", ("x", 0, 2, "anna"), ("x", 1, 2, "ben"))
    result = run(path, "-o", tmp_path / "out", "--rttm", turns)
    assert result.exit_code == 0
    assert result.stderr.count("the channels cancel each other") == 1


def test_diarized_first(tmp_path: Path) -> None:
    result = run(SAMPLES / "call.flac", "-o", tmp_path, "--num-speakers", "2")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["call-speaker1.wav", "call-speaker2.wav"]


def test_nobody_speaks(noise: Path, tmp_path: Path) -> None:
    result = run(noise, "-o", tmp_path / "out", "--rttm", rttm(tmp_path / "x.rttm"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "diarize: warning: a talk: nobody speaks in it; no file is written\n"
    soundfile.write(tmp_path / "silence.wav", np.zeros(3 * 8000), 8000)
    result = run(tmp_path / "silence.wav", "-o", tmp_path / "out", "--config", "fast")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "diarize: warning: silence: no speech was found; the result is empty\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["none.wav", "-o", "out", "--rttm", "x.rttm"], 1, "none.wav: cannot be opened"),
        (["a talk.wav", "-o", "out", "--rttm", "none.rttm"], 1, "none.rttm: cannot read the file"),
        (["a talk.wav", "-o", "out", "--rttm", "two.rttm"], 1, "no recording 'a talk'"),
        (["a talk.wav", "-o", "out", "--rttm", "x.rttm", "--channel", "2"], 1, "there is no channel 2"),
        (["a talk.wav"], 2, "Missing option '-o'"),
        (["a talk.wav", "-o", "-", "--rttm", "x.rttm"], 2, "not text for standard output; name a folder"),
        (["a talk.wav", "-o", "out.wav", "--rttm", "x.rttm"], 2, "out.wav: results are written to a folder"),
        (["a talk.wav", "-o", "two.rttm", "--rttm", "x.rttm"], 2, "'two.rttm' is a file"),
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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a talk.wav", "two.rttm", "x.rttm"]
