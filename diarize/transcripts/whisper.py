"""Whisper's JSON: openai-whisper, faster-whisper's segments as they are, whisperX.

They share `segments` with `start`, `end`, `text` and, where word times were asked for, `words` with `word`, `start`,
`end`. whisper's words begin with their blank, whisperX's have none and lack times where they could not be aligned.
"""

from __future__ import annotations

from typing import Any

from diarize.errors import FormatError
from diarize.formats.jsontext import as_list, as_object, as_text
from diarize.transcripts.layout import Content, Names
from diarize.transcripts.scripts import spaced
from diarize.transcripts.timing import Heard, cue_of_text, seconds_of, timed_words
from diarize.transcripts.words import Cue


def is_whisper(content: Content) -> bool:
    """Tell whether there are segments, in an object or as the whole, with start and text."""
    segments = _segments(content.document)
    return isinstance(segments, list) and all(
        isinstance(one, dict) and {"start", "end", "text"} <= one.keys() for one in segments
    )


def _segments(document: Any) -> Any:
    return document.get("segments") if isinstance(document, dict) else document


def read_whisper(content: Content) -> dict[str, list[Cue]]:
    """Return the segments as cues."""
    cues, number = [], 0
    for k, segment in enumerate(_segments(content.document)):
        place = f"{content.where}: segments[{k}]"
        items = [as_object(item, f"{place}.words[{j}]") for j, item in enumerate(_words(segment, place))]
        cue = _cue(segment, items, (k, number), place)
        number += len(items)
        if cue.words:
            cues.append(cue)
    return {"": cues}


def _words(segment: dict[str, Any], place: str) -> list[Any]:
    return as_list(segment.get("words") or [], f"{place}.words")


def _cue(segment: dict[str, Any], items: list[dict[str, Any]], numbers: tuple[int, int], place: str) -> Cue:
    text, speaker = as_text(segment["text"], f"{place}.text"), name_of(segment)
    number, first = numbers
    known = [time for item in items for name in ("start", "end") if (time := seconds_of(item.get(name))) is not None]
    times = seconds_of(segment["start"]), seconds_of(segment["end"])
    start = times[0] if times[0] is not None else min(known, default=None)
    end = times[1] if times[1] is not None else max(known, default=None)
    if start is None or end is None:
        raise FormatError(f"{place}: it has no times; start and end are numbers of seconds")
    if not items:
        return cue_of_text(text, start, end, speaker, number)
    texts = spaced([as_text(item.get("word", ""), f"{place}.words: word") for item in items], text)
    heard = [
        Heard(
            spelled,
            seconds_of(item.get("start")),
            seconds_of(item.get("end")),
            name_of(item) or speaker,
            share_of(item.get("score", item.get("probability"))),
            first + j,
        )
        for j, (item, spelled) in enumerate(zip(items, texts, strict=True))
    ]
    return Cue(start, max(start, end), timed_words(heard, start, end), speaker, number=number)


def name_of(item: dict[str, Any]) -> str | None:
    """Return who speaks, as an entry says it; numbers become text."""
    value = item.get("speaker")
    return str(value) if isinstance(value, str | int) and str(value) else None


def share_of(value: Any) -> float | None:
    """Return a confidence from 0 to 1, None where there is none."""
    number = seconds_of(value)
    return number if number is not None and number <= 1 else None


def fill_whisper(document: Any, words: Names, cues: Names) -> None:
    """Write speakers into segments and words, as whisperX does; also into its list of all words."""
    number = 0
    for k, segment in enumerate(_segments(document)):
        set_speaker(segment, cues.get(k))
        for item in segment.get("words") or []:
            set_speaker(item, words.get(number))
            number += 1
    whole = document.get("word_segments") if isinstance(document, dict) else None
    if isinstance(whole, list) and len(whole) == number:
        for k, item in enumerate(whole):
            set_speaker(item, words.get(k))


def set_speaker(item: Any, name: str | None) -> None:
    """Write who speaks into an entry; where nobody does there is no such field."""
    if isinstance(item, dict):
        item.pop("speaker", None)
        if name is not None:
            item["speaker"] = name
