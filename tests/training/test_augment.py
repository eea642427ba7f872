"""Disturbances of training speech: as long as the original, and as often and as strong as the recipe says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from diarize.training.augment import Augmenter, DisturbanceRecipe
from diarize.training.channel import EqualiserRecipe
from diarize.training.rooms import RoomRecipe, synthetic_room

RATE = 16000
Samples = npt.NDArray[np.float32]

UNTOUCHED = DisturbanceRecipe(room=0.0, noise=0.0, telephone=0.0, level=(0.0, 0.0), equaliser=EqualiserRecipe(height=0))


def white(n_samples: int = 4 * RATE, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, n_samples).astype(np.float32)


@pytest.mark.parametrize("n_samples", [0, 1, 2, 799, RATE])
@pytest.mark.parametrize("seed", range(12))
def test_copies_are_as_long_as_the_original(n_samples: int, seed: int) -> None:
    augment = Augmenter(RATE, [synthetic_room(RATE, 0.3, np.random.default_rng(0))], [white(500)])
    copy = augment(white(n_samples), np.random.default_rng(seed))
    assert copy.shape == (n_samples,)
    assert copy.dtype == np.float32
    assert np.isfinite(copy).all()


def test_copies_differ_by_seed_and_by_nothing_else() -> None:
    augment, speech = Augmenter(RATE), white(RATE)
    copies = [augment(speech, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(copies[0], copies[1])
    assert np.abs(copies[0] - copies[2]).max() > 0.01
    np.testing.assert_array_equal(speech, white(RATE))


def test_a_recipe_without_disturbances_gives_the_original() -> None:
    copy = Augmenter(RATE, recipe=UNTOUCHED)(white(), np.random.default_rng(0))
    np.testing.assert_allclose(copy, white(), atol=1e-6)


def test_the_level_is_within_its_limits() -> None:
    louder = Augmenter(RATE, recipe=DisturbanceRecipe(0.0, 0.0, 0.0, level=(5.0, 6.0), equaliser=UNTOUCHED.equaliser))
    for seed in range(5):
        gain = np.abs(louder(white(), np.random.default_rng(seed))).max() / np.abs(white()).max()
        assert 5.0 <= 20 * np.log10(gain) <= 6.0


def test_rooms_that_are_given_are_used() -> None:
    click, late = np.zeros(RATE, np.float32), np.zeros(2000, np.float32)
    click[100] = 1
    late[[50, 1550]] = 1.0, 0.7  # one echo after 1500 samples; the direct sound comes 50 late
    recipe = DisturbanceRecipe(1.0, 0.0, 0.0, (10, 10), (0, 0), RoomRecipe(measured=1.0), UNTOUCHED.equaliser)
    copy = Augmenter(RATE, [late], recipe=recipe)(click, np.random.default_rng(0))
    assert np.abs(copy).argmax() == 100
    assert copy[1600] == pytest.approx(0.7, abs=1e-4)


def test_noises_that_are_given_are_used_at_the_ratio_asked_for() -> None:
    hum = np.sin(2 * np.pi * 3000 / RATE * np.arange(RATE)).astype(np.float32)
    recipe = DisturbanceRecipe(0.0, 1.0, 0.0, (12.0, 12.0), (0.0, 0.0), equaliser=UNTOUCHED.equaliser)
    added = Augmenter(RATE, noises=[hum], recipe=recipe)(white(RATE), np.random.default_rng(0)) - white(RATE)
    assert np.abs(np.fft.rfft(added)).argmax() == 3000
    assert 10 * np.log10(np.mean(white(RATE) ** 2) / np.mean(added**2)) == pytest.approx(12.0, abs=0.05)
