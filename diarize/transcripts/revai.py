"""Monologues: the JSON of Rev.ai, whose elements have `value`, `ts` and `end_ts`, and Gecko's, whose terms have `text`.

References
----------
Rev AI, Asynchronous speech-to-text API: Get transcript. Gecko: the JSON file format.
"""

from __future__ import annotations

from typing import Any

from diarize.formats.jsontext import as_list, as_object
from diarize.transcripts.layout import Content
from diarize.transcripts.timing import Heard, cues_of_words, seconds_of, timed_words
from diarize.transcripts.whisper import share_of
from diarize.transcripts.words import Cue

_PUNCTUATION = {"punct", "punctuation"}


def is_revai(content: Content) -> bool:
    """Tell whether there are monologues with elements or terms."""
    monologues = content.document.get("monologues") if isinstance(content.document, dict) else None
    return isinstance(monologues, list) and all(
        isinstance(one, dict) and ("elements" in one or "terms" in one) for one in monologues
    )


def read_revai(content: Content) -> dict[str, list[Cue]]:
    """Return the monologues as cues, cut at pauses and the ends of sentences."""
    cues: list[Cue] = []
    for k, monologue in enumerate(content.document["monologues"]):
        key = "elements" if "elements" in monologue else "terms"
        place = f"{content.where}: monologues[{k}].{key}"
        items = [as_object(item, place) for item in as_list(monologue[key] or [], place)]
        heard = _heard(items, _name(monologue), own_blanks=key == "elements")
        cues += cues_of_words(timed_words(heard, 0.0, 0.0))
    return {"": cues}


def _heard(items: list[dict[str, Any]], speaker: str | None, own_blanks: bool) -> list[Heard]:
    """Return words with the punctuation that follows; blanks are elements of their own, or stand before each word."""
    heard: list[Heard] = []
    before = ""
    for item in items:
        text = str(item.get("value", item.get("text", "")))
        if str(item.get("type", "")).lower() in _PUNCTUATION:
            shown = before + text
            said = shown.rstrip()
            before = shown[len(said) :]
            if heard and said:
                heard[-1] = heard[-1]._replace(text=heard[-1].text + said)
            else:
                before = shown
            continue
        start, end = seconds_of(item.get("ts", item.get("start"))), seconds_of(item.get("end_ts", item.get("end")))
        blank = before if own_blanks and (heard or before) else " "
        heard.append(Heard(blank + text, start, end, speaker, share_of(item.get("confidence"))))
        before = ""
    return heard


def _name(monologue: dict[str, Any]) -> str | None:
    """Return who speaks: a number, or an object with a name or an id."""
    value = monologue.get("speaker")
    if isinstance(value, dict):
        value = value.get("name") or value.get("id")
    return str(value) if isinstance(value, str | int) and str(value) else None
