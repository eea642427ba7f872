"""Training of the detector: toy voices told from toy noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from diarize.config import FeatureConfig
from diarize.errors import ModelError
from diarize.features import mel_spectrum, speech_cues
from diarize.stages.speech import SpeechModel
from diarize.training.material import Material
from diarize.training.scenes import compose_scene
from diarize.training.speech import train_speech_model

RATE = 16000
Samples = npt.NDArray[np.float32]


def voice(pitch: float, seed: int) -> Samples:
    """Return three seconds of a buzz that changes its colour four times a second, with a pause in the middle."""
    rng, time = np.random.default_rng(seed), np.arange(3 * RATE) / RATE
    sound = np.zeros(len(time))
    for k in range(1, int(3500 / pitch)):
        colour = np.interp(time, np.arange(0, 3.25, 0.25), rng.exponential(1.0, 13) / k)
        sound += colour * np.sin(2 * np.pi * pitch * k * time)
    sound *= np.where((time > 0.2) & (time < 1.3) | (time > 1.8) & (time < 2.8), 0.1, 1e-4)
    return sound.astype(np.float32)


def toys() -> Material:
    utterances = [[voice(90 + 25 * i, i)] for i in range(6)]
    hiss = np.random.default_rng(9).normal(size=2 * RATE).astype(np.float32)
    return Material(RATE, [[lambda sound=sound: sound for sound in person] for person in utterances], [hiss])  # type: ignore[misc]


@pytest.fixture(scope="module")
def model() -> SpeechModel:
    return train_speech_model(toys(), FeatureConfig(), np.random.default_rng(0), n_scenes=25, n_components=8)


def detected(model: SpeechModel, sound: Samples) -> npt.NDArray[np.bool_]:
    evidence = model.log_likelihood(speech_cues(mel_spectrum([sound], FeatureConfig())))
    speech: npt.NDArray[np.bool_] = evidence[:, 1] > evidence[:, 0]
    return speech


def test_new_scenes_are_marked_right(model: SpeechModel) -> None:
    rng, wrong, total = np.random.default_rng(7), 0, 0
    for _ in range(3):
        sound, speech = compose_scene(toys(), rng)
        marks = detected(model, sound)
        truth = speech[(np.arange(len(marks)) * 160 + 200)]
        wrong, total = wrong + int((marks != truth).sum()), total + len(marks)
    assert wrong / total < 0.2


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(3 * RATE, np.float32),
        np.random.default_rng(0).normal(0.0, 0.1, 3 * RATE).astype(np.float32),
        (0.3 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)).astype(np.float32),
        np.zeros(800, np.float32),
        np.ones(1, np.float32),
    ],
    ids=["silence", "white noise", "tone", "0.05 s", "one sample"],
)
def test_what_is_no_speech_is_not_taken_for_it(model: SpeechModel, sound: Samples) -> None:
    assert detected(model, sound).mean() < 0.1


@pytest.mark.slow
def test_same_seed_same_model() -> None:
    pair = [
        train_speech_model(toys(), FeatureConfig(), np.random.default_rng(5), n_scenes=10, n_components=2).arrays()
        for _ in range(2)
    ]
    for name, array in pair[0].items():
        np.testing.assert_array_equal(array, pair[1][name])


def test_another_sample_rate_is_an_error() -> None:
    config = FeatureConfig(sample_rate=8000, f_max=3800, n_mels=30)
    with pytest.raises(ModelError, match="material is at 16000 Hz, the features want 8000 Hz"):
        train_speech_model(toys(), config, np.random.default_rng(0))


def test_silent_material_is_an_error() -> None:
    material = Material(RATE, [[lambda: np.zeros(RATE, np.float32)]])
    with pytest.raises(ModelError, match="too few"):
        train_speech_model(material, FeatureConfig(), np.random.default_rng(0), n_scenes=3, n_components=2)
