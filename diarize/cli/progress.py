"""One line of progress on stderr, rewritten in place; nothing where stderr is no terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from shutil import get_terminal_size

ProgressCallback = Callable[[str, float], None]
_CLEAR = "\r\x1b[K"  # to the start of the line, then erase it


@contextmanager
def progress_line(title: str, quiet: bool = False) -> Iterator[ProgressCallback | None]:
    """Give a call-back that shows how far a stage has come; wipe the line at the end.

    Parameters
    ----------
    title : str
        What is being worked on, such as the name of the file.
    quiet : bool
        Show nothing.

    Yields
    ------
    callable or None
        Takes a stage's name and the share of it that is done, 0 to 1. None where nothing is to be shown.
    """
    stream = sys.stderr
    if quiet:
        yield None
        return
    if not stream.isatty():
        with _first_compilation(lambda message: stream.write(f"diarize: {message}\n")):
            yield None
        return
    shown = ""

    def show(stage: str, fraction: float) -> None:
        nonlocal shown
        line = f"{title}: {stage} {fraction:.0%}"[: get_terminal_size().columns - 1]
        if line != shown:  # a terminal is slow: write only what changed
            stream.write(f"{_CLEAR}{line}")
            stream.flush()
            shown = line

    try:
        with _first_compilation(lambda message: stream.write(f"{_CLEAR}diarize: {message}\n")):
            yield show
    finally:
        stream.write(_CLEAR)
        stream.flush()


@contextmanager
def _first_compilation(write: Callable[[str], object]) -> Iterator[None]:
    """Write what is logged when machine code is compiled, so that nobody wonders why the first run takes so long."""
    logger = logging.getLogger("diarize.gmm.engine.compilation")
    handler, level = logging.Handler(), logger.level
    handler.emit = lambda record: write(record.getMessage())  # type: ignore[method-assign,assignment]
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
