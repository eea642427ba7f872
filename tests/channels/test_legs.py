"""A call made of a sample: what comes out, under which names, within which limits."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from diarize import Annotation, ConfigError, Diarization, Diarizer, DiarizeWarning, Segment
from diarize.audio import read_audio
from diarize.evaluation.scoring import score

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
RATE = 16000

Samples = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def diarizer() -> Diarizer:
    return Diarizer("fast")


@pytest.fixture(scope="module")
def reference() -> Annotation:
    return Annotation.from_rttm(SAMPLES / "dialogue.rttm")


@pytest.fixture(scope="module")
def call(reference: Annotation) -> Samples:
    """Return two legs: each voice of the sample alone, the other 20 dB under it and 60 ms late, noise."""
    sound = read_audio(SAMPLES / "dialogue.flac", RATE)
    ends = np.zeros((len(sound), 2), np.float32)
    for turn in reference:
        part = slice(round(turn.start * RATE), round(turn.end * RATE))
        ends[part, reference.labels.index(turn.speaker)] = sound[part]
    late = np.roll(ends[:, ::-1], int(0.06 * RATE), axis=0)
    noise = 1e-3 * np.random.default_rng(0).standard_normal(ends.shape)
    return (ends + 0.1 * late + noise).astype(np.float32)


@pytest.fixture(scope="module")
def legs(diarizer: Diarizer, call: Samples) -> Diarization:
    return diarizer.diarize((call, RATE), uri="dialogue", channel_names=["agent", "customer"])


def test_who_speaks_is_who_is_at_the_microphone(legs: Diarization, reference: Annotation) -> None:
    names = dict(zip(reference.labels, ("agent", "customer"), strict=True))
    whole = [Segment(0.0, legs.frames.duration or 0.0)]
    found = score(reference.rename(names), legs.annotation, whole)
    assert legs.annotation.labels == ["agent", "customer"]
    assert found.confusion < 0.1
    assert found.der < 0.12
    for name in ("agent", "customer"):  # not only up to a permutation
        ours, theirs = (
            legs.frames.mask([turn.segment for turn in some if turn.speaker == name])
            for some in (legs.annotation, reference.rename(names))
        )
        assert (ours & theirs).sum() > 0.9 * theirs.sum()


def test_it_says_what_it_did(legs: Diarization) -> None:
    assert legs.layout == "two legs of a call: diarized separately (channel 1 agent, channel 2 customer)"
    assert [leg.names for leg in legs.legs] == [("agent",), ("customer",)]
    assert legs.posterior.shape == (legs.frames.n_frames, 2)
    assert legs.detection.speech.sum() <= sum(leg.detection.speech.sum() for leg in legs.legs)


def test_each_leg_is_written_with_its_channel(legs: Diarization) -> None:
    assert legs.about().channels == {"agent": 1, "customer": 2}


def test_a_voice_beside_hum_is_taken_alone(diarizer: Diarizer, call: Samples) -> None:
    hum = 0.3 * np.sin(2 * np.pi * 50 * np.arange(len(call)) / RATE)
    sound = np.stack([hum, call.sum(axis=1) / 2], axis=1).astype(np.float32)
    result = diarizer.diarize((sound, RATE))
    assert result.layout == "only channel 2 holds sound that moves: taken alone; channel 1: hum or noise"
    assert result.annotation == diarizer((sound, RATE), channel=2)
    assert result.about().channel == 2


def test_other_channels_are_mixed_as_before(diarizer: Diarizer, call: Samples) -> None:
    mono = call.sum(axis=1) / 2
    twice = np.stack([mono, mono], axis=1)
    result = diarizer.diarize((twice, RATE))
    assert result.annotation == diarizer((twice, RATE), channels="mix")
    assert result.layout == "one signal in all channels: mixed"
    assert result.legs == ()
    alone = diarizer((call, RATE), channel=2)
    assert alone == diarizer((call, RATE), channels=2) == diarizer((call, RATE), channels="2")
    assert alone.labels[0].startswith("speaker")


@pytest.mark.parametrize(("limits", "labels"), [({"num_speakers": 2}, 2), ({"num_speakers": 3}, 3)])
def test_limits_hold_for_all_legs_together(
    diarizer: Diarizer, call: Samples, limits: dict[str, Any], labels: int
) -> None:
    names = diarizer((call, RATE), channels="separate", **limits).labels
    assert len(names) == labels
    assert all(name.startswith(("channel1", "channel2")) for name in names)


def test_fewer_speakers_than_legs_are_mixed_or_refused(diarizer: Diarizer, call: Samples) -> None:
    one = diarizer.diarize((call, RATE), num_speakers=1)
    assert one.annotation.labels == ["speaker1"]
    assert "fewer speakers are wanted: mixed" in one.layout
    with pytest.raises(ConfigError, match="there cannot be 1 speaker at most"):
        diarizer((call, RATE), channels="separate", num_speakers=1)


def test_marks_are_given_to_those_who_are_heard(diarizer: Diarizer, call: Samples, reference: Annotation) -> None:
    result = diarizer.diarize((call, RATE), speech=reference.speech())
    marked = result.frames.mask(reference.speech())
    assert np.array_equal(result.detection.speech, marked)
    assert result.annotation.labels == ["channel1", "channel2"]


def test_legs_without_speech_are_empty(diarizer: Diarizer, call: Samples) -> None:
    with pytest.warns(DiarizeWarning, match="no speech is marked"):
        empty = diarizer.diarize((call, RATE), speech=[])
    assert len(empty.annotation) == 0


def test_silent_channels_are_left_out(diarizer: Diarizer, call: Samples) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sound = np.concatenate([call, np.zeros_like(call[:, :1])], axis=1)
        result = diarizer.diarize((sound, RATE))
    assert result.layout.endswith("diarized separately (channel 1, channel 2); channel 3: silence")
