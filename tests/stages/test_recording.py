"""Analysis of a recording: the same numbers as its parts give, whatever form the audio comes in."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.config import FeatureConfig
from diarize.errors import AudioError
from diarize.features import log_mel, narrowed, speech_cues
from diarize.stages.recording import Recording, analyse

RATE, WIDE = 16000, FeatureConfig()
Samples = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def samples() -> Samples:
    return np.random.default_rng(0).normal(0, 0.1, 30000).astype(np.float32)


@pytest.fixture(scope="module")
def recording(samples: Samples) -> Recording:
    return analyse((samples, RATE), WIDE)


def test_frames_lie_on_the_time_axis_of_the_audio(recording: Recording, samples: Samples) -> None:
    n_frames = 1 + (len(samples) - 400) // 160
    assert len(recording.spectrum) == recording.frames.n_frames == n_frames
    assert recording.frames.duration == len(samples) / RATE
    assert recording.frames.step == 0.01
    assert recording.frames.edges[1] == pytest.approx(0.0175)  # halfway between the centres of the first two windows
    assert recording.features == WIDE


def test_the_spectrum_is_that_of_the_samples(recording: Recording, samples: Samples) -> None:
    np.testing.assert_array_equal(recording.spectrum.log_mel, log_mel([samples], WIDE))


def test_files_give_what_arrays_give(recording: Recording, samples: Samples) -> None:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="WAV", subtype="FLOAT")
    file.seek(0)
    np.testing.assert_array_equal(analyse(file, WIDE).spectrum.log_mel, recording.spectrum.log_mel)


def test_one_channel_or_the_mean_of_all(recording: Recording, samples: Samples) -> None:
    both = np.stack([np.zeros_like(samples), samples], axis=1)
    np.testing.assert_array_equal(analyse((both, RATE), WIDE, channel=2).spectrum.log_mel, recording.spectrum.log_mel)
    halved = recording.spectrum.log_mel - 2 * np.log(2)
    np.testing.assert_allclose(analyse((both, RATE), WIDE).spectrum.log_mel, halved, atol=1e-4)
    with pytest.raises(AudioError, match="channel"):
        analyse((both, RATE), WIDE, channel=3)


def test_a_narrower_band_has_the_first_columns_and_the_same_times(recording: Recording, samples: Samples) -> None:
    features = narrowed(WIDE, 4000.0)
    narrow = recording.within(features)
    assert narrow.features == features
    assert narrow.frames == recording.frames
    np.testing.assert_allclose(narrow.spectrum.log_mel, log_mel([samples], features), atol=1e-5)
    np.testing.assert_array_equal(narrow.spectrum.harmonicity, recording.spectrum.harmonicity)


def test_cues_are_those_of_the_band(recording: Recording) -> None:
    narrow = recording.within(narrowed(WIDE, 4000.0))
    for one in (recording, narrow):
        for cues, expected in zip(one.cues, speech_cues(one.spectrum), strict=True):
            np.testing.assert_array_equal(cues, expected)
    assert not np.array_equal(recording.cues.frames, narrow.cues.frames)


def test_less_than_a_frame_is_one_that_reaches_over_all() -> None:
    recording = analyse((np.full(100, 0.1), RATE), WIDE)
    np.testing.assert_allclose(recording.frames.edges, [0.0, 100 / RATE])


def test_audio_that_is_none_is_an_error() -> None:
    with pytest.raises(AudioError):
        analyse((np.zeros(0), RATE), WIDE)
