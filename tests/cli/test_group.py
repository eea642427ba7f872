"""The command group: late imports, errors in one line, exit codes."""

from __future__ import annotations

import ctypes
import errno
import sys
import threading
import time
import warnings

import click
import numpy as np
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
def full_memory() -> None:
    raise MemoryError


@click.command()
def full_array() -> None:
    np.empty((10**9, 10**9))


@click.command()
def warning() -> None:
    warnings.warn("talk.wav: no\nspeech", DiarizeWarning, stacklevel=1)
    click.echo("result")


@click.command()
def interrupted_in_a_callback() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    ctypes.CFUNCTYPE(None)(interrupt)()  # ctypes, as other callers from C, drops the exception
    for _ in range(500):
        time.sleep(0.01)


NAMES = ("failing", "interrupted", "interrupted_in_a_callback", "full_disk", "full_memory", "full_array", "warning")
group = LazyGroup("group", commands_at={name: (f"{__name__}:{name}", f"Test {name}.") for name in NAMES})


@pytest.mark.parametrize(
    ("command", "code", "stderr"),
    [
        ("failing", 1, "diarize: error: talk.wav: not audio\n"),
        ("interrupted", 130, "diarize: interrupted\n"),
        ("interrupted_in_a_callback", 130, "diarize: interrupted\n"),
        ("full_memory", 1, "diarize: error: the memory does not suffice\n"),
        ("full_disk", 1, "diarize: error: [Errno 28] No space left on device: 'out.rttm'\n"),
    ],
)
def test_errors(command: str, code: int, stderr: str) -> None:
    result = CliRunner().invoke(group, [command])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", stderr)


def test_an_array_beyond_the_memory() -> None:
    result = CliRunner().invoke(group, ["full_array"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("diarize: error: the memory does not suffice: Unable to allocate")
    assert result.stderr.count("\n") == 1


def test_warnings_are_lines_on_stderr() -> None:
    result = CliRunner().invoke(group, ["warning"])
    assert (result.exit_code, result.stdout) == (0, "result\n")
    assert result.stderr == "diarize: warning: talk.wav: no speech\n"


def test_nothing_is_left_behind() -> None:
    before = sys.unraisablehook, warnings.showwarning
    CliRunner().invoke(group, ["interrupted_in_a_callback"])
    assert (sys.unraisablehook, warnings.showwarning) == before
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer) and thread.is_alive()]
