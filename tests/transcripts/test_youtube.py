"""YouTube's json3: of a recogniser and written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from diarize import FormatError
from diarize.transcripts import Transcript

from .conftest import said

Read = Callable[..., Transcript]


def test_events_of_a_recogniser(read: Read) -> None:
    words = [{"utf8": "one", "acAsrConf": 0}, {"utf8": " two", "tOffsetMs": 500}, {"utf8": " three", "tOffsetMs": 700}]
    events = [
        {"tStartMs": 0, "dDurationMs": 60000, "id": 1, "wpWinPosId": 1},
        {"tStartMs": 1000, "dDurationMs": 4000, "wWinId": 1, "segs": words},
        {"tStartMs": 2990, "dDurationMs": 2010, "wWinId": 1, "aAppend": 1, "segs": [{"utf8": "\n"}]},
        {"tStartMs": 3000, "dDurationMs": 9000, "segs": [{"utf8": "four"}, {"utf8": " five", "tOffsetMs": 3000}]},
    ]
    transcript = read(json.dumps({"wireMagic": "pb3", "events": events}))
    assert said(transcript) == [
        (1, 1.5, "one"),
        (1.5, 1.7, " two"),
        (1.7, 2.7, " three"),  # a second at most
        (3, 4, "four"),
        (6, 7, " five"),
    ]
    assert [(cue.start, cue.end) for cue in transcript.cues] == [(1, 3), (3, 12)]


def test_events_written_by_hand(read: Read) -> None:
    events = [{"tStartMs": 500, "dDurationMs": 1500, "segs": [{"utf8": "Hello,\nyou."}]}]
    (cue,) = read(json.dumps({"events": events})).cues
    assert (cue.start, cue.end, cue.text, cue.timed) == (0.5, 2, "Hello,\nyou.", False)


def test_without_a_time(read: Read) -> None:
    with pytest.raises(FormatError, match=r"events\[0\]: tStartMs must be a number of milliseconds"):
        read('{"events": [{"tStartMs": null, "segs": [{"utf8": "a"}]}]}')
