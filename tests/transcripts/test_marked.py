"""CTM and STM as transcripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diarize import FormatError
from diarize.transcripts import Transcript

from .conftest import said

Read = Callable[..., Transcript]


def test_ctm(read: Read) -> None:
    lines = (";; made by hand", "c 1 0.50 0.25 hello 0.9", "c 1 0.80 0.20 you", "c A 2.00 0.5 yes 0.5 lex ann")
    transcript = read("\n".join(lines))
    assert transcript.uri == "c"
    assert said(transcript) == [(0.5, 0.75, " hello"), (0.8, 1.0, " you"), (2.0, 2.5, " yes")]
    assert [word.confidence for word in transcript.words] == [0.9, None, 0.5]
    assert [(cue.text, cue.speaker) for cue in transcript.cues] == [("hello you", None), ("yes", "ann")]


def test_words_may_be_numbers_and_confidence_unknown(read: Read) -> None:
    text = "c 1 0.04 0.12 20 NA lex NA\nc 1 0.20 0.30 dogs -1.00 lex spk_0\n"
    transcript = read(text)
    assert said(transcript) == [(0.04, 0.16, " 20"), (0.2, 0.5, " dogs")]
    assert [(word.confidence, word.speaker) for word in transcript.words] == [(None, None), (None, "spk_0")]
    assert read("c 1 7 0.5 1.5 hello\nc 1 8 1.5 2.5 you\n").source.layout == "stm"  # speakers 7 and 8


def test_alternatives_are_passed_over(read: Read) -> None:
    text = "c 1 1.0 0.5 so\nc 1 * * <ALT_BEGIN>\nc 1 1.5 0.5 what\nc 1 * * <ALT_END>\n"
    assert [text for _, _, text in said(read(text))] == [" so", " what"]


def test_stm(read: Read) -> None:
    text = (
        ";; made by hand\ncall 1 ann 0.5 2.5 <o,f0,female> good morning\n"
        "call 1 ann 2.5 3 IGNORE_TIME_SEGMENT_IN_SCORING\ncall 1 Ben%20B 3 4 hi\n"
    )
    transcript = read(text)
    assert [(cue.start, cue.end, cue.text, cue.speaker, cue.timed) for cue in transcript.cues] == [
        (0.5, 2.5, "good morning", "ann", False),
        (3, 4, "hi", "Ben B", False),
    ]


def test_one_of_several_recordings(read: Read) -> None:
    text = "a 1 0 1 one\nb 1 0 1 two\n"
    assert said(read(text, uri="b")) == [(0, 1, " two")]
    with pytest.raises(FormatError, match=r"exactly one recording was expected; name one \(the file holds: a, b\)"):
        read(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a 1 0 1 one\na 1 x 1 two\n", r":2: the start must be a number"),
        ("a 1 0 1 one\na 1 0\n", r":2: a CTM line has five to eight fields"),
        ("a 1 s 0 1 one\na 1 s 0\n", r":2: an STM line has recording"),
        ("a 1 s 0 1 one\na 1 s 0 x two\n", r":2: the end must be a number"),
    ],
)
def test_wrong_lines(read: Read, text: str, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read(text)
