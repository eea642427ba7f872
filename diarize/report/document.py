"""The document of a page: a diarization as plain values, which the page edits and hands back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from diarize.annotation import Annotation
from diarize.evaluation.differences import differences
from diarize.evaluation.scoring import best_mapping, score
from diarize.hints import Hints
from diarize.transcripts.words import Cue

VERSION = 1


def document(
    annotation: Annotation,
    *,
    reference: Annotation | None = None,
    transcript: Iterable[Cue] = (),
    hints: Hints = Hints(),  # noqa: B008 (a frozen value)
    recording: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what a page starts from, made of what JSON knows; turns in which hints name the speaker are checked.

    Speakers get ids in the natural order of their names, turns in the order of time; `key` is a hash of all the
    rest, under which a browser keeps the corrections of this document and of no other. `server` is None: the page is a
    file of its own.

    Examples
    --------
    >>> from diarize import Turn
    >>> page = document(Annotation([Turn(0.0, 1.5, "anna")], "call"), recording={"name": "call.wav"})
    >>> page["turns"], page["speakers"]
    ([{'id': 't1', 'start': 0.0, 'end': 1.5, 'speaker': 's1', 'confidence': None}], [{'id': 's1', 'name': 'anna'}])
    """
    names = sorted(annotation.labels, key=_natural)
    ids = {name: f"s{number}" for number, name in enumerate(names, 1)}
    content: dict[str, Any] = {
        "version": VERSION,
        "recording": {"uri": annotation.uri, **recording},
        "speakers": [{"id": ids[name], "name": name} for name in names],
        "turns": [
            {
                "id": f"t{number}",
                "start": turn.start,
                "end": turn.end,
                "speaker": ids[turn.speaker],
                "confidence": turn.confidence,
                **({"checked": True} if checked else {}),
            }
            for number, (turn, checked) in enumerate(hints.marked(annotation), 1)
        ],
        **({"silence": [{"start": one.start, "end": one.end} for one in hints.silence]} if hints.silence else {}),
        "transcript": [
            {"start": cue.start, "end": cue.end, "text": _on_one_line(cue), "speaker": cue.speaker}
            for cue in transcript
        ],
        "reference": None if reference is None else _compared(annotation, reference, ids),
    }
    text = json.dumps(content, sort_keys=True).encode("utf-8", "surrogatepass")
    return {**content, "server": None, "key": hashlib.sha256(text).hexdigest()[:32]}


def _on_one_line(cue: Cue) -> str:
    return " ".join(line.strip() for line in cue.text.split("\n"))


def _natural(name: str) -> list[tuple[int, str]]:
    """Return what sorts "speaker10" behind "speaker9"."""
    return [(len(part), part) if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name.casefold())]


def _compared(annotation: Annotation, reference: Annotation, ids: Mapping[str, str]) -> dict[str, Any]:
    parts = score(reference, annotation)
    return {
        "turns": [{"start": turn.start, "end": turn.end, "speaker": turn.speaker} for turn in reference],
        "pairs": {ids[name]: own for name, own in best_mapping(reference, annotation).items()},
        "errors": [
            {"start": item.start, "end": item.end, "kind": item.kind, "count": item.count}
            for item in differences(reference, annotation)
        ],
        "total": parts.total,
    }
