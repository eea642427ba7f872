"""What channels are to each other, on signals whose answer is known since they were made so."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.channels.relation import RATE, Relation, level_split, relate, relation_of, smoothed

Samples = npt.NDArray[np.float32]


def leaked(ends: Samples, decibels: float, seconds: float = 0.0) -> Samples:
    late = np.roll(ends[:, ::-1], int(seconds * RATE), axis=0)
    return ends + late * np.float32(10 ** (decibels / 20))


@pytest.mark.parametrize("crosstalk", [-15, -25, -40, -200])
@pytest.mark.parametrize("delay", [0.0, 0.08, 0.2])
@pytest.mark.parametrize("gains", [(1.0, 1.0), (1.0, 0.05)])
def test_legs_of_a_call(
    ends: Samples, hiss: Samples, crosstalk: float, delay: float, gains: tuple[float, float]
) -> None:
    sound = (leaked(ends, crosstalk, delay) + hiss) * np.float32(gains)
    assert relate([sound], 2) == Relation(2, "legs", (1, 2))


@pytest.mark.parametrize("difference", [-3, -6, -9])
def test_two_microphones_in_one_room_are_no_legs(ends: Samples, hiss: Samples, difference: float) -> None:
    assert relate([leaked(ends, difference, 0.005) + hiss], 2).kind == "room"


def test_a_third_person_between_the_microphones_makes_it_a_room(ends: Samples, hiss: Samples) -> None:
    third = np.roll(ends[:, :1], RATE * 20, axis=0) * (np.arange(len(ends)) > len(ends) / 3)[:, None]
    apart = relate([leaked(ends, -30) + hiss], 2)
    together = relate([leaked(ends, -30) * (third == 0) + third + hiss], 2)
    assert (apart.kind, together.kind) == ("legs", "room")


@pytest.mark.parametrize("gain", [1.0, 0.2, -1.0])
def test_one_signal_twice(ends: Samples, hiss: Samples, gain: float) -> None:
    mono = (ends.sum(axis=1) + hiss[:, 0])[:, None]
    relation = relate([mono * np.float32([1, gain])], 2)
    assert (relation.kind, relation.opposite) == ("twice", (2,) if gain < 0 else ())


@pytest.mark.parametrize("place", [0, 1])
def test_silence_and_hum_beside_a_voice(ends: Samples, hiss: Samples, place: int) -> None:
    voice = ends.sum(axis=1) + hiss[:, 0]
    hum = np.sin(2 * np.pi * 50 * np.arange(len(voice)) / RATE, dtype=np.float32) * np.float32(0.3) + hiss[:, 1]
    for other, steady in ((np.zeros_like(voice), ()), (hum, (place + 1,))):
        channels = np.stack([other, voice][:: 1 if place == 0 else -1], axis=1)
        assert relate([channels], 2) == Relation(2, "one", (2 - place,), steady)


def test_who_speaks_once_is_no_hum(ends: Samples, hiss: Samples) -> None:
    once = np.where(np.arange(len(ends)) < RATE, hiss[:, 1] * np.float32(30), hiss[:, 1])  # one second, 30 dB up
    assert relate([np.stack([ends[:, 0] + hiss[:, 0], once], axis=1)], 2).sounding == (1, 2)


def test_three_tracks_and_an_empty_one(ends: Samples, hiss: Samples) -> None:
    third = np.roll(ends[:, :1], RATE * 2, axis=0) * 0
    third[::] = np.where((np.arange(len(ends)) // (RATE * 4) % 2 == 0)[:, None], ends[:, 1:] * 0, 0)
    sound = np.concatenate([ends + hiss, third], axis=1)
    assert relate([sound], 3) == Relation(3, "legs", (1, 2))


def test_nothing_at_all() -> None:
    assert relate([np.zeros((RATE, 2), np.float32)], 2).kind == "silent"
    assert relate([], 2).kind == "silent"
    assert relate([], 1) == Relation(1, "mono", (1,))


def test_blocks_change_nothing(ends: Samples, hiss: Samples) -> None:
    sound = leaked(ends, -20) + hiss
    cut = [sound[start : start + 777] for start in range(0, len(sound), 777)]
    assert relate(cut, 2) == relate([sound], 2)


def test_a_file_object_is_left_where_it_was(ends: Samples, hiss: Samples) -> None:
    file = io.BytesIO()
    soundfile.write(file, ends + hiss, RATE, format="WAV")
    file.seek(0)
    assert relation_of(file).kind == "legs"
    assert file.tell() == 0


def test_the_split_finds_two_levels_whatever_their_shares() -> None:
    rng = np.random.default_rng(0)
    for share in (0.05, 0.5, 0.9):
        first = rng.random(4000) < share
        difference = np.where(first, 18.0, -12.0) + rng.normal(size=4000)
        quiet = np.full(1000, -60.0)
        split = level_split(np.r_[quiet, difference], np.r_[quiet, np.zeros(4000)])
        assert split is not None
        assert abs(split.high - 18) < 0.5
        assert abs(split.low + 12) < 0.5
        assert abs(split.share - (1 - share)) < 0.02
        assert split.between < 0.01
        assert abs(split.middle - 3) < 0.5


def test_levels_are_those_of_the_mean_power() -> None:
    level = np.tile([0.0, -100.0], 50)
    np.testing.assert_allclose(smoothed(level, 10)[10:-10], 10 * np.log10(0.5), atol=1e-6)
