"""UEM, the un-partitioned evaluation map: which parts of each recording are scored; text <-> segments."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TextIO

from diarize.annotation import Annotation, Segment, union
from diarize.errors import FormatError, quoted, shortlist
from diarize.formats.about import About
from diarize.formats.files import (
    Problem,
    channel_remarks,
    is_number,
    milliseconds,
    parse_seconds,
    raise_fatal,
    read_lines,
    warn_dropped,
    write_text,
)
from diarize.formats.names import decode_uri, encode_uri, is_missing, is_safe

_COMMENTS = (";", "#")
_FIELDS = re.compile(r"[ \t]+")
_EMPTY = "the region is empty"

# line number, recording's id, start and end in seconds
_Row = tuple[int, str, float, float]


def read_uem(path: str | PathLike[str]) -> dict[str, list[Segment]]:
    """Read a UEM file, lines of `<recording> <channel> <start> <end>`.

    Parameters
    ----------
    path : str or path
        The file. Byte order mark, any line ends, tabs, blank lines and comments are forgiven.

    Returns
    -------
    dict of str to list of Segment
        The regions of each recording, sorted, those that touch or overlap joined.

    Raises
    ------
    FormatError
        The file cannot be read, or a line is no UEM; the message names file and line.

    Warns
    -----
    DiarizeWarning
        Regions of zero duration were left out.
    """
    rows, problems = _parse(path)
    raise_fatal(problems)
    warn_dropped([Problem(os.fspath(path), number, _EMPTY) for number, _, start, end in rows if end == start])
    regions: dict[str, list[Segment]] = {}
    for _, uri, start, end in rows:
        regions.setdefault(uri, []).extend([Segment(start, end)] if end > start else [])
    return {uri: union(own) for uri, own in regions.items()}


def write_uem(regions: Mapping[str, Iterable[Segment]], target: str | PathLike[str] | TextIO) -> None:
    """Write the scored regions of recordings as UEM, times rounded to whole milliseconds.

    Parameters
    ----------
    regions : mapping of str to iterable of Segment
        By the recording's id; what touches or overlaps is joined.
    target : str, path or text stream
        A file appears whole or not at all.

    Raises
    ------
    FormatError
        The file cannot be written, or two recordings would get the same id.
    """
    by_id = {encode_uri(uri): union(own) for uri, own in regions.items()}
    if len(by_id) < len(regions):
        raise FormatError(f"recordings get the same id in UEM; give them own ids: {shortlist(sorted(regions))}")
    lines = []
    for name in sorted(by_id):
        for segment in by_id[name]:
            start, end = round(segment.start * 1000), round(segment.end * 1000)
            if end > start:
                lines.append(f"{name} 1 {milliseconds(start)} {milliseconds(end)}\n")
    write_text(target, "".join(lines))


def write_speech(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write where anybody talks as UEM; who it is gets lost."""
    write_uem({annotation.uri: annotation.speech() for annotation in annotations}, target)


def is_uem(head: str) -> bool:
    """Tell whether a line has four fields as in UEM; one that begins with a number is rather of LAB."""
    fields = head.partition("\n")[0].split()
    return len(fields) == 4 and not is_number(fields[0])


def validate_uem(path: str | PathLike[str]) -> list[Problem]:
    """Return everything that keeps some tool from reading a UEM file, by line; an empty list where all is well."""
    rows, problems = _parse(path)
    where = os.fspath(path)
    end_of: dict[str, float] = {}
    for number, uri, start, end in rows:
        if end == start:
            problems.append(Problem(where, number, _EMPTY))
        if start < end_of.get(uri, 0.0):
            problems.append(
                Problem(where, number, f"regions must be sorted, and the one before ends {end_of[uri]:.3f}")
            )
        end_of[uri] = max(end, end_of.get(uri, 0.0))
    return sorted(problems, key=lambda problem: problem.line)


def _parse(path: str | PathLike[str]) -> tuple[list[_Row], list[Problem]]:
    lines, problems = read_lines(path, _COMMENTS)
    where = os.fspath(path)
    rows = []
    for number, line in lines:
        fields = _FIELDS.split(line)
        try:
            rows.append((number, *_region(fields)))
        except FormatError as error:
            problems.append(Problem(where, number, str(error), fatal=True))
        else:
            problems += [Problem(where, number, remark) for remark in _remarks(fields)]
    return rows, problems


def _region(fields: list[str]) -> tuple[str, float, float]:
    if len(fields) != 4:
        raise FormatError(f"a UEM line has four fields, recording, channel, start and end, got {len(fields)}")
    start, end = parse_seconds(fields[2], "the start"), parse_seconds(fields[3], "the end")
    if end < start:
        raise FormatError(f"the region ends before it starts: {start:g} to {end:g}")
    return decode_uri(fields[0]), start, end


def _remarks(fields: list[str]) -> list[str]:
    remarks = []
    if is_missing(fields[0]):
        remarks.append(f"the recording id {quoted(fields[0])} is taken for a missing value by common readers")
    elif not is_safe(fields[0]):
        remarks.append(f"the recording id {quoted(fields[0])} holds unprintable characters or white space")
    remarks += channel_remarks(fields[1])
    return remarks
