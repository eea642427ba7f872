"""Where results are written: nothing is lost without a word, nothing is made that nobody asked for."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from diarize.cli import options
from diarize.cli.output import (
    file_or_standard,
    is_standard,
    need_page,
    need_parent,
    refuse_as_folder,
    refuse_unknown_ending,
    refuse_without_speakers,
    warn,
)
from tests.cli.processes import run_each

RTTM = "SPEAKER a 1 0.000 1.000 <NA> <NA> anna <NA> <NA>\n"
needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs a shell and forks")


def test_standard_output() -> None:
    assert is_standard(None)
    assert is_standard(Path("-"))
    assert not is_standard(Path("./out"))
    assert file_or_standard(None) is file_or_standard(Path("-")) is None
    assert file_or_standard(Path("./out")) == Path("out")


def test_folders_of_files(tmp_path: Path) -> None:
    need_parent(tmp_path / "out.toml")
    need_parent(Path("out.toml"))
    (tmp_path / "file").touch()
    for folder in ("none", "file"):
        with pytest.raises(click.UsageError, match=f"the folder of .*{folder}/out.toml does not exist"):
            need_parent(tmp_path / folder / "out.toml")


CLOSED = [
    ["run", "absent.wav"],
    ["run", "absent.wav", "-o", "-"],
    ["score", "absent.rttm", "absent.rttm"],
    ["combine", "absent.rttm", "absent.rttm"],
    ["validate", "bad.rttm"],
    ["config", "show"],
    ["tune", ".", "-o", "out.toml"],
    ["gmm", "select", "absent.csv"],
    ["gmm", "cluster", "absent.csv", "-o", "-"],
    ["gmm", "segment", "absent.png", "-o", "out.png"],
    ["gmm", "background", "absent.avi", "-o", "out"],
    ["separate", "absent.wav", "-o", "out"],
]


@needs_posix
def test_closed_standard_output_is_an_error_before_any_work_unless_a_file_is_named(tmp_path: Path) -> None:
    folder, file = tmp_path / "folder", tmp_path / "out.rttm"
    folder.mkdir()
    (folder / "bad.rttm").write_text("{}\n")
    (folder / "a.rttm").write_text(RTTM)
    before = sorted(folder.iterdir())
    *failed, done = run_each([*CLOSED, ["combine", "a.rttm", "a.rttm", "-o", str(file)]], folder, ">&-")
    for arguments, (code, error) in zip(CLOSED, failed, strict=True):
        assert error.startswith("diarize: error: standard output is closed"), arguments
        assert (code, error.count("\n")) == (1, 1), arguments
    assert sorted(folder.iterdir()) == before
    assert (done, file.read_text()) == ((0, ""), RTTM)


@pytest.mark.parametrize("name", ["-", "out.srt", "x/out.rttm"])
def test_no_name_of_a_folder(name: str) -> None:
    with pytest.raises(click.UsageError):
        refuse_as_folder(Path(name), ".rttm")


def test_names_of_folders(tmp_path: Path) -> None:
    (tmp_path / "2024.05").mkdir()
    for path in (tmp_path / "2024.05", tmp_path / "new", tmp_path / ".hidden", Path(".."), Path("x.d/new")):
        refuse_as_folder(path)


def test_endings_of_files() -> None:
    for name in ("out.rttm", "out.RTTM", "out", ".hidden", "a.b/out"):
        refuse_unknown_ending(Path(name))
    for name in ("out.mp3", "out.xyz", "out.rttm.gz"):
        with pytest.raises(click.UsageError, match=r"the known endings of files are \.rttm, "):
            refuse_unknown_ending(Path(name))


def test_pages_end_as_browsers_know_them(tmp_path: Path) -> None:
    for name in ("page.html", "page.htm", "PAGE.HTML"):
        need_page(tmp_path / name)
    for name in ("page.txt", "page", "page.html.txt"):
        with pytest.raises(click.UsageError, match=rf"{name}: a page ends in \.html or \.htm"):
            need_page(tmp_path / name)


def test_what_holds_no_speakers() -> None:
    for name in ("out.rttm", "out.lab", "out.JSON", "out"):
        refuse_without_speakers(Path(name))
    with pytest.raises(click.UsageError, match=r"out.UEM: a file in uem does not say who speaks; take one of \.rttm, "):
        refuse_without_speakers(Path("out.UEM"))


def test_warnings_are_kept_back_by_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    @options.quiet(handed=False)
    def command() -> None:
        warn("there is little in it")

    command([], standalone_mode=False)
    command(["--quiet"], standalone_mode=False)
    assert capsys.readouterr().err == "diarize: warning: there is little in it\n"


NO_ROOM = "cannot write to it: No space left on device"
FULL = {
    "stats a.rttm": f"standard output: {NO_ROOM}",
    "convert a.rttm - --to csv": f"standard output: {NO_ROOM}",
    "--version": f"standard output: {NO_ROOM}",
    "--help": f"standard output: {NO_ROOM}",
    "stats --help": "cannot read or write: No space left on device (standard output or input, or ",
}


@needs_posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.rttm").write_text(RTTM)
    ended = run_each([command.split() for command in FULL], tmp_path, ">/dev/full")
    for (command, said), (code, error) in zip(FULL.items(), ended, strict=True):
        assert (code, error.count("\n")) == (1, 1), command
        assert error.startswith(f"diarize: error: {said}"), command
