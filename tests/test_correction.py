"""A diarization corrected: hints are kept to the moment, names carry over, and each correction starts anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize import Annotation, ConfigError, Diarization, Diarizer, DiarizeWarning, Hints, Segment, Turn
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


def test_hints_that_are_none(diarizer: Diarizer, plain: Diarization) -> None:
    with pytest.raises(ConfigError, match=r"got Segment\(start=0.0, end=1.0\) among them"):
        diarizer.correct(plain, [Segment(0, 1)])  # type: ignore[list-item]
