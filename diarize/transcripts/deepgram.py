"""The JSON of Deepgram: `results.channels`, words of the best alternative of each; `results.utterances` are its cues.

References
----------
Deepgram, API reference: Transcribe pre-recorded audio, the response.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diarize.errors import FormatError
from diarize.formats.jsontext import as_list, as_object, as_text
from diarize.transcripts.layout import Content, Names
from diarize.transcripts.scripts import spaced
from diarize.transcripts.timing import Heard, cues_of_words, seconds_of, timed_words
from diarize.transcripts.whisper import name_of, set_speaker, share_of
from diarize.transcripts.words import Cue, Word


def is_deepgram(content: Content) -> bool:
    """Tell whether there are results with channels of alternatives."""
    results = content.document.get("results") if isinstance(content.document, dict) else None
    channels = results.get("channels") if isinstance(results, dict) else None
    return isinstance(channels, list) and all(isinstance(one, dict) and "alternatives" in one for one in channels)


def read_deepgram(content: Content) -> dict[str, list[Cue]]:
    """Return the utterances as cues; without them, words cut at pauses and the ends of sentences."""
    cues: list[Cue] = []
    results, first = content.document["results"], 0
    utterances = results.get("utterances")
    if utterances:
        for k, utterance in enumerate(as_list(utterances, f"{content.where}: results.utterances")):
            words = _words(utterance, "transcript", first, f"{content.where}: results.utterances[{k}]")
            first += len(words)
            if words:
                cues.append(Cue(words[0].start, words[-1].end, words, name_of(utterance), number=k))
        return {"": cues}
    for k, best in enumerate(_best(results, content.where)):
        words = _words(best, "transcript", first, f"{content.where}: results.channels[{k}].alternatives[0]")
        first += len(words)
        cues += cues_of_words(words)
    return {"": cues}


def _best(results: dict[str, Any], where: str = "") -> Iterator[dict[str, Any]]:
    """Give the first alternative of each channel."""
    for k, channel in enumerate(results["channels"]):
        place = f"{where}: results.channels[{k}].alternatives"
        alternatives = as_list(channel["alternatives"], place)
        if alternatives:
            yield as_object(alternatives[0], f"{place}[0]")


def _words(holder: Any, whole: str, first: int, place: str) -> tuple[Word, ...]:
    items = [
        as_object(item, f"{place}.words")
        for item in as_list(as_object(holder, place).get("words") or [], f"{place}.words")
    ]
    bare = [as_text(item.get("punctuated_word", item.get("word")), f"{place}.words: word") for item in items]
    texts = spaced(bare, str(holder.get(whole) or ""))
    heard = [
        Heard(text, seconds_of(item.get("start")), seconds_of(item.get("end")), name_of(item), share, first + j)
        for j, (item, text) in enumerate(zip(items, texts, strict=True))
        for share in [share_of(item.get("confidence"))]
    ]
    if heard and all(word.start is None and word.end is None for word in heard):
        raise FormatError(f"{place}: its words have no times")
    return timed_words(heard, 0.0, 0.0)


def _entries(holder: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the words of a holder; those that are no objects, which nothing has read, are passed over."""
    items = holder.get("words")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def fill_deepgram(document: Any, words: Names, cues: Names) -> None:
    """Write speakers into utterances and words; words of channels are found in utterances again by their times."""
    results, number = document["results"], 0
    if not results.get("utterances"):
        for best in _best(results):
            for item in _entries(best):
                set_speaker(item, words.get(number))
                number += 1
        return
    named: dict[str, str | None] = {}
    for k, utterance in enumerate(results["utterances"]):
        set_speaker(utterance, cues.get(k))
        for item in _entries(utterance):
            set_speaker(item, words.get(number))
            named[_key(utterance.get("channel", 0), item)] = words.get(number)
            number += 1
    for channel, best in enumerate(_best(results)):
        for item in _entries(best):
            set_speaker(item, named.get(_key(channel, item)))


def _key(channel: Any, item: dict[str, Any]) -> str:
    """Return what a word has in common with its copy in another list."""
    return repr((channel, item.get("start"), item.get("word")))
