"""Turns as files say them: what a parser gives, and whole milliseconds for what is written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import NamedTuple

from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError, quoted
from diarize.formats.about import About
from diarize.formats.files import Problem, raise_fatal, warn_dropped

_EMPTY = "the duration is zero"


class Entry(NamedTuple):
    """What one place in a file says: the turn is None where its duration is zero; a person may have checked it."""

    line: int
    uri: str
    turn: Turn | None
    checked: bool = False


def entry(line: int, uri: str, times: tuple[float, float], speaker: str, confidence: float | None = None) -> Entry:
    """Return an entry; the times are start and end in seconds.

    Raises
    ------
    FormatError
        The turn ends before it starts, or names nobody; without file and line.
    """
    start, end = times
    if end < start:
        raise FormatError(f"the turn ends before it starts: {start:g} to {end:g}")
    if not speaker:
        raise FormatError("the speaker has no name")
    return Entry(line, uri, Turn(start, end, speaker, confidence) if end > start else None)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file says.

    Parameters
    ----------
    entries : sequence of Entry
        In the order of the file; the id is "" where the file does not name the recording.
    problems : sequence of Problem
        What is wrong with the file.
    about : mapping of str to About
        What it says of recordings beside who speaks, by their ids; one that is named here may have no turns.
    """

    entries: Sequence[Entry]
    problems: Sequence[Problem] = ()
    about: Mapping[str, About] = field(default_factory=dict)


def annotations_of(path: str | PathLike[str], parsed: Parsed, unnamed: str = "") -> dict[str, Annotation]:
    """Return the annotation of each recording by its id; `unnamed` is the id of one that the file does not name.

    Raises
    ------
    FormatError
        There is a fatal problem.

    Warns
    -----
    DiarizeWarning
        Turns of zero duration were left out.
    """
    raise_fatal(list(parsed.problems))
    warn_dropped([Problem(os.fspath(path), item.line, _EMPTY) for item in parsed.entries if item.turn is None])
    turns: dict[str, list[Turn]] = {uri or unnamed: [] for uri in parsed.about}
    for item in parsed.entries:
        turns.setdefault(item.uri or unnamed, []).extend([item.turn] if item.turn else [])
    return {uri: Annotation(own, uri) for uri, own in turns.items()}


def problems_of(path: str | PathLike[str], parsed: Parsed) -> list[Problem]:
    """Return all that is wrong, by line: also turns without duration, and those that overlap one of their speaker."""
    where, problems = os.fspath(path), list(parsed.problems)
    last: dict[tuple[str, str], Turn] = {}
    for line, uri, turn, _ in sorted(parsed.entries, key=lambda item: item.turn.start if item.turn else 0.0):
        if turn is None:
            problems.append(Problem(where, line, _EMPTY))
            continue
        before = last.get((uri, turn.speaker))
        if before and turn.start < before.end:
            problems.append(
                Problem(where, line, f"speaker {quoted(turn.speaker)} is still talking until {before.end:.3f}")
            )
        if not before or turn.end > before.end:
            last[uri, turn.speaker] = turn
    return sorted(problems, key=lambda problem: problem.line)


class Row(NamedTuple):
    """A turn in whole milliseconds."""

    start: int
    end: int
    speaker: str
    confidence: float | None


def rows(annotation: Annotation) -> list[Row]:
    """Return the turns in whole milliseconds, in order.

    Start and end are rounded, so that neighbours neither gape nor overlap; turns that become empty are left out, and
    those of one speaker that come to touch are joined.

    Examples
    --------
    >>> rows(Annotation([Turn(0.0004, 1.0006, "anna"), Turn(1.0006, 2, "ben", 0.5)]))
    [Row(start=0, end=1001, speaker='anna', confidence=None), Row(start=1001, end=2000, speaker='ben', confidence=0.5)]
    """
    times = ((round(turn.start * 1000), round(turn.end * 1000), turn) for turn in annotation)
    turns = (Turn(start / 1000, end / 1000, turn.speaker, turn.confidence) for start, end, turn in times if end > start)
    joined = Annotation(turns, annotation.uri)
    return [Row(round(turn.start * 1000), round(turn.end * 1000), turn.speaker, turn.confidence) for turn in joined]
