"""STM, segment time marks: a line a stretch of one speaker, with a transcript; here without one.

References
----------
NIST. SCTK, the scoring toolkit: infmts, "STM".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TextIO

from diarize.annotation import Annotation
from diarize.errors import FormatError, counted
from diarize.formats.about import About
from diarize.formats.files import (
    channel_remarks,
    is_number,
    milliseconds,
    parse_seconds,
    read_lines,
    write_text,
)
from diarize.formats.names import FIELD, decode_uri
from diarize.formats.parsing import parsed_lines
from diarize.formats.rttm import named
from diarize.formats.turns import Entry, Parsed, entry, rows

_COMMENTS = (";;",)
_SKIPPED = "ignore_time_segment_in_scoring"  # the transcript of what is no speech of anybody


def is_stm(head: str) -> bool:
    """Tell whether a line has five fields or more of which the fourth and the fifth are numbers."""
    fields = head.partition("\n")[0].split(maxsplit=5)
    return len(fields) >= 5 and is_number(fields[3]) and is_number(fields[4])


def parse_stm(path: str | PathLike[str]) -> Parsed:
    """Return what an STM file says of speakers; stretches that are not scored are left out."""
    lines, problems = read_lines(path, _COMMENTS, plain=False)
    scored = [(number, line) for number, line in lines if not is_skipped(line)]
    return parsed_lines(path, scored, problems, _entries, remarks=lambda line: channel_remarks(line.split()[1]))


def is_skipped(line: str) -> bool:
    """Tell whether a line marks what is no speech of anybody."""
    return line.split()[-1].casefold() == _SKIPPED


def _entries(number: int, line: str) -> list[Entry]:
    fields = line.split(maxsplit=5)
    if len(fields) < 5:
        raise FormatError(
            "an STM line has recording, channel, speaker, start, end and transcript; "
            f"got {counted(len(fields), 'field')}"
        )
    times = (parse_seconds(fields[3], "the start"), parse_seconds(fields[4], "the end"))
    return [entry(number, decode_uri(fields[0]), times, FIELD.decode(fields[2]))]


def write_stm(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write each turn as a line of five fields, ready for a transcript to follow."""
    by_id, lines = named(annotations), []
    for name in sorted(by_id):
        known = about[by_id[name].uri]
        for row in rows(by_id[name]):
            times = f"{milliseconds(row.start)} {milliseconds(row.end)}"
            lines.append(f"{name} {known.channel_of(row.speaker)} {FIELD.encode(row.speaker)} {times}\n")
    write_text(target, "".join(lines))
