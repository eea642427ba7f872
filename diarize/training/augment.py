"""Copies of training speech as other microphones, rooms and lines would have recorded it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.training.channel import EQUALISER, TELEPHONE, EqualiserRecipe, TelephoneRecipe, equalise, telephone
from diarize.training.levels import Range, amplitude
from diarize.training.noise import add_noise, recorded_noise
from diarize.training.rooms import ROOMS, RoomRecipe, draw_room, in_room

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DisturbanceRecipe:
    """How often speech is disturbed, and how strongly.

    Parameters
    ----------
    room, noise, telephone : float
        Shares of the copies that are played through a room, that get a noise, and that keep the telephone band only.
        Most have a room and a noise, as most recordings do; few come by telephone, for which there is a band of its
        own.
    snr : (float, float), dB
        Limits of the signal-to-noise ratio. Below 10 dB the noise would say more than the voice.
    level : (float, float), dB
        Limits of the gain. What is normalised later hardly depends on it.
    rooms, equaliser, line : RoomRecipe, EqualiserRecipe, TelephoneRecipe
    """

    room: float = 0.6
    noise: float = 0.7
    telephone: float = 0.1
    snr: Range = (10.0, 25.0)
    level: Range = (-6.0, 6.0)
    rooms: RoomRecipe = ROOMS
    equaliser: EqualiserRecipe = EQUALISER
    line: TelephoneRecipe = TELEPHONE


DISTURBANCES = DisturbanceRecipe()


@dataclass(frozen=True, slots=True)
class Augmenter:
    """Disturbs clean speech at random: equaliser, room, noise, telephone band, level.

    Parameters
    ----------
    sample_rate : int
        Hz, of the speech, the rooms and the noises.
    rooms : sequence of array, each (n_taps,)
        Measured room impulse responses. Some rooms are synthetic all the same.
    noises : sequence of array, each (n_samples,)
        Background sounds to add; white noise where there is none.
    recipe : DisturbanceRecipe
    """

    sample_rate: int
    rooms: Sequence[Samples] = ()
    noises: Sequence[Samples] = ()
    recipe: DisturbanceRecipe = DISTURBANCES

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
        recipe = self.recipe
        copy = equalise(samples, self.sample_rate, rng, recipe.equaliser)
        if rng.random() < recipe.room:
            copy = in_room(copy, draw_room(self.rooms, self.sample_rate, rng, recipe.rooms))
        if rng.random() < recipe.noise:
            copy = add_noise(copy, self._noise(len(copy), rng), rng.uniform(*recipe.snr))
        if rng.random() < recipe.telephone:
            copy = telephone(copy, self.sample_rate, recipe.line)
        return (copy * amplitude(rng.uniform(*recipe.level))).astype(np.float32)

    def _noise(self, n_samples: int, rng: np.random.Generator) -> Samples:
        if len(self.noises):
            return recorded_noise(self.noises, n_samples, rng)
        return rng.standard_normal(n_samples).astype(np.float32)
