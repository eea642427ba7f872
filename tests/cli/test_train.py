"""`diarize train`: arguments and refusals. The training itself is a stand-in here."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from diarize.cli import main
from diarize.config import load_config


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[tuple[Path, ...], dict[str, Any]]]:
    """Put a stand-in for the training in place, inside a folder with some subfolders; return what it was asked."""
    seen: list[tuple[tuple[Path, ...], dict[str, Any]]] = []

    class Model:
        def save(self, path: Path) -> None:
            path.write_bytes(b"a model")

    def stand_in(*speech_dirs: Path, **options: Any) -> Model:
        seen.append((speech_dirs, options))
        return Model()

    module = ModuleType("diarize.training")
    module.train = stand_in  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "diarize.training", module)
    monkeypatch.chdir(tmp_path)
    for name in ("speech", "more", "noise", "rooms"):
        (tmp_path / name).mkdir()
    return seen


def test_arguments_reach_the_training(calls: list[tuple[tuple[Path, ...], dict[str, Any]]], tmp_path: Path) -> None:
    options = ["--noise", "noise", "--rooms", "rooms", "--config", "telephone", "--seed", "4", "--quiet"]
    result = CliRunner().invoke(main, ["train", "speech", "more", "-o", "my.npz", *options])
    assert result.exit_code == 0, result.stderr
    assert result.output == ""
    ((speech_dirs, seen),) = calls
    assert speech_dirs == (Path("speech"), Path("more"))
    assert seen == {
        "noise_dir": Path("noise"),
        "rooms_dir": Path("rooms"),
        "config": load_config("telephone"),
        "seed": 4,
        "progress": None,
    }
    assert (tmp_path / "my.npz").read_bytes() == b"a model"


def test_the_seed_of_the_config_is_used_where_none_is_given(
    calls: list[tuple[tuple[Path, ...], dict[str, Any]]], tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text("seed = 11\n")
    CliRunner().invoke(main, ["train", "speech", "-o", "my.npz", "--config", "mine.toml"])
    assert calls[0][1]["seed"] == 11
    assert calls[0][1]["noise_dir"] is None
    assert calls[0][1]["rooms_dir"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["speech"], "--output"),
        (["-o", "my.npz"], "SPEECH_DIR"),
        (["speech", "absent", "-o", "my.npz"], "absent"),
        (["absent", "-o", "my.npz"], "absent"),
        (["speech", "-o", "my.model"], "must end in .npz"),
        (["speech", "-o", "absent/my.npz"], "the folder of absent/my.npz does not exist"),
        (["speech", "-o", "my.npz", "--noise", "absent"], "absent"),
        (["speech", "-o", "my.npz", "--seed", "x"], "--seed"),
    ],
)
def test_wrong_usage_is_refused_before_any_work(
    calls: list[tuple[tuple[Path, ...], dict[str, Any]]], tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = CliRunner().invoke(main, ["train", *arguments])
    assert result.exit_code == 2
    assert said in result.stderr
    assert calls == []
    assert not list(tmp_path.glob("*.npz"))
