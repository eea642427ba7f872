"""Text files: read by lines with all that is wrong with them, written whole or not at all."""

from __future__ import annotations

import os
import re
import warnings
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from os import PathLike
from pathlib import Path
from typing import BinaryIO, TextIO, TypeVar

from diarize.atomic import whole_file
from diarize.errors import DiarizeWarning, FormatError, quoted, shortlist

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LONGEST = 100  # characters of a number that is read; nobody writes a time in more

_Content = TypeVar("_Content")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file.

    Parameters
    ----------
    path : str
    line : int
        Counted from 1; 0 stands for the whole file.
    message : str
    fatal : bool
        True where a reader has to give up, False where this package's readers go on.
    """

    path: str
    line: int
    message: str
    fatal: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


def read_lines(
    path: str | PathLike[str], comments: tuple[str, ...] = (";",), plain: bool = True
) -> tuple[list[tuple[int, str]], list[Problem]]:
    """Return the numbered lines of a file that say something, and what is wrong with its form.

    Parameters
    ----------
    path : str or path
        A text file in UTF-8; a byte order mark and any line ends are taken.
    comments : tuple of str
        What a line that says nothing may begin with.
    plain : bool
        List byte order mark, line ends, tabs, double blanks, blank lines and comments as problems: tools differ in
        which of them they take.

    Returns
    -------
    lines : list of (int, str)
        Line number from 1 and the text without blanks at both ends.
    problems : list of Problem
        Only a file that cannot be read at all, or is no text, gives a fatal one.
    """
    text, problems = read_text(path)
    if text is None:
        return [], problems
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [(number, row.strip()) for number, row in enumerate(rows, start=1)]
    said = [(number, line) for number, line in lines if line and not line.startswith(comments)]
    return said, problems + _form_problems(os.fspath(path), text, rows, comments) if plain else []


def read_text(path: str | PathLike[str], *, utf16: bool = False) -> tuple[str | None, list[Problem]]:
    """Return the text of a file without byte order mark, and what is wrong with it; None where it cannot be read.

    Parameters
    ----------
    path : str or path
        In UTF-8.
    utf16 : bool
        Take UTF-16 as well, where a byte order mark says so.
    """
    where = os.fspath(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        return None, [Problem(where, 0, f"cannot read the file: {error.strerror or error}", fatal=True)]
    try:
        wide = utf16 and data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
        text = data.decode("utf-16") if wide else data.removeprefix(BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return None, [Problem(where, line, "not text in UTF-8; save the file in that encoding", fatal=True)]
    if "\0" in text:
        return None, [Problem(where, text.count("\n", 0, text.index("\0")) + 1, "not a text file", fatal=True)]
    marked = data.startswith(BOM_UTF8)
    return text, [Problem(where, 1, "byte order mark at the start of the file")] if marked else []


def _form_problems(where: str, text: str, rows: list[str], comments: tuple[str, ...]) -> list[Problem]:
    problems = []
    if "\r" in text:
        line = text.count("\n", 0, text.index("\r")) + 1
        problems.append(Problem(where, line, "carriage return: lines must end in a line feed alone"))
    if rows[-1]:
        problems.append(Problem(where, len(rows), "the last line does not end in a line feed"))
    for number, row in enumerate(rows[:-1] if not rows[-1] else rows, start=1):
        if not row.strip():
            problems.append(Problem(where, number, "blank line"))
        elif row.strip().startswith(comments):
            problems.append(Problem(where, number, "comment"))
        elif row != row.strip() or "\t" in row or "  " in row:
            problems.append(Problem(where, number, "fields must be separated by single blanks"))
    return problems


def raise_fatal(problems: list[Problem]) -> None:
    """Raise the first fatal problem as FormatError, if there is any."""
    fatal = [problem for problem in problems if problem.fatal]
    if fatal:
        more = f" (and {len(fatal) - 1} more; `diarize validate` lists them)" if len(fatal) > 1 else ""
        raise FormatError(f"{fatal[0]}{more}")


def warn_dropped(dropped: list[Problem]) -> None:
    """Warn, once a file, of lines that were left out."""
    if dropped:
        more = f" (and {len(dropped) - 1} more such lines)" if len(dropped) > 1 else ""
        warnings.warn(f"{dropped[0]}; left out{more}", DiarizeWarning, stacklevel=3)


def parse_seconds(text: str, what: str) -> float:
    """Return a time that is a plain decimal number, at least 0; FormatError without file and line otherwise."""
    if not _NUMBER.fullmatch(text):
        raise FormatError(f"{what} must be a number of seconds such as 12.345, got {quoted(text)}")
    value = float(text) if len(text) <= _LONGEST else inf
    if not 0 <= value < 1e9:
        raise FormatError(f"{what} must be at least 0 seconds and finite, got {quoted(text)}")
    return value


def parse_confidence(text: str) -> float | None:
    """Return a confidence from 0 to 1, None where the text is none."""
    try:
        value = parse_seconds(text, "")
    except FormatError:
        return None
    return value if value <= 1 else None


def is_number(text: str) -> bool:
    """Tell whether a field is a plain decimal number."""
    return _NUMBER.fullmatch(text) is not None


def is_channel(text: str) -> bool:
    """Tell whether a field is a channel's number, counted from 1."""
    return text.isdecimal() and text.strip("0") != ""


