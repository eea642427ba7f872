"""Composed scenes: the energy rule on bursts with known edges, reproducible scenes, unusable material."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from diarize.errors import ModelError
from diarize.training.scenes import Material, compose_scene, mark_speech

RATE = 16000
Samples = npt.NDArray[np.float32]


def bursts(*seconds: float) -> Samples:
    """Return pauses and bursts of noise in turn, of the given lengths, before a noise 60 dB below."""
    rng = np.random.default_rng(0)
    loud = np.repeat(np.arange(len(seconds)) % 2, [round(s * RATE) for s in seconds])
    return (rng.normal(size=len(loud)) * np.where(loud, 0.1, 0.0001)).astype(np.float32)


def edges(marks: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    return np.flatnonzero(np.diff(marks, prepend=False, append=False)) / RATE


def test_marks_lie_where_the_bursts_are() -> None:
    found = edges(mark_speech(bursts(1.0, 1.0, 0.6, 0.5, 1.0), RATE))
    np.testing.assert_allclose(found, [1.0, 2.0, 2.6, 3.1], atol=0.1)


def test_short_pauses_belong_to_speech_and_clicks_do_not() -> None:
    found = edges(mark_speech(bursts(1.0, 1.0, 0.15, 1.0, 1.0, 0.02, 1.0), RATE))
    np.testing.assert_allclose(found, [1.0, 3.15], atol=0.1)


def test_level_does_not_matter() -> None:
    sound = bursts(1.0, 1.0, 0.6, 0.5, 1.0)
    np.testing.assert_array_equal(mark_speech(sound * 0.1, RATE), mark_speech(sound, RATE))


@pytest.mark.parametrize("n_samples", [0, 1, 479, 16000])
def test_silence_holds_no_speech(n_samples: int) -> None:
    marks = mark_speech(np.zeros(n_samples, np.float32), RATE)
    assert marks.shape == (n_samples,)
    assert not marks.any()


def material() -> Material:
    speakers = [[lambda: bursts(0.2, 1.5, 0.5, 1.0, 0.2)], []]
    return Material(RATE, speakers, [bursts(0.0, 2.0)], [np.eye(1, 800, dtype=np.float32)[0]])


def test_scenes_are_reproducible_and_differ() -> None:
    rng = np.random.default_rng(1)
    first, second = compose_scene(material(), rng), compose_scene(material(), rng)
    again = compose_scene(material(), np.random.default_rng(1))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], second[0])


def test_scenes_with_and_without_speech() -> None:
    rng = np.random.default_rng(2)
    shares = []
    for _ in range(15):
        sound, speech = compose_scene(material(), rng)
        assert sound.shape == speech.shape
        assert sound.dtype == np.float32
        assert np.isfinite(sound).all()
        shares.append(speech.mean())
    assert min(shares) == 0.0
    assert max(shares) > 0.5


def test_no_noises_and_no_rooms_will_do() -> None:
    rng = np.random.default_rng(3)
    for _ in range(8):
        sound, _ = compose_scene(Material(RATE, [[lambda: bursts(0.2, 1.5, 0.2)]]), rng)
        assert np.isfinite(sound).all()


def test_speakers_without_utterances_are_an_error() -> None:
    with pytest.raises(ModelError, match="no speech to train"):
        Material(RATE, [[], []])


def test_silent_utterances_end_in_a_scene_without_speech() -> None:
    rng = np.random.default_rng(4)
    for _ in range(4):
        _, speech = compose_scene(Material(RATE, [[lambda: np.zeros(RATE, np.float32)]]), rng)
        assert not speech.any()
