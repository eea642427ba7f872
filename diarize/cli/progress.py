"""How far the work has come, on stderr: a bar on a terminal, plain lines in logs, JSON for programs, or nothing."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Protocol

ProgressCallback = Callable[[str, float], None]
MODES = ("auto", "rich", "plain", "json", "none")

_PATIENCE = 10.0  # s between two plain lines of one stage; where nobody asked for lines, before the first one too
_STEP = 0.01  # of the work, or a second, between two lines of JSON
_KNOWN = 0.03, 1.0  # of the work, and s, that must have passed before the rest can be told
_TITLE = 30  # characters of a title in the bar


class Estimate:
    """How long the work goes on, from how much is done; where the share falls, another piece of work has begun.

    While the share stands still what is left counts down, to half of what it was: the estimate comes from the last time
    that it moved.
    """

    def __init__(self) -> None:
        self._started = self._begun = self._moved = monotonic()
        self._done = self._first = 0.0

    def update(self, fraction: float) -> tuple[float, float | None]:
        """Return the seconds since the start, and those that are left, None where too little is done to tell."""
        now = monotonic()
        if fraction < self._done:
            self._begun, self._first = now, fraction
        if fraction != self._done:
            self._done, self._moved = fraction, now
        passed, share = self._moved - self._begun, fraction - self._first
        if share < _KNOWN[0] or passed < _KNOWN[1]:
            return now - self._started, None
        left = passed * (1 - fraction) / share
        return now - self._started, max(left - (now - self._moved), left / 2)


class Display(Protocol):
    """What shows progress somewhere."""

    def show(self, stage: str, fraction: float, elapsed: float, remaining: float | None) -> None:
        """Show how far the work has come."""

    def note(self, message: str) -> None:
        """Show a line that stays."""

    def close(self, done: bool) -> None:
        """End the display; tell whether the work was done."""


class Plain:
    """A line for each stage and every ten seconds; with patience nothing in the first ten."""

    def __init__(self, title: str, patience: float = 0.0) -> None:
        self._title, self._stage = title, ""
        self._next = monotonic() + patience
        self._patient = patience > 0

    def show(self, stage: str, fraction: float, elapsed: float, remaining: float | None) -> None:
        now = monotonic()
        if now < self._next and (self._patient or stage == self._stage):
            return
        self._stage, self._next = stage, now + _PATIENCE
        left = "" if remaining is None else f", about {clock(remaining)} left"
        self.note(f"{self._title}: {stage}, {fraction:.0%} after {clock(elapsed)}{left}")

    def note(self, message: str) -> None:
        sys.stderr.write(f"diarize: {message}\n")
        sys.stderr.flush()

    def close(self, done: bool) -> None:
        """Nothing is left to be ended."""


class JsonLines:
    """An object a line: file, stage, fraction, and seconds elapsed and remaining (null where unknown)."""

    def __init__(self, title: str) -> None:
        self._title, self._stage, self._fraction = title, "", -1.0
        self._elapsed, self._started = -1.0, monotonic()

    def show(self, stage: str, fraction: float, elapsed: float, remaining: float | None) -> None:
        near = abs(fraction - self._fraction) < _STEP and elapsed - self._elapsed < 1
        if stage == self._stage and near:
            return
        self._stage, self._fraction, self._elapsed = stage, fraction, elapsed
        self._write(stage=stage, fraction=round(fraction, 4), elapsed=elapsed, remaining=remaining)

    def note(self, message: str) -> None:
        self._write(
            stage=message, fraction=max(self._fraction, 0.0), elapsed=monotonic() - self._started, remaining=None
        )

    def close(self, done: bool) -> None:
        if done:
            self._write(stage="done", fraction=1.0, elapsed=monotonic() - self._started, remaining=0.0)

    def _write(self, *, stage: str, fraction: float, elapsed: float, remaining: float | None) -> None:
        left = None if remaining is None else round(remaining, 2)
        line = {"file": self._title, "stage": stage, "fraction": fraction, "elapsed": round(elapsed, 2)}
        sys.stderr.write(json.dumps(line | {"remaining": left}) + "\n")
        sys.stderr.flush()


class Bar:
    """A bar with stage, share, time and estimate, on a terminal; gone at the end."""

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
        from rich.text import Text

        short = title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            TextColumn("{task.fields[stage]}", markup=False),
            console=Console(file=sys.stderr),
            transient=True,
            redirect_stdout=False,  # results go there
            refresh_per_second=4,
        )
        self._text = Text
        self._task = self._bar.add_task(short, total=1.0, left="", stage="")
        self._bar.start()

    def show(self, stage: str, fraction: float, elapsed: float, remaining: float | None) -> None:
        left = "" if remaining is None else f"about {clock(remaining)} left"
        self._bar.update(self._task, completed=fraction, stage=stage, left=left)

    def note(self, message: str) -> None:
        self._bar.console.print(self._text(f"diarize: {message}"))

    def close(self, done: bool) -> None:
        self._bar.stop()


@contextmanager
def progress_line(title: str, quiet: bool = False, mode: str = "auto") -> Iterator[ProgressCallback | None]:
    """Give a call-back that shows how far the work has come; end the display in the end.

    Parameters
    ----------
    title : str
        What is being worked on, such as the name of the file.
    quiet : bool
        Show nothing, whatever the mode.
    mode : {'auto', 'rich', 'plain', 'json', 'none'}
        "auto" is "rich" on a terminal; elsewhere plain lines, and none in the first ten seconds.

    Yields
    ------
    callable or None
        Takes a stage's name and the share of the work that is done, 0 to 1. None where nothing is to be shown.
    """
    if quiet or mode == "none":
        yield None
        return
    display, estimate = _display(_printable(title), mode), Estimate()

    def show(stage: str, fraction: float) -> None:
        display.show(stage, fraction, *estimate.update(fraction))

    done = False
    try:
        with _first_compilation(display.note):
            yield show
        done = True
    finally:
        display.close(done)


def _display(title: str, mode: str) -> Display:
    if mode == "json":
        return JsonLines(title)
    terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if mode == "rich" or (mode == "auto" and terminal):
        return Bar(title)
    return Plain(title, 0.0 if mode == "plain" else _PATIENCE)


def _printable(title: str) -> str:
    from diarize.formats.names import printable

    return printable(title)


def clock(seconds: float) -> str:
    """Return whole seconds as people read them: 0:07, 12:30, 1:02:30."""
    whole = round(seconds)
    minutes = f"{whole // 60 % 60}:{whole % 60:02}"
    return minutes if whole < 3600 else f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


@contextmanager
def _first_compilation(write: Callable[[str], object]) -> Iterator[None]:
    """Write what is logged when machine code is compiled, so that nobody wonders why the first run takes so long."""
    logger = logging.getLogger("diarize.gmm.engine.compilation")
    handler, level = logging.Handler(), logger.level

    def emit(record: Any) -> None:
        write(record.getMessage())

    handler.emit = emit  # type: ignore[method-assign]
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
