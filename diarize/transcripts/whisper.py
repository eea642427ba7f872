"""Whisper's JSON: of whisper itself, OpenAI's API and whisper.cpp's server, and of programs built on it.

They share `segments` with `start`, `end`, `text` and, where word times were asked for, `words` with `word` (or `text`),
`start`, `end`. whisper's words begin with their blank; whisperX's have none and lack times where they could not be
aligned; the server's are tokens, markers among them; the API's stand beside the segments, without punctuation, and may
be there alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from diarize.errors import FormatError
from diarize.formats.jsontext import as_list, as_object, as_text
from diarize.transcripts.layout import Content, Names
from diarize.transcripts.scripts import spaced
from diarize.transcripts.timing import Heard, cue_of_text, cues_of_words, seconds_of, timed_words
from diarize.transcripts.words import Cue

_CONFIDENCES = ("score", "probability", "confidence")
MARKERS = ("[_", "<|")
"""What tokens begin with that are no text: "[_BEG_]", "[_TT_150]", "<|endoftext|>"."""

Entries = list[dict[str, Any]]


def is_whisper(content: Content) -> bool:
    """Tell whether there are segments, in an object or as the whole, with start and text; or timed words and a text."""
    document = content.document
    segments = _segments(document)
    if segments is None and isinstance(document, dict) and isinstance(document.get("text"), str):
        words = document.get("words")
        return isinstance(words, list) and all(
            isinstance(one, dict) and {"start", "end", "word"} <= one.keys() for one in words
        )
    return isinstance(segments, list) and all(
        isinstance(one, dict) and {"start", "end", "text"} <= one.keys() for one in segments
    )


def _segments(document: Any) -> Any:
    return document.get("segments") if isinstance(document, dict) else document


def read_whisper(content: Content) -> dict[str, list[Cue]]:
    """Return the segments as cues; where there are words alone, these cut at pauses and the ends of sentences."""
    document, where = content.document, content.where
    segments = _segments(document)
    if segments is None:
        items = _entries(document["words"], f"{where}: words")
        words = timed_words(_heard(items, document["text"], None, 0), 0.0, 0.0)
        return {"": cues_of_words(sorted(words, key=lambda word: word.start))}
    cues, number = [], 0
    for k, (segment, items) in enumerate(zip(segments, _of_segments(document, segments, where), strict=True)):
        cue = _cue(segment, items, (k, number), f"{where}: segments[{k}]")
        number += len(items)
        if cue.words:
            cues.append(cue)
    return {"": cues}


def _of_segments(document: Any, segments: Sequence[dict[str, Any]], where: str = "") -> Iterator[Entries]:
    """Give the words of each segment; those that stand beside the segments are dealt out by their letters."""
    beside = document.get("words") if isinstance(document, dict) else None
    if not beside or any(segment.get("words") for segment in segments):
        for k, segment in enumerate(segments):
            yield _entries(segment.get("words") or [], f"{where}: segments[{k}].words")
        return
    items, first, letters = _entries(beside, f"{where}: words"), 0, 0
    for k, segment in enumerate(segments):
        letters += _letters(as_text(segment["text"], f"{where}: segments[{k}].text"))
        last = first
        while last < len(items) and (letters > 0 or k + 1 == len(segments)):
            letters -= _letters(text_of_word(items[last], f"{where}: words[{last}]"))
            last += 1
        yield items[first:last]
        first = last


def _entries(value: Any, place: str) -> Entries:
    return [as_object(item, f"{place}[{k}]") for k, item in enumerate(as_list(value, place))]


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def text_of_word(item: dict[str, Any], place: str) -> str:
    """Return the word of an entry, under either of the names that programs use."""
    return as_text(item.get("word", item.get("text", "")), f"{place}: word")


def _cue(segment: dict[str, Any], items: Entries, numbers: tuple[int, int], place: str) -> Cue:
    text, speaker = as_text(segment["text"], f"{place}.text"), name_of(segment)
    number, first = numbers
    known = [time for item in items for name in ("start", "end") if (time := seconds_of(item.get(name))) is not None]
    times = seconds_of(segment["start"]), seconds_of(segment["end"])
    start = times[0] if times[0] is not None else min(known, default=None)
    end = times[1] if times[1] is not None else max(known, default=None)
    if start is None or end is None:
        raise FormatError(f"{place}: it has no times; start and end are numbers of seconds")
    heard = _heard(items, text, speaker, first, f"{place}.words")
    if not heard:
        return cue_of_text(text, start, end, speaker, number)
    return Cue(start, max(start, end), timed_words(heard, start, end), speaker, number=number)


def _heard(items: Entries, text: str, speaker: str | None, first: int, place: str = "words") -> list[Heard]:
    """Return the words of entries as the text shows them; markers and empty ones are passed over."""
    bare = [text_of_word(item, place) for item in items]
    kept = [j for j, word in enumerate(bare) if word.strip() and not word.startswith(MARKERS)]
    return [
        Heard(
            spelled,
            seconds_of(items[j].get("start")),
            seconds_of(items[j].get("end")),
            name_of(items[j]) or speaker,
            share_of(next((items[j][key] for key in _CONFIDENCES if key in items[j]), None)),
            first + j,
        )
        for j, spelled in zip(kept, spaced([bare[j] for j in kept], text), strict=True)
    ]


def name_of(item: dict[str, Any]) -> str | None:
    """Return who speaks, as an entry says it; numbers become text."""
    value = item.get("speaker")
    return str(value) if isinstance(value, str | int) and str(value) else None


def share_of(value: Any) -> float | None:
    """Return a confidence from 0 to 1, None where there is none."""
    number = seconds_of(value)
    return number if number is not None and number <= 1 else None


def fill_whisper(document: Any, words: Names, cues: Names) -> None:
    """Write speakers into segments and words, as whisperX does; also into lists of all words."""
    segments, number = _segments(document), 0
    for k, segment in enumerate(segments or []):
        set_speaker(segment, cues.get(k))
        for item in segment.get("words") or []:
            set_speaker(item, words.get(number))
            number += 1
    for key in ("word_segments", "words"):
        whole = document.get(key) if isinstance(document, dict) else None
        if isinstance(whole, list) and number in (0, len(whole)):
            for k, item in enumerate(whole):
                set_speaker(item, words.get(k))


def set_speaker(item: Any, name: str | None) -> None:
    """Write who speaks into an entry; where nobody does there is no such field."""
    if isinstance(item, dict):
        item.pop("speaker", None)
        if name is not None:
            item["speaker"] = name
