"""The line of progress: only on a terminal, rewritten in place, gone at the end."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from diarize.cli.progress import progress_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr("diarize.cli.progress.sys", SimpleNamespace(stderr=stream))
    monkeypatch.setenv("COLUMNS", "40")
    return stream


def visible(text: str) -> str:
    """Return what a terminal shows after a text with carriage returns and erasures."""
    line = ""
    for part in text.split("\r"):
        line = part.removeprefix("\x1b[K") if part.startswith("\x1b[K") else part + line[len(part) :]
    return line


def test_shows_title_stage_and_share(terminal: Terminal) -> None:
    with progress_line("call.wav") as show:
        assert show is not None
        show("features", 0.5)
        show("speakers", 0.25)
        assert visible(terminal.getvalue()) == "call.wav: speakers 25%"
    assert visible(terminal.getvalue()) == ""


def test_the_line_goes_after_an_error_too(terminal: Terminal) -> None:
    def interrupted() -> None:
        with progress_line("call.wav") as show:
            assert show is not None
            show("features", 0.5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert visible(terminal.getvalue()) == ""


def test_never_wider_than_the_terminal(terminal: Terminal) -> None:
    with progress_line("x" * 200) as show:
        assert show is not None
        show("features", 0.5)
        assert len(visible(terminal.getvalue())) < 40


def test_says_nothing_twice(terminal: Terminal) -> None:
    with progress_line("call.wav") as show:
        assert show is not None
        show("features", 0.5)
        once = terminal.getvalue()
        show("features", 0.501)
        assert terminal.getvalue() == once


def test_nothing_when_quiet(terminal: Terminal) -> None:
    with progress_line("call.wav", quiet=True) as show:
        assert show is None
    assert terminal.getvalue() == ""


def test_nothing_where_stderr_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("diarize.cli.progress.sys", SimpleNamespace(stderr=stream))
    with progress_line("call.wav") as show:
        assert show is None
    assert stream.getvalue() == ""
