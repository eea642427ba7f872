"""RTTM, the rich transcription time marked format: text <-> annotations.

References
----------
NIST (2009). The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan, appendix A.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from os import PathLike
from typing import TextIO

from diarize.annotation import Annotation, Segment
from diarize.errors import FormatError, quoted
from diarize.formats.about import About
from diarize.formats.files import (
    Problem,
    channel_remarks,
    milliseconds,
    one_of,
    parse_confidence,
    parse_seconds,
    read_lines,
    write_text,
)
from diarize.formats.names import FIELD, decode_uri, encode_uri, is_missing, is_safe
from diarize.formats.parsing import parsed_lines
from diarize.formats.turns import Entry, Parsed, Row, annotations_of, entry, rows

_NON_SPEECH = "NON-SPEECH"
OTHER_TYPES = frozenset(
    ("NOSCORE", "NO_RT_METADATA", "SEGMENT", "LEXEME", "NON-LEX", _NON_SPEECH, "FILLER", "EDIT", "IP", "SU", "CB")
    + ("A/P", "SPKR-INFO")
)
_COMMENTS = (";", "#")
_FIELDS = re.compile(r"[ \t]+")


def read_rttm(path: str | PathLike[str]) -> dict[str, Annotation]:
    """Read an RTTM file.

    These are accepted: byte order mark, any line ends, tabs, blank lines, comments, lines of other types than SPEAKER,
    8 to 10 fields, turns in any order. All channels are read as one; turns of a speaker that overlap are joined; a
    confidence that is no number from 0 to 1 becomes None.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    dict of str to Annotation
        By the recording's id, in the order of the file; empty where the file holds no turns.

    Raises
    ------
    FormatError
        The file cannot be read, or a line is no RTTM; the message names file and line.

    Warns
    -----
    DiarizeWarning
        Turns of zero duration were left out.
    """
    return annotations_of(path, parse_rttm(path))


def read_one(path: str | PathLike[str], uri: str | None = None) -> Annotation:
    """Read one recording from an RTTM file: the one that is named, or the only one; see `Annotation.read`."""
    return one_of(read_rttm(path), path, uri)


def to_rttm(annotations: Annotation | Iterable[Annotation], *, channel: int = 1) -> str:
    """Return annotations as RTTM text; see `write_rttm`."""
    if type(channel) is not int or channel < 1:
        raise FormatError(f"a channel is a whole number from 1, got {quoted(channel)}")
    items = [annotations] if isinstance(annotations, Annotation) else list(annotations)
    return _text(items, {annotation.uri: About(channel=channel) for annotation in items})


def _text(annotations: Iterable[Annotation], about: Mapping[str, About]) -> str:
    by_id, lines = named(annotations), []
    for name in sorted(by_id):
        known = about[by_id[name].uri]
        lines += [_line(name, known.channel_of(row.speaker), row) for row in rows(by_id[name])]
    return "".join(lines)


def named(annotations: Iterable[Annotation]) -> dict[str, Annotation]:
    """Return annotations by the id of their recording as it stands in a field that ends at blanks.

    Raises
    ------
    FormatError
        Two have the same id.
    """
    by_id: dict[str, Annotation] = {}
    for annotation in annotations:
        name = encode_uri(annotation.uri)
        if name in by_id:
            raise FormatError(
                f"two annotations would be written under the recording id {quoted(name)}; give them own ids"
            )
        by_id[name] = annotation
    return by_id


def write_rttm(
    annotations: Annotation | Iterable[Annotation], target: str | PathLike[str] | TextIO, *, channel: int = 1
) -> None:
    """Write annotations as RTTM that every known tool reads.

    Ten fields, single blanks, line feeds, three decimals, sorted by recording, start and speaker. Start and end
    are rounded to whole milliseconds and the duration is their difference, so that no gaps open; turns that become
    empty are left out. White space in a recording's id or a speaker's name is percent-encoded (see `encode_uri`), and
    so is the first character of names that readers take for a missing value (NA, nan, null ...).

    Parameters
    ----------
    annotations : Annotation or iterable of Annotation
        One for each recording.
    target : str, path or text stream
        A file appears whole or not at all.
    channel : int
        What the channel field says, counted from 1.

    Raises
    ------
    FormatError
        The file cannot be written, or two recordings have the same id.
    """
    write_text(target, to_rttm(annotations, channel=channel))


def write_annotations(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write annotations as RTTM: the channel of each speaker is what is known about it."""
    write_text(target, _text(annotations, about))


