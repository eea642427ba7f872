"""Backgrounds: each kind at the level that the recipe gives it, relative to speech; events where there is noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from diarize.training.background import BackgroundRecipe, EventRecipe, Surroundings
from diarize.training.material import Material
from diarize.training.talkers import TALK

RATE = 16000
Samples = npt.NDArray[np.float32]

ALONE = BackgroundRecipe(nothing=0.0, faint=0.0, recorded=0.0, steady=0.0, neighbour=0.0, swell=0.0)
HUM = np.sin(2 * np.pi * 1000 / RATE * np.arange(RATE)).astype(np.float32)


def level(sound: Samples) -> float:
    """Return the rms in dB relative to speech."""
    return float(20 * np.log10(np.sqrt(np.mean(sound.astype(float) ** 2)))) - TALK.level


def around(recipe: BackgroundRecipe, *noises: Samples, events: EventRecipe | None = None) -> Surroundings:
    chatter = np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32)
    return Surroundings(Material(RATE, [[lambda: chatter]], noises), recipe=recipe, events=events or EventRecipe())


def test_nothing_is_digital_silence() -> None:
    sound = around(replace(ALONE, nothing=1.0, neighbour=1.0)).background(100, np.random.default_rng(0))
    np.testing.assert_array_equal(sound, np.zeros(100))


def test_a_steady_noise_is_at_its_level() -> None:
    for kind in ("faint", "steady"):
        recipe = replace(ALONE, **{kind: 1.0, f"{kind}_level": (11.0, 12.0)})  # type: ignore[arg-type]
        for seed in range(4):
            assert -12.01 < level(around(recipe).background(RATE, np.random.default_rng(seed))) < -10.99


def test_a_recorded_noise_is_at_its_level_and_a_steady_one_stands_for_it() -> None:
    recipe = replace(ALONE, recorded=0.5, steady=0.5, recorded_level=(5.0, 5.0), steady_level=(20.0, 20.0))
    levels = [level(around(recipe, HUM).background(RATE, np.random.default_rng(seed))) for seed in range(20)]
    assert {round(value) for value in levels} == {-5, -20}
    levels = [level(around(recipe).background(RATE, np.random.default_rng(seed))) for seed in range(20)]
    assert {round(value) for value in levels} == {-20}


def test_the_rest_are_crowds() -> None:
    recipe = replace(ALONE, crowd_level=(15.0, 15.0), crowd_hiss=(60.0, 60.0))
    sound = around(recipe).background(2 * RATE, np.random.default_rng(0))
    assert level(sound) == pytest.approx(-15.0, abs=0.1)


def test_somebody_in_the_next_room_is_added() -> None:
    recipe = replace(ALONE, faint=1.0, faint_level=(60.0, 60.0), neighbour=1.0, neighbour_level=(20.0, 20.0))
    assert level(around(recipe).background(4 * RATE, np.random.default_rng(0))) == pytest.approx(-20.0, abs=0.2)


def test_a_swell_changes_the_level_over_time() -> None:
    recipe = replace(ALONE, recorded=1.0, recorded_level=(10.0, 10.0), swell=1.0, swell_depth=6.0)
    sound = around(recipe, HUM).background(8 * RATE, np.random.default_rng(0))
    parts = [level(part) for part in np.array_split(sound, 32)]
    assert np.ptp(parts) > 4
    assert np.abs(np.diff(parts)).max() < 6  # no jumps


def test_people_without_sound_do_not_hold_things_up() -> None:
    silent = Surroundings(Material(RATE, [[lambda: np.zeros(0, np.float32)]]), recipe=replace(ALONE, crowd_pause=0.0))
    assert np.isfinite(silent.background(RATE, np.random.default_rng(0))).all()


def test_events_lie_within_the_sound_at_their_level() -> None:
    events = EventRecipe(every=1.0, densities=(1,), lengths=(0.5,), stretch=(1.0, 1.0), level=(-3.0, -3.0))
    sound = np.zeros(60 * RATE, np.float32)
    around(ALONE, HUM, events=events).add_events(sound, np.random.default_rng(0))
    share = np.mean(sound != 0)
    assert 0.2 < share < 0.6  # a Poisson number of half seconds, some over each other
    assert -6 < level(sound[sound != 0]) < 3


def test_no_events_without_noises_or_at_no_density() -> None:
    for each in (around(ALONE), around(ALONE, HUM, events=EventRecipe(densities=(0,)))):
        sound = np.zeros(20 * RATE, np.float32)
        each.add_events(sound, np.random.default_rng(0))
        assert not sound.any()
