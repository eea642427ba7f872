"""Noise: repeated without a gap, with the spectrum, the hum and the ratio that are asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import welch

from diarize.training.noise import SteadyRecipe, add_noise, recorded_noise, steady_noise

RATE = 16000
Samples = npt.NDArray[np.float32]


def white(n_samples: int = 4 * RATE, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, n_samples).astype(np.float32)


@pytest.mark.parametrize("snr", [-10.0, 0.0, 20.0])
def test_noise_has_the_ratio_asked_for(snr: float) -> None:
    signal, noise = white(), 5 * white(seed=1)
    added = add_noise(signal, noise, snr) - signal
    assert 10 * np.log10(np.mean(signal**2) / np.mean(added**2)) == pytest.approx(snr, abs=0.01)
    assert np.corrcoef(added, noise)[0, 1] > 0.999


def test_silence_takes_no_noise_and_gives_none() -> None:
    signal, silence = white(), np.zeros(4 * RATE, np.float32)
    np.testing.assert_array_equal(add_noise(signal, silence, 10.0), signal)
    np.testing.assert_array_equal(add_noise(silence, signal, 10.0), silence)


def test_a_recorded_noise_goes_round_from_a_random_place() -> None:
    noise, firsts = np.arange(10, dtype=np.float32), set()
    for seed in range(30):
        part = recorded_noise([noise], 25, np.random.default_rng(seed))
        np.testing.assert_array_equal(np.diff(part) % 10, 1)
        firsts.add(float(part[0]))
    assert len(firsts) > 5


def test_every_recorded_noise_is_used() -> None:
    noises = [np.full(3, value, np.float32) for value in range(4)]
    values = {float(recorded_noise(noises, 1, np.random.default_rng(seed))[0]) for seed in range(40)}
    assert values == {0, 1, 2, 3}


@pytest.mark.parametrize("tilt", [0.0, 3.0, 6.0])
def test_a_steady_noise_falls_by_its_tilt(tilt: float) -> None:
    recipe = SteadyRecipe(tilt=(tilt, tilt), bumps=0, hum=0.0)
    sound = steady_noise(RATE, 20 * RATE, np.random.default_rng(0), recipe).astype(float)
    frequency, power = welch(sound, RATE, nperseg=4096)
    kept = (frequency > 100) & (frequency < 7000)
    slope = np.polyfit(np.log2(frequency[kept]), 10 * np.log10(power[kept]), 1)[0]
    assert slope == pytest.approx(-tilt, abs=0.1)


def test_bumps_colour_a_steady_noise() -> None:
    recipe = SteadyRecipe(tilt=(0.0, 0.0), place=(5.0, 5.0), width=(0.5, 0.5), bumps=1, height=20.0, hum=0.0)
    sound = steady_noise(RATE, 8 * RATE, np.random.default_rng(1), recipe).astype(float)
    frequency, power = welch(sound, RATE, nperseg=1024)
    level = 10 * np.log10(power)
    middle, far = level[np.abs(frequency - 30 * 2**5) < 100].mean(), level[frequency > 5000].mean()
    assert abs(middle - far) > 3


def test_a_hum_has_its_frequency_and_level() -> None:
    recipe = SteadyRecipe(hum=1.0, mains=(50.0,), other=(50.0, 50.0), harmonics=(1, 1), hum_level=(6.0, 6.0), bumps=0)
    sound = steady_noise(RATE, 4 * RATE, np.random.default_rng(0), recipe).astype(float)
    power = np.abs(np.fft.rfft(sound)) ** 2
    assert power.argmax() == 4 * 50
    hum = power[4 * 50]
    assert 10 * np.log10(hum / (power.sum() - hum)) == pytest.approx(6.0, abs=0.5)


def test_harmonics_lie_at_multiples_of_the_base() -> None:
    recipe = SteadyRecipe(hum=1.0, mains=(100.0,), other=(100.0, 100.0), harmonics=(3, 3), hum_level=(60.0, 60.0))
    sound = steady_noise(RATE, RATE, np.random.default_rng(2), recipe).astype(float)
    peaks = np.argsort(np.abs(np.fft.rfft(sound)))[-3:]
    assert set(peaks.tolist()) == {100, 200, 300}
