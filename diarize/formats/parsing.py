"""What parsers share: each line of a text, or each item of a list in JSON, becomes entries or a problem."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from typing import Any, TypeVar

from diarize.errors import FormatError
from diarize.formats.about import About
from diarize.formats.files import Problem, read_text
from diarize.formats.jsontext import SyntaxFault, loads
from diarize.formats.turns import Entry, Parsed

_Line = TypeVar("_Line")


def parsed_lines(
    path: str | PathLike[str],
    lines: Iterable[tuple[int, _Line]],
    problems: Iterable[Problem],
    read: Callable[[int, _Line], Iterable[Entry]],
    *,
    remarks: Callable[[_Line], Iterable[str]] = lambda line: (),
    about: Mapping[str, About] | None = None,
) -> Parsed:
    """Return what the lines of a file say, and all that is wrong with them.

    Parameters
    ----------
    path : str or path
    lines : iterable of (int, line)
        Line numbers, and what is there: text, or what it was split into.
    problems : iterable of Problem
        What is known to be wrong with the file before its lines are read.
    read : callable
        Takes number and line; returns the entries of the line, or raises FormatError without file and line.
    remarks : callable
        Takes a line that could be read; returns what is wrong with it all the same.
    about : mapping of str to About, optional
        See `Parsed`.
    """
    where, entries, wrong = os.fspath(path), list[Entry](), list(problems)
    for number, line in lines:
        try:
            entries += read(number, line)
        except FormatError as error:
            wrong.append(Problem(where, number, str(error), fatal=True))
        else:
            wrong += [Problem(where, number, remark) for remark in remarks(line)]
    return Parsed(entries, wrong, about or {})


def parsed_json(
    path: str | PathLike[str],
    name: str,
    turns_of: Callable[[Any], tuple[list[Any], str, About]],
    read: Callable[[str, Any], Entry],
) -> Parsed:
    """Return what a file says that is one JSON value with a list of turns, and all that is wrong with the turns.

    Parameters
    ----------
    path : str or path
    name : str
        What the list is called in messages.
    turns_of : callable
        Takes the value; returns the list, the recording's id and what else is known of it, or raises FormatError.
    read : callable
        Takes the id and an item of the list; returns its entry, or raises FormatError.
    """
    where = os.fspath(path)
    text, problems = read_text(path)
    if text is None:
        return Parsed([], problems)
    try:
        turns, uri, about = turns_of(loads(text))
    except FormatError as error:
        line = error.line if isinstance(error, SyntaxFault) else 0
        return Parsed([], [*problems, Problem(where, line, str(error), fatal=True)])
    entries: list[Entry] = []
    for number, item in enumerate(turns):
        try:
            entries.append(read(uri, item))
        except FormatError as error:
            problems.append(Problem(where, 0, f"{name}[{number}]: {error}", fatal=True))
    return Parsed(entries, problems, {uri: about})
