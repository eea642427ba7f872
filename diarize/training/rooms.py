"""Rooms: impulse responses, measured or synthetic, and sound that is played through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve

from diarize.training.levels import Range

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RoomRecipe:
    """How rooms are drawn.

    Parameters
    ----------
    measured : float
        Share of the rooms that are measured, where there are any. The rest is synthetic, since there are only a few
        measured ones.
    t60 : (float, float), s
        Limits of the time in which the echo of a synthetic room falls by 60 dB: from a furnished study to a hall.
    direct : (float, float), dB
        Limits of the ratio of direct to reverberant energy in a synthetic room: from far away to close.
    gap : float, s
        Before the first echo; it comes from a wall or a table about 0.35 m away.
    """

    measured: float = 0.5
    t60: Range = (0.15, 0.7)
    direct: Range = (0.0, 12.0)
    gap: float = 0.002


ROOMS = RoomRecipe()


def synthetic_room(sample_rate: int, t60: float, rng: np.random.Generator, recipe: RoomRecipe = ROOMS) -> Samples:
    """Return an impulse response: the direct sound and a tail of noise that decays exponentially.

    Parameters
    ----------
    sample_rate : int
        Hz.
    t60 : float, s
        Time in which the tail falls by 60 dB.
    rng : numpy.random.Generator
    recipe : RoomRecipe
        For the gap and the limits of the direct energy.

    Returns
    -------
    array of shape (n_taps,)

    References
    ----------
    Polack, "La transmission de l'énergie sonore dans les salles", Université du Maine 1988: the statistical model.
    """
    n_taps = max(int(t60 * sample_rate), 2)
    decay = np.exp(-np.log(1000.0) * np.arange(n_taps) / (t60 * sample_rate))
    tail = rng.standard_normal(n_taps) * decay
    tail[: max(int(recipe.gap * sample_rate), 1)] = 0.0
    energy = float(np.sum(tail**2))
    ratio = 10 ** (rng.uniform(*recipe.direct) / 10)
    response = tail / np.sqrt(energy * ratio) if energy > 0 else tail
    response[0] = 1.0
    return np.asarray(response, dtype=np.float32)


def draw_room(
    rooms: Sequence[Samples], sample_rate: int, rng: np.random.Generator, recipe: RoomRecipe = ROOMS
) -> Samples:
    """Return the impulse response of a room by chance.

    Parameters
    ----------
    rooms : sequence of array, each (n_taps,)
        Measured ones; there may be none.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
    recipe : RoomRecipe
    """
    if len(rooms) and rng.random() < recipe.measured:
        return rooms[int(rng.integers(len(rooms)))]
    return synthetic_room(sample_rate, rng.uniform(*recipe.t60), rng, recipe)


def in_room(sound: Samples, response: Samples, tail: int = 0) -> Samples:
    """Return a sound as it is heard in a room, its direct sound where it was.

    Parameters
    ----------
    sound : array of shape (n_samples,)
    response : array of shape (n_taps,)
        The impulse response; its direct sound is its highest peak.
    tail : int
        Samples by which the result may be longer than the sound.
    """
    lead = int(np.argmax(np.abs(response)))
    wet: Samples = fftconvolve(sound, response)[lead : lead + len(sound) + tail]
    return wet.astype(np.float32)
