"""Levels of sound in decibels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Range = tuple[float, float]  # limits of a uniform draw

_SILENCE = 1e-9  # rms; what is quieter is not made louder than by this much


def amplitude(decibels: float) -> float:
    """Return the factor that raises a sound by some decibels.

    Examples
    --------
    >>> amplitude(20.0)
    10.0
    """
    return float(10 ** (decibels / 20))


def rms(sound: npt.NDArray[np.floating[Any]]) -> float:
    """Return the root mean square of a sound, 0 for an empty one."""
    return float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))) if len(sound) else 0.0


def at_level(sound: npt.NDArray[np.floating[Any]], decibels: float) -> Samples:
    """Return the sound with an rms of so many decibels relative to 1; silence stays silent."""
    return (sound * (amplitude(decibels) / max(rms(sound), _SILENCE))).astype(np.float32)


def normalised(sound: Samples) -> Samples:
    """Return the sound with an rms of 1; silence stays silent."""
    return sound / max(rms(sound), _SILENCE)
