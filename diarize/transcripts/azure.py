"""The JSON of Azure Speech: `recognizedPhrases` of batch transcription, `phrases` of fast transcription.

References
----------
Microsoft, Azure AI Speech: Get batch transcription results; Use the fast transcription API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from diarize.errors import FormatError
from diarize.formats.jsontext import as_list, as_object
from diarize.transcripts.layout import Content
from diarize.transcripts.scripts import spaced
from diarize.transcripts.timing import Heard, cue_of_text, seconds_of, timed_words
from diarize.transcripts.whisper import name_of, share_of
from diarize.transcripts.words import Cue

_SPAN = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d+)?)S)?", re.ASCII)  # PT1M2.5S
_TICK = 1e-7  # s


def is_azure(content: Content) -> bool:
    """Tell whether there are phrases, of one service or the other."""
    document = content.document
    return isinstance(document, dict) and (
        isinstance(document.get("recognizedPhrases"), list)
        or (isinstance(document.get("phrases"), list) and "combinedPhrases" in document)
    )


def read_azure(content: Content) -> dict[str, list[Cue]]:
    """Return the phrases as cues, in words as they are displayed; a channel that repeats the first is left out."""
    channels: dict[Any, list[Cue]] = {}
    for place, phrase, best in _phrases(content):
        text = str(best.get("display") or best.get("text") or best.get("lexical") or "")
        start, end = _span(phrase)
        if start is None or end is None:
            raise FormatError(f"{place}: it has no times; offset and duration are needed")
        items = _items(best, place)
        named = [str(item.get("displayText") or item.get("word") or item.get("text") or "") for item in items]
        kept = [(item, word) for item, word in zip(items, named, strict=True) if word.strip()]
        texts = spaced([word for _, word in kept], text)
        heard = [
            Heard(shown, *_span(item), name_of(phrase), share_of(item.get("confidence")))
            for (item, _), shown in zip(kept, texts, strict=True)
        ]
        if heard:
            cue = Cue(start, max(start, end), timed_words(heard, start, end), name_of(phrase))
        else:
            cue = cue_of_text(text, start, end, name_of(phrase))
        if cue.words:
            channels.setdefault(phrase.get("channel", 0), []).append(cue)
    first, *others = channels.values() or [[]]
    said = [cue.text for cue in first]  # a mono recording may be written to two channels; then all is there twice
    return {"": first + [cue for other in others if [one.text for one in other] != said for cue in other]}


def _phrases(content: Content) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Give place, phrase and best reading of each that was recognised."""
    key = "recognizedPhrases" if "recognizedPhrases" in content.document else "phrases"
    for k, value in enumerate(content.document[key]):
        place = f"{content.where}: {key}[{k}]"
        phrase = as_object(value, place)
        if key == "phrases":
            yield place, phrase, phrase
        elif readings := as_list(phrase.get("nBest") or [], f"{place}.nBest"):
            yield place, phrase, as_object(readings[0], f"{place}.nBest[0]")


def _items(best: dict[str, Any], place: str) -> list[dict[str, Any]]:
    for key in ("displayWords", "words"):
        items = as_list(best.get(key) or [], f"{place}: {key}")
        if items:
            return [as_object(item, f"{place}: {key}[{j}]") for j, item in enumerate(items)]
    return []


def _span(entry: dict[str, Any]) -> tuple[float | None, float | None]:
    """Return start and end of an entry, which says where it starts and how long it is."""
    start, length = _time(entry, "offset"), _time(entry, "duration")
    return (start, None) if start is None or length is None else (start, round(start + length, 6))


def _time(entry: dict[str, Any], name: str) -> float | None:
    for key, unit in ((f"{name}Milliseconds", 1e-3), (f"{name}InTicks", _TICK), (name, _TICK)):
        value = seconds_of(entry.get(key), unit)
        if value is not None:
            return value
    match = _SPAN.fullmatch(str(entry.get(name)))
    if match is None:
        return None
    hours, minutes, rest = (float(group or 0) for group in match.groups())
    return 3600 * hours + 60 * minutes + rest
