"""One at a time at a file, whatever became of the last one."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import pytest

from diarize import locks
from diarize.errors import FormatError
from diarize.locks import locked


def test_a_second_editor_is_told_and_a_killed_one_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    lines = ["from pathlib import Path", "from diarize.locks import locked", f"with locked(Path({str(path)!r})):"]
    code = "\n".join([*lines, "    print(1, flush=True)", "    input()"])
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(FormatError, match=f"is being edited already, by process {other.pid};"), locked(path):
            pass
        other.kill()
    assert (tmp_path / "talk.json.lock").exists()
    with locked(path):
        pass
    assert not (tmp_path / "talk.json.lock").exists()


def test_a_folder_that_takes_no_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be changed here"), locked(tmp_path / "no" / "talk.json"):
        pass


def test_a_lock_file_that_its_owner_removes_meanwhile_locks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, taken = tmp_path / "talk.json", locks._taken

    def late(file: BinaryIO) -> bool:
        monkeypatch.setattr(locks, "_taken", taken)
        Path(file.name).unlink()  # between opening and locking
        return taken(file)

    monkeypatch.setattr(locks, "_taken", late)
    with locked(path):
        assert (tmp_path / "talk.json.lock").exists()
        with pytest.raises(FormatError, match="is being edited already"), locked(path):
            pass


def test_one_waits_for_another(tmp_path: Path) -> None:
    path, order = tmp_path / "voices.npz", []

    def second() -> None:
        with locked(path, wait=20.0):
            order.append("second")

    other = Thread(target=second)
    with locked(path):
        other.start()
        time.sleep(0.2)
        order.append("first")
    other.join()
    assert order == ["first", "second"]
