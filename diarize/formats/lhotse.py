"""JSONL as lhotse stores supervisions: one JSON object a line, a turn each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, TextIO

from diarize.annotation import Annotation
from diarize.formats.about import About
from diarize.formats.files import read_lines, write_text
from diarize.formats.jsontext import as_confidence, as_object, as_seconds, as_text, dumps, loads
from diarize.formats.parsing import parsed_lines
from diarize.formats.turns import Entry, Parsed, entry, rows


def is_lhotse(head: str) -> bool:
    """Tell whether a line is an object that names its recording."""
    line = head.partition("\n")[0]
    return line.startswith("{") and '"recording_id"' in line


def parse_lhotse(path: str | PathLike[str]) -> Parsed:
    """Return what the supervisions say of speakers."""
    lines, problems = read_lines(path, ("#",), plain=False)
    return parsed_lines(path, lines, problems, _entries)


def _entries(number: int, line: str) -> list[Entry]:
    item = as_object(loads(line, number), "a line")
    start, duration = as_seconds(item.get("start"), "start"), as_seconds(item.get("duration"), "duration")
    confidence = as_confidence(as_object(item.get("custom") or {}, "custom").get("confidence"))
    times = (start, max(start, round(start + duration, 9)))
    uri, speaker = as_text(item.get("recording_id"), "recording_id"), as_text(item.get("speaker"), "speaker")
    return [entry(number, uri, times, speaker, confidence)]


def write_lhotse(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write a supervision for each turn; the confidence goes into "custom", channels count from 0."""
    lines = []
    for annotation in sorted(annotations, key=lambda one: one.uri):
        for number, row in enumerate(rows(annotation), 1):
            item: dict[str, Any] = {
                "id": f"{annotation.uri}-{number:06d}",
                "recording_id": annotation.uri,
                "start": row.start / 1000,
                "duration": (row.end - row.start) / 1000,
                "channel": about[annotation.uri].channel_of(row.speaker) - 1,
                "speaker": row.speaker,
            }
            if row.confidence is not None:
                item["custom"] = {"confidence": round(row.confidence, 3)}
            lines.append(f"{dumps(item)}\n")
    write_text(target, "".join(lines))
