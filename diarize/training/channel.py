"""What microphones and lines do to sound: a random equaliser and the telephone band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, rfft

from diarize.training.levels import Range

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EqualiserRecipe:
    """How the response of a microphone is drawn: a tilt and some bumps on an axis of octaves.

    Parameters
    ----------
    corner : float, Hz
        Below it the response is flat. Octaves are counted from here.
    bumps : int
        Resonances, each raised or lowered.
    width : (float, float), octaves
        Limits of the standard deviation of a bump.
    height : float, dB
        Standard deviation of the tilt over the whole band, and of the height of a bump: ordinary microphones differ
        by a few dB.
    """

    corner: float = 50.0
    bumps: int = 4
    width: Range = (0.3, 1.2)
    height: float = 3.5


@dataclass(frozen=True, slots=True)
class TelephoneRecipe:
    """The telephone band.

    Parameters
    ----------
    low, high : float, Hz
        Edges of the band, where half of the amplitude is left; as in ITU-T G.712.
    low_slope, high_slope : float, Hz
        Widths of the edges: a few tens of Hz, as filters of lines have them.
    """

    low: float = 300.0
    high: float = 3400.0
    low_slope: float = 20.0
    high_slope: float = 40.0


EQUALISER, TELEPHONE = EqualiserRecipe(), TelephoneRecipe()
_STEEPEST = 50.0  # natural logarithm of the attenuation; more would overflow and is silence anyway


def equalise(
    samples: Samples, sample_rate: int, rng: np.random.Generator, recipe: EqualiserRecipe = EQUALISER
) -> Samples:
    """Colour a sound by a smooth random response.

    Parameters
    ----------
    samples : array of shape (n_samples,)
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        The response depends on it and on the length alone, not on the sound.
    recipe : EqualiserRecipe
    """
    n_fft = _fft_size(len(samples))
    octave = np.log2(np.maximum(np.fft.rfftfreq(n_fft, 1 / sample_rate), recipe.corner) / recipe.corner)
    span = octave[-1]
    gain = rng.normal(0.0, recipe.height) * (octave / span - 0.5)
    for _ in range(recipe.bumps):
        centre, width = rng.uniform(0.0, span), rng.uniform(*recipe.width)
        gain += rng.normal(0.0, recipe.height) * np.exp(-0.5 * ((octave - centre) / width) ** 2)
    return _filtered(samples, 10 ** (gain / 20), n_fft)


def telephone(samples: Samples, sample_rate: int, recipe: TelephoneRecipe = TELEPHONE) -> Samples:
    """Keep the telephone band only.

    Parameters
    ----------
    samples : array of shape (n_samples,)
    sample_rate : int
        Hz.
    recipe : TelephoneRecipe
    """
    n_fft = _fft_size(len(samples))
    frequency = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    rise = 1 / (1 + np.exp(-(frequency - recipe.low) / recipe.low_slope))
    fall = 1 + np.exp(np.clip((frequency - recipe.high) / recipe.high_slope, -_STEEPEST, _STEEPEST))
    return _filtered(samples, rise / fall, n_fft)


def _fft_size(n_samples: int) -> int:
    """Return the next power of two, at least 2."""
    return 1 << (n_samples - 1).bit_length() if n_samples > 1 else 2


def _filtered(samples: Samples, response: npt.NDArray[np.float64], n_fft: int) -> Samples:
    filtered: Samples = irfft(rfft(samples, n_fft) * response.astype(np.float32), n_fft)[: len(samples)]
    return filtered.astype(np.float32)
