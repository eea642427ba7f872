"""The JSON of whisper.cpp: `-oj`, segments with times in milliseconds, and `-ojf`, which adds the tokens of each."""

from __future__ import annotations

from typing import Any, NamedTuple

from diarize.errors import FormatError
from diarize.formats.jsontext import as_list, as_object, as_text
from diarize.transcripts.layout import Content, Names
from diarize.transcripts.scripts import begins_word
from diarize.transcripts.timing import Heard, cue_of_text, seconds_of, timed_words
from diarize.transcripts.whisper import MARKERS, set_speaker
from diarize.transcripts.words import Cue


def is_whispercpp(content: Content) -> bool:
    """Tell whether there is a list `transcription` of segments with offsets."""
    segments = content.document.get("transcription") if isinstance(content.document, dict) else None
    return isinstance(segments, list) and all(isinstance(one, dict) and "offsets" in one for one in segments)


def read_whispercpp(content: Content) -> dict[str, list[Cue]]:
    """Return the segments as cues; tokens are put together to words."""
    cues, first = [], 0
    for k, segment in enumerate(content.document["transcription"]):
        place = f"{content.where}: transcription[{k}]"
        start, end = _times(segment)
        if start is None or end is None:
            raise FormatError(f"{place}: it has no times; offsets are numbers of milliseconds from and to")
        text, groups = as_text(segment.get("text"), f"{place}.text"), _words(segment, place)
        if groups:
            heard = [_heard(group, first + j) for j, group in enumerate(groups)]
            words = timed_words(heard, start, end)
            cue = Cue(start, max(start, end), words, _name(segment), number=k)
        else:
            cue = cue_of_text(text, start, end, _name(segment), number=k)
        first += len(groups)
        if cue.words:
            cues.append(cue)
    return {"": cues}


class _Token(NamedTuple):
    text: str
    entry: dict[str, Any]


def _words(segment: dict[str, Any], place: str = "") -> list[list[_Token]]:
    """Return the tokens of each word."""
    entries = as_list(segment.get("tokens") or [], f"{place}.tokens")
    tokens = [(as_text(as_object(one, f"{place}.tokens").get("text"), f"{place}.tokens: text"), one) for one in entries]
    words: list[list[_Token]] = []
    before, part = "", list[_Token]()
    for text, entry in tokens:
        if not text or text.startswith(MARKERS):
            continue
        part.append(_Token(text, entry))
        # a character of several bytes may be spread over tokens
        whole = _decoded(part)
        if whole is None:
            continue
        if not words or begins_word(whole, before):
            words.append([])
        words[-1] += part
        before, part = whole, []
    return [*words, part] if part else words


def _decoded(tokens: list[_Token]) -> str | None:
    """Return the text of tokens, None where it ends within a character."""
    text = "".join(token.text for token in tokens)
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeDecodeError:
        return None
    except UnicodeEncodeError:  # half of what no bytes stand for
        return text


def _heard(tokens: list[_Token], number: int) -> Heard:
    text = _decoded(tokens) or "".join(token.text for token in tokens)
    # tokens of punctuation last up to the next word or to the end of the segment, over pauses
    spoken = [token for token in tokens if any(map(str.isalnum, token.text))]
    times = [_times(token.entry) for token in spoken or tokens]
    starts, ends = ([time for time in side if time is not None] for side in zip(*times, strict=True))
    return Heard(text, min(starts, default=None), max(ends, default=None), number=number)


def _times(entry: dict[str, Any]) -> tuple[float | None, float | None]:
    offsets = entry.get("offsets")
    if not isinstance(offsets, dict):
        return None, None
    return seconds_of(offsets.get("from"), 0.001), seconds_of(offsets.get("to"), 0.001)


def _name(segment: dict[str, Any]) -> str | None:
    value = segment.get("speaker")
    return value if isinstance(value, str) and value not in ("", "?") else None  # "?" is its word for nobody


def fill_whispercpp(document: Any, words: Names, cues: Names) -> None:
    """Write speakers into segments and tokens."""
    number = 0
    for k, segment in enumerate(document["transcription"]):
        set_speaker(segment, cues.get(k))
        for tokens in _words(segment):
            for token in tokens:
                set_speaker(token.entry, words.get(number))
            number += 1
