"""Four jobs: the transcript that is made for them, and how talk time is compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from _jobs_material import LONGEST_SEGMENT, transcript
from jobs import talk_off
from words import JITTER, LONGEST, SHORTEST

from diarize import Annotation, Turn
from diarize.transcripts import read_transcript

TALK = Annotation([Turn(1, 30, "a"), Turn(28, 40, "b"), Turn(60, 70, "a")], uri="episode")


def test_the_transcript_is_whispers_and_its_truth_names_every_word(tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    transcript(TALK, tmp_path)
    words, known = (read_transcript(tmp_path / name).words for name in ("episode.json", "truth/words.json"))
    assert [(one.start, one.end, one.text) for one in words] == [(one.start, one.end, one.text) for one in known]
    assert {one.speaker for one in words} == {None}
    assert {one.speaker for one in known if one.end < 27} == {"a"}
    segments = json.loads((tmp_path / "episode.json").read_text(encoding="utf-8"))["segments"]
    longest = LONGEST_SEGMENT + LONGEST + SHORTEST + 2 * JITTER  # a word that began in time is not cut
    assert all(0 < one["end"] - one["start"] <= longest for one in segments)
    assert not any(one["start"] < 50 < one["end"] for one in segments)  # nobody talks there


def test_talk_time_is_compared_speaker_by_speaker() -> None:
    rows = [{"recording": "x", "speaker": "a", "talk": "44"}, {"recording": "x", "speaker": "", "talk": "99"}]
    truth = {"x": TALK}  # a has 39 s, b 12 s
    assert talk_off(rows, truth) == f"talk time off by {1:.1%}, at most 100%"  # b is not found
    rows.append({"recording": "x", "speaker": "b", "talk": "12"})
    assert talk_off(rows, truth) == f"talk time off by {5 / 39:.1%}, at most 13%"
    with pytest.raises(KeyError):
        talk_off([{"recording": "x", "speaker": "a"}], truth)
