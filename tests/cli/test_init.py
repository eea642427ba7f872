"""The `diarize` command as a whole: its commands, wrong usage, closed pipes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from diarize.cli import main


@pytest.mark.parametrize("arguments", [["unheard"], ["score"], ["score", "a", "b", "--collar", "-1"], ["--colour"]])
def test_wrong_usage(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage: " in result.stderr


def test_help_lists_every_command_without_importing_it() -> None:
    code = (
        "import sys; from diarize.cli import main; main(['--help'], standalone_mode=False); "
        "assert not any(name.startswith(('numpy', 'diarize.cli.r', 'diarize.cli.s')) for name in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in ("run", "score", "validate", "config", "train", "combine", "tune", "gmm"):
        assert f"\n  {name} " in result.stdout


@pytest.mark.parametrize("name", ["run", "score", "validate", "config", "train", "combine", "tune", "gmm"])
def test_every_command_can_be_imported(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert f"{name} " in result.stdout.splitlines()[0]


def test_version() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("diarize ")


def test_closed_pipe_is_quiet() -> None:
    code = "import os, sys; os.close(1); r, w = os.pipe(); os.close(r); os.dup2(w, 1); "
    code += "from diarize.cli import main; main(['config', 'show'])"
    result = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, check=False)
    assert result.stderr == ""


def test_the_package_is_a_command_as_well() -> None:
    result = subprocess.run([sys.executable, "-m", "diarize", "--version"], capture_output=True, text=True, check=False)
    assert result.stdout.startswith("diarize ")
    assert result.returncode == 0
    assert subprocess.run([sys.executable, "-m", "diarize", "run"], capture_output=True, check=False).returncode == 2
