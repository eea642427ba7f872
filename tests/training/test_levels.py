"""Levels: decibels by their definition, and silence that stays silent."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.training.levels import amplitude, at_level, normalised, rms


def test_twenty_decibels_are_a_factor_of_ten() -> None:
    assert [amplitude(20.0), amplitude(0.0), amplitude(-40.0)] == pytest.approx([10.0, 1.0, 0.01])


def test_a_sine_has_an_rms_of_its_peak_over_root_two() -> None:
    sine = 3 * np.sin(2 * np.pi * np.arange(1000) / 100)
    assert rms(sine) == pytest.approx(3 / np.sqrt(2))
    assert rms(np.zeros(0)) == 0.0


def test_sound_is_brought_to_a_level() -> None:
    sound = np.random.default_rng(0).normal(0, 7, 500).astype(np.float32)
    assert 20 * np.log10(rms(at_level(sound, -25.0))) == pytest.approx(-25.0, abs=1e-4)
    assert rms(normalised(sound)) == pytest.approx(1.0, abs=1e-6)
    assert at_level(sound, -25.0).dtype == normalised(sound).dtype == np.float32


def test_silence_stays_silent() -> None:
    silence = np.zeros(10, np.float32)
    np.testing.assert_array_equal(at_level(silence, 0.0), silence)
    np.testing.assert_array_equal(normalised(silence), silence)
    assert len(normalised(silence[:0])) == 0