def is_rttm(line: str) -> bool:
    """Tell whether a line is one of RTTM, by its first field."""
    first = line.split(maxsplit=1)[0]
    return first == "SPEAKER" or first in OTHER_TYPES


def parse_rttm(path: str | PathLike[str]) -> Parsed:
    """Return what an RTTM file says, and everything that keeps some tool from reading it."""
    lines, problems = read_lines(path, _COMMENTS)
    parsed = parsed_lines(path, lines, problems, _entries, remarks=_remarks)
    unsorted = [
        Problem(os.fspath(path), after.line, "lines must be sorted by recording and start")
        for before, after in pairwise(item for item in parsed.entries if item.turn)
        if before.turn and after.turn and (after.uri, after.turn.start) < (before.uri, before.turn.start)
    ]
    return Parsed(parsed.entries, [*parsed.problems, *unsorted])


def silence_of_rttm(path: str | PathLike[str]) -> dict[str, list[Segment]]:
    """Return where lines of the type NON-SPEECH say that nobody speaks, by the recording's id.

    Raises
    ------
    FormatError
        Such a line has no time; the message names file and line.
    """
    lines, _ = read_lines(path, _COMMENTS)
    silence: dict[str, list[Segment]] = {}
    for number, line in lines:
        fields = _FIELDS.split(line)
        if fields[0] == _NON_SPEECH:
            try:
                start, end = _times(fields)
            except FormatError as error:
                raise FormatError(f"{os.fspath(path)}:{number}: {error}") from None
            silence.setdefault(decode_uri(fields[1]), []).extend([Segment(start, end)] if end > start else [])
    return silence


def _entries(number: int, line: str) -> list[Entry]:
    """Return what a line says of speakers; FormatError where that cannot be."""
    fields = _FIELDS.split(line)
    if fields[0] in OTHER_TYPES:
        return []
    if fields[0] != "SPEAKER":
        raise FormatError(f"an RTTM line begins with SPEAKER, got {quoted(fields[0])}")
    times = _times(fields)
    confidence = parse_confidence(fields[8]) if len(fields) > 8 else None
    return [entry(number, decode_uri(fields[1]), times, FIELD.decode(fields[7]), confidence)]


def _times(fields: list[str]) -> tuple[float, float]:
    """Return start and end of what a line is about; FormatError where that cannot be."""
    if not 8 <= len(fields) <= 10:
        raise FormatError(f"a {fields[0]} line has ten fields separated by blanks, got {len(fields)}")
    start, duration = parse_seconds(fields[3], "the start"), parse_seconds(fields[4], "the duration")
    return start, max(start, round(start + duration, 9))  # 0.1 + 0.2 shall touch a turn that starts at 0.3


def _remarks(line: str) -> list[str]:
    """Return what is wrong with a line that can still be read."""
    fields = _FIELDS.split(line)
    if fields[0] in OTHER_TYPES:
        return [f"a line of type {fields[0]}; many tools take only SPEAKER"]
    remarks = []
    if len(fields) < 10:
        remarks.append(f"ten fields are expected, got {len(fields)}")
    for what, name in (("recording id", fields[1]), ("speaker", fields[7])):
        if is_missing(name):
            remarks.append(f"the {what} {quoted(name)} is taken for a missing value by common readers")
        elif not is_safe(name):
            remarks.append(f"the {what} {quoted(name)} holds unprintable characters or white space")
    remarks += channel_remarks(fields[2])
    if len(fields) > 8 and fields[8] != "<NA>" and parse_confidence(fields[8]) is None:
        remarks.append(f"the confidence is a number from 0 to 1 or <NA>, got {quoted(fields[8])}")
    return remarks


def _line(name: str, channel: int, row: Row) -> str:
    confidence = "<NA>" if row.confidence is None else f"{row.confidence:.3f}"
    times = f"{milliseconds(row.start)} {milliseconds(row.end - row.start)}"
    return f"SPEAKER {name} {channel} {times} <NA> <NA> {FIELD.encode(row.speaker)} {confidence} <NA>\n"
