"""`diarize config show`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from diarize.cli import main
from diarize.config import CONFIG_NAMES, Config, load_config


def test_show_prints_the_defaults() -> None:
    result = CliRunner().invoke(main, ["config", "show"])
    assert result.exit_code == 0
    assert result.stdout == (Path(__file__).resolve().parents[2] / "configs/default.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CONFIG_NAMES)
def test_show_prints_every_setting_of_a_shipped_configuration(name: str) -> None:
    result = CliRunner().invoke(main, ["config", "show", name])
    assert result.exit_code == 0
    assert Config.from_toml(result.stdout) == load_config(name)


def test_show_takes_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("seed = 12\n")
    result = CliRunner().invoke(main, ["config", "show", str(path)])
    assert "\nseed = 12\n" in result.stdout


def test_show_of_an_unknown_name() -> None:
    result = CliRunner().invoke(main, ["config", "show", "fats"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "did you mean 'fast'" in result.stderr
    assert len(result.stderr.splitlines()) == 1
