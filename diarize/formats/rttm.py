"""RTTM, the rich transcription time marked format: text <-> annotations.

References
----------
NIST (2009). The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan, appendix A.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from os import PathLike
from typing import TextIO

from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError, quoted
from diarize.formats.files import (
    Problem,
    is_channel,
    milliseconds,
    one_of,
    parse_seconds,
    raise_fatal,
    read_lines,
    warn_dropped,
    write_text,
)
from diarize.formats.names import decode_uri, encode_speaker, encode_uri, is_missing, is_safe

OTHER_TYPES = frozenset(
    ("NOSCORE", "NO_RT_METADATA", "SEGMENT", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT", "IP", "SU", "CB")
    + ("A/P", "SPKR-INFO")
)
_COMMENTS = (";", "#")
_FIELDS = re.compile(r"[ \t]+")

# line number, recording's id, the turn (None where its duration is zero)
_Row = tuple[int, str, Turn | None]


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
    rows, problems = _parse(path)
    raise_fatal(problems)
    warn_dropped([Problem(os.fspath(path), number, _ZERO) for number, _, turn in rows if turn is None])
    turns: dict[str, list[Turn]] = {}
    for _, uri, turn in rows:
        turns.setdefault(uri, []).extend([turn] if turn else [])
    return {uri: Annotation(own, uri) for uri, own in turns.items()}


def read_one(path: str | PathLike[str], uri: str | None = None) -> Annotation:
    """Read one recording from an RTTM file: the one that is named, or the only one; see `Annotation.read`."""
    return one_of(read_rttm(path), path, uri)


def to_rttm(annotations: Annotation | Iterable[Annotation], *, channel: int = 1) -> str:
    """Return annotations as RTTM text; see `write_rttm`."""
    if type(channel) is not int or channel < 1:
        raise FormatError(f"a channel is a whole number from 1, got {quoted(channel)}")
    items = [annotations] if isinstance(annotations, Annotation) else annotations
    by_id: dict[str, Annotation] = {}
    for annotation in items:
        name = encode_uri(annotation.uri)
        if name in by_id:
            raise FormatError(
                f"two annotations would be written under the recording id {quoted(name)}; give them own ids"
            )
        by_id[name] = annotation
    return "".join(_line(name, channel, turn) for name in sorted(by_id) for turn in _in_milliseconds(by_id[name]))


def write_rttm(
    annotations: Annotation | Iterable[Annotation], target: str | PathLike[str] | TextIO, *, channel: int = 1
) -> None:
    """Write annotations as RTTM that every known tool reads.

    Ten fields, single blanks, line feeds, three decimals, sorted by recording, start and speaker. Start and end
    are rounded to whole milliseconds and the duration is their difference, so that no gaps open; turns that become
    empty are left out. In a recording's id white space is percent-encoded (see `encode_uri`), in a speaker's name it
    becomes an underscore; names that readers take for a missing value (NA, nan, null ...) are changed likewise.

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
        The file cannot be written, or two recordings or two speakers would get the same name.
    """
    write_text(target, to_rttm(annotations, channel=channel))


def is_rttm(line: str) -> bool:
    """Tell whether a line is one of RTTM, by its first field."""
    first = line.split(maxsplit=1)[0]
    return first == "SPEAKER" or first in OTHER_TYPES


def validate_rttm(path: str | PathLike[str]) -> list[Problem]:
    """Return everything that keeps some tool from reading an RTTM file, by line; an empty list where all is well."""
    rows, problems = _parse(path)
    where = os.fspath(path)
    before: tuple[str, float] = ("", 0.0)
    end_of: dict[tuple[str, str], float] = {}
    for number, uri, turn in rows:
        if turn is None:
            problems.append(Problem(where, number, _ZERO))
            continue
        if (uri, turn.start) < before:
            problems.append(Problem(where, number, "lines must be sorted by recording and start"))
        before = (uri, turn.start)
        end = end_of.get((uri, turn.speaker), 0.0)
        if turn.start < end:
            problems.append(Problem(where, number, f"speaker {quoted(turn.speaker)} is still talking until {end:.3f}"))
        end_of[uri, turn.speaker] = max(end, turn.end)
    return sorted(problems, key=lambda problem: problem.line)


_ZERO = "the duration is zero"


def _parse(path: str | PathLike[str]) -> tuple[list[_Row], list[Problem]]:
    lines, problems = read_lines(path, _COMMENTS)
    where = os.fspath(path)
    rows = []
    for number, line in lines:
        fields = _FIELDS.split(line)
        if fields[0] in OTHER_TYPES:
            problems.append(Problem(where, number, f"a line of type {fields[0]}; many tools take only SPEAKER"))
            continue
        try:
            rows.append((number, *_turn(fields)))
        except FormatError as error:
            problems.append(Problem(where, number, str(error), fatal=True))
        else:
            problems += [Problem(where, number, remark) for remark in _remarks(fields)]
    return rows, problems


def _turn(fields: list[str]) -> tuple[str, Turn | None]:
    """Return recording and turn of a SPEAKER line; FormatError where that cannot be."""
    if fields[0] != "SPEAKER":
        raise FormatError(f"an RTTM line begins with SPEAKER, got {quoted(fields[0])}")
    if not 8 <= len(fields) <= 10:
        raise FormatError(f"a SPEAKER line has ten fields separated by blanks, got {len(fields)}")
    uri, speaker = decode_uri(fields[1]), fields[7]
    start, duration = parse_seconds(fields[3], "the start"), parse_seconds(fields[4], "the duration")
    end = round(start + duration, 9)  # 0.1 + 0.2 shall touch a turn that starts at 0.3
    if end <= start:
        return uri, None
    confidence = _confidence(fields[8]) if len(fields) > 8 else None
    return uri, Turn(start, end, speaker, confidence)


def _confidence(text: str) -> float | None:
    try:
        value = parse_seconds(text, "")
    except FormatError:
        return None
    return value if value <= 1 else None


def _remarks(fields: list[str]) -> list[str]:
    """Return what is wrong with a line that can still be read."""
    remarks = []
    if len(fields) < 10:
        remarks.append(f"ten fields are expected, got {len(fields)}")
    for what, name in (("recording id", fields[1]), ("speaker", fields[7])):
        if is_missing(name):
            remarks.append(f"the {what} {quoted(name)} is taken for a missing value by common readers")
        elif not is_safe(name):
            remarks.append(f"the {what} {quoted(name)} holds unprintable characters or white space")
    if not is_channel(fields[2]):
        remarks.append(f"the channel is a number from 1, got {quoted(fields[2])}")
    if len(fields) > 8 and fields[8] != "<NA>" and _confidence(fields[8]) is None:
        remarks.append(f"the confidence is a number from 0 to 1 or <NA>, got {quoted(fields[8])}")
    return remarks


def _in_milliseconds(annotation: Annotation) -> Annotation:
    """Return the turns with rounded times and with names that are safe in a file."""
    names = {label: encode_speaker(label) for label in annotation.labels}
    if len(set(names.values())) < len(names):
        count = Counter(names.values())
        shared = sorted(label for label, name in names.items() if count[name] > 1)
        raise FormatError(
            f"speakers {quoted(shared)} of recording {quoted(annotation.uri)} get the same name in RTTM; rename them"
        )
    rounded = ((round(turn.start * 1000) / 1000, round(turn.end * 1000) / 1000, turn) for turn in annotation)
    turns = [Turn(start, end, names[turn.speaker], turn.confidence) for start, end, turn in rounded if end > start]
    return Annotation(turns, annotation.uri)


def _line(name: str, channel: int, turn: Turn) -> str:
    start, end = round(turn.start * 1000), round(turn.end * 1000)
    confidence = "<NA>" if turn.confidence is None else f"{turn.confidence:.3f}"
    times = f"{milliseconds(start)} {milliseconds(end - start)}"
    return f"SPEAKER {name} {channel} {times} <NA> <NA> {turn.speaker} {confidence} <NA>\n"
