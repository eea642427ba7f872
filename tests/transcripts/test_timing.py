"""Times that are missing, backwards or none."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from diarize.transcripts.timing import Heard, cue_of_text, cues_of_words, seconds_of, shared_time, timed_words
from diarize.transcripts.words import Word


def spans(heard: list[Heard], start: float = 0.0, end: float = 10.0) -> list[tuple[float, float]]:
    return [(word.start, word.end) for word in timed_words(heard, start, end)]


def test_missing_times_share_the_gap_by_characters() -> None:
    heard = [Heard("a", 1, 2), Heard(" in", None, None), Heard(" 2014.", None, None), Heard(" b", 9, 9.5)]
    assert spans(heard) == [(1, 2), (2, 4), (4, 9), (9, 9.5)]  # 2 and 5 of 7 characters of 7 seconds


def test_missing_times_at_the_ends_reach_to_the_cue() -> None:
    assert spans([Heard("ab", None, None), Heard("c", 4, 5), Heard("d", None, None)]) == [(0, 4), (4, 5), (5, 10)]
    assert spans([Heard("a", None, None), Heard("bcd", None, None)], 2, 6) == [(2, 3), (3, 6)]


def test_one_time_of_two_and_times_backwards() -> None:
    assert spans([Heard("a", 3, None), Heard("b", None, 4), Heard("c", 6, 5)]) == [(3, 3), (4, 4), (6, 6)]


def test_no_gap_is_left_for_a_word_between() -> None:
    assert spans([Heard("a", 3, 5), Heard("b", None, None), Heard("c", 4, 6)]) == [(3, 5), (5, 5), (4, 6)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.5", 1.5), (2, 2.0), (-0.1, 0.0), (None, None), ("", None), (math.nan, None), (math.inf, None), (True, None)],
)
def test_seconds(value: object, expected: float | None) -> None:
    assert seconds_of(value) == expected


def test_time_is_shared_without_gaps() -> None:
    parts = shared_time(["one", " three", "x"], 1.0, 4.0)
    assert parts[0][0] == 1.0
    assert parts[-1][1] == 4.0
    assert all(before[1] == after[0] for before, after in pairwise(parts))


def test_a_cue_of_text_keeps_its_text() -> None:
    cue = cue_of_text(" Hello there,\nyou. ", 1, 0.5)
    assert (cue.text, cue.start, cue.end, cue.timed) == ("Hello there,\nyou.", 1, 1, False)


def test_cues_end_at_pauses_sentences_speakers_and_length() -> None:
    texts = ["One.", " Two", " three", " four"]
    words = [Word(k, k + 1, text) for k, text in enumerate(texts)] + [Word(5, 6, " five")]
    words += [Word(6, 7, " six", "anna"), *(Word(7 + k, 8 + k, " " + 29 * "x", "anna") for k in range(3))]
    assert [len(cue.words) for cue in cues_of_words(words)] == [1, 3, 1, 3, 1]
