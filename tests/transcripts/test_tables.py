"""Whisper's TSV and tables with names of columns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diarize import FormatError
from diarize.transcripts import Transcript

Read = Callable[..., Transcript]


def test_whisper_counts_in_milliseconds_and_quotes_nothing(read: Read) -> None:
    transcript = read('start\tend\ttext\n0\t1500\t"Well, he said\n1500\t2000\tyes\n')
    assert [(cue.start, cue.end, cue.text) for cue in transcript.cues] == [(0, 1.5, '"Well, he said'), (1.5, 2, "yes")]


def test_a_table_in_seconds_with_speakers(read: Read) -> None:
    transcript = read('speaker,start,end,text\nann,0.500,1.250,"Well, yes"\n,2.000,3.000,no\n', "x.csv")
    cues = [(cue.start, cue.end, cue.text, cue.speaker) for cue in transcript.cues]
    assert cues == [(0.5, 1.25, "Well, yes", "ann"), (2, 3, "no", None)]


@pytest.mark.parametrize(
    ("row", "words"), [("0\t1\n", ":2: 2 cells, but 3 columns"), ("0\tsoon\ta\n", ":2: a time must be a number")]
)
def test_wrong_rows(read: Read, row: str, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read(f"start\tend\ttext\n{row}")
