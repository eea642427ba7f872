"""Who says each word, worked out by hand, and against an enumeration of all turns."""

from __future__ import annotations

import numpy as np
import pytest

from diarize import Annotation, Turn
from diarize.transcripts.assignment import LEAD, REACH, assign, evidence_of
from diarize.transcripts.words import Word


def names(times: list[tuple[float, float]], *turns: Turn) -> list[str | None]:
    return [word.speaker for word in assign([Word(*span, "x") for span in times], Annotation(turns))]


def test_a_word_goes_to_the_one_who_speaks_most_of_it() -> None:
    turns = Turn(0, 2, "a"), Turn(2, 4, "b")
    assert names([(0.5, 1), (1.4, 2.2), (1.9, 2.6), (3, 3.5)], *turns) == ["a", "a", "b", "b"]


def test_where_two_speak_the_one_before_goes_on() -> None:
    turns = Turn(0, 3, "b"), Turn(1, 4, "a")
    assert names([(0.2, 0.8), (1.2, 1.8), (2.2, 2.8), (3.2, 3.8)], *turns) == ["b", "b", "b", "a"]


@pytest.mark.parametrize(("lead", "name"), [(0.8 * LEAD, "a"), (1.2 * LEAD, "b")])
def test_a_small_lead_takes_no_word(lead: float, name: str) -> None:
    own = (1 - lead) / 2  # of a word of a second, that the speaker before has
    assert names([(1, 1.2), (2 - own, 3 - own)], Turn(0, 2, "a"), Turn(2, 4, "b")) == ["a", name]


def test_a_confident_turn_counts_more() -> None:
    turns = Turn(0, 2, "a", 0.3), Turn(0, 2, "b", 0.9)
    assert names([(0.5, 1)], *turns) == ["b"]


def test_a_word_in_no_turn_goes_to_the_near_one_within_reach() -> None:
    turns = Turn(0, 2, "a"), Turn(3, 4, "b")
    assert names([(2.1, 2.2), (2.7, 2.9), (4.5, 4.6), (4.1 + REACH, 5 + REACH)], *turns) == ["a", "b", "b", None]


def test_words_without_duration_and_in_any_order() -> None:
    assert names([(3, 3), (1, 1)], Turn(0, 2, "a"), Turn(2, 4, "b")) == ["b", "a"]


def test_without_turns_or_words() -> None:
    assert names([(0, 1)]) == [None]
    assert assign([], Annotation([Turn(0, 1, "a")])) == []


@pytest.mark.parametrize("seed", range(5))
def test_evidence_is_the_sum_over_turns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    starts = rng.uniform(0, 30, 12)
    turns = [Turn(t, t + rng.uniform(0.1, 3), str(rng.choice(list("abc"))), rng.uniform()) for t in starts]
    annotation = Annotation(turns)
    words = [Word(t, t + rng.uniform(0.05, 0.8), "x") for t in rng.uniform(0, 40, 60)]
    for word, row in zip(words, evidence_of(words, annotation), strict=True):
        for name, value in zip(annotation.labels, row, strict=True):
            own = [turn for turn in annotation if turn.speaker == name]
            covered = [max(min(t.end, word.end) - max(t.start, word.start), 0) * (t.confidence or 0) for t in own]
            gap = min(max(t.start - word.end, word.start - t.end, 0) for t in own)
            inside = any(t.start < word.end and word.start < t.end for t in annotation)
            expected = sum(covered) / (word.end - word.start) if inside else max(1 - gap / REACH, 0)
            assert value == pytest.approx(expected, abs=1e-9)
