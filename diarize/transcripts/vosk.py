"""The JSON of Vosk and Kaldi's servers: one after another, or in a list, results with `result`, words with `conf`.

References
----------
Alpha Cephei, Vosk API: `vosk_recognizer_set_words`, `vosk_recognizer_set_max_alternatives`.
"""

from __future__ import annotations

from typing import Any

from diarize.formats.jsontext import as_object, as_text
from diarize.transcripts.layout import Content
from diarize.transcripts.timing import Heard, cues_of_words, seconds_of, timed_words
from diarize.transcripts.whisper import share_of
from diarize.transcripts.words import Cue

_KEYS = {"result", "text", "partial", "partial_result", "alternatives", "spk", "spk_frames"}


def is_vosk(content: Content) -> bool:
    """Tell whether there are results of Vosk and nothing else, one of them with words."""
    results = _results(content.document)
    return (
        bool(results)
        and all(isinstance(one, dict) and one.keys() <= _KEYS for one in results)
        and any(_words(one) for one in results)
    )


def _results(document: Any) -> list[Any]:
    return document if isinstance(document, list) else [document]


def _words(result: dict[str, Any]) -> list[Any]:
    """Return the words of a result, or of its best alternative."""
    alternatives = result.get("alternatives")
    best = alternatives[0] if isinstance(alternatives, list) and alternatives else result
    words = best.get("result") if isinstance(best, dict) else None
    return words if isinstance(words, list) else []


def read_vosk(content: Content) -> dict[str, list[Cue]]:
    """Return the results as cues, cut at pauses; those that are partial are passed over."""
    cues: list[Cue] = []
    for k, result in enumerate(_results(content.document)):
        place = f"{content.where}: result {k + 1}"
        items = [as_object(item, place) for item in _words(result)]
        heard = [
            Heard(
                f" {as_text(item.get('word'), f'{place}: word')}",
                seconds_of(item.get("start")),
                seconds_of(item.get("end")),
                None,
                share_of(item.get("conf")),
            )
            for item in items
        ]
        cues += cues_of_words(timed_words(heard, 0.0, 0.0))
    return {"": cues}
