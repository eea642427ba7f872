"""Composed scenes: reproducible, with and without speech, as the recipe says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from diarize.training.background import BackgroundRecipe, EventRecipe
from diarize.training.material import Material
from diarize.training.scenes import SceneRecipe, compose_scene

RATE = 16000
Samples = npt.NDArray[np.float32]


def bursts(*seconds: float) -> Samples:
    """Return pauses and bursts of noise in turn, of the given lengths, before a noise 60 dB below."""
    rng = np.random.default_rng(0)
    loud = np.repeat(np.arange(len(seconds)) % 2, [round(s * RATE) for s in seconds])
    return (rng.normal(size=len(loud)) * np.where(loud, 0.1, 0.0001)).astype(np.float32)


SHORT = SceneRecipe(lengths=(4.0, 12.0), length_shares=(0.5, 0.5))
"""The recipe but for its lengths: half a minute of sound takes long to compose."""


def material() -> Material:
    speakers = [[lambda: bursts(0.2, 1.5, 0.5, 1.0, 0.2)], []]
    return Material(RATE, speakers, [bursts(0.0, 2.0)], [np.eye(1, 800, dtype=np.float32)[0]])


def test_scenes_are_reproducible_and_differ() -> None:
    rng = np.random.default_rng(1)
    first, second = compose_scene(material(), rng, SHORT), compose_scene(material(), rng, SHORT)
    again = compose_scene(material(), np.random.default_rng(1), SHORT)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], second[0])


def test_scenes_with_and_without_speech() -> None:
    rng = np.random.default_rng(2)
    shares = []
    for _ in range(15):
        sound, speech = compose_scene(material(), rng, SHORT)
        assert sound.shape == speech.shape
        assert sound.dtype == np.float32
        assert np.isfinite(sound).all()
        shares.append(speech.mean())
    assert min(shares) == 0.0
    assert max(shares) > 0.5


def test_no_noises_and_no_rooms_will_do() -> None:
    rng = np.random.default_rng(3)
    for _ in range(8):
        sound, _ = compose_scene(Material(RATE, [[lambda: bursts(0.2, 1.5, 0.2)]]), rng, SHORT)
        assert np.isfinite(sound).all()


def test_silent_utterances_end_in_a_scene_without_speech() -> None:
    rng = np.random.default_rng(4)
    for _ in range(4):
        _, speech = compose_scene(Material(RATE, [[lambda: np.zeros(RATE, np.float32)]]), rng, SHORT)
        assert not speech.any()


BARE = SceneRecipe(
    lengths=(12.0,),
    length_shares=(1.0,),
    silent=0.0,
    telephone=0.0,
    gain=(0.0, 0.0),
    clipped=0.0,
    rounded=0.0,
    background=BackgroundRecipe(nothing=1.0),
    events=EventRecipe(densities=(0,)),
)


def test_a_bare_scene_holds_speech_alone() -> None:
    sound, speech = compose_scene(material(), np.random.default_rng(0), replace(BARE, room=0.0))
    assert sound.shape == (12 * RATE,)
    loud = np.sqrt(np.mean(sound[speech] ** 2))
    assert -40 < 20 * np.log10(loud) < -10  # about the level of speech
    assert np.sqrt(np.mean(sound[~speech] ** 2)) < 0.01 * loud


def test_nobody_speaks_in_silent_scenes() -> None:
    sound, speech = compose_scene(material(), np.random.default_rng(0), replace(BARE, silent=1.0, loud=0.0))
    assert not sound.any()
    assert not speech.any()


def test_scenes_too_loud_are_cut_off() -> None:
    loud = replace(BARE, clipped=1.0, drive=(40.0, 40.0), ceiling=0.3)
    sound, _ = compose_scene(material(), np.random.default_rng(0), loud)
    assert np.abs(sound).max() == np.float32(0.3)


def test_rounded_scenes_are_whole_steps_of_sixteen_bits() -> None:
    sound, _ = compose_scene(material(), np.random.default_rng(0), replace(BARE, rounded=1.0))
    steps = sound.astype(np.float64) * 32768
    assert (steps == np.round(steps)).all()


def test_late_turns_leave_pauses_that_early_ones_do_not() -> None:
    late = replace(BARE, people=(2, 2), early=0.0, late=1.0, pauses=(3.0,), pause_shares=(1.0,))
    early = replace(late, early=1.0, late=0.0)
    shares = [
        np.mean([compose_scene(material(), np.random.default_rng(seed), recipe)[1].mean() for seed in range(8)])
        for recipe in (late, early)
    ]
    assert shares[0] + 0.15 < shares[1]
