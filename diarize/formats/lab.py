"""Label tracks: lines of start, end and label; separated by blanks (LAB) or, as Audacity writes them, by tabs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from os import PathLike
from typing import TextIO

from diarize.annotation import Annotation, Segment
from diarize.errors import FormatError, quoted
from diarize.formats.about import About
from diarize.formats.files import is_number, milliseconds, parse_seconds, read_lines, write_text
from diarize.formats.names import LABEL, NON_SPEECH
from diarize.formats.parsing import parsed_lines
from diarize.formats.turns import Entry, Parsed, entry, rows

_COMMENTS = (";", "#", "\\")  # Audacity puts a label's frequencies on a line of their own after a backslash
_WEEK = 7 * 24 * 3600.0
UNNAMED = "speech"  # who talks where a label is missing


def is_lab(head: str) -> bool:
    """Tell whether a line begins with two times, as in a label track."""
    fields = head.partition("\n")[0].split(maxsplit=2)
    return len(fields) > 1 and is_number(fields[0]) and is_number(fields[1])


def is_audacity(head: str) -> bool:
    """Tell whether a line begins with two times and tabs, as Audacity exports labels."""
    return is_lab(head) and re.match(r"\S+\t\S+\t", head) is not None


def parse_lab(path: str | PathLike[str]) -> Parsed:
    """Return what a label track says, lines of `<start> <end> [label]` with times in seconds.

    A label is who speaks, a missing one stands for "speech"; those in `NON_SPEECH` (in any case) say nothing.
    """
    lines, problems = read_lines(path, _COMMENTS, plain=False)
    return parsed_lines(path, lines, problems, _entries, about={"": About()})


def _entries(number: int, line: str) -> list[Entry]:
    start, end, label = _label(line)
    if label.casefold() in NON_SPEECH:
        return []
    return [entry(number, "", (start, end), LABEL.decode(label) or UNNAMED)]


def silence_of_labels(path: str | PathLike[str]) -> dict[str, list[Segment]]:
    """Return where labels in `NON_SPEECH` say that nobody speaks; lines that cannot be read are passed over."""
    silence: list[Segment] = []
    for _, line in read_lines(path, _COMMENTS, plain=False)[0]:
        with suppress(FormatError):
            start, end, label = _label(line)
            silence += [Segment(start, end)] if label.casefold() in NON_SPEECH and end > start else []
    return {"": silence}


def _label(line: str) -> tuple[float, float, str]:
    fields = line.split(maxsplit=2)
    if len(fields) < 2:
        raise FormatError(f"a label line has start, end and label, got {quoted(line)}")
    start, end = parse_seconds(fields[0], "the start"), parse_seconds(fields[1], "the end")
    if end > _WEEK:
        raise FormatError(f"times must be in seconds (HTK counts units of 100 ns: divide by 1e7), got {end:g}")
    return start, end, fields[2] if len(fields) > 2 else ""


def write_lab(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write the turns of one recording as labels, separated by blanks."""
    write_text(target, _labels(annotations, " "))


def write_audacity(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write the turns of one recording as a label track of Audacity, separated by tabs."""
    write_text(target, _labels(annotations, "\t"))


def _labels(annotations: Iterable[Annotation], separator: str) -> str:
    fields = (
        (milliseconds(row.start), milliseconds(row.end), LABEL.encode(row.speaker))
        for annotation in annotations
        for row in rows(annotation)
    )
    return "".join(f"{separator.join(line)}\n" for line in fields)
