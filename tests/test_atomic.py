"""Files appear whole or not at all; `formats.files` is tested for the rest."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from diarize.atomic import whole_file


def test_nothing_is_there_before_the_end(tmp_path: Path) -> None:
    with whole_file(tmp_path / "out") as file:
        file.write(b"one")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out").read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError, ValueError])
def test_what_was_there_stays_after_an_interruption(tmp_path: Path, interruption: type[BaseException]) -> None:
    (tmp_path / "out").write_bytes(b"before")

    def write_half() -> None:
        with whole_file(tmp_path / "out") as file:
            file.write(b"half")
            raise interruption

    with pytest.raises(interruption):
        write_half()
    assert os.listdir(tmp_path) == ["out"]
    assert (tmp_path / "out").read_bytes() == b"before"


def test_errors_are_those_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "none" / "out"):
        pass
    with pytest.raises(IsADirectoryError), whole_file(tmp_path):
        pass
    (tmp_path / "out").write_bytes(b"before")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(PermissionError, match="Permission denied"), whole_file(tmp_path / "out"):
        pass


def test_pipes_are_written_to_directly(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with whole_file(tmp_path / "pipe") as file:
        file.write(b"one")
    assert os.read(reader, 10) == b"one"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
