"""Of processes that want the same machine code at once, one compiles; nobody waits for one that has stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TextIO

import pytest

from diarize.gmm.engine import turns

fcntl = pytest.importorskip("fcntl", reason="files are not locked on this system")
KERNEL = """
from diarize.gmm.engine.compilation import compiled
def total(values):
    sum = 0.0
    for value in values:
        sum += value
    return sum
now, later = compiled("f8(f8[::1])")(total), compiled()(total)
"""
BOTH = """
import os, sys, time
import numpy as np
import diarize.gmm.engine.compilation
sys.path.insert(0, {folder!r})
child = os.fork()
from kernel import now, later
assert now(np.arange(4.0)) == later(np.arange(4)) == 6
os.write(1, b"%d,%d " % tuple(sum(f.stats.cache_misses.values()) for f in (now, later)))
if child:
    os.waitpid(child, 0)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.py"
    path.write_text("")
    return path


def assert_locked(file: TextIO) -> None:
    with pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def never() -> None:
    raise AssertionError("nobody else compiles")


def test_of_two_processes_one_compiles(tmp_path: Path) -> None:
    (tmp_path / "kernel.py").write_text(KERNEL)
    done = subprocess.run(
        [sys.executable, "-c", BOTH.format(folder=str(tmp_path))],
        env={**os.environ, "PYTHONPATH": str(Path(turns.__file__).parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [sorted(misses) for misses in zip(*(one.split(",") for one in done.stdout.split()), strict=True)] == [
        ["0", "1"],
        ["0", "1"],
    ]


def test_the_file_is_locked_within_and_free_after(source: Path) -> None:
    with turns.alone(str(source), never), turns.alone(str(source), never), source.open() as other:
        assert_locked(other)
    with pytest.raises(ZeroDivisionError), turns.alone(str(source), never):
        _ = 1 / 0
    with source.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_wait_is_told_and_ends_with_what_is_waited_for(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SHORT", 0.0)
    told = threading.Event()
    with source.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        release = threading.Thread(target=lambda: told.wait(60) and fcntl.flock(other, fcntl.LOCK_UN))
        release.start()
        with turns.alone(str(source), told.set):
            assert told.is_set()
        release.join()


def test_who_has_stopped_is_not_waited_for(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    with source.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with turns.alone(str(source), never):
            pass
        with source.open() as third:
            assert_locked(third)  # it is still the other's


def test_where_nothing_can_be_locked_it_goes_on(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with turns.alone(str(source / "in an archive.py"), never):
        pass

    def flock(*_) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(turns.fcntl, "flock", flock)
    with turns.alone(str(source), never):
        pass
    monkeypatch.setattr(turns, "fcntl", None)
    with turns.alone(str(source), never):
        pass
