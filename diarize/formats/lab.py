"""LAB, label tracks as Audacity exports them: lines of start, end and label; text -> segments."""

from __future__ import annotations

import os
from os import PathLike

from diarize.annotation import Segment, union
from diarize.errors import FormatError, quoted
from diarize.formats.files import Problem, is_number, parse_seconds, raise_fatal, read_lines, warn_dropped

NON_SPEECH = frozenset({"non-speech", "nonspeech", "non_speech", "sil", "silence", "noise", "music"})
_COMMENTS = (";", "#", "\\")  # Audacity puts a label's frequencies on a line of their own after a backslash
_WEEK = 7 * 24 * 3600.0
_EMPTY = "the label has no duration"

# line number, start and end in seconds, label
_Row = tuple[int, float, float, str]


def read_lab(path: str | PathLike[str]) -> list[Segment]:
    """Read where speech is from a label track, lines of `<start> <end> [label]` with times in seconds.

    Every label counts as speech, a missing one too, except those in `NON_SPEECH` (in any case).

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    list of Segment
        Sorted, those that touch or overlap joined.

    Raises
    ------
    FormatError
        The file cannot be read, or a line is no label; the message names file and line.

    Warns
    -----
    DiarizeWarning
        Labels of zero duration were left out.
    """
    rows, problems = _parse(path)
    raise_fatal(problems)
    speech = [row for row in rows if row[3].casefold() not in NON_SPEECH]
    warn_dropped([Problem(os.fspath(path), number, _EMPTY) for number, start, end, _ in speech if end == start])
    return union(Segment(start, end) for _, start, end, _ in speech if end > start)


def is_lab(line: str) -> bool:
    """Tell whether a line begins with two times, as in a label track."""
    fields = line.split(maxsplit=2)
    return len(fields) > 1 and is_number(fields[0]) and is_number(fields[1])


def validate_lab(path: str | PathLike[str]) -> list[Problem]:
    """Return what is wrong with a label track, by line; an empty list where all is well."""
    rows, problems = _parse(path)
    where = os.fspath(path)
    problems += [Problem(where, number, _EMPTY) for number, start, end, _ in rows if end == start]
    return sorted(problems, key=lambda problem: problem.line)


def _parse(path: str | PathLike[str]) -> tuple[list[_Row], list[Problem]]:
    lines, problems = read_lines(path, _COMMENTS, plain=False)
    rows = []
    for number, line in lines:
        try:
            rows.append((number, *_label(line)))
        except FormatError as error:
            problems.append(Problem(os.fspath(path), number, str(error), fatal=True))
    return rows, problems


def _label(line: str) -> tuple[float, float, str]:
    fields = line.split(maxsplit=2)
    if len(fields) < 2:
        raise FormatError(f"a label line has start, end and label, got {quoted(line)}")
    start, end = parse_seconds(fields[0], "the start"), parse_seconds(fields[1], "the end")
    if end < start:
        raise FormatError(f"the label ends before it starts: {start:g} to {end:g}")
    if end > _WEEK:
        raise FormatError(f"times must be in seconds (HTK counts units of 100 ns: divide by 1e7), got {end:g}")
    return start, end, fields[2] if len(fields) > 2 else ""
