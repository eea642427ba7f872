"""Cues cut where the speaker changes, and broken into lines."""

from __future__ import annotations

from itertools import pairwise

import pytest

from diarize.transcripts import Cue, Word
from diarize.transcripts.cutting import CLAUSE, SENTENCE, cut, wrapped
from diarize.transcripts.timing import cue_of_text


def parts(text: str, names: str, step: float = 0.5, timed: bool = True) -> list[tuple[float, float, str | None, str]]:
    """Cut a cue of words of a length in seconds, each with a name of one letter, "-" for none."""
    texts = [word if k == 0 else f" {word}" for k, word in enumerate(text.split(" "))]
    pairs = zip(texts, names, strict=True)
    words = [
        Word(k * step, (k + 1) * step, word, None if name == "-" else name) for k, (word, name) in enumerate(pairs)
    ]
    cue = Cue(0.0, len(words) * step, tuple(words), timed=timed)
    return [(part.start, part.end, part.speaker, part.text) for part in cut(cue, words)]


def test_a_cue_of_one_speaker_stays_as_it_is() -> None:
    assert parts("How are you", "aaa") == [(0, 1.5, "a", "How are you")]


def test_a_cue_is_cut_at_the_word_where_the_speaker_changes() -> None:
    assert parts("a b c d e", "aabba") == [(0, 1, "a", "a b"), (1, 2, "b", "c d"), (2, 2.5, "a", "e")]


def test_words_of_nobody_stay_with_those_before() -> None:
    assert parts("a b c d", "-a-b") == [(0, 1.5, "a", "a b c"), (1.5, 2, "b", "d")]
    assert parts("a b", "--") == [(0, 1, None, "a b")]


def test_the_parts_of_one_word_are_not_torn_apart() -> None:
    words = [Word(0, 1, "well", "a"), Word(1, 2, "-known", "b"), Word(2, 3, " song", "b")]
    assert [(part.speaker, part.text) for part in cut(Cue(0, 3, tuple(words)), words)] == [
        ("a", "well-known"),
        ("b", "song"),
    ]


def test_signs_may_be_torn_apart() -> None:
    words = [Word(0, 1, "好", "a"), Word(1, 2, "是", "b")]
    assert [part.text for part in cut(Cue(0, 2, tuple(words)), words)] == ["好", "是"]


def test_words_that_overlap_give_cues_that_do_not() -> None:
    words = [Word(0.1, 1.2, "a", "a"), Word(1.0, 2.0, " b", "b")]
    assert [(one.start, one.end) for one in cut(Cue(0, 3, tuple(words)), words)] == [(0, 1.0), (1.0, 3)]


@pytest.mark.parametrize(
    ("text", "names", "step", "expected"),
    [
        ("a b. c d", "aaab", 0.9, ["a b.", "c d"]),  # a word further than the end of the sentence
        ("a b c. d", "aabb", 0.9, ["a b c.", "d"]),
        ("a b. c d", "aaab", 1.1, ["a b. c", "d"]),  # too far
        ("a b, c d", "aaab", 0.6, ["a b, c", "d"]),  # a comma is worth less
        ("a b, c d", "aaab", 0.3, ["a b,", "c d"]),
        ("a b c d", "aaab", 0.3, ["a b c d"]),  # the end of the cue
        ("a b c d", "abbb", 0.3, ["a b c d"]),
        ("a b. c d. e f", "aaabbb", 0.5, ["a b.", "c d. e f"]),  # the first of two that are equally near
    ],
)
def test_without_word_times_changes_move_to_ends_near_by(
    text: str, names: str, step: float, expected: list[str]
) -> None:
    assert (CLAUSE, SENTENCE) == (0.4, 1.0)
    assert [part[3] for part in parts(text, names, step, timed=False)] == expected


def test_changes_keep_their_order() -> None:
    assert [part[2:] for part in parts("a. b c. d e. f", "abbcca"[:6], 0.5, timed=False)] == [
        ("a", "a."),
        ("b", "b c."),
        ("c", "d e."),
        ("a", "f"),
    ]


def test_a_line_each_for_two_speakers() -> None:
    cue = cue_of_text("- Are you sure\n- Of course I am", 0, 3)
    named = [Word(w.start, w.end, w.text, "a" if k < 3 else "b") for k, w in enumerate(cue.words)]
    assert [(one.speaker, one.text) for one in cut(cue, named)] == [("a", "- Are you sure"), ("b", "- Of course I am")]


LONG = "One two three four five six. Seven eight nine, ten eleven twelve thirteen fourteen fifteen."


@pytest.mark.parametrize("length", [16, 20, 42, 200])
@pytest.mark.parametrize("prefix", [0, 6])
def test_lines_are_short_and_nothing_is_lost(length: int, prefix: int) -> None:
    cue = cue_of_text(LONG, 2, 12)
    cues = wrapped(cue, length, prefix)
    assert " ".join(one.text for one in cues).split() == LONG.split()
    for one in cues:
        first, *rest = one.text.split("\n")
        assert prefix + len(first) <= length
        assert len(rest) <= 1
        assert all(len(line) <= length for line in rest)
    assert (cues[0].start, cues[-1].end) == (2, 12)
    assert all(before.end == after.start for before, after in pairwise(cues))


def test_cues_end_with_the_sentence() -> None:
    text = "One two three four. Five six seven eight nine."  # 46 characters; lines are of 12
    assert wrapped(cue_of_text(text, 0, 9), 12)[0].text == "One two\nthree four."


def test_a_word_that_is_too_long_has_a_line_of_its_own() -> None:
    assert [one.text for one in wrapped(cue_of_text("a " + 20 * "x" + " b", 0, 3), 10)] == ["a\n" + 20 * "x", "b"]


def test_ends_of_lines_of_the_source_are_not_kept_when_lines_are_made() -> None:
    assert [one.text for one in wrapped(cue_of_text("a\nb c", 0, 3), 10)] == ["a b c"]
