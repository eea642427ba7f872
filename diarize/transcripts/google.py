"""The JSON of Google Speech-to-Text, v1 and v2: `results` with alternatives, whose words have times such as "1.200s".

References
----------
Google Cloud, Speech-to-Text reference: RecognizeResponse, LongRunningRecognizeResponse, BatchRecognizeResults.
"""

from __future__ import annotations

from typing import Any

from diarize.errors import FormatError
from diarize.formats.jsontext import as_list, as_object, as_text
from diarize.transcripts.layout import Content
from diarize.transcripts.scripts import spaced
from diarize.transcripts.timing import Heard, cue_of_text, cues_of_words, seconds_of, timed_words
from diarize.transcripts.whisper import share_of
from diarize.transcripts.words import Cue

_END = ("resultEndTime", "result_end_time", "resultEndOffset", "result_end_offset")
_KEYS = {"alternatives", "channelTag", "channel_tag", "languageCode", "language_code", *_END}
_TAGS = ("speakerLabel", "speaker_label", "speakerTag", "speaker_tag")


def is_google(content: Content) -> bool:
    """Tell whether there are results that have what Google's have, alternatives with a transcript, and nothing else."""
    results = _results(content.document) if isinstance(content.document, dict) else None
    return isinstance(results, list) and all(isinstance(one, dict) and _is_result(one) for one in results)


def _is_result(result: dict[str, Any]) -> bool:
    alternatives = result.get("alternatives", [])
    if not isinstance(alternatives, list) or not result.keys() <= _KEYS:
        return False
    best = alternatives[0] if alternatives else {}
    return isinstance(best, dict) and (not best or "transcript" in best)


def _results(document: Any) -> Any:
    """Return the results, out of the answer of an operation and, in v2, of the one file that it is about."""
    while isinstance(document, dict):
        inner = next((document[key] for key in ("response", "inlineResult", "transcript") if key in document), None)
        if inner is None:
            inner = document.get("results")
            if isinstance(inner, dict) and len(inner) == 1:
                (inner,) = inner.values()
        document = inner
    return document


def read_google(content: Content) -> dict[str, list[Cue]]:
    """Return the results as cues, cut at pauses and the ends of sentences; without word times, whole."""
    cues: list[Cue] = []
    before, each = 0.0, list[list[Heard]]()
    for k, result in enumerate(_results(content.document)):
        place = f"{content.where}: results[{k}]"
        best = as_object((result.get("alternatives") or [{}])[0], f"{place}.alternatives[0]")
        heard = _heard(best, f"{place}.alternatives[0]")
        end = _time(result, *_END)
        if heard:
            each.append(heard)
        elif best.get("transcript"):
            if end is None:
                raise FormatError(f"{place}: it has no times; ask Google for those of words (enableWordTimeOffsets)")
            cues.append(cue_of_text(as_text(best["transcript"], f"{place}: transcript"), before, end))
        before = before if end is None else end
    for heard in _once(each):
        cues += cues_of_words(timed_words(heard, 0.0, 0.0))
    return {"": cues}


def _once(each: list[list[Heard]]) -> list[list[Heard]]:
    """Return results without those that the last one, which alone names speakers, says again."""
    *others, last = each or [[]]
    named = any(word.speaker for word in last) and not any(word.speaker for one in others for word in one)
    return [last] if others and (named or len(last) == sum(map(len, others))) else each


def _heard(best: dict[str, Any], place: str) -> list[Heard]:
    items = [as_object(item, f"{place}.words") for item in as_list(best.get("words") or [], f"{place}.words")]
    texts = spaced(
        [as_text(item.get("word"), f"{place}.words: word") for item in items], str(best.get("transcript") or "")
    )
    heard = []
    for item, text in zip(items, texts, strict=True):
        start = _time(item, "startTime", "start_time", "startOffset", "start_offset")
        end = _time(item, "endTime", "end_time", "endOffset", "end_offset")
        if start is None and end is not None:
            start = 0.0  # a time of 0 is left out
        name = next((item[key] for key in _TAGS if item.get(key)), None)
        share = share_of(item.get("confidence")) or None  # 0 where it was not asked for
        heard.append(Heard(text, start, end, None if name is None else str(name), share))
    timed = any(word.start is not None for word in heard)
    return heard if timed else []


def _time(entry: dict[str, Any], *keys: str) -> float | None:
    """Return a time of an entry: "1.200s", or seconds and nanos."""
    value = next((entry[key] for key in keys if key in entry), None)
    if isinstance(value, dict):
        whole, rest = seconds_of(value.get("seconds", 0)), seconds_of(value.get("nanos", 0), 1e-9)
        return None if whole is None or rest is None else round(whole + rest, 6)
    return seconds_of(value.removesuffix("s")) if isinstance(value, str) else seconds_of(value)
