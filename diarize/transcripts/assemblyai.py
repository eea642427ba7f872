"""The JSON of AssemblyAI: `words` in milliseconds, and `utterances` of the same where speakers were asked for.

References
----------
AssemblyAI, API reference: Get transcript, the response.
"""

from __future__ import annotations

from typing import Any

from diarize.errors import FormatError, quoted
from diarize.formats.jsontext import as_list, as_object, as_text
from diarize.transcripts.layout import Content
from diarize.transcripts.scripts import spaced
from diarize.transcripts.timing import Heard, cue_of_words, cues_of_words, seconds_of, timed_words
from diarize.transcripts.whisper import name_of, share_of
from diarize.transcripts.words import Cue, Word


def is_assemblyai(content: Content) -> bool:
    """Tell whether there is a job about an `audio_url`, with words."""
    return isinstance(content.document, dict) and {"audio_url", "status", "words"} <= content.document.keys()


def read_assemblyai(content: Content) -> dict[str, list[Cue]]:
    """Return the utterances as cues; without them, words cut at pauses and the ends of sentences."""
    document, where = content.document, content.where
    if document["words"] is None:
        raise FormatError(f"{where}: the transcript is not there yet: its status is {quoted(document['status'])}")
    utterances = as_list(document.get("utterances") or [], f"{where}: utterances")
    if not utterances:
        return {"": cues_of_words(_words(document, where))}
    each = (_words(utterance, f"{where}: utterances[{k}]") for k, utterance in enumerate(utterances))
    return {"": [cue_of_words(words) for words in each if words]}


def _words(holder: Any, place: str) -> tuple[Word, ...]:
    items = as_list(as_object(holder, place).get("words") or [], f"{place}.words")
    entries = [as_object(item, f"{place}.words[{k}]") for k, item in enumerate(items)]
    texts = spaced(
        [as_text(item.get("text"), f"{place}.words: text") for item in entries], str(holder.get("text") or "")
    )
    heard = [
        Heard(
            text,
            seconds_of(item.get("start"), 0.001),
            seconds_of(item.get("end"), 0.001),
            name_of(item) or name_of(holder),
            share_of(item.get("confidence")),
        )
        for item, text in zip(entries, texts, strict=True)
    ]
    return timed_words(heard, 0.0, 0.0)
