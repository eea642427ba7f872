"""Audio files in folders: known by their endings, hidden ones left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarize.audio.listing import audio_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.wav", "a.FLAC", "notes.txt", "._b.wav", ".hidden.wav", "sub/c.opus", "sub/._c.opus", ".git/d.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_files_right_in_the_folder(folder: Path) -> None:
    assert audio_files(folder, "*") == [folder / "a.FLAC", folder / "b.wav"]


def test_files_in_all_folders_below(folder: Path) -> None:
    assert audio_files(folder, "**/*") == [folder / "a.FLAC", folder / "b.wav", folder / "sub" / "c.opus"]


def test_the_folder_itself_may_be_hidden(folder: Path) -> None:
    assert audio_files(folder / ".git", "*") == [folder / ".git" / "d.wav"]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert audio_files(tmp_path / "none", "**/*") == []
