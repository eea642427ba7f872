"""Changes of speaker at the ends of sentences, worked out by hand."""

from __future__ import annotations

import pytest

from diarize.transcripts import Word
from diarize.transcripts.sentences import NEAR, at_sentences


def moved(text: str, names: str, step: float = 0.2, untimed: tuple[int, ...] = ()) -> str:
    """Return the names, of one letter each, "-" for none, of words that follow each other."""
    words = [
        Word(k * step, (k + 1) * step, f" {word}", None if name == "-" else name)
        for k, (word, name) in enumerate(zip(text.split(), names, strict=True))
    ]
    result = at_sentences(words, [k not in untimed for k in range(len(words))])
    assert [word.text for word in result] == [word.text for word in words]
    return "".join(word.speaker or "-" for word in result)


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("a b. c d", "aaab", "aabb"),  # a word too late
        ("a b. c d", "abbb", "aabb"),  # a word too early
        ("a b. c d", "aabb", "aabb"),
        ("a b. c d e f", "aaaaab", "aaaaab"),  # 0.6 s away
        ("a b c d", "aabb", "aabb"),  # no sentence ends
        ("a b. c d. e", "aaabb", "aabbb"),  # of two that are as near the first
        ("a b. c. d e", "aabcc", "aabcc"),  # a short answer is not lost
        ("a b. c d. e f", "aaabcc", "aabbcc"),  # two changes
        ("a b. c d", "a-ab", "a-bb"),  # words of nobody stay so
        ("a b.", "--", "--"),
    ],
)
def test_changes_move_to_ends_of_sentences_near_by(text: str, names: str, expected: str) -> None:
    assert NEAR == 0.5
    assert moved(text, names) == expected


def test_words_without_times_of_their_own_are_left_to_the_cutting_of_cues() -> None:
    assert moved("a b. c d", "aaab", untimed=(2,)) == "aaab"


def test_no_words() -> None:
    assert at_sentences([], []) == []
