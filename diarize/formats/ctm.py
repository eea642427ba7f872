"""CTM, time marked words: a line a word. A turn without words is written as one word, `<speech>`.

References
----------
NIST (2009). The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan, appendix B: CTM with eight fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TextIO

from diarize.annotation import Annotation
from diarize.errors import FormatError, quoted
from diarize.formats.about import About
from diarize.formats.files import (
    channel_remarks,
    is_number,
    milliseconds,
    parse_confidence,
    parse_seconds,
    read_lines,
    write_text,
)
from diarize.formats.names import FIELD, decode_uri
from diarize.formats.parsing import parsed_lines
from diarize.formats.rttm import named
from diarize.formats.turns import Entry, Parsed, entry, rows

_COMMENTS = (";;",)
_NOBODY = frozenset({"null", "<na>", "na"})


def is_ctm(head: str) -> bool:
    """Tell whether a line has eight fields of which the third and the fourth are numbers."""
    fields = head.partition("\n")[0].split()
    return len(fields) == 8 and is_number(fields[2]) and is_number(fields[3])


def parse_ctm(path: str | PathLike[str]) -> Parsed:
    """Return what a CTM file says of speakers: each word is a turn, those of a speaker that touch are one."""
    lines, problems = read_lines(path, _COMMENTS, plain=False)
    return parsed_lines(path, lines, problems, _entries, remarks=lambda line: channel_remarks(line.split()[1]))


def _entries(number: int, line: str) -> list[Entry]:
    fields = line.split()
    if len(fields) != 8:
        raise FormatError(
            "a CTM line that says who speaks has eight fields, recording, channel, start, duration, word, confidence, "
            f"type and speaker; got {len(fields)}"
        )
    if is_nobody(fields[7]):
        raise FormatError(f"the word names no speaker: {quoted(fields[7])}")
    start, duration = parse_seconds(fields[2], "the start"), parse_seconds(fields[3], "the duration")
    times = (start, max(start, round(start + duration, 9)))
    return [entry(number, decode_uri(fields[0]), times, FIELD.decode(fields[7]), parse_confidence(fields[5]))]


def is_nobody(field: str) -> bool:
    """Tell whether the eighth field names no speaker."""
    return field.casefold() in _NOBODY


def write_ctm(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write each turn as one word `<speech>` of type `misc`, with its speaker in the eighth field."""
    by_id, lines = named(annotations), []
    for name in sorted(by_id):
        known = about[by_id[name].uri]
        for row in rows(by_id[name]):
            confidence = "NA" if row.confidence is None else f"{row.confidence:.3f}"
            times = f"{known.channel_of(row.speaker)} {milliseconds(row.start)} {milliseconds(row.end - row.start)}"
            lines.append(f"{name} {times} <speech> {confidence} misc {FIELD.encode(row.speaker)}\n")
    write_text(target, "".join(lines))
