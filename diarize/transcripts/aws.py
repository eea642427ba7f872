"""The JSON of Amazon Transcribe: `results.items`, words and punctuation, with times as text.

References
----------
Amazon Transcribe, Developer Guide: Data input and output.
"""

from __future__ import annotations

from typing import Any

from diarize.errors import FormatError
from diarize.formats.jsontext import as_list, as_object, as_text
from diarize.transcripts.layout import Content, Names
from diarize.transcripts.scripts import spaced
from diarize.transcripts.timing import Heard, cues_of_words, seconds_of, timed_words
from diarize.transcripts.whisper import set_speaker, share_of
from diarize.transcripts.words import Cue


def is_aws(content: Content) -> bool:
    """Tell whether there are results with items."""
    results = content.document.get("results") if isinstance(content.document, dict) else None
    return isinstance(results, dict) and isinstance(results.get("items"), list)


def read_aws(content: Content) -> dict[str, list[Cue]]:
    """Return the words as cues, cut at pauses and the ends of sentences; punctuation belongs to the word before it."""
    heard: list[Heard] = []
    results = content.document["results"]
    for k, item in enumerate(results["items"]):
        place = f"{content.where}: results.items[{k}]"
        best = as_list(as_object(item, place).get("alternatives"), f"{place}.alternatives")
        if not best:
            raise FormatError(f"{place}.alternatives is empty; the first one has the content")
        text = as_text(as_object(best[0], f"{place}.alternatives[0]").get("content"), f"{place}: content")
        if item.get("type") == "punctuation":
            if heard:
                heard[-1] = heard[-1]._replace(text=heard[-1].text + text)
            continue
        start, end = seconds_of(item.get("start_time")), seconds_of(item.get("end_time"))
        confidence = share_of(seconds_of(best[0].get("confidence")))
        heard.append(Heard(f" {text}", start, end, item.get("speaker_label"), confidence, k))
    words = timed_words(_joined(heard, results), 0.0, 0.0)
    return {"": cues_of_words(sorted(words, key=lambda word: word.start))}


def _joined(heard: list[Heard], results: dict[str, Any]) -> list[Heard]:
    """Return words with blanks only where the transcript has them: Chinese and Japanese have none."""
    whole = results.get("transcripts") or [{}]
    text = whole[0].get("transcript") if isinstance(whole, list) and isinstance(whole[0], dict) else None
    texts = spaced([word.text for word in heard], text if isinstance(text, str) else "")
    return [word._replace(text=shown) for word, shown in zip(heard, texts, strict=True)]


def fill_aws(document: Any, words: Names, cues: Names) -> None:
    """Write `speaker` into items, punctuation as the word before it, and into segments of audio where there are any."""
    results, last = document["results"], None
    named: dict[int, str | None] = {}
    for k, item in enumerate(results["items"]):
        last = last if item.get("type") == "punctuation" else words.get(k)
        named[k] = last
        set_speaker(item, last)
    segments = results.get("audio_segments")
    for segment in segments if isinstance(segments, list) else []:
        places = segment.get("items") if isinstance(segment, dict) else None
        names = [named.get(k) for k in places if isinstance(k, int)] if isinstance(places, list) else []
        known = [name for name in names if name is not None]
        set_speaker(segment, max(known, key=known.count) if known else None)
