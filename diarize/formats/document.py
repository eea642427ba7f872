"""JSON of this package: one recording with all that is known of it; docs/diarization.schema.json describes it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, TextIO, TypeVar

from diarize.annotation import Annotation, Segment, Turn, union
from diarize.errors import FormatError, quoted
from diarize.formats.about import About
from diarize.formats.files import write_text
from diarize.formats.jsontext import as_confidence, as_list, as_object, as_seconds, as_text, dumps, is_number
from diarize.formats.parsing import parsed_json
from diarize.formats.turns import Entry, Parsed, entry, rows
from diarize.hints import Hints

FORMAT = "diarize"
VERSION = 1

_Timed = TypeVar("_Timed", Turn, Segment)


def is_document(head: str) -> bool:
    """Tell whether a text is JSON that says it is of this package."""
    return head.startswith("{") and re.search(rf'"format"\s*:\s*"{FORMAT}"', head) is not None


def parse_document(path: str | PathLike[str]) -> Parsed:
    """Return what a document says; all that is wrong with its turns is listed."""
    parsed = parsed_json(path, "turns", _turns_of, _entry)
    checked = [item.turn for item in parsed.entries if item.checked and item.turn]
    about = {uri: replace(one, hints=Hints(checked, one.hints.silence)) for uri, one in parsed.about.items()}
    return replace(parsed, about=about)


def _turns_of(value: Any) -> tuple[list[Any], str, About]:
    document = as_object(value, "the document")
    uri, about = _about(document)
    return as_list(document.get("turns"), "turns"), uri, about


def _about(document: dict[str, Any]) -> tuple[str, About]:
    if document.get("format") != FORMAT:
        raise FormatError(f'format must be "{FORMAT}", got {quoted(document.get("format"))}')
    version = document.get("version")
    if version != VERSION or isinstance(version, bool):
        raise FormatError(f"version must be {VERSION}, which this program reads, got {quoted(version)}")
    channel = document.get("channel", 1)
    if type(channel) is not int or channel < 1:
        raise FormatError(f"channel must be a whole number from 1, got {quoted(channel)}")
    channels = as_object(document.get("channels", {}), "channels")
    for speaker, number in channels.items():
        if type(number) is not int or number < 1:
            raise FormatError(f"channels[{quoted(speaker)}] must be a whole number from 1, got {quoted(number)}")
    texts = {name: document.get(name) for name in ("source", "model", "software")}
    for name, value in texts.items():
        if value is not None:
            as_text(value, name)
    duration = document.get("duration")
    about = About(
        source=texts["source"],
        duration=None if duration is None else as_seconds(duration, "duration"),
        channel=channel,
        model=texts["model"],
        settings=as_object(document.get("settings", {}), "settings"),
        software=texts["software"],
        channels=channels,
        ratios=_ratios(document.get("speakers", [])),
        hints=Hints((), _segments(document.get("silence", []), "silence")),
    )
    return as_text(document.get("recording"), "recording"), about


def _ratios(speakers: Any) -> dict[str, float]:
    """Return how sure the names of known people are, where the document says it."""
    known = [one for one in as_list(speakers, "speakers") if isinstance(one, dict) and "likelihood_ratio" in one]
    for one in known:
        if not is_number(one["likelihood_ratio"]) or not one["likelihood_ratio"] > 0:
            raise FormatError(f"likelihood_ratio must be a number above 0, got {quoted(one['likelihood_ratio'])}")
    return {as_text(one.get("name"), "name"): float(one["likelihood_ratio"]) for one in known}


def _segments(value: Any, what: str) -> list[Segment]:
    """Return stretches of time; those of zero duration say nothing."""
    segments = []
    for number, item in enumerate(as_list(value, what)):
        stretch = as_object(item, f"{what}[{number}]")
        start, end = (as_seconds(stretch.get(name), f"{what}[{number}]: {name}") for name in ("start", "end"))
        if end < start:
            raise FormatError(f"{what}[{number}] ends before it starts: {start:g} to {end:g}")
        segments += [Segment(start, end)] if end > start else []
    return segments


def _entry(uri: str, item: Any) -> Entry:
    turn = as_object(item, "a turn")
    times = (as_seconds(turn.get("start"), "start"), as_seconds(turn.get("end"), "end"))
    confidence = as_confidence(turn.get("confidence"))
    checked = turn.get("checked", False)
    if not isinstance(checked, bool):
        raise FormatError(f"checked must be true or false, got {quoted(checked)}")
    return entry(0, uri, times, as_text(turn.get("speaker"), "speaker"), confidence)._replace(checked=checked)


def write_document(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write one recording: its turns, a line each, with what is known of it and totals of the speakers."""
    (annotation,) = annotations
    write_text(target, to_document(annotation, about[annotation.uri]))


