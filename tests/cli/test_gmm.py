"""The group `diarize gmm`."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from diarize.cli import main
from diarize.cli.gmm import gmm


def test_help_lists_the_commands_without_importing_them() -> None:
    code = "import sys; from diarize.cli import main; main(['gmm', '--help'], standalone_mode=False); "
    code += "assert not any(name.startswith(('numpy', 'diarize.cli.gmm_')) for name in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in gmm.list_commands(click.Context(gmm)):
        assert f"\n  {name} " in result.stdout


@pytest.mark.parametrize("name", gmm.list_commands(click.Context(gmm)))
def test_every_command_can_be_imported(name: str) -> None:
    result = CliRunner().invoke(main, ["gmm", name, "--help"])
    assert result.exit_code == 0, result.output
    assert f"gmm {name} " in result.stdout.splitlines()[0]


def test_an_unknown_command() -> None:
    result = CliRunner().invoke(main, ["gmm", "paint"])
    assert result.exit_code == 2
    assert "No such command 'paint'" in result.stderr
