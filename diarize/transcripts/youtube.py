"""YouTube's captions in JSON (json3): `events` with `segs`; words have offsets where a recogniser wrote them.

References
----------
yt-dlp: `--sub-format json3`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from diarize.errors import FormatError
from diarize.formats.jsontext import as_list, as_object
from diarize.transcripts.layout import Content
from diarize.transcripts.timing import LONGEST_WORD, Heard, cue_of_text, seconds_of, timed_words
from diarize.transcripts.words import Cue


def is_youtube(content: Content) -> bool:
    """Tell whether there are events with times in milliseconds."""
    events = content.document.get("events") if isinstance(content.document, dict) else None
    return isinstance(events, list) and all(isinstance(one, dict) and "tStartMs" in one for one in events)


def read_youtube(content: Content) -> dict[str, list[Cue]]:
    """Return the events that show text as cues; one that is shown on into the next is said up to there."""
    events = [
        (f"{content.where}: events[{k}]", event)
        for k, event in enumerate(content.document["events"])
        if event.get("segs") and not event.get("aAppend")  # windows have no text, appended ones are ends of line
    ]
    cues: list[Cue] = []
    for (place, event), (_, following) in pairwise([*events, ("", {})]):
        start, length = _seconds(event, "tStartMs"), _seconds(event, "dDurationMs")
        if start is None:
            raise FormatError(f"{place}: tStartMs must be a number of milliseconds")
        end = start + (length or 0.0)
        then = _seconds(following, "tStartMs")
        if then is not None and then >= start:
            end = min(end, then) if length is not None else then
        cue = _cue([as_object(one, f"{place}.segs") for one in as_list(event["segs"], f"{place}.segs")], start, end)
        if cue.words:
            cues.append(cue)
    return {"": cues}


def _seconds(event: dict[str, Any], key: str) -> float | None:
    return seconds_of(event.get(key), 0.001)


def _cue(segs: list[dict[str, Any]], start: float, end: float) -> Cue:
    if not any("tOffsetMs" in seg for seg in segs):
        return cue_of_text("".join(str(seg.get("utf8", "")) for seg in segs), start, end)
    texts = [str(seg.get("utf8", "")) for seg in segs]
    starts = [round(start + (seconds_of(seg.get("tOffsetMs", 0), 0.001) or 0.0), 3) for seg in segs]
    ends = [*starts[1:], max(end, starts[-1])]
    heard = [
        Heard(text, first, min(last, first + LONGEST_WORD))
        for text, first, last in zip(texts, starts, ends, strict=True)
    ]
    return Cue(start, max(end, starts[-1]), timed_words(heard, start, end))
