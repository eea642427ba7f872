"""Composed conversations: the marks say how many talk, the same seed gives the same, the recipe is kept to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from diarize.training.background import BackgroundRecipe
from diarize.training.conversations import ConversationRecipe, compose_conversation
from diarize.training.material import Material

RATE = 16000


def test_the_marks_say_how_many_talk(buzzes: Material) -> None:
    most = 0
    for seed in range(4):
        sound, talking = compose_conversation(buzzes, np.random.default_rng(seed))
        assert sound.shape == talking.shape == (40 * RATE,)
        level = [np.sqrt(np.mean(sound[talking == count] ** 2)) for count in range(int(talking.max()) + 1)]
        assert level[0] < level[1] < level[2]  # more voices, more sound
        assert np.mean(talking > 1) > 0.05
        most = max(most, int(talking.max()))
    assert most > 1


def test_same_seed_same_conversation(buzzes: Material) -> None:
    one, two, other = (compose_conversation(buzzes, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    assert not np.array_equal(one[1], other[1])


BARE = ConversationRecipe(length=20.0, background=BackgroundRecipe(nothing=1.0), gain=(0.0, 0.0), room=0.0)


def test_without_early_turns_nobody_speaks_at_once(buzzes: Material) -> None:
    for seed in range(3):
        sound, talking = compose_conversation(buzzes, np.random.default_rng(seed), replace(BARE, early=0.0))
        assert sound.shape == talking.shape == (20 * RATE,)
        assert talking.max() == 1
        assert np.sqrt(np.mean(sound[talking == 0] ** 2)) < 0.1 * np.sqrt(np.mean(sound[talking == 1] ** 2))


def test_no_more_people_talk_than_there_are(buzzes: Material) -> None:
    crowded = replace(BARE, early=1.0, lead=50.0, people=(5, 5))
    two = replace(buzzes, speakers=buzzes.speakers[:2])
    for seed in range(3):
        assert compose_conversation(two, np.random.default_rng(seed), crowded)[1].max() <= 2


def test_people_who_say_nothing_do_not_stop_it() -> None:
    silent = Material(RATE, [[lambda: np.zeros(RATE, np.float32)]] * 2)
    sound, talking = compose_conversation(silent, np.random.default_rng(0))
    assert not talking.any()
    assert np.isfinite(sound).all()