def channel_remarks(text: str) -> list[str]:
    """Return what is wrong with the field of a channel, which is read all the same."""
    return [] if is_channel(text) else [f"the channel is a number from 1, got {quoted(text)}"]


def one_of(contents: Mapping[str, _Content], path: str | PathLike[str], uri: str | None) -> _Content:
    """Return what a file says of one recording: the one that is named, or the only one.

    Raises
    ------
    FormatError
        There is no such recording, or `uri` is None and there is not exactly one.
    """
    if uri is None and len(contents) == 1:
        return next(iter(contents.values()))
    if uri is not None and uri in contents:
        return contents[uri]
    wanted = "exactly one recording was expected; name one" if uri is None else f"no recording {quoted(uri)}"
    raise FormatError(f"{os.fspath(path)}: {wanted} (the file holds: {shortlist(contents)})")


def files_in(folder: Path, endings: Container[str], below: bool = False) -> list[Path]:
    """Return the files of a folder, or also of all folders below it, whose names have one of the endings, sorted.

    Endings are in lower case with the dot. Files that are hidden, or lie in a hidden folder below this one, are left
    out: their names begin with a dot, as those of the resource forks `._name` that macOS leaves beside files.
    """
    return sorted(
        path
        for path in (folder.rglob("*") if below else folder.iterdir())
        if path.suffix.lower() in endings and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


@contextmanager
def new_folders() -> Iterator[Callable[[Path], None]]:
    """Give a function that creates a folder for results; those that are still empty in the end are removed again.

    It creates what is missing and sees that the folder takes files, before hours of work are spent.

    Raises
    ------
    FormatError
        A folder cannot be created, or takes no files.
    """
    made: list[Path] = []

    def need(folder: Path) -> None:
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FormatError(f"{folder}: cannot create the output folder: {error.strerror}") from None
        made.extend(missing[::-1])
        if not os.access(folder, os.W_OK | os.X_OK):
            raise FormatError(f"{folder}: cannot write to the output folder: permission denied")

    try:
        yield need
    finally:
        for folder in reversed(made):
            with suppress(OSError):  # it holds something, or is gone
                folder.rmdir()


def milliseconds(value: int) -> str:
    """Return whole milliseconds as seconds with three decimals."""
    return f"{value // 1000}.{value % 1000:03d}"


def write_text(target: str | PathLike[str] | TextIO, text: str) -> None:
    """Write text to a file, whole or not at all, or to an open text stream.

    Raises
    ------
    FormatError
        The file cannot be written; a file that was there before is still there. Or the stream takes no text.
    """
    if isinstance(target, (str, PathLike)):
        with atomic_file(target) as file:
            file.write(text.encode("utf-8"))
    else:
        try:
            target.write(text)
        except (TypeError, ValueError) as error:  # a stream of bytes, or one that is closed
            raise FormatError(f"cannot write to the stream: {error}; give an open text stream") from error


@contextmanager
def atomic_file(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """Give a binary file that appears whole or not at all; see `diarize.atomic.whole_file`.

    Raises
    ------
    FormatError
        The file cannot be written: no such folder, no permission, disk full.
    """
    try:
        with whole_file(path) as file:
            yield file
    except OSError as error:
        raise FormatError(f"{os.fspath(path)}: cannot write the file: {error.strerror or error}") from error
