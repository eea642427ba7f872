"""Numbers of conversations small enough to be counted by hand."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest

from diarize import Annotation, ConfigError, Segment, SpeakerTalk, TalkRules, TalkSummary, Turn, summarise
from diarize.talk import joined, on_the_floor, pooled


def said(*turns: tuple[float, float, str]) -> Annotation:
    return Annotation([Turn(*turn) for turn in turns], "talk")


def of(summary: TalkSummary, name: str) -> SpeakerTalk:
    return next(speaker for speaker in summary.speakers if speaker.speaker == name)


def test_talk_share_listen_and_ratio() -> None:
    summary = summarise(said((0, 6, "a"), (4, 8, "b"), (9, 10, "c")))
    a = of(summary, "a")
    assert (summary.duration, summary.speech, summary.overlap, summary.silence) == (10, 9, 2, 1)
    assert (a.talk, a.listen, a.overlap, a.talk_listen) == (6, 3, 2, 2)
    assert a.share == pytest.approx(6 / 11)
    assert summary.talk == 11
    assert [speaker.speaker for speaker in summary.speakers] == ["a", "b", "c"]


def test_numbers_of_random_talk_agree_with_counting_frames() -> None:
    rng = np.random.default_rng(5)
    turns = []
    for name in "abcd":
        edges = np.sort(rng.choice(1000, 20, replace=False))
        turns += [(start / 8, end / 8, name) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    summary = summarise(said(*turns), [Segment(0, 125)])
    frames = np.zeros((1000, 4), dtype=bool)  # of 1/8 s
    for start, end, name in turns:
        frames[round(start * 8) : round(end * 8), "abcd".index(name)] = True
    talking = frames.sum(axis=1)
    assert summary.silence == (talking == 0).sum() / 8
    assert summary.overlap == (talking > 1).sum() / 8
    for place, name in enumerate("abcd"):
        own = frames[:, place]
        assert of(summary, name).talk == own.sum() / 8
        assert of(summary, name).listen == (~own & (talking > 0)).sum() / 8
        assert of(summary, name).overlap == (own & (talking > 1)).sum() / 8


def test_pauses_up_to_the_limit_are_within_a_turn() -> None:
    talk = said((0, 1, "a"), (1.5, 2, "a"), (2.75, 3, "a"))
    assert of(summarise(talk), "a").turn_lengths == (2, 0.25)
    assert of(summarise(talk, rules=TalkRules(pause=0.75)), "a").turn_lengths == (3,)
    assert [turn.end for turn in joined(talk, 0.0)] == [1, 2, 3]
    assert (of(summarise(talk), "a").mean_turn, of(summarise(talk), "a").median_turn) == (1.125, 1.125)


def test_a_word_in_a_pause_of_another_is_inside_that_turn() -> None:
    summary = summarise(said((0, 2, "a"), (2.1, 2.3, "b"), (2.4, 5, "a")))
    assert (of(summary, "a").turns, of(summary, "b").backchannels, summary.changes) == (1, 1, 0)


def test_backchannels_are_short_and_inside() -> None:
    summary = summarise(said((0, 10, "a"), (2, 3, "b"), (4, 5.5, "b"), (9.5, 10.25, "c")))
    assert (of(summary, "b").backchannels, of(summary, "b").turns) == (1, 2)
    assert (summary.backchannels, summary.interruptions) == (1, 1)


def test_interruptions_begin_early_enough_and_go_on() -> None:
    early = summarise(said((0, 4, "a"), (3.5, 6, "b")))
    late = summarise(said((0, 4, "a"), (3.75, 6, "b")))
    within = summarise(said((0, 4, "a"), (1, 4, "b")))
    together = summarise(said((0, 4, "a"), (0, 6, "b")))
    assert (of(early, "b").interruptions, of(early, "a").interrupted, early.interruptions) == (1, 1, 1)
    assert (late.interruptions, within.interruptions, together.interruptions) == (0, 0, 0)
    assert summarise(said((0, 4, "a"), (4, 6, "b")), rules=TalkRules(interruption=0)).interruptions == 0


def test_each_pair_of_three_counts() -> None:
    summary = summarise(said((0, 4, "a"), (1, 5, "b"), (2, 6, "c")))
    made = {speaker.speaker: (speaker.interruptions, speaker.interrupted) for speaker in summary.speakers}
    assert made == {"a": (0, 2), "b": (1, 1), "c": (2, 0)}


def test_replies_are_gaps_and_overlaps() -> None:
    summary = summarise(said((0, 2, "a"), (2.5, 4, "b"), (3.75, 6, "a"), (5, 5.5, "b"), (8, 9, "b")))
    assert (of(summary, "a").responses, of(summary, "b").responses) == ((-0.25,), (0.5, 2.0))
    assert (of(summary, "b").response, summary.response, summary.changes) == (1.25, 0.5, 3)


def test_equal_turns_are_on_the_floor_once() -> None:
    floor, inside = on_the_floor([Turn(0, 1, "b"), Turn(0, 1, "a")])
    assert ([turn.speaker for turn in floor], [turn.speaker for turn in inside]) == (["a"], ["b"])


def test_monologues_go_on_over_pauses_and_backchannels() -> None:
    talk = said((0, 4, "a"), (3, 3.5, "b"), (6, 10, "a"), (12.5, 13, "a"), (14, 15, "b"), (15, 16, "a"))
    assert of(summarise(talk), "a").longest_monologue == 10
    assert of(summarise(talk, rules=TalkRules(monologue_pause=2.5)), "a").longest_monologue == 13
    assert (of(summarise(talk), "b").longest_monologue, summarise(talk).longest_monologue) == (1, 10)


def test_regions_cut_turns_and_bound_silence() -> None:
    talk = said((0, 4, "a"), (6, 10, "b"))
    summary = summarise(talk, [Segment(8, 20), Segment(1, 3)])
    assert (summary.duration, summary.speech, summary.silence, summary.longest_silence) == (14, 4, 10, 10)
    assert summarise(talk).longest_silence == 2


def test_nobody_talks() -> None:
    assert summarise(said()) == TalkSummary(uri="talk", duration=0, speech=0, overlap=0, longest_silence=0, speakers=())
    silent = summarise(said(), [Segment(0, 5)])
    assert (silent.silence, silent.longest_silence, silent.response, silent.mean_turn) == (5, 5, None, None)
    assert (silent.median_turn, silent.longest_monologue) == (None, 0)


def test_who_is_alone_has_no_ratio_and_no_reply() -> None:
    alone = of(summarise(said((0.1, 0.4, "a"), (0.7, 1.3, "a"))), "a")
    assert (alone.listen, alone.talk_listen, alone.response, alone.share) == (0, None, None, 1)


def test_pooled_adds_and_keeps_speakers_apart() -> None:
    one, two = summarise(said((0, 4, "a"), (5, 6, "b"))), summarise(said((0, 1, "a"), (4, 6, "b")))
    both = pooled([one, two])
    assert (both.duration, both.speech, both.silence, both.longest_silence) == (12, 8, 4, 3)
    assert (both.turns, both.changes, both.response, len(both.speakers)) == (4, 2, 2, 4)
    assert (both.mean_turn, both.median_turn) == (2, 1.5)
    assert pooled([]).duration == 0


@pytest.mark.parametrize("value", [-1, nan, inf, "1"])
def test_rules_are_seconds(value: float) -> None:
    with pytest.raises(ConfigError, match="pause must be seconds, 0 or more"):
        TalkRules(pause=value)
