"""Cues where the speaker changes: cut there, and not elsewhere; and cues as lines of a length that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from diarize.transcripts.scripts import begins_word, ends_clause, ends_sentence
from diarize.transcripts.words import Cue, Word

SENTENCE = 1.0  # s; how far a change in a cue without word times may move to the end of a sentence
CLAUSE = 0.4  # s; and to a comma, or the end of a line or of the cue
LINES = 2  # of a subtitle


def cut(cue: Cue, words: Sequence[Word]) -> list[Cue]:
    """Return a cue as one cue for each stretch of a speaker; its words are given again, with their speakers.

    Words without a speaker stay with those before them in the cue, and the parts of one word with its beginning.
    Where the times of words are only estimated, a change moves to the end of a sentence at most `SENTENCE` seconds
    away, or to the end of a clause, a line or the cue at most `CLAUSE` away.
    The first part starts where the cue does, the last one ends where it does.
    """
    whole = [
        replace(word, speaker=before.speaker) if not begins_word(word.text, before.text) else word
        for before, word in pairwise([Word(0.0, 0.0, ""), *words])
    ]
    settled = whole if cue.timed else _moved(whole)
    groups = [list(group) for _, group in groupby(_filled(settled), key=lambda pair: pair[1])]
    parts = [replace(cue, words=tuple(word for word, _ in group), speaker=group[0][1]) for group in groups]
    times = [[part.words[0].start, max(word.end for word in part.words)] for part in parts]
    if times:
        times[0][0], times[-1][1] = cue.start, max(cue.end, times[-1][0])
    for before, after in pairwise(times):
        before[1] = max(before[0], min(before[1], after[0]))
    return [replace(part, start=start, end=max(start, end)) for part, (start, end) in zip(parts, times, strict=True)]


def _filled(words: Sequence[Word]) -> list[tuple[Word, str | None]]:
    """Return words with the speaker of the cue that they go to."""
    last = next((word.speaker for word in words if word.speaker is not None), None)
    filled = []
    for word in words:
        last = last if word.speaker is None else word.speaker
        filled.append((word, last))
    return filled


def _moved(words: Sequence[Word]) -> list[Word]:
    """Return words with the changes of speaker moved to where sentences, clauses or lines end near by."""
    names = [name for _, name in _filled(words)]
    edges = [words[0].start, *(word.start for word in words[1:]), words[-1].end] if words else []
    changes = [k for k in range(1, len(names)) if names[k] != names[k - 1]]
    limits = [0, *changes, len(names)]
    moved, low = list(names), 0
    for place, k in enumerate(changes, 1):
        # no further than to the change after it, so that changes keep their order
        range_of = range(low, limits[place + 1] + 1)
        best = min(range_of, key=lambda j: (abs(edges[j] - edges[k]) - _worth(words, j), abs(j - k)))
        moved[min(best, k) : k] = names[k : k + 1] * (k - min(best, k))
        moved[k : max(best, k)] = moved[k - 1 : k] * (max(best, k) - k)
        low = best
    return [replace(word, speaker=name) for word, name in zip(words, moved, strict=True)]


def _worth(words: Sequence[Word], place: int) -> float:
    """Return how many seconds a change may move to stand before the word at a place."""
    if place in (0, len(words)):
        return CLAUSE
    if ends_sentence(words[place - 1].text):
        return SENTENCE
    if words[place].text.lstrip(" \t").startswith("\n-"):  # "- Yes.\n- No.", a speaker a line
        return SENTENCE
    return CLAUSE if ends_clause(words[place - 1].text) or words[place].text.startswith("\n") else 0.0


def wrapped(cue: Cue, length: int, prefix: int = 0) -> list[Cue]:
    """Return a cue as cues of at most two lines of a length, whose texts have their ends of line.

    There are as few as can be, of about as many characters each, ended at a sentence or clause where that is near.

    Parameters
    ----------
    cue : Cue
    length : int
        Characters of a line; a word that is longer has a line of its own.
    prefix : int
        Characters of the name that is put before the first line of each.
    """
    words, parts = [replace(word, text=_on_line(word.text)) for word in cue.words], []
    while words:
        first = _fitting(words, length, prefix)
        if first < len(words):
            first = _even(words, first, length * LINES - prefix)
        parts.append(_lines(words[:first], length, prefix))
        words = words[first:]
    starts = [cue.start, *(part[0].start for part in parts[1:])]
    ends = [*starts[1:], cue.end]
    return [
        replace(cue, start=start, end=max(start, end), words=tuple(part))
        for part, start, end in zip(parts, starts, ends, strict=True)
    ]


def _on_line(text: str) -> str:
    return f" {text.strip()}" if text[:1].isspace() else text.strip()


def _size(words: Sequence[Word]) -> int:
    return len("".join(word.text for word in words).strip())


def _lines(words: Sequence[Word], length: int, prefix: int) -> list[Word]:
    """Return words with an end of line where one that is full is left."""
    lines: list[list[Word]] = [[]]
    for word in words:
        room = length - (prefix if len(lines) == 1 else 0)
        if lines[-1] and _size([*lines[-1], word]) > room:
            lines.append([])
        lines[-1].append(word)
    for line in lines[1:]:
        line[0] = replace(line[0], text=f"\n{line[0].text.strip()}")
    return [word for line in lines for word in line]


def _fitting(words: Sequence[Word], length: int, prefix: int) -> int:
    """Return how many words go into the lines of one cue, one at least."""
    count = 1
    while count < len(words):
        broken = _lines(words[: count + 1], length, prefix)
        if sum(word.text.startswith("\n") for word in broken) >= LINES:
            break
        count += 1
    return count


def _even(words: Sequence[Word], most: int, room: int) -> int:
    """Return how many words are said first, where they do not fit into one cue: at most so many."""
    total = _size(words)
    wanted = total / -(-total // room)  # characters of each of as few cues as can be
    bonus = (0.4 if ends_sentence(word.text) else 0.2 * ends_clause(word.text) for word in words[:most])
    values = [abs(_size(words[:count]) - wanted) - wanted * worth for count, worth in enumerate(bonus, 1)]
    return min(range(most), key=lambda k: (values[k], -k)) + 1
