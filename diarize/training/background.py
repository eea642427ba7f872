"""What is heard behind a conversation: noise, music, other people far away, and events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.training.levels import Range, at_level, normalised
from diarize.training.material import Material
from diarize.training.noise import STEADY, SteadyRecipe, recorded_noise, steady_noise
from diarize.training.rooms import in_room, synthetic_room
from diarize.training.talkers import TALK, Talker, TalkRecipe

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BackgroundRecipe:
    """How a background is drawn. Levels are dB below that of speech.

    Parameters
    ----------
    nothing, faint, recorded, steady : float
        Shares of the kinds: digital silence, a steady noise that is hardly heard, a recorded noise or music, a steady
        noise that is heard. The rest are crowds. Where no noise was recorded, a steady one stands for it.
    faint_level, recorded_level, steady_level, crowd_level : (float, float), dB
        Limits of their levels, from a good microphone to a noise nearly as loud as the speech. A crowd stays quieter:
        nearer voices are foreground.
    crowd : (int, int)
        Limits of the number of people in a crowd: fewer could be followed.
    crowd_pause : float, s
        Mean pause between their utterances.
    crowd_hiss : (float, float), dB
        Limits of the level of the steady noise around a crowd.
    neighbour : float
        Share of the backgrounds, of any kind but nothing, with somebody in the next room.
    neighbour_pause : float, s
        Mean pause between that person's utterances.
    neighbour_level : (float, float), dB
    far_t60 : (float, float), s
        Limits of the reverberation time around people far away.
    swell : float
        Share of the backgrounds that become louder and softer.
    swell_depth : float, dB
        Standard deviation of their level.
    swell_points : int
        Points of time at which the level is drawn; between them it changes evenly.
    utterances : int
        Of one person at most, so that the work ends although a speaker has no sound.
    noise : SteadyRecipe
    """

    nothing: float = 0.05
    faint: float = 0.15
    recorded: float = 0.25
    steady: float = 0.3
    faint_level: Range = (30.0, 60.0)
    recorded_level: Range = (3.0, 30.0)
    steady_level: Range = (3.0, 35.0)
    crowd_level: Range = (14.0, 35.0)
    crowd: tuple[int, int] = (3, 8)
    crowd_pause: float = 0.5
    crowd_hiss: Range = (20.0, 40.0)
    neighbour: float = 0.3
    neighbour_pause: float = 2.0
    neighbour_level: Range = (18.0, 32.0)
    far_t60: Range = (0.3, 0.8)
    swell: float = 0.3
    swell_depth: float = 3.0
    swell_points: int = 8
    utterances: int = 200
    noise: SteadyRecipe = STEADY


@dataclass(frozen=True, slots=True)
class EventRecipe:
    """How knocks, rustles and bursts of music are drawn.

    Parameters
    ----------
    every : float, s
        Mean distance of events at a density of 1.
    densities : tuple of float
        One is drawn for each sound: there are quiet rooms and busy ones.
    lengths : tuple of float, s
        From a knock to a jingle.
    stretch : (float, float)
        Limits of the factor by which such a length changes.
    edge : float
        Power of the Hann window that an event is multiplied by; a small one leaves short edges.
    level : (float, float), dB
        Limits of the level relative to speech.
    """

    every: float = 6.0
    densities: tuple[float, ...] = (0, 1, 2)
    lengths: tuple[float, ...] = (0.05, 0.2, 0.6, 2.0, 4.0)
    stretch: Range = (0.5, 1.5)
    edge: float = 0.3
    level: Range = (-22.0, 2.0)


BACKGROUND, EVENTS = BackgroundRecipe(), EventRecipe()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything that is heard behind people who talk.

    Parameters
    ----------
    material : Material
    talk : TalkRecipe
        Of the people in front, whose level the others are relative to, and of those far away.
    recipe : BackgroundRecipe
    events : EventRecipe
    """

    material: Material
    talk: TalkRecipe = TALK
    recipe: BackgroundRecipe = BACKGROUND
    events: EventRecipe = EVENTS

    def background(self, n_samples: int, rng: np.random.Generator) -> Samples:
        """Return a background: nearly nothing, a recorded noise or music, a steady noise, or many people far away."""
        recipe = self.recipe
        kind = rng.random()
        nothing, faint, recorded, steady = np.cumsum((recipe.nothing, recipe.faint, recipe.recorded, recipe.steady))
        if kind < nothing:
            return np.zeros(n_samples, np.float32)
        if kind < faint:
            sound = self._steady(n_samples, recipe.faint_level, rng)
        elif kind < recorded and len(self.material.noises):
            noise = recorded_noise(self.material.noises, n_samples, rng)
            sound = self.relative(noise, -rng.uniform(*recipe.recorded_level))
        elif kind < steady:
            sound = self._steady(n_samples, recipe.steady_level, rng)
        else:
            people = range(rng.integers(*recipe.crowd, endpoint=True))
            crowd = np.sum([self._distant(n_samples, recipe.crowd_pause, rng) for _ in people], axis=0)
            sound = self.relative(crowd, -rng.uniform(*recipe.crowd_level))
            sound += self._steady(n_samples, recipe.crowd_hiss, rng)
        if rng.random() < recipe.neighbour:
            neighbour = self._distant(n_samples, recipe.neighbour_pause, rng)
            sound = sound + self.relative(neighbour, -rng.uniform(*recipe.neighbour_level))
        if rng.random() < recipe.swell:
            swell = 10 ** (rng.normal(0.0, recipe.swell_depth, recipe.swell_points) / 20)
            at = np.linspace(0, n_samples, recipe.swell_points)
            sound = sound * np.interp(np.arange(n_samples), at, swell).astype(np.float32)
        return sound

    def add_events(self, sound: Samples, rng: np.random.Generator) -> None:
        """Add knocks, rustles and bursts of music to a sound, in place; none where no noise was recorded."""
        material, recipe = self.material, self.events
        if not len(material.noises):
            return
        seconds = len(sound) / material.sample_rate
        for _ in range(rng.poisson(seconds / recipe.every * rng.choice(recipe.densities))):
            length = material.n_samples(float(rng.choice(recipe.lengths) * rng.uniform(*recipe.stretch)))
            length = min(length, len(sound) - 1)
            start = int(rng.integers(len(sound) - length))
            window = np.hanning(length).astype(np.float32) ** recipe.edge
            event = recorded_noise(material.noises, length, rng) * window
            sound[start : start + length] += self.relative(event, rng.uniform(*recipe.level))

    def relative(self, sound: npt.NDArray[np.floating], decibels: float) -> Samples:
        """Return the sound at a level relative to speech; silence stays silent."""
        return at_level(sound, self.talk.level + decibels)

    def _steady(self, n_samples: int, level: Range, rng: np.random.Generator) -> Samples:
        noise = steady_noise(self.material.sample_rate, n_samples, rng, self.recipe.noise)
        return self.relative(noise, -rng.uniform(*level))

    def _distant(self, n_samples: int, pause: float, rng: np.random.Generator) -> Samples:
        """Return one person who talks on and on in a large room, with a mean pause (s) between utterances."""
        material = self.material
        talker, sound, at = Talker.draw(material, rng, self.talk), np.zeros(n_samples, np.float32), 0
        for _ in range(self.recipe.utterances):
            utterance = talker.excerpt(material, rng)[: n_samples - at]
            sound[at : at + len(utterance)] = normalised(utterance)
            at += len(utterance) + material.n_samples(rng.exponential(pause))
            if at >= n_samples:
                break
        return in_room(sound, synthetic_room(material.sample_rate, rng.uniform(*self.recipe.far_t60), rng))
