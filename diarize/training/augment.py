"""Copies of training speech as other microphones, rooms and lines would have recorded it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, rfft
from scipy.signal import fftconvolve

Samples = npt.NDArray[np.float32]

# How often each disturbance is applied, and how strong it is.
_ROOM_SHARE, _NOISE_SHARE, _TELEPHONE_SHARE = 0.6, 0.7, 0.1
_T60_RANGE = (0.15, 0.7)
_SNR_RANGE = (10.0, 25.0)
_LEVEL_RANGE = (-6.0, 6.0)


@dataclass(frozen=True, slots=True)
class Augmenter:
    """Disturbs clean speech at random: equaliser, room, noise, telephone band, level.

    Parameters
    ----------
    sample_rate : int
        Hz, of the speech, the rooms and the noises.
    rooms : sequence of array, each (n_taps,)
        Measured room impulse responses; half of the rooms are synthetic all the same.
    noises : sequence of array, each (n_samples,)
        Background sounds to add; white noise where there is none.
    """

    sample_rate: int
    rooms: Sequence[Samples] = ()
    noises: Sequence[Samples] = ()

    def __call__(self, samples: Samples, rng: np.random.Generator) -> Samples:
        """Return a disturbed copy of `samples`, as long as the original.

        Parameters
        ----------
        samples : array of shape (n_samples,)
        rng : numpy.random.Generator
            The only source of randomness.
        """
        if not len(samples):
            return samples
        result = equalise(samples, self.sample_rate, rng)
        if rng.random() < _ROOM_SHARE:
            result = self._in_room(result, rng)
        if rng.random() < _NOISE_SHARE:
            result = add_noise(result, self._noise(len(result), rng), rng.uniform(*_SNR_RANGE))
        if rng.random() < _TELEPHONE_SHARE:
            result = telephone(result, self.sample_rate)
        gain = 10 ** (rng.uniform(*_LEVEL_RANGE) / 20)
        return (result * gain).astype(np.float32)

    def _in_room(self, samples: Samples, rng: np.random.Generator) -> Samples:
        if len(self.rooms) and rng.random() < 0.5:
            response = self.rooms[int(rng.integers(len(self.rooms)))]
        else:
            response = synthetic_room(self.sample_rate, rng.uniform(*_T60_RANGE), rng)
        wet: Samples = fftconvolve(samples, response)
        lead = int(np.argmax(np.abs(response)))  # keep the direct sound where it was
        return wet[lead : lead + len(samples)].astype(np.float32)

    def _noise(self, n_samples: int, rng: np.random.Generator) -> Samples:
        if not len(self.noises):
            return rng.standard_normal(n_samples).astype(np.float32)
        noise = self.noises[int(rng.integers(len(self.noises)))]
        start = int(rng.integers(len(noise)))
        return np.resize(np.roll(noise, -start), n_samples)


def equalise(
    samples: Samples, sample_rate: int, rng: np.random.Generator, bumps: int = 4, decibels: float = 3.5
) -> Samples:
    """Colour `samples` by a smooth random response: a tilt and some bumps on a logarithmic frequency axis."""
    n_fft = 1 << (len(samples) - 1).bit_length() if len(samples) > 1 else 2
    octave = np.log2(np.maximum(np.fft.rfftfreq(n_fft, 1 / sample_rate), 50.0) / 50.0)
    span = octave[-1]
    gain = rng.normal(0.0, decibels) * (octave / span - 0.5)
    for _ in range(bumps):
        centre, width = rng.uniform(0.0, span), rng.uniform(0.3, 1.2)
        gain += rng.normal(0.0, decibels) * np.exp(-0.5 * ((octave - centre) / width) ** 2)
    response = (10 ** (gain / 20)).astype(np.float32)
    coloured: Samples = irfft(rfft(samples, n_fft) * response, n_fft)[: len(samples)]
    return coloured.astype(np.float32)


def synthetic_room(sample_rate: int, t60: float, rng: np.random.Generator) -> Samples:
    """Return an impulse response: the direct sound and an exponentially decaying noise tail.

    `t60` (s) is the time in which the tail falls by 60 dB; the ratio of direct to reverberant energy is drawn
    between 0 and 12 dB (statistical room model; Polack 1988).
    """
    n_taps = max(int(t60 * sample_rate), 2)
    decay = np.exp(-np.log(1000.0) * np.arange(n_taps) / (t60 * sample_rate))
    tail = rng.standard_normal(n_taps) * decay
    tail[: max(int(0.002 * sample_rate), 1)] = 0.0
    energy = float(np.sum(tail**2))
    ratio = 10 ** (rng.uniform(0.0, 12.0) / 10)
    response = tail / np.sqrt(energy * ratio) if energy > 0 else tail
    response[0] = 1.0
    return np.asarray(response, dtype=np.float32)


def add_noise(samples: Samples, noise: Samples, snr: float) -> Samples:
    """Add `noise` so that the signal-to-noise ratio is `snr` (dB); silence in either is left alone."""
    signal_power, noise_power = float(np.mean(samples**2)), float(np.mean(noise**2))
    if signal_power == 0 or noise_power == 0:
        return samples
    gain = np.sqrt(signal_power / noise_power / 10 ** (snr / 10))
    return np.asarray(samples + noise * gain, dtype=np.float32)


def telephone(samples: Samples, sample_rate: int, low: float = 300.0, high: float = 3400.0) -> Samples:
    """Keep the telephone band only (`low` to `high` Hz), with slopes of a few tens of Hz."""
    n_fft = 1 << (len(samples) - 1).bit_length() if len(samples) > 1 else 2
    frequency = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    response = 1 / (1 + np.exp(-(frequency - low) / 20)) / (1 + np.exp(np.clip((frequency - high) / 40, -50, 50)))
    kept: Samples = irfft(rfft(samples, n_fft) * response.astype(np.float32), n_fft)[: len(samples)]
    return kept.astype(np.float32)
