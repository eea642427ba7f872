"""Words that are made by rule, and how many have the right speaker."""

from __future__ import annotations

import numpy as np
import pytest
from words import JITTER, LEAST, LONGEST, MARKS, SHORTEST, counts, line, nearest, share, words_of

from diarize import Annotation, Turn
from diarize.transcripts import Word

TALK = Annotation([Turn(1, 9, "a"), Turn(9.5, 9.6, "b"), Turn(8, 12, "c")])


@pytest.mark.parametrize("seed", range(3))
def test_words_cover_turns_but_for_jitter(seed: int) -> None:
    words = words_of(TALK, np.random.default_rng(seed))
    assert [word.start for word in words] == sorted(word.start for word in words)
    for turn in TALK:
        own = [word for word in words if word.speaker == turn.speaker]
        assert abs(own[0].start - turn.start) <= JITTER
        assert abs(own[-1].end - turn.end) <= JITTER + LEAST
        assert len(own) >= turn.duration / (LONGEST + SHORTEST)
        assert all(LEAST <= round(word.end - word.start, 9) <= LONGEST + SHORTEST + 2 * JITTER for word in own)


def test_rules_that_are_compared() -> None:
    words = [Word(8.3, 9.1, "x"), Word(20, 21, "x"), Word(9.4, 9.6, "x")]
    turns = Annotation([Turn(1, 8.8, "a"), Turn(8.4, 12, "c")])
    assert [word.speaker for word in nearest(words, turns)] == ["a", "c", "c"]
    assert [word.speaker for word in share(words, turns)] == ["c", "c", "c"]  # 0.7 against 0.5 s
    assert [word.speaker for word in nearest(words, Annotation())] == [None] * 3


def test_words_are_counted() -> None:
    truth = Annotation([Turn(0, 2, "a"), Turn(1.5, 4, "b")])
    words = [Word(0.5, 1, "x", "a"), Word(1.6, 1.9, "x", "a"), Word(3, 3.5, "x", "b"), Word(3.5, 3.9, "x", "b")]
    found = Annotation([Turn(0, 3.4, "a"), Turn(3.5, 4, "b")])
    result = counts(words, dict(zip(MARKS, (truth, found), strict=True)), truth)
    assert (result["", "", "all"], result["", "", "alone"]) == (4, 3)
    assert (result["own turns", "nearest", "all"], result["own turns", "nearest", "alone"]) == (3, 2)
    assert result["true turns", "label", "all"] == 4
    assert line("all", [result]).split()[:3] == ["all", "1", "4"]
