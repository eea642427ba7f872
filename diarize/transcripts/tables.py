"""Transcripts as tables: whisper's TSV, and tables with the columns start, end, text and, if known, speaker."""

from __future__ import annotations

import csv
import io

from diarize.errors import FormatError, counted, shortened
from diarize.formats.files import parse_seconds
from diarize.formats.names import CELL
from diarize.transcripts.layout import Content
from diarize.transcripts.timing import cue_of_text
from diarize.transcripts.words import Cue

_NEEDED = {"start", "end", "text"}


def is_table(content: Content) -> bool:
    """Tell whether the first line names the columns start, end and text, between tabs, commas or semicolons."""
    header = content.text.lstrip().partition("\n")[0]
    return set(_columns(header)) >= _NEEDED


def _columns(header: str) -> list[str]:
    return [cell.strip().strip('"').lower() for cell in header.split(_delimiter(header))]


def _delimiter(header: str) -> str:
    return max("\t,;", key=header.count)


def read_table(content: Content) -> dict[str, list[Cue]]:
    """Return the rows as cues; times with a point are seconds, whole numbers milliseconds, as whisper writes."""
    text = content.text.lstrip()
    header = text.partition("\n")[0]
    columns, delimiter = _columns(header), _delimiter(header)
    lines = io.StringIO(text, newline="")
    if delimiter == "\t":  # whisper puts no quotation marks around text that has some
        table = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    else:
        table = csv.reader(lines, delimiter=delimiter)
    next(table)
    cues: list[Cue] = []
    try:
        for cells in table:
            if not any(cells):
                continue
            if len(cells) != len(columns):
                raise FormatError(f"{counted(len(cells), 'cell')}, but {counted(len(columns), 'column')}")
            row = dict(zip(columns, cells, strict=True))
            speaker = CELL.decode(row.get("speaker", "")) or None
            cues.append(cue_of_text(row["text"], _time(row["start"]), _time(row["end"]), speaker, len(cues)))
    except (csv.Error, FormatError) as error:
        raise FormatError(f"{content.where}:{table.line_num}: {shortened(error)}") from None
    return {"": [cue for cue in cues if cue.words]}


def _time(cell: str) -> float:
    value = parse_seconds(cell.strip(), "a time")
    return value if "." in cell else value / 1000
