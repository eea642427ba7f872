"""Noise: recorded, and made with a spectrum of its own; a signal and a noise at a given ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, rfft

from diarize.training.levels import Range, amplitude, rms

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SteadyRecipe:
    """How a steady noise is made: a tilted spectrum with bumps, at times with a hum.

    Parameters
    ----------
    corner : float, Hz
        Below it the spectrum is flat. Octaves are counted from here.
    tilt : (float, float), dB an octave
        Limits of the fall: from white noise to the noise of traffic.
    bumps : int
        Bumps and dips of the spectrum, as fans and machines have them.
    place : (float, float), octaves
        Limits of the middle of a bump: up to 15 kHz, so that some fall outside.
    width : (float, float), octaves
        Limits of the standard deviation of a bump.
    height : float, dB
        Standard deviation of the height of a bump.
    hum : float
        Share of the noises with a hum.
    mains : tuple of float, Hz
        Usual base frequencies of a hum.
    other : (float, float), Hz
        Limits of the base frequency of an engine, which is drawn as often as each of the usual ones.
    harmonics : (int, int)
        Limits of their number, the base counted.
    hum_level : (float, float), dB
        Limits of the level of the hum relative to the noise.
    """

    corner: float = 30.0
    tilt: Range = (0.0, 6.0)
    bumps: int = 4
    place: Range = (0.0, 9.0)
    width: Range = (0.3, 1.5)
    height: float = 5.0
    hum: float = 0.4
    mains: tuple[float, ...] = (50.0, 60.0)
    other: Range = (40.0, 300.0)
    harmonics: tuple[int, int] = (1, 10)
    hum_level: Range = (-15.0, 6.0)


STEADY = SteadyRecipe()


def recorded_noise(noises: Sequence[Samples], n_samples: int, rng: np.random.Generator) -> Samples:
    """Return one of the noises from a random place on, repeated where it is too short.

    Parameters
    ----------
    noises : sequence of array, each (n,)
        One at least.
    n_samples : int
    rng : numpy.random.Generator
    """
    noise = noises[int(rng.integers(len(noises)))]
    return np.resize(np.roll(noise, -int(rng.integers(len(noise)))), n_samples)


def steady_noise(sample_rate: int, n_samples: int, rng: np.random.Generator, recipe: SteadyRecipe = STEADY) -> Samples:
    """Return a steady noise with a random smooth spectrum, at times with a hum, at no level in particular.

    Parameters
    ----------
    sample_rate : int
        Hz.
    n_samples : int
    rng : numpy.random.Generator
    recipe : SteadyRecipe
    """
    octave = np.log2(np.maximum(np.fft.rfftfreq(n_samples, 1 / sample_rate), recipe.corner) / recipe.corner)
    gain = -rng.uniform(*recipe.tilt) * octave
    for _ in range(recipe.bumps):
        centre, width = rng.uniform(*recipe.place), rng.uniform(*recipe.width)
        gain += rng.normal(0.0, recipe.height) * np.exp(-0.5 * ((octave - centre) / width) ** 2)
    noise = rfft(rng.standard_normal(n_samples).astype(np.float32)) * (10 ** (gain / 20)).astype(np.float32)
    sound: Samples = irfft(noise, n_samples)
    if rng.random() < recipe.hum:
        hum = _hum(np.arange(n_samples) / sample_rate, rng, recipe)
        level = amplitude(rng.uniform(*recipe.hum_level))
        sound = sound / rms(sound) + (hum / rms(hum) * level).astype(np.float32)
    return sound


def _hum(time: npt.NDArray[np.float64], rng: np.random.Generator, recipe: SteadyRecipe) -> npt.NDArray[np.float64]:
    """Return a tone with harmonics that fall by about 6 dB an octave."""
    base = rng.choice([*recipe.mains, rng.uniform(*recipe.other)])
    hum = np.zeros(len(time))
    for k in range(1, 1 + int(rng.integers(*recipe.harmonics, endpoint=True))):
        hum += rng.exponential() / k * np.sin(2 * np.pi * base * k * time + rng.uniform(0.0, 2 * np.pi))
    return hum


def add_noise(samples: Samples, noise: Samples, snr: float) -> Samples:
    """Add a noise at a signal-to-noise ratio (dB); where either is silent, the signal stays as it is."""
    signal_power, noise_power = float(np.mean(samples**2)), float(np.mean(noise**2))
    if signal_power == 0 or noise_power == 0:
        return samples
    gain = np.sqrt(signal_power / noise_power / 10 ** (snr / 10))
    return np.asarray(samples + noise * gain, dtype=np.float32)
