"""`diarize tune`: arguments, refusals and what is said and written. The search itself is a stand-in but for one run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from diarize.cli import main
from diarize.config import Config, OutputConfig, SpeakerConfig, SpeechConfig, load_config
from diarize.evaluation import search, tuning
from diarize.evaluation.scoring import Score
from diarize.evaluation.tuning import Tuning

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
BETTER = Config(speech=SpeechConfig(bias=1.0), output=OutputConfig(max_pause=0.4))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with two labelled recordings, inside the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for name in ("call", "dialogue"):
        for ending in (".flac", ".rttm", ".uem"):
            shutil.copy(SAMPLES / f"{name}{ending}", tmp_path / "mine")
    return tmp_path / "mine"


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[Any, ...]]]:
    """Return a function that makes the search find a configuration and gains, and returns what it was asked."""

    def install(config: Config, *gains: float, first: float = 100.0) -> list[tuple[Any, ...]]:
        totals = (first, 100.0, 100.0)
        before = tuple(Score(total=total, missed=20.0) for total, _ in zip(totals, gains, strict=False))
        after = tuple(Score(total=total, missed=20.0 - gain) for total, gain in zip(totals, gains, strict=False))
        names = ("call", "dialogue", "a long name")[: len(gains)]
        calls: list[tuple[Any, ...]] = []

        def tune(*arguments: Any) -> Tuning:
            calls.append(arguments)
            return Tuning(config, names, before, after)

        monkeypatch.setattr(tuning, "tune", tune)
        return calls

    return install


def test_a_gain_is_shown_and_written(folder: Path, stand_in: Callable[..., list[tuple[Any, ...]]]) -> None:
    calls = stand_in(BETTER, 5.0, 4.0, 6.0)
    result = CliRunner().invoke(main, ["tune", "mine", "-o", "fitted.toml", "--quiet"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "recording    DER % before  after",
        "call                20.00  15.00",
        "dialogue            20.00  16.00",
        "a long name         20.00  14.00",
        "pooled              20.00  15.00",
        "",
        "Gain by cross-validation over 3 recordings: 5.00 points of DER, standard error 0.58.",
        "speech.bias: 0 -> 1",
        "output.max_pause: 0 -> 0.4",
    ]
    written = Path("fitted.toml").read_text(encoding="utf-8")
    assert load_config("fitted.toml") == BETTER
    assert [line for line in written.splitlines() if line and not line.startswith("#")] == [
        "[speech]",
        "bias = 1.0",
        "[output]",
        "max_pause = 0.4",
    ]
    assert written.startswith("# Gain by cross-validation over 3 recordings: 5.00 points")
    ((examples, config, _),) = calls
    assert [example.audio for example in examples] == [Path("mine/call.flac"), Path("mine/dialogue.flac")]
    assert config == Config()


def test_without_gain_the_settings_stay(folder: Path, stand_in: Callable[..., list[tuple[Any, ...]]]) -> None:
    stand_in(Config(), 5.0, -4.0)
    result = CliRunner().invoke(main, ["tune", "mine", "-o", "fitted.toml"])
    assert (result.exit_code, result.stderr) == (0, "")
    last = "(0.50 points of DER, standard error 4.50): the settings stay as they are."
    assert result.stdout.splitlines()[-1] == f"No gain beyond chance by cross-validation over 2 recordings {last}"
    assert load_config("fitted.toml") == Config()


def test_config_and_seed_are_where_it_starts(folder: Path, stand_in: Callable[..., list[tuple[Any, ...]]]) -> None:
    start = load_config("fast").with_(seed=5)
    calls = stand_in(start.with_(speakers=start.speakers.with_(prior=3.0)), 1.0, 1.0)
    result = CliRunner().invoke(main, ["tune", "mine", "-o", "fitted.toml", "--config", "fast", "--seed", "5"])
    assert calls[0][1] == start
    assert result.stdout.splitlines()[-1] == f"speakers.prior: {start.speakers.prior:g} -> 3"
    fitted = load_config("fitted.toml")
    assert fitted == start.with_(speakers=SpeakerConfig(prior=3.0, iterations=start.speakers.iterations))


def test_the_configuration_on_standard_output(folder: Path, stand_in: Callable[..., list[tuple[Any, ...]]]) -> None:
    stand_in(BETTER, 5.0, 4.0, 6.0)
    result = CliRunner().invoke(main, ["tune", "mine", "-o", "-", "--quiet"])
    assert result.exit_code == 0
    assert Config.from_toml(result.stdout) == BETTER
    assert result.stderr.splitlines()[0].startswith("recording ")
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


def test_resource_forks_are_no_recordings(folder: Path, stand_in: Callable[..., list[tuple[Any, ...]]]) -> None:
    for path in list(folder.iterdir()):
        (folder / f"._{path.name}").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    calls = stand_in(BETTER, 5.0, 4.0)
    result = CliRunner().invoke(main, ["tune", "mine", "-o", "fitted.toml", "--quiet"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert [example.audio.name for example in calls[0][0]] == ["call.flac", "dialogue.flac"]


@pytest.mark.parametrize(("gain", "rates"), [(5.0, ["inf", "inf"]), (20.0, ["inf", "-"])])
def test_rates_without_speech_in_the_reference(
    folder: Path, stand_in: Callable[..., list[tuple[Any, ...]]], gain: float, rates: list[str]
) -> None:
    stand_in(BETTER, gain, 4.0, first=0.0)
    result = CliRunner().invoke(main, ["tune", "mine", "-o", "fitted.toml"])
    assert result.stdout.splitlines()[1].split() == ["call", *rates]


def test_the_real_search_on_a_setting_that_is_wrong(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LADDERS", {"speech.bias": (-12, 0)})
    Path("wrong.toml").write_text("[speech]\nbias = -12\n[clustering]\nstarts = 1\n")
    result = CliRunner().invoke(main, ["tune", "mine", "-o", "fitted.toml", "--config", "wrong.toml"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "speech.bias: -12 -> 0"
    fitted = load_config("fitted.toml")
    assert (fitted.speech.bias, fitted.clustering.starts) == (0.0, 1)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["mine"], 2, "--output"),
        (["absent", "-o", "x.toml"], 1, "absent: no such folder"),
        (["mine", "-o", "x.txt"], 2, "must end in .toml"),
        (["mine", "-o", "absent/x.toml"], 2, "the folder of absent/x.toml does not exist"),
        (["mine", "-o", "x.toml", "--seed", "-1"], 2, "--seed"),
        (["mine", "-o", "x.toml", "--config", "absent"], 1, "no such file and no configuration"),
        (["empty", "-o", "x.toml"], 1, "no recordings with references"),
        (["one", "-o", "x.toml"], 1, "no cross-validation"),
        (["broken", "-o", "x.toml"], 1, "call.rttm:1: "),
    ],
)
def test_what_is_refused(folder: Path, arguments: list[str], code: int, said: str) -> None:
    for name in ("empty", "one", "broken"):
        Path(name).mkdir()
    for name in ("one", "broken"):
        for ending in (".flac", ".rttm"):
            shutil.copy(SAMPLES / f"call{ending}", name)
    Path("broken/call.rttm").write_text("SPEAKER call 1 x y <NA> <NA> anna <NA> <NA>\n")
    result = CliRunner().invoke(main, ["tune", *arguments])
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""
    assert not list(Path().rglob("x.*"))
