"""A diarization corrected: hints are kept to the moment, names carry over, and each correction starts anew."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize import Annotation, ConfigError, Diarization, Diarizer, DiarizeWarning, Hints, Segment, Turn, checks
from diarize.correction import _at_end
from diarize.stages.limits import Limits

SAMPLES = Path(__file__).resolve().parents[1] / "audio_samples"
RATE = 16000


@pytest.fixture(scope="module")
def diarizer() -> Diarizer:
    return Diarizer("fast")


@pytest.fixture(scope="module")
def plain(diarizer: Diarizer) -> Diarization:
    """Return that of the first 25 s of a dialogue."""
    sound = soundfile.read(SAMPLES / "dialogue.flac", frames=25 * RATE, dtype="float32")[0]
    return diarizer.diarize((sound, RATE), uri="talk")


@pytest.fixture(scope="module")
def reference() -> Annotation:
    whole = Annotation.read(SAMPLES / "dialogue.rttm")
    return whole.crop(Segment(0, 25))


def test_hints_are_kept_to_the_moment(diarizer: Diarizer, plain: Diarization) -> None:
    hints = Hints([Turn(1.2345, 2.3456, "Anna"), Turn(2.0, 3.0, "Ben")], [Segment(8.111, 9.222)])
    annotation = diarizer.correct(plain, hints).annotation
    assert annotation.crop(Segment(8.111, 9.222)).turns == ()
    inside = annotation.crop(Segment(1.2345, 3.0))
    assert inside.durations() == pytest.approx({"Anna": 2.3456 - 1.2345, "Ben": 1.0})
    assert annotation.uri == "talk"


def test_a_name_goes_with_the_voice(diarizer: Diarizer, plain: Diarization, reference: Annotation) -> None:
    """One turn of each is named; where the reference has one of them, nearly everything gets that name."""
    names = dict(zip(reference.labels, ("Anna", "Ben"), strict=True))
    longest = [max((turn for turn in reference if turn.speaker == label), key=lambda t: t.duration) for label in names]
    hints = [Turn(turn.start, turn.start + 1.0, names[turn.speaker]) for turn in longest]
    corrected = diarizer.correct(plain, hints)
    assert corrected.names == ("Anna", "Ben")
    right = sum(
        min(said.end, true.end) - max(said.start, true.start)
        for said in corrected.annotation
        for true in reference.rename(names)
        if said.speaker == true.speaker and said.segment.overlaps(true.segment)
    )
    assert right > 0.8 * reference.duration


def test_the_same_in_one_step(diarizer: Diarizer, plain: Diarization) -> None:
    hints = Hints([Turn(1.0, 2.0, "Anna")])
    sound = soundfile.read(SAMPLES / "dialogue.flac", frames=25 * RATE, dtype="float32")[0]
    assert diarizer((sound, RATE), uri="talk", hints=hints) == diarizer.correct(plain, hints).annotation


def test_a_correction_starts_anew(diarizer: Diarizer, plain: Diarization) -> None:
    first = diarizer.correct(plain, [Turn(1.0, 2.0, "Anna")])
    second = diarizer.correct(first, [Turn(5.0, 6.0, "Ben")])
    assert first.uncorrected is plain
    assert second.annotation == diarizer.correct(plain, [Turn(5.0, 6.0, "Ben")]).annotation
    assert "Anna" not in second.annotation.labels


def test_who_has_no_name_keeps_the_one_there_was(diarizer: Diarizer, plain: Diarization) -> None:
    turn = max(plain.annotation, key=lambda turn: turn.duration)
    corrected = diarizer.correct(plain, [Turn(turn.start, turn.end, "Anna")])
    assert set(corrected.annotation.labels) == {"Anna", *plain.annotation.labels} - {turn.speaker}


def test_a_usual_name_may_be_given_to_somebody_else(diarizer: Diarizer, plain: Diarization) -> None:
    turn = next(turn for turn in plain.annotation if turn.speaker == "speaker2" and turn.duration > 1)
    annotation = diarizer.correct(plain, [Turn(turn.start, turn.end, "speaker1")]).annotation
    assert set(annotation.labels) == {"speaker1", "speaker2"}
    assert annotation.crop(turn.segment).labels == ["speaker1"]


def test_silence_alone(diarizer: Diarizer, plain: Diarization) -> None:
    corrected = diarizer.correct(plain, Hints((), [Segment(0, 3)]))
    assert not corrected.annotation.crop(Segment(0, 3)).turns
    assert corrected.annotation.labels == plain.annotation.labels


def test_probabilities_follow(diarizer: Diarizer, plain: Diarization) -> None:
    corrected = diarizer.correct(plain, [Turn(1.0, 2.0, "Anna")])
    inside = corrected.frames.mask([Segment(1.0, 2.0)])
    np.testing.assert_allclose(corrected.posterior[inside, corrected.names.index("Anna")], 1.0)
    assert corrected.speech_probability[inside].min() == 1.0


def test_hints_where_no_speech_was_heard(diarizer: Diarizer) -> None:
    with pytest.warns(DiarizeWarning, match="no speech"):
        silent = diarizer.diarize((np.zeros(3 * RATE, np.float32), RATE), uri="silent")
    corrected = diarizer.correct(silent, [Turn(1.0, 2.0, "Anna")])
    assert corrected.annotation == Annotation([Turn(1.0, 2.0, "Anna", 1.0)], "silent")


def test_more_people_than_there_may_be(diarizer: Diarizer, plain: Diarization) -> None:
    hints = [Turn(place, place + 0.5, f"person {place}") for place in range(3)]
    with pytest.raises(ConfigError, match="the hints name 3 people, but there may be 2 at most"):
        diarizer.correct(plain, hints, Limits(1, 2))


def test_fewer_people_than_asked_for_are_said(diarizer: Diarizer, plain: Diarization) -> None:
    turn = plain.annotation.turns[0]
    hints = Hints([Turn(turn.start, turn.end, "anna")])
    with pytest.warns(DiarizeWarning, match="after the correction: it finds no further voices"):
        diarizer.correct(plain, hints, Limits(9, 9))


def test_hints_that_are_none(diarizer: Diarizer, plain: Diarization) -> None:
    with pytest.raises(ConfigError, match=r"got Segment\(start=0.0, end=1.0\) among them"):
        diarizer.correct(plain, [Segment(0, 1)])  # type: ignore[list-item]


def test_what_the_detector_said_is_kept_where_nothing_was_fixed(diarizer: Diarizer, plain: Diarization) -> None:
    hints = Hints([Turn(1.0, 2.0, "Anna")], [Segment(5.0, 6.0)])
    corrected = diarizer.correct(plain, hints)
    named, silent = (corrected.frames.mask([Segment(start, start + 1)]) for start in (1.0, 5.0))
    heard = corrected.speech_probability
    assert (heard[named].min(), heard[silent].max()) == (1.0, 0.0)
    rest = ~(named | silent)
    np.testing.assert_array_equal(heard[rest], plain.speech_probability[rest])
    assert len(np.unique(heard[rest])) > 100


def test_a_name_where_nobody_was_heard_is_nobody_elses_voice(diarizer: Diarizer, plain: Diarization) -> None:
    """Nothing is known of a voice there, so that who speaks first in the recording is not taken for it."""
    silent = [place for place in np.arange(0, 25, 0.1) if not plain.annotation.crop(Segment(place, place + 0.1))]
    corrected = diarizer.correct(plain, [Turn(silent[0], silent[0] + 0.1, "Anna")])
    assert corrected.annotation.durations()["Anna"] == pytest.approx(0.1)
    assert set(corrected.annotation.labels) == {"Anna", *plain.annotation.labels}


def test_among_no_more_people_it_is_one_who_was_heard(diarizer: Diarizer, plain: Diarization) -> None:
    silent = next(place for place in np.arange(0, 25, 0.1) if not plain.annotation.crop(Segment(place, place + 0.1)))
    corrected = diarizer.correct(plain, [Turn(silent, silent + 0.1, "Anna")], Limits(2, 2))
    assert len(corrected.annotation.labels) == 2
    assert corrected.annotation.durations()["Anna"] > 1


def test_silence_where_nobody_spoke_moves_nothing(diarizer: Diarizer, plain: Diarization) -> None:
    silent = next(place for place in np.arange(0, 25, 0.1) if not plain.annotation.crop(Segment(place, place + 0.1)))
    corrected = diarizer.correct(plain, Hints((), [Segment(silent, silent + 0.1)]))
    assert corrected.annotation == plain.annotation
    np.testing.assert_array_equal(corrected.posterior, plain.posterior)


def test_silence_everywhere(diarizer: Diarizer, plain: Diarization) -> None:
    corrected = diarizer.correct(plain, Hints((), [Segment(0, 25)]))
    assert (corrected.annotation.turns, corrected.names, corrected.speech_probability.max()) == ((), (), 0.0)
    assert corrected.posterior.shape == (plain.frames.n_frames, 0)
    assert diarizer.correct(corrected, Hints()) is plain


@pytest.fixture(scope="module")
def call(diarizer: Diarizer, reference: Annotation) -> Diarization:
    """Return that of a call in which each of the two speaks at an end, 20 dB softer at the other."""
    sound = soundfile.read(SAMPLES / "dialogue.flac", frames=25 * RATE, dtype="float32")[0]
    ends = np.zeros((len(sound), 2), np.float32)
    for turn in reference:
        part = slice(round(turn.start * RATE), round(turn.end * RATE))
        ends[part, reference.labels.index(turn.speaker)] = sound[part]
    noise = 1e-3 * np.random.default_rng(0).standard_normal(ends.shape)
    samples = (ends + 0.1 * np.roll(ends[:, ::-1], RATE // 16, axis=0) + noise).astype(np.float32)
    return diarizer.diarize((samples, RATE), uri="call", channel_names=["agent", "customer"])


@pytest.fixture(scope="module")
def alone(call: Diarization) -> list[list[Segment]]:
    """Return for each leg where nobody else speaks, the longest stretch first."""
    agent, customer = ([turn for turn in call.annotation if turn.speaker == name] for name in ("agent", "customer"))
    return [
        sorted(
            (turn.segment for turn in mine if not any(turn.segment.overlaps(other.segment) for other in others)),
            key=lambda segment: -segment.duration,
        )
        for mine, others in ((agent, customer), (customer, agent))
    ]


def first_second(segment: Segment, name: str) -> Turn:
    return Turn(segment.start, segment.start + 1.0, name)


def test_a_leg_gets_the_name_of_who_is_heard_in_it(
    diarizer: Diarizer, call: Diarization, alone: list[list[Segment]]
) -> None:
    assert len(call.legs) == 2
    corrected = diarizer.correct(call, [first_second(alone[1][0], "Ben")])
    assert corrected.annotation.labels == ["Ben", "agent"]
    assert corrected.about().channels == {"agent": 1, "Ben": 2}
    before, after = (one.annotation.durations() for one in (call, corrected))
    assert after["Ben"] == pytest.approx(before["customer"], rel=0.1)
    assert after["agent"] == pytest.approx(before["agent"], abs=0.2)
    assert corrected.uncorrected is call
    assert [leg.channel for leg in corrected.legs] == [1, 2]


def test_a_person_in_both_legs_is_one(diarizer: Diarizer, call: Diarization, alone: list[list[Segment]]) -> None:
    corrected = diarizer.correct(call, [first_second(own[0], "Anna") for own in alone])
    assert corrected.names == ("Anna",)
    assert corrected.annotation.labels == ["Anna"]
    assert corrected.posterior.shape == (corrected.frames.n_frames, 1)
    spoken = [leg.annotation.duration for leg in corrected.legs]
    assert corrected.about().channels == {"Anna": 1 + int(np.argmax(spoken))}


def test_the_name_of_the_other_end_joins_both(
    diarizer: Diarizer, call: Diarization, alone: list[list[Segment]]
) -> None:
    """Where only the customer speaks, a person says it is the agent: the voice gets that name, the other keeps it."""
    corrected = diarizer.correct(call, [first_second(alone[1][0], "agent")])
    assert corrected.annotation.labels == ["agent"]


def test_a_second_person_at_an_end_comes_out(diarizer: Diarizer, call: Diarization, alone: list[list[Segment]]) -> None:
    hints = [first_second(alone[0][0], "Anna"), first_second(alone[0][1], "Zoe")]
    corrected = diarizer.correct(call, hints)
    assert corrected.annotation.labels == ["Anna", "Zoe", "customer"]
    assert corrected.about().channels == {"Anna": 1, "Zoe": 1, "customer": 2}
    assert corrected.legs[1].annotation == call.legs[1].annotation
    limited = diarizer.correct(call, hints, Limits(3, 3))
    assert limited.annotation.labels == corrected.annotation.labels
    with pytest.raises(ConfigError, match="the hints name 2 people"):
        diarizer.correct(call, hints, Limits(1, 1))


def test_silence_holds_in_all_legs(diarizer: Diarizer, call: Diarization) -> None:
    silence = Segment(4.0, 9.0)
    corrected = diarizer.correct(call, Hints((), [silence]))
    inside = call.frames.mask([silence])
    assert not corrected.annotation.crop(silence)
    for leg in corrected.legs:
        assert not leg.detection.speech[inside].any()
        assert leg.speech_probability[inside].max() == 0
    assert corrected.annotation.labels == call.annotation.labels
    assert not diarizer.correct(call, Hints((), [Segment(0, 25)])).annotation


def test_legs_are_corrected_alike_after_they_were_kept(
    diarizer: Diarizer, call: Diarization, alone: list[list[Segment]], tmp_path: Path
) -> None:
    hints = Hints([first_second(alone[0][0], "Anna"), first_second(alone[0][1], "Zoe")], [Segment(4.0, 4.5)])
    first = diarizer.correct(call, hints)
    first.save(tmp_path / "call.npz")
    loaded = Diarization.load(tmp_path / "call.npz")
    assert [leg.channel_name for leg in loaded.legs] == ["agent", "customer"]
    second = diarizer.correct(loaded, hints)
    assert second.annotation == first.annotation
    np.testing.assert_array_equal(second.posterior, first.posterior)
    assert diarizer.correct(second, Hints()).annotation == call.annotation


def test_legs_are_asked_about_together(diarizer: Diarizer, call: Diarization, alone: list[list[Segment]]) -> None:
    asked = checks(call, most=100)
    assert {check.speaker for check in asked} == {"agent", "customer"}
    gains = [check.gain for check in asked]
    assert gains == sorted(gains, reverse=True)
    hints = Hints([first_second(alone[1][0], "Ben")])
    again = checks(diarizer.correct(call, hints), hints, most=100)
    assert {check.speaker for check in again} == {"agent", "Ben"}
    fixed = hints.annotation.turns[0].segment
    assert not any(fixed.overlaps(Segment(check.start, check.end)) for check in again)
    assert len(checks(call, most=1)) == 1


def test_names_at_an_end_go_on_from_the_channel(call: Diarization) -> None:
    leg = call.legs[0]
    assert list(islice(_at_end(leg, Hints()), 3)) == ["agent", "agent 2", "agent 3"]
    assert list(islice(_at_end(leg, Hints([Turn(0, 1, "agent")])), 2)) == ["channel1", "channel1 2"]
    several = replace(leg, names=("agent 1", "agent 2"))
    assert list(islice(_at_end(several, Hints()), 3)) == ["agent 1", "agent 2", "agent 3"]
    old = replace(leg, channel_name="")  # of a file that was kept before channels had names
    assert next(_at_end(old, Hints())) == "channel1"
