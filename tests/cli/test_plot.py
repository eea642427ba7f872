"""`diarize plot` and `diarize run --plot`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from diarize import Annotation, Turn
from diarize.cli import main
from diarize.formats.registry import write_all

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
MEETING = SAMPLES / "meeting.rttm"

pytest.importorskip("matplotlib")


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [*map(str, words)])


def test_turns_sound_and_reference(tmp_path: Path) -> None:
    target = tmp_path / "meeting.svg"
    outcome = run(
        "plot", MEETING, "-o", target, "--audio", SAMPLES / "meeting.flac", "--reference", MEETING, "--channel", 1
    )
    assert (outcome.exit_code, outcome.output) == (0, "")
    assert "<!-- reference -->" in target.read_text(encoding="utf-8")


def test_one_of_several_recordings(tmp_path: Path) -> None:
    both, target = tmp_path / "both.rttm", tmp_path / "b.svg"
    write_all([Annotation([Turn(0, 1, "anna")], "a"), Annotation([Turn(0, 1, "ben")], "b")], both)
    assert run("plot", both, "-o", target, "--recording", "b").exit_code == 0
    assert "<!-- ben -->" in target.read_text(encoding="utf-8")
    for words, reason in (([], "choose one: --recording NAME"), (["--recording", "c"], "there is no recording 'c'")):
        outcome = run("plot", both, "-o", target, *words)
        assert outcome.exit_code == 1
        assert reason in outcome.stderr


def test_run_draws_beside_its_result(tmp_path: Path) -> None:
    target = tmp_path / "call.png"
    outcome = run("run", SAMPLES / "call.flac", "--config", "fast", "--plot", target)
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("SPEAKER call 1 ")
    assert target.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "words",
    [
        ["plot", MEETING, "-o", "call.txt"],
        ["plot", MEETING, "-o", "missing/call.png"],
        ["plot", MEETING, "-o", "call.png", "--channel", "1"],
        ["plot", MEETING],
        ["run", "a.wav", "--plot", "call"],
        ["run", "a.wav", "b.wav", "-o", "out", "--plot", "call.png"],
    ],
)
def test_wrong_usage(words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(*words)
    assert outcome.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    outcome = run("plot", MEETING, "-o", tmp_path / "call.png")
    assert outcome.exit_code == 1
    assert 'pip install "gmm-diarize[plot]"' in outcome.stderr


def test_a_part_of_a_track(tmp_path: Path) -> None:
    target = tmp_path / "part.svg"
    options = ["--audio", SAMPLES / "meeting.flac", "--track", 1, "--channels", "mix", "--start", "0:10", "--end", 20]
    assert run("plot", MEETING, "-o", target, *options).exit_code == 0
    texts = target.read_text(encoding="utf-8")
    assert "<!-- 0:10 -->" in texts
    assert "<!-- 0:21 -->" not in texts
    for option in (["--channels", 1], ["--channel", 1], ["--track", 1]):
        outcome = run("plot", MEETING, "-o", target, *option)
        assert (outcome.exit_code, "name it: --audio FILE" in outcome.stderr) == (2, True)
