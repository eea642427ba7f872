"""Rooms: the decay that is asked for, the direct sound where it was, measured rooms as often as they should be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from diarize.training.rooms import RoomRecipe, draw_room, in_room, synthetic_room

RATE = 16000
Samples = npt.NDArray[np.float32]


@pytest.mark.parametrize("t60", [0.2, 0.5])
def test_rooms_fade_by_sixty_decibels_in_the_time_asked_for(t60: float) -> None:
    rooms = [synthetic_room(RATE, t60, np.random.default_rng(seed)) for seed in range(20)]
    power = np.mean([(room / np.abs(room[200:]).max()) ** 2 for room in rooms], axis=0)[200:]
    slope = np.polyfit(np.arange(len(power)) / RATE, 10 * np.log10(power), 1)[0]
    assert slope == pytest.approx(-60 / t60, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_rooms_begin_with_the_direct_sound(seed: int) -> None:
    room = synthetic_room(RATE, 0.4, np.random.default_rng(seed))
    assert room[0] == 1
    assert (room[1:32] == 0).all()
    ratio = 10 * np.log10(1 / np.sum(room[1:] ** 2))
    assert -0.01 <= ratio <= 12.01


def test_the_recipe_sets_gap_and_direct_energy() -> None:
    room = synthetic_room(RATE, 0.4, np.random.default_rng(0), RoomRecipe(direct=(3.0, 3.0), gap=0.01))
    assert (room[1:160] == 0).all()
    assert room[160] != 0
    assert 10 * np.log10(1 / np.sum(room[1:] ** 2)) == pytest.approx(3.0, abs=0.01)


def test_a_room_may_be_shorter_than_its_first_echo() -> None:
    assert np.isfinite(synthetic_room(RATE, 0.0005, np.random.default_rng(0))).all()


def test_half_of_the_rooms_are_measured_where_there_are_any() -> None:
    measured = np.array([0.5, 1.0, 0.25], np.float32)
    drawn = [draw_room([measured], RATE, np.random.default_rng(seed)) for seed in range(100)]
    assert 30 < sum(room is measured for room in drawn) < 70
    always = RoomRecipe(measured=1.0)
    assert all(draw_room([measured], RATE, np.random.default_rng(seed), always) is measured for seed in range(10))
    assert len(draw_room([], RATE, np.random.default_rng(0), RoomRecipe(measured=1.0, t60=(0.5, 0.5)))) == RATE // 2


def test_the_direct_sound_stays_where_it_was() -> None:
    click, late = np.zeros(RATE, np.float32), np.zeros(2000, np.float32)
    click[100] = 1
    late[[50, 1550]] = 1.0, 0.7  # one echo after 1500 samples; the direct sound comes 50 late
    heard = in_room(click, late)
    assert heard.shape == click.shape
    assert heard[100] == pytest.approx(1.0, abs=1e-6)
    assert heard[1600] == pytest.approx(0.7, abs=1e-6)


def test_the_tail_may_outlast_the_sound() -> None:
    click, room = np.ones(1, np.float32), np.array([1.0, 0.0, 0.5], np.float32)
    np.testing.assert_allclose(in_room(click, room, tail=2), [1.0, 0.0, 0.5], atol=1e-6)
    np.testing.assert_allclose(in_room(click, room), [1.0], atol=1e-6)
