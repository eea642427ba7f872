"""Times of words: missing ones are put between their neighbours, and words without cues are made into some."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from diarize.formats.jsontext import is_number
from diarize.transcripts.scripts import ends_sentence, pieces
from diarize.transcripts.words import Cue, Word

PAUSE = 0.8  # s; silence that ends a cue where the source has no cues
LONGEST = 84  # characters of such a cue: two lines of a subtitle
LONGEST_WORD = 1.0  # s; of a word of which only the start is known, so that it does not reach over a pause
_ENDLESS = 1e12  # ms; no recording lasts 30 years


class Heard(NamedTuple):
    """A word as a file says it; times that it leaves out are None. The text has its blank before it."""

    text: str
    start: float | None
    end: float | None
    speaker: str | None = None
    confidence: float | None = None
    number: int = -1


def seconds_of(value: Any, scale: float = 1.0) -> float | None:
    """Return a time in seconds, None where a file has no number for it; times before the recording are its start."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not is_number(value) or not abs(value) < _ENDLESS:
        return None
    return max(float(value) if scale == 1 else round(float(value) * scale, 9), 0.0)


def timed_words(heard: Sequence[Heard], start: float, end: float) -> tuple[Word, ...]:
    """Return words that all have times.

    A word that ends before it starts gets no duration. Those without times share the time between the words before
    and after them in proportion to their characters; at the ends of a cue, that up to its start and end.

    Examples
    --------
    >>> some = [Heard("a", 1.0, 2.0), Heard("bcd", None, None), Heard("e", None, None), Heard("f", 4.0, 3.5)]
    >>> [(word.start, word.end) for word in timed_words(some, 0.0, 5.0)]
    [(1.0, 2.0), (2.0, 3.5), (3.5, 4.0), (4.0, 4.0)]
    """
    times: list[tuple[float, float] | None] = [_given(word) for word in heard]
    for first, last in _gaps(times):
        before, after = times[first - 1] if first else None, times[last] if last < len(times) else None
        low = before[1] if before else min(start, after[0] if after else start)
        high = max(low, after[0] if after else end)
        times[first:last] = shared_time([word.text for word in heard[first:last]], low, high)
    return tuple(
        Word(*span, word.text, word.speaker, word.confidence, word.number)
        for word, span in zip(heard, times, strict=True)
        if span is not None and word.text.strip()
    )


def _given(word: Heard) -> tuple[float, float] | None:
    start, end = word.start, word.end
    if start is None or end is None:
        known = end if start is None else start
        return None if known is None else (known, known)
    return start, max(start, end)


def _gaps(times: Sequence[object]) -> list[tuple[int, int]]:
    """Return where runs of missing times begin and end."""
    missing = [False, *(time is None for time in times), False]
    edges = [k for k in range(len(times) + 1) if missing[k] != missing[k + 1]]
    return list(zip(edges[::2], edges[1::2], strict=True))


def shared_time(texts: Sequence[str], start: float, end: float) -> list[tuple[float, float]]:
    """Return a stretch of time divided among texts in proportion to their characters.

    Examples
    --------
    >>> shared_time(["ab", " cdef"], 0.0, 3.0)
    [(0.0, 1.0), (1.0, 3.0)]
    """
    lengths = [max(len(text.strip()), 1) for text in texts]
    total = sum(lengths)
    edges = [start + (end - start) * done / total for done in accumulate(lengths, initial=0)]
    return [(round(low, 6), round(high, 6)) for low, high in pairwise(edges)]


def cue_of_text(text: str, start: float, end: float, speaker: str | None = None, number: int = -1) -> Cue:
    """Return a cue whose words have no times in the source."""
    texts, end = pieces(text), max(start, end)
    spans = shared_time(texts, start, end) if texts else []
    words = tuple(Word(*span, piece, speaker) for piece, span in zip(texts, spans, strict=True))
    return Cue(start, end, words, speaker, timed=False, number=number)


def cues_of_words(words: Sequence[Word]) -> list[Cue]:
    """Return cues of words from a source that has none: ended by a pause, a change of speaker, a sentence or length."""
    cues: list[list[Word]] = []
    for word in words:
        group = cues[-1] if cues else []
        length = sum(len(one.text) for one in group) + len(word.text)
        if not group or (
            word.start - group[-1].end >= PAUSE
            or word.speaker != group[-1].speaker
            or ends_sentence(group[-1].text)
            or length > LONGEST
        ):
            cues.append([])
        cues[-1].append(word)
    return [cue_of_words(group) for group in cues]


def cue_of_words(words: Sequence[Word], number: int = -1) -> Cue:
    """Return words as a cue of the one who says the first of them."""
    return Cue(words[0].start, max(word.end for word in words), tuple(words), words[0].speaker, number=number)
