"""Harmonicity against its definition by sums of cosines, and on spectra whose lines are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from diarize.features import harmonicity

Features = npt.NDArray[np.float32]
SPACING = 16000 / 512  # Hz between lines


def by_definition(power: npt.NDArray[np.float64], sample_rate: int) -> float:
    """Sum up the fourth roots of the power between 60 and 4000 Hz at each period of a voice, cosine by cosine."""
    spacing = sample_rate / 2 / (len(power) - 1)
    n_lines = min(int(4000 / spacing), len(power) - 1)
    roots = [power[k] ** 0.25 if k > int(60 / spacing) else 0.0 for k in range(n_lines)]
    rate = 2 * n_lines * spacing
    sums = [
        sum(root * np.cos(np.pi * k * lag / n_lines) for k, root in enumerate(roots))
        for lag in range(int(rate / 400), int(rate / 80) + 1)
    ]
    return max(sums) / sum(roots)


@pytest.mark.parametrize(("sample_rate", "n_lines"), [(16000, 257), (8000, 129), (22050, 513), (48000, 1025)])
def test_it_is_the_highest_peak_among_the_periods_of_voices(sample_rate: int, n_lines: int) -> None:
    power = np.random.default_rng(0).exponential(size=(4, n_lines)).astype(np.float32)
    expected = [by_definition(row, sample_rate) for row in power.astype(np.float64)]
    got = harmonicity(power, sample_rate)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-4)


def lines(pitch: float) -> Features:
    """Return a spectrum with lines at the multiples of a pitch."""
    power = np.full((1, 257), 1e-8, np.float32)
    power[0, np.round(np.arange(pitch, 8000, pitch) / SPACING).astype(int)] = 1.0
    return power


@pytest.mark.parametrize("pitch", [4 * SPACING, 6 * SPACING, 10 * SPACING])
def test_lines_at_the_distances_of_voices_count(pitch: float) -> None:
    assert harmonicity(lines(pitch), 16000)[0] > 0.7


def test_gain_changes_nothing_and_silence_is_finite() -> None:
    power = np.random.default_rng(1).exponential(size=(3, 257)).astype(np.float32)
    np.testing.assert_allclose(harmonicity(100 * power, 16000), harmonicity(power, 16000), rtol=1e-4)
    np.testing.assert_array_equal(harmonicity(np.zeros((2, 257), np.float32), 16000), 0.0)


def test_hum_and_what_lies_above_telephone_sound_do_not_count() -> None:
    power = lines(6 * SPACING)
    other = power.copy()
    other[:, :2] = 1e3
    other[:, 128:] = np.random.default_rng(2).exponential(size=129)
    np.testing.assert_array_equal(harmonicity(other, 16000), harmonicity(power, 16000))


def test_noise_is_hardly_harmonic() -> None:
    noise = np.random.default_rng(3).exponential(size=(200, 257)).astype(np.float32)
    assert harmonicity(noise, 16000).mean() < 0.15
