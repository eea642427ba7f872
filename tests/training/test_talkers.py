"""People who talk: at their level, from their own utterances, in their own place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from diarize.training.channel import EqualiserRecipe
from diarize.training.material import Material
from diarize.training.talkers import TALK, Talker

RATE = 16000
Samples = npt.NDArray[np.float32]

PLAIN = replace(TALK, between=0.0, within=0.0, equaliser=EqualiserRecipe(height=0.0))


def noise(seconds: float, seed: int = 0) -> Samples:
    """Return noise, which the energy rule takes for speech from one end to the other."""
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)


def material(*utterances: Samples) -> Material:
    return Material(RATE, [[lambda sound=sound: sound for sound in utterances]])  # type: ignore[misc]


@pytest.mark.parametrize("gain", [-6.0, 0.0, 4.0])
def test_speech_is_at_the_level_of_the_recipe(gain: float) -> None:
    one = material(noise(3.0))
    talker = replace(Talker.draw(one, np.random.default_rng(0), PLAIN), gain=gain)
    sound, speech = talker.speak(one, False, np.random.default_rng(0))
    assert sound.shape == speech.shape
    level = 20 * np.log10(np.sqrt(np.mean(sound[speech].astype(float) ** 2)))
    assert level == pytest.approx(PLAIN.level + gain, abs=0.1)  # but for the fades


def test_people_differ_in_level_by_as_much_as_the_recipe_says() -> None:
    one = material(noise(1.0))
    gains = [Talker.draw(one, np.random.default_rng(seed), replace(PLAIN, between=3.0)).gain for seed in range(400)]
    assert np.std(gains) == pytest.approx(3.0, rel=0.15)
    assert np.mean(gains) == pytest.approx(0.0, abs=0.5)


def test_excerpts_are_parts_of_an_utterance() -> None:
    utterance = np.arange(20 * RATE, dtype=np.float32)
    one, lengths = material(utterance), []
    talker = Talker.draw(one, np.random.default_rng(0))
    for seed in range(20):
        part = talker.excerpt(one, np.random.default_rng(seed))
        np.testing.assert_array_equal(np.diff(part), 1)
        lengths.append(len(part) / RATE)
    assert 2.0 <= min(lengths) < max(lengths) <= 8.0
    short = material(utterance[:RATE])
    whole = Talker.draw(short, np.random.default_rng(0)).excerpt(short, np.random.default_rng(0))
    np.testing.assert_array_equal(whole, utterance[:RATE])


def test_ends_are_faded() -> None:
    one = material(noise(3.0))
    sound, _ = Talker.draw(one, np.random.default_rng(0), PLAIN).speak(one, False, np.random.default_rng(0))
    assert np.abs(sound[[0, -1]]).max() < 1e-6
    assert np.abs(sound[:80]).mean() < 0.6 * np.abs(sound[160:320]).mean()


def test_the_echo_comes_after_the_marks() -> None:
    room = np.zeros(RATE // 4, np.float32)
    room[[0, 3000]] = 1.0, 0.5
    one = replace(material(noise(3.0)), rooms=[room])
    talker = replace(Talker.draw(one, np.random.default_rng(0), PLAIN), echo=room)
    dry, marks = talker.speak(one, False, np.random.default_rng(0))
    wet, _ = talker.speak(one, True, np.random.default_rng(0))
    assert len(dry) == len(marks) < len(wet) <= len(dry) + RATE // 2
    wanted = np.concatenate([dry, np.zeros(3000)])
    wanted[3000:] += 0.5 * dry
    np.testing.assert_allclose(wet[: len(wanted)], wanted[: len(wet)], atol=1e-5)


def test_an_utterance_without_speech_gives_nothing() -> None:
    silent = material(np.zeros(RATE, np.float32))
    sound, speech = Talker.draw(silent, np.random.default_rng(0)).speak(silent, True, np.random.default_rng(0))
    assert len(sound) == len(speech) == 0


def test_every_speaker_with_utterances_is_drawn() -> None:
    speakers = [[], [lambda: noise(1.0, 1)], [lambda: noise(1.0, 2)]]
    drawn = {id(Talker.draw(Material(RATE, speakers), np.random.default_rng(seed)).utterances) for seed in range(20)}
    assert drawn == {id(speakers[1]), id(speakers[2])}
