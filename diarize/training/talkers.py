"""People who speak in composed sound: each in one place, utterance after utterance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.training.channel import EQUALISER, EqualiserRecipe, equalise
from diarize.training.levels import Range, amplitude, rms
from diarize.training.marks import MARKS, MarkRecipe, mark_speech
from diarize.training.material import Loader, Material
from diarize.training.rooms import RoomRecipe, draw_room, in_room

Samples = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_HALL = RoomRecipe(t60=(0.15, 0.8))  # meetings are held in larger rooms than single speakers record in


@dataclass(frozen=True, slots=True)
class TalkRecipe:
    """How people talk.

    Parameters
    ----------
    level : float, dB
        Mean level of speech relative to 1, before the gain of the whole; noises are set relative to it. Low enough
        for several voices at once to stay below 1.
    between : float, dB
        Standard deviation of the level between people, by voice and by distance from the microphone.
    within : float, dB
        Standard deviation of the level from turn to turn of one person.
    length : (float, float), s
        Limits of the length of a turn: the utterance is cut to it where it is longer.
    fade : float, s
        At both ends, so that a cut does not click.
    tail : float, s
        Echo that is kept after the end of a turn.
    rooms, equaliser, marks : RoomRecipe, EqualiserRecipe, MarkRecipe
    """

    level: float = -25.0
    between: float = 3.5
    within: float = 2.0
    length: Range = (2.0, 8.0)
    fade: float = 0.01
    tail: float = 0.5
    rooms: RoomRecipe = _HALL
    equaliser: EqualiserRecipe = EQUALISER
    marks: MarkRecipe = MARKS


TALK = TalkRecipe()
_TONES = 2**31  # seeds of equalisers


@dataclass(frozen=True, slots=True)
class Talker:
    """A person in one place: level, tone and echo stay the same from turn to turn.

    Parameters
    ----------
    utterances : sequence of callable
        Functions that load an utterance, (n_samples,).
    gain : float, dB
        Of the person's level relative to the mean one.
    tone : int
        Seed of the equaliser.
    echo : array of shape (n_taps,)
        Impulse response of the room, as heard from that place.
    recipe : TalkRecipe
    """

    utterances: Sequence[Loader]
    gain: float
    tone: int
    echo: Samples
    recipe: TalkRecipe = TALK

    @classmethod
    def draw(cls, material: Material, rng: np.random.Generator, recipe: TalkRecipe = TALK) -> Talker:
        """Return one of the speakers by chance, in a place by chance."""
        speakers = [speaker for speaker in material.speakers if len(speaker)]
        utterances = speakers[int(rng.integers(len(speakers)))]
        gain, tone = rng.normal(0.0, recipe.between), int(rng.integers(_TONES))
        echo = draw_room(material.rooms, material.sample_rate, rng, recipe.rooms)
        return cls(utterances, gain, tone, echo, recipe)

    def excerpt(self, material: Material, rng: np.random.Generator) -> Samples:
        """Return a part of an utterance as it was recorded, all of it when it is short."""
        utterance = self.utterances[int(rng.integers(len(self.utterances)))]()
        length = min(len(utterance), material.n_samples(rng.uniform(*self.recipe.length)))
        start = int(rng.integers(len(utterance) - length + 1))
        return utterance[start : start + length]

    def speak(self, material: Material, echoing: bool, rng: np.random.Generator) -> tuple[Samples, Mask]:
        """Say something.

        Parameters
        ----------
        material : Material
        echoing : bool
            Whether the room is heard.
        rng : numpy.random.Generator

        Returns
        -------
        samples : array of shape (n_samples,)
            Longer than the marks by the tail of the echo. Empty where the utterance holds no speech.
        speech : array of shape (n_samples,)
            Where there is speech.
        """
        recipe, rate = self.recipe, material.sample_rate
        sound = self.excerpt(material, rng)
        speech = mark_speech(sound, rate, recipe.marks)
        if not speech.any():
            return np.zeros(0, np.float32), np.zeros(0, np.bool_)
        level = recipe.level + self.gain + rng.normal(0.0, recipe.within)
        sound = sound * (amplitude(level) / rms(sound[speech]))
        fade = min(material.n_samples(recipe.fade), len(sound) // 2)
        sound[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
        sound[len(sound) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        sound = equalise(sound, rate, np.random.default_rng(self.tone), recipe.equaliser)
        return in_room(sound, self.echo, material.n_samples(recipe.tail)) if echoing else sound, speech
