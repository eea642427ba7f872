"""JSON in the layout of pyannoteAI's results: a list of turns under "diarization"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, TextIO

from diarize.annotation import Annotation
from diarize.errors import FormatError, quoted
from diarize.formats.about import About
from diarize.formats.files import write_text
from diarize.formats.jsontext import as_list, as_object, as_seconds, as_text, dumps, is_number
from diarize.formats.parsing import parsed_json
from diarize.formats.turns import Entry, Parsed, Row, entry, rows


def is_pyannote(head: str) -> bool:
    """Tell whether a text is JSON with a list of turns, alone or under "diarization"."""
    return re.match(r'\{.*"diarization"\s*:|\[\s*\{', head, flags=re.DOTALL) is not None


def parse_pyannote(path: str | PathLike[str]) -> Parsed:
    """Return the turns under "diarization": of a result, of a whole job ("output"), or of a list alone."""
    return parsed_json(path, "diarization", lambda value: (_turns(value), "", About()), _entry)


def _turns(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    result = as_object(document, "the document")
    result = as_object(result.get("output", result), "output")
    return as_list(result.get("diarization"), "diarization")


def _entry(uri: str, item: Any) -> Entry:
    turn = as_object(item, "a turn")
    times = (as_seconds(turn.get("start"), "start"), as_seconds(turn.get("end"), "end"))
    speaker = as_text(turn.get("speaker"), "speaker")
    confidence: Any = turn.get("confidence")
    if isinstance(confidence, dict):  # of each speaker, 0 to 100
        percent: Any = confidence.get(speaker)
        confidence = percent / 100 if is_number(percent) else percent
    if confidence is not None and not (is_number(confidence) and 0 <= confidence <= 1):
        raise FormatError(
            f"confidence must be null, or numbers from 0 to 100 by speaker, got {quoted(turn['confidence'])}"
        )
    return entry(0, uri, times, speaker, confidence)


def write_pyannote(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write the turns of one recording under "diarization"; confidences by speaker, 0 to 100."""
    (annotation,) = annotations
    turns = ",\n".join(f"    {dumps(_turn(row))}" for row in rows(annotation))
    write_text(target, f'{{\n  "diarization": [\n{turns}\n  ]\n}}\n' if turns else '{"diarization": []}\n')


def _turn(row: Row) -> dict[str, Any]:
    turn: dict[str, Any] = {"speaker": row.speaker, "start": row.start / 1000, "end": row.end / 1000}
    return turn if row.confidence is None else turn | {"confidence": {row.speaker: round(100 * row.confidence, 1)}}
