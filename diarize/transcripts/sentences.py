"""Changes of speaker moved to the ends of sentences near by: punctuation knows better than boundaries of turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from diarize.transcripts.scripts import ends_sentence
from diarize.transcripts.words import Word

NEAR = 0.5  # s; with punctuation that lacks each third end of a turn, 1 s is no better than nothing


def at_sentences(words: Sequence[Word], timed: Sequence[bool]) -> list[Word]:
    """Return words with each change of speaker at the nearest end of a sentence, where that is at most `NEAR` away.

    No speaker loses all words of a stretch, words without a speaker stay so, and changes keep their order.

    Parameters
    ----------
    words : sequence of Word
        With their speakers, as they follow each other.
    timed : sequence of bool
        Whether the times of a word are the source's own; changes beside other words stay where they are.

    Examples
    --------
    >>> late = [Word(0.0, 0.5, "So?", "ann"), Word(0.6, 0.9, " Yes,", "ann"), Word(0.9, 1.4, " so.", "ben")]
    >>> [word.speaker for word in at_sentences(late, [True] * 3)]
    ['ann', 'ben', 'ben']
    """
    named = [k for k, word in enumerate(words) if word.speaker is not None]
    names = [words[k].speaker for k in named]
    ends = [False] + [timed[a] and timed[b] and ends_sentence(words[b - 1].text) for a, b in pairwise(named)]
    changes = [k for k in range(1, len(names)) if names[k] != names[k - 1]]
    low = 0
    for k, limit in pairwise([*changes, len(names)]):
        moved = _nearest([words[j].start for j in named[low:limit]], ends[low:limit], k - low) + low
        if moved < k:
            names[moved:k] = [names[k]] * (k - moved)
        else:
            names[k:moved] = [names[k - 1]] * (moved - k)
        low = moved
    changed = dict(zip(named, names, strict=True))
    return [replace(word, speaker=changed.get(k)) for k, word in enumerate(words)]


def _nearest(starts: Sequence[float], ends: Sequence[bool], place: int) -> int:
    """Return the place of the nearest word, but the first, that begins behind the end of a sentence."""
    near = [k for k in range(1, len(starts)) if ends[k] and abs(starts[k] - starts[place]) <= NEAR]
    return min(near, key=lambda k: (round(abs(starts[k] - starts[place]), 3), abs(k - place)), default=place)
