"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from diarize.errors import FormatError
from diarize.formats.files import atomic_file, files_in, is_channel, new_folders, parse_seconds, read_lines, write_text

needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full")


def test_write_and_replace(tmp_path: Path) -> None:
    path = tmp_path / "out put.txt"
    write_text(path, "één\n")
    assert path.read_bytes() == "één\n".encode()
    write_text(str(path), "two\n")
    assert path.read_text() == "two\n"
    assert os.listdir(tmp_path) == ["out put.txt"]


def test_stream() -> None:
    stream = io.StringIO()
    write_text(stream, "one\n")
    assert stream.getvalue() == "one\n"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_after_an_interruption(tmp_path: Path, interruption: type[BaseException]) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")

    def write_half() -> None:
        with atomic_file(path) as file:
            file.write(b"half")
            raise interruption

    with pytest.raises(interruption):
        write_half()
    assert os.listdir(tmp_path) == ["out.txt"]
    assert path.read_text() == "before"


def test_full_disk(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="needs limits on the size of files")
    path = tmp_path / "out.txt"
    path.write_text("before")
    code = (
        "import resource, sys; from diarize.formats.files import write_text; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); write_text(sys.argv[1], 'x' * 10**6)"
    )
    result = subprocess.run([sys.executable, "-B", "-c", code, path], capture_output=True, text=True, check=False)
    assert result.stderr.splitlines()[-1] == (
        f"diarize.errors.FormatError: {path}: cannot write the file: {os.strerror(errno.EFBIG)}"
    )
    assert os.listdir(tmp_path) == ["out.txt"]
    assert path.read_text() == "before"


@needs_full_device
def test_full_device() -> None:
    with pytest.raises(FormatError, match="/dev/full: cannot write the file: No space left"):
        write_text("/dev/full", "one\n")


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="No such file or directory"):
        write_text(tmp_path / "none" / "out.txt", "one\n")


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="Is a directory"):
        write_text(tmp_path, "one\n")


def test_read_only_file_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(FormatError, match="Permission denied"):
        write_text(path, "after")
    assert path.read_text() == "before"


def test_link_stays_a_link(tmp_path: Path) -> None:
    link, target = tmp_path / "link.txt", tmp_path / "target.txt"
    target.write_text("before")
    link.symlink_to(target)
    write_text(link, "after")
    assert link.is_symlink()
    assert target.read_text() == "after"


def test_mode_follows_the_user_s_mask(tmp_path: Path) -> None:
    plain = tmp_path / "plain.txt"
    plain.write_text("")
    write_text(tmp_path / "ours.txt", "")
    assert stat.S_IMODE((tmp_path / "ours.txt").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / ".git").mkdir()
    for name in ("b.wav", "a.WAV", "._a.WAV", "a.txt", ".hidden.wav", "inner/c.wav", "inner/._c.wav", ".git/d.wav"):
        (tmp_path / name).write_text("")
    here = [tmp_path / name for name in ("a.WAV", "b.wav")]
    assert files_in(tmp_path, {".wav"}) == here
    assert files_in(tmp_path, {".wav"}, below=True) == [*here, tmp_path / "inner" / "c.wav"]
    assert files_in(tmp_path / ".git", {".wav"}) == [tmp_path / ".git" / "d.wav"]  # the folder itself may be hidden


@pytest.mark.parametrize(("text", "channel"), [("1", True), ("12", True), ("0", False), ("A", False), ("-1", False)])
def test_channels(text: str, channel: bool) -> None:
    assert is_channel(text) == channel
    assert is_channel(text * 9999) == channel or text == "-1"


@pytest.mark.parametrize("text", ["9" * 10**6, "-1", "1e999", "0." + "0" * 10**6])
def test_seconds_out_of_range(text: str) -> None:
    with pytest.raises(FormatError, match="the start must be at least 0 seconds and finite, got") as caught:
        parse_seconds(text, "the start")
    assert len(str(caught.value)) < 150


def test_line_numbers_with_any_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "mixed.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\n\n; note\r two \x0b half\nthree")
    lines, problems = read_lines(path)
    assert lines == [(1, "one"), (4, "two \x0b half"), (5, "three")]
    assert [(problem.line, problem.fatal) for problem in problems] == [
        (1, False),
        (1, False),
        (5, False),
        (2, False),
        (3, False),
        (4, False),
    ]


@pytest.mark.parametrize(
    ("content", "line"), [(b"one\ntwo \xff\n", 2), (b"one\n\ntw\0o\n", 3), ("one\n".encode("utf-16"), 1)]
)
def test_no_text(tmp_path: Path, content: bytes, line: int) -> None:
    path = tmp_path / "bytes.txt"
    path.write_bytes(content)
    lines, problems = read_lines(path)
    assert lines == []
    assert [(problem.line, problem.fatal) for problem in problems] == [(line, True)]


def test_folders_are_made_with_those_above_them(tmp_path: Path) -> None:
    with new_folders() as need:
        need(tmp_path / "a" / "b")
        need(tmp_path / "a" / "b")
        assert (tmp_path / "a" / "b").is_dir()
        (tmp_path / "file").write_text("")
        with pytest.raises(FormatError, match=r"file/x: cannot create the output folder: Not a directory"):
            need(tmp_path / "file" / "x")


def test_folders_that_stay_empty_are_removed_where_they_were_made_here(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with pytest.raises(KeyboardInterrupt), new_folders() as need:  # noqa: PT012 (what is left is the question)
        for name in ("old", "old/new", "a/b", "a/c", "d"):
            need(tmp_path / name)
        (tmp_path / "a/c/result").touch()
        (tmp_path / "d").rmdir()
        raise KeyboardInterrupt
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "c", "old", "result"]