def to_document(annotation: Annotation, about: About) -> str:
    """Return one recording as JSON; a turn of which a person checked a part comes in pieces."""
    turns = [Turn(row.start / 1000, row.end / 1000, row.speaker, row.confidence) for row in rows(annotation)]
    fixed = Hints(_in_milliseconds(about.hints.annotation))
    return marked_document(annotation.uri, fixed.marked(Annotation(turns, annotation.uri)), about)


def marked_document(uri: str, marked: Iterable[tuple[Turn, bool]], about: About) -> str:
    """Return one recording as JSON, its turns as they stand: those of one speaker that touch are not joined.

    Parameters
    ----------
    uri : str
        The recording's id.
    marked : iterable of (Turn, bool)
        In the order of time, each with whether a person checked it; it says this in place of `about.hints`.
    about : About
    """
    pieces = [(turn, checked) for item, checked in marked for turn in _in_milliseconds([item])]
    joined = Annotation([turn for turn, _ in pieces], uri)
    overlaps = joined.overlap()
    silence = [_times(segment) for segment in union(_in_milliseconds(about.hints.silence))]
    fields: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "recording": uri,
        "source": about.source,
        "duration": None if about.duration is None else round(about.duration, 3),
        "channel": about.channel,
        **({"channels": dict(about.channels)} if about.channels else {}),
        "software": about.software,
        "model": about.model,
        "settings": about.settings,
        "speakers": _speakers(joined, overlaps, about.ratios),
        "turns": [_turn(turn, checked, overlaps) for turn, checked in pieces],
        "overlaps": [_times(segment) for segment in overlaps],
        **({"silence": silence} if silence else {}),
    }
    return "{\n" + ",\n".join(f"  {dumps(name)}: {_value(value)}" for name, value in fields.items()) + "\n}\n"


def _value(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return dumps(value)
    return "[\n" + ",\n".join(f"    {dumps(item)}" for item in value) + "\n  ]"


def _times(segment: Segment) -> dict[str, float]:
    return {"start": segment.start, "end": segment.end}


def _in_milliseconds(items: Iterable[_Timed]) -> Iterator[_Timed]:
    """Yield turns or segments with times in whole milliseconds; what becomes empty is left out."""
    for item in items:
        start, end = round(item.start * 1000) / 1000, round(item.end * 1000) / 1000
        if end > start:
            yield replace(item, start=start, end=end)


def _turn(turn: Turn, checked: bool, overlaps: Sequence[Segment]) -> dict[str, Any]:
    return {
        "start": turn.start,
        "end": turn.end,
        "speaker": turn.speaker,
        "confidence": None if turn.confidence is None else round(turn.confidence, 3),
        **({"checked": True} if checked else {}),
        "overlap": _shared(turn, overlaps),
    }


def _shared(turn: Turn, overlaps: Sequence[Segment]) -> float:
    """Return for how many seconds of a turn somebody else talks as well."""
    seconds = 0.0
    for overlap in overlaps[bisect_right(overlaps, turn.start, key=lambda one: one.end) :]:
        if overlap.start >= turn.end:
            break
        seconds += min(overlap.end, turn.end) - max(overlap.start, turn.start)
    return round(seconds, 3)


def _speakers(annotation: Annotation, overlaps: Sequence[Segment], ratios: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the totals of the speakers, whoever talks first first, and how sure the names of known people are."""
    totals: dict[str, dict[str, Any]] = {}
    for turn in annotation:
        own = totals.setdefault(turn.speaker, {"name": turn.speaker, "turns": 0, "seconds": 0.0, "overlap": 0.0})
        own["turns"] += 1
        own["seconds"] = round(own["seconds"] + turn.duration, 3)
        own["overlap"] = round(own["overlap"] + _shared(turn, overlaps), 3)
    for name in totals.keys() & ratios.keys():
        totals[name]["likelihood_ratio"] = float(f"{ratios[name]:.3g}")
    return list(totals.values())
