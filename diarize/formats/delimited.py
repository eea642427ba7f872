"""Turns as tables, CSV and TSV: a row a turn, columns by name."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping
from functools import partial
from os import PathLike
from typing import TextIO

from diarize.annotation import Annotation
from diarize.errors import FormatError, counted, quoted, shortened, shortlist
from diarize.formats.about import About
from diarize.formats.files import Problem, milliseconds, parse_confidence, parse_seconds, read_text, write_text
from diarize.formats.names import CELL
from diarize.formats.turns import Entry, Parsed, entry, rows

_COLUMNS = ("recording", "start", "end", "speaker", "confidence")
_OTHER_NAMES = {"uri": "recording", "file": "recording", "onset": "start", "offset": "end", "label": "speaker"}
_LONGEST = csv.field_size_limit()  # what readers with the usual settings take in a cell, 131072 characters


def is_csv(head: str) -> bool:
    """Tell whether a line names the columns of a table of turns, between commas or semicolons."""
    return _is_header(head, "[,;]")


def is_tsv(head: str) -> bool:
    """Tell whether a line names the columns of a table of turns, between tabs."""
    return _is_header(head, "\t")


def _is_header(head: str, delimiter: str) -> bool:
    return {"start", "speaker"} <= set(_names(re.split(delimiter, head.partition("\n")[0])))


def _names(cells: Iterable[str]) -> list[str]:
    names = [cell.strip().strip('"').lower() for cell in cells]
    return [_OTHER_NAMES.get(name, name) for name in names]


def parse_delimited(path: str | PathLike[str]) -> Parsed:
    """Return what a table says: columns start, speaker, and end or duration, others where they are there."""
    where = os.fspath(path)
    text, problems = read_text(path)
    if text is None or not text.strip():
        return Parsed([], problems)
    header = text.lstrip("\r\n").partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    entries: list[Entry] = []
    columns: list[str] = []
    try:
        for cells in table:
            if not columns:
                columns = _columns(cells)
            elif any(cells):
                entries.append(_entry(table.line_num, columns, cells))
    except (csv.Error, FormatError) as error:
        problems.append(Problem(where, table.line_num, shortened(error), fatal=True))
    return Parsed(entries, problems)


def _columns(cells: list[str]) -> list[str]:
    columns = _names(cells)
    if not {"start", "speaker"} <= set(columns) or not {"end", "duration"} & set(columns):
        raise FormatError(
            f"the first line names the columns start, end (or duration) and speaker; got {shortlist(columns)}"
        )
    return columns


def _entry(number: int, columns: list[str], cells: list[str]) -> Entry:
    if len(cells) != len(columns):
        raise FormatError(f"{counted(len(cells), 'cell')}, but {counted(len(columns), 'column')}")
    row = dict(zip(columns, cells, strict=True))
    start = parse_seconds(row["start"].strip(), "the start")
    if "end" in row:
        end = parse_seconds(row["end"].strip(), "the end")
    else:
        end = round(start + parse_seconds(row["duration"].strip(), "the duration"), 9)
    confidence = parse_confidence(row.get("confidence", "").strip())
    recording, speaker = CELL.decode(row.get("recording", "")), CELL.decode(row["speaker"])
    return entry(number, recording, (start, end), speaker, confidence)


def _write(
    delimiter: str,
    annotations: Iterable[Annotation],
    target: str | PathLike[str] | TextIO,
    *,
    about: Mapping[str, About],
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for annotation in sorted(annotations, key=lambda one: one.uri):
        uri = _cell(annotation.uri)
        for row in rows(annotation):
            confidence = "" if row.confidence is None else f"{row.confidence:.3f}"
            times = (milliseconds(row.start), milliseconds(row.end))
            writer.writerow((uri, *times, _cell(row.speaker), confidence))
    write_text(target, buffer.getvalue())


def _cell(name: str) -> str:
    text = CELL.encode(name)
    if len(text) > _LONGEST:
        raise FormatError(
            f"the name {quoted(name)} has {len(name)} characters; readers of tables take at most {_LONGEST} in a cell"
        )
    return text


write_csv = partial(_write, ",")
write_tsv = partial(_write, "\t")
