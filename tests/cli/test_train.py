"""`diarize train`: arguments and refusals. The training itself is a stand-in here."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from diarize.cli import main
from diarize.config import load_config
from diarize.model import builtin_model


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

    def other_stand_in(model: object, *speech_dirs: Path, **options: Any) -> Model:
        return stand_in(*speech_dirs, **options, model=model)

    module = ModuleType("diarize.training")
    module.train = stand_in  # type: ignore[attr-defined]
    module.learn_sessions = other_stand_in  # type: ignore[attr-defined]
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


def test_sessions_are_learnt_for_a_model_that_is_there(
    calls: list[tuple[tuple[Path, ...], dict[str, Any]]], tmp_path: Path
) -> None:
    builtin_model().save(tmp_path / "old.npz")
    options = ["--voices-of", "old.npz", "--noise", "noise", "--rooms", "rooms", "--seed", "4", "--quiet"]
    result = CliRunner().invoke(main, ["train", "speech", "more", "-o", "my.npz", *options])
    assert result.exit_code == 0, result.stderr
    ((speech_dirs, seen),) = calls
    assert speech_dirs == (Path("speech"), Path("more"))
    model, expected = seen.pop("model"), builtin_model()
    assert model.bands.keys() == expected.bands.keys()
    np.testing.assert_array_equal(model.bands["wide"].voices[0].voices, expected.bands["wide"].voices[0].voices)
    settings = {"noise_dir": Path("noise"), "rooms_dir": Path("rooms"), "config": load_config()}
    assert seen == {**settings, "seed": 4, "progress": None}
    assert (tmp_path / "my.npz").read_bytes() == b"a model"


def test_a_file_that_is_no_model(calls: list[tuple[tuple[Path, ...], dict[str, Any]]], tmp_path: Path) -> None:
    (tmp_path / "old.npz").write_text("not a model")
    result = CliRunner().invoke(main, ["train", "speech", "-o", "my.npz", "--voices-of", "old.npz"])
    assert result.exit_code == 1
    assert result.stderr.startswith("diarize: error: old.npz: not a model made by `diarize train`")
    assert calls == []
    assert not (tmp_path / "my.npz").exists()


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
        (["speech", "-o", "my.npz", "--voices-of", "absent.npz"], "absent.npz"),
        (["speech", "-o", "my.npz", "--voices-of", "noise"], "noise"),
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
