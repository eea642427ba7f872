"""Microphones and lines: filters with the spectrum that is asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import welch

from diarize.training.channel import EqualiserRecipe, TelephoneRecipe, equalise, telephone

RATE = 16000
Samples = npt.NDArray[np.float32]


def white(n_samples: int = 4 * RATE, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, n_samples).astype(np.float32)


def decibels(samples: Samples, low: float, high: float) -> float:
    """Return the mean power between two frequencies, by scipy."""
    frequency, power = welch(samples.astype(float), RATE, nperseg=1024)
    return float(10 * np.log10(power[(frequency >= low) & (frequency <= high)].mean()))


def test_telephone_keeps_its_band_only() -> None:
    plain, heard = white(), telephone(white(), RATE)
    assert abs(decibels(heard, 500, 3200) - decibels(plain, 500, 3200)) < 0.2
    assert decibels(heard, 20, 150) < decibels(plain, 20, 150) - 20
    assert decibels(heard, 3900, 7900) < decibels(plain, 3900, 7900) - 40


def test_another_line_has_another_band() -> None:
    plain, heard = white(), telephone(white(), RATE, TelephoneRecipe(low=1000.0, high=5000.0))
    assert abs(decibels(heard, 1200, 4800) - decibels(plain, 1200, 4800)) < 0.2
    assert decibels(heard, 20, 700) < decibels(plain, 20, 700) - 20


def test_the_equaliser_is_a_filter() -> None:
    """A sine stays a sine, of another level; the same seed gives the same filter, whatever it is given."""
    time = np.arange(1 << 14) / RATE
    for frequency in (RATE / 64, RATE / 16, RATE / 4):
        sine = np.sin(2 * np.pi * frequency * time).astype(np.float32)
        coloured = equalise(sine, RATE, np.random.default_rng(3))
        gain = float(coloured @ sine / (sine @ sine))
        assert gain > 0.05
        np.testing.assert_allclose(coloured, gain * sine, atol=1e-4)
    one, two = white(1 << 14), white(1 << 14, 1)
    both = equalise(one + two, RATE, np.random.default_rng(3))
    apart = equalise(one, RATE, np.random.default_rng(3)) + equalise(two, RATE, np.random.default_rng(3))
    np.testing.assert_allclose(both, apart, atol=1e-5)
    assert abs(both - one - two).max() > 1e-3


def test_a_flat_equaliser_changes_nothing() -> None:
    flat = EqualiserRecipe(height=0.0)
    np.testing.assert_allclose(equalise(white(), RATE, np.random.default_rng(1), flat), white(), atol=1e-6)


def test_nothing_and_a_single_sample_pass() -> None:
    for n_samples in (0, 1, 2):
        assert equalise(white(n_samples), RATE, np.random.default_rng(0)).shape == (n_samples,)
        assert telephone(white(n_samples), RATE).shape == (n_samples,)
