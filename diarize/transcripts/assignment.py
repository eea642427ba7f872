"""Who says each word: the speaker whose turns cover most of it, else the one whose turn is near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation, Turn
from diarize.transcripts.words import Word

Floats = npt.NDArray[np.float64]

LEAD = 0.1  # of a word that another speaker must have more than the one who said the word before
REACH = 1.0  # s; the nearest turn is right for 3 of 4 words up to 0.5 s away, for half of those up to 1 s, then by luck
INSTANT = 0.02  # s; a word of no duration is looked up in so long a stretch


def assign(words: Sequence[Word], annotation: Annotation) -> list[Word]:
    """Return words with the names of those who say them, in the order given.

    Where turns lie over a word, each speaker counts by the share of it, times the turn's confidence where it has one.
    Where none does, the nearer turns count more, up to `REACH`; beyond that a word has no speaker. The speaker of the
    word before goes on unless another one leads by more than `LEAD`: where two talk at once, and where a boundary cuts
    a word, single words do not flip to and fro.

    Parameters
    ----------
    words : sequence of Word
        In any order.
    annotation : Annotation
        Who speaks when.

    Examples
    --------
    >>> turns = Annotation([Turn(0.0, 2.0, "anna", 0.9), Turn(1.4, 4.0, "ben", 0.8)])
    >>> some = [Word(0.5, 1.0, "one"), Word(1.5, 1.9, " two"), Word(1.9, 2.4, " three"), Word(6.0, 6.5, " four")]
    >>> [word.speaker for word in assign(some, turns)]
    ['anna', 'anna', 'ben', None]
    """
    names = annotation.labels
    if not words or not names:
        return [replace(word, speaker=None) for word in words]
    order = sorted(range(len(words)), key=lambda k: (words[k].start, words[k].end))
    assigned, last = list(words), 0
    for k, shares in zip(order, evidence_of([words[k] for k in order], annotation), strict=True):
        if not shares.any():
            assigned[k] = replace(words[k], speaker=None)
            continue
        if shares[last] < shares.max() - LEAD or not shares[last]:
            last = int(shares.argmax())
        assigned[k] = replace(words[k], speaker=names[last])
    return assigned


def evidence_of(words: Sequence[Word], annotation: Annotation) -> Floats:
    """Return how much speaks for each speaker, (n_words, n_speakers), 0 to 1; a row of zeros where nobody is near."""
    starts = np.array([word.start for word in words])
    ends = np.maximum([word.end for word in words], starts + INSTANT)
    own = [[turn for turn in annotation if turn.speaker == name] for name in annotation.labels]
    inside = np.column_stack([_overlap(turns, starts, ends) for turns in own])
    near = np.column_stack([_nearness(turns, starts, ends) for turns in own])
    shares: Floats = np.where(inside.any(axis=1, keepdims=True), inside, near)
    return shares


def _overlap(turns: Sequence[Turn], starts: Floats, ends: Floats) -> Floats:
    """Return the share of each stretch that a speaker's turns cover, weighted by their confidence."""
    edges = np.array([(turn.start, turn.end) for turn in turns])
    weights = np.array([1.0 if turn.confidence is None else turn.confidence for turn in turns])
    covered = np.zeros(edges.size)
    covered[1::2] = weights * (edges[:, 1] - edges[:, 0])
    total = covered.cumsum()  # seconds of turns up to each edge; between edges it is a straight line
    shares: Floats = (np.interp(ends, edges.ravel(), total) - np.interp(starts, edges.ravel(), total)) / (ends - starts)
    return shares


def _nearness(turns: Sequence[Turn], starts: Floats, ends: Floats) -> Floats:
    """Return 1 where a stretch touches a speaker's turn, falling to 0 where the nearest is `REACH` away."""
    first, last = np.array([turn.start for turn in turns]), np.array([turn.end for turn in turns])
    after = np.append(first, np.inf)[np.searchsorted(first, starts)] - ends
    before = starts - np.insert(last, 0, -np.inf)[np.searchsorted(last, starts, "right")]
    gaps = np.maximum(np.minimum(after, before), 0.0)
    nearness: Floats = np.maximum(1.0 - gaps / REACH, 0.0)
    return nearness
