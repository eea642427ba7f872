"""The command group: late imports, errors in one line, exit codes."""

from __future__ import annotations

import errno
import warnings

import click
import pytest
from click.testing import CliRunner

from diarize.cli.group import LazyGroup
from diarize.errors import AudioError, DiarizeWarning


@click.command()
def failing() -> None:
    raise AudioError("talk.wav: not\naudio")


@click.command()
def interrupted() -> None:
    raise KeyboardInterrupt


@click.command()
def full_disk() -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "out.rttm")


@click.command()
def warning() -> None:
    warnings.warn("talk.wav: no\nspeech", DiarizeWarning, stacklevel=1)
    click.echo("result")


NAMES = ("failing", "interrupted", "full_disk", "warning")
group = LazyGroup("group", commands_at={name: (f"{__name__}:{name}", f"Test {name}.") for name in NAMES})


@pytest.mark.parametrize(
    ("command", "code", "stderr"),
    [
        ("failing", 1, "diarize: error: talk.wav: not audio\n"),
        ("interrupted", 130, "diarize: interrupted\n"),
        ("full_disk", 1, "diarize: error: [Errno 28] No space left on device: 'out.rttm'\n"),
    ],
)
def test_errors(command: str, code: int, stderr: str) -> None:
    result = CliRunner().invoke(group, [command])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", stderr)


def test_warnings_are_lines_on_stderr() -> None:
    result = CliRunner().invoke(group, ["warning"])
    assert (result.exit_code, result.stdout) == (0, "result\n")
    assert result.stderr == "diarize: warning: talk.wav: no speech\n"
