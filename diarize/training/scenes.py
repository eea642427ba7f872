"""Scenes with exact marks of speech, composed of clean utterances, rooms, noise, music and distant talk.

Real recordings with exact marks are rare. Where an utterance has energy before anything is added to it, there is
speech.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.training.background import BACKGROUND, EVENTS, BackgroundRecipe, EventRecipe, Surroundings
from diarize.training.channel import TELEPHONE, TelephoneRecipe, telephone
from diarize.training.levels import Range, amplitude
from diarize.training.material import Material
from diarize.training.noise import recorded_noise
from diarize.training.talkers import TALK, Talker, TalkRecipe

Samples = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SceneRecipe:
    """How scenes are drawn.

    Parameters
    ----------
    lengths, length_shares : tuple of float, s and share
        Short recordings are rare, but the detector must work on them as well.
    silent : float
        Share of the scenes in which nobody in front speaks.
    loud : float
        Share of those with a recorded noise as loud as speech, where there are any: loud is not speech.
    loud_level : (float, float), dB
        Limits of its level relative to speech.
    people : (int, int)
        Limits of the number of people who talk.
    room : float
        Share of the conversations in a room that is heard.
    pauses, pause_shares : tuple of float, s and share
        Mean pauses; one is drawn for a whole conversation: from a quarrel to somebody who dictates.
    start : (float, float), s
        Limits of the time before the first turn.
    end : float, s
        No turn begins so near to the end of the scene.
    early : float
        Share of the turns that begin before the last one ends.
    lead : float, s
        Mean time by which they begin early.
    deepest : float
        Largest share of the last turn that an early one covers.
    late : float
        Share of the turns after a pause; the rest follow at once.
    turns : int
        At most, so that the work ends although the material holds no speech.
    telephone : float
        Share of the scenes in the telephone band.
    gain : (float, float), dB
        Limits of the gain of the whole: recordings are made at any level.
    clipped : float
        Share of the scenes that are too loud for their recorder.
    drive : (float, float), dB
        Limits of the gain before they are cut off.
    ceiling : float
        Amplitude at which they are cut off.
    rounded : float
        Share of the scenes rounded to 16 bits, as most files are.
    talk, background, events, line : TalkRecipe, BackgroundRecipe, EventRecipe, TelephoneRecipe
    """

    lengths: tuple[float, ...] = (4.0, 12.0, 30.0, 60.0)
    length_shares: tuple[float, ...] = (0.1, 0.2, 0.45, 0.25)
    silent: float = 0.25
    loud: float = 0.6
    loud_level: Range = (-20.0, 0.0)
    people: tuple[int, int] = (1, 4)
    room: float = 0.6
    pauses: tuple[float, ...] = (0.25, 0.5, 1.0, 3.0, 15.0)
    pause_shares: tuple[float, ...] = (0.24, 0.24, 0.24, 0.2, 0.08)
    start: Range = (0.0, 2.0)
    end: float = 0.5
    early: float = 0.15
    lead: float = 0.7
    deepest: float = 0.7
    late: float = 0.65
    turns: int = 200
    telephone: float = 0.1
    gain: Range = (-15.0, 10.0)
    clipped: float = 0.05
    drive: Range = (0.0, 10.0)
    ceiling: float = 0.3
    rounded: float = 0.5
    talk: TalkRecipe = TALK
    background: BackgroundRecipe = BACKGROUND
    events: EventRecipe = EVENTS
    line: TelephoneRecipe = TELEPHONE


SCENES = SceneRecipe()
_FULL_SCALE = 1 << 15  # of 16 bits


def compose_scene(material: Material, rng: np.random.Generator, recipe: SceneRecipe = SCENES) -> tuple[Samples, Mask]:
    """Compose one scene: a conversation, or nobody who speaks, before a background.

    Parameters
    ----------
    material : Material
    rng : numpy.random.Generator
        The only source of randomness.
    recipe : SceneRecipe

    Returns
    -------
    samples : array of shape (n_samples,)
        The sound.
    speech : array of shape (n_samples,)
        Where somebody in the foreground speaks.
    """
    around = Surroundings(material, recipe.talk, recipe.background, recipe.events)
    n_samples = material.n_samples(float(rng.choice(recipe.lengths, p=recipe.length_shares)))
    if rng.random() < recipe.silent:
        sound, speech = np.zeros(n_samples, np.float32), np.zeros(n_samples, np.bool_)
        if len(material.noises) and rng.random() < recipe.loud:
            noise = recorded_noise(material.noises, n_samples, rng)
            sound += around.relative(noise, rng.uniform(*recipe.loud_level))
    else:
        sound, speech = _conversation(material, n_samples, rng, recipe)
    sound += around.background(n_samples, rng)
    around.add_events(sound, rng)
    return _recorded(sound, material.sample_rate, rng, recipe), speech


def _conversation(
    material: Material, n_samples: int, rng: np.random.Generator, recipe: SceneRecipe
) -> tuple[Samples, Mask]:
    """Let people speak in turn in one room, with pauses or some overlap between turns."""
    sound, speech = np.zeros(n_samples, np.float32), np.zeros(n_samples, np.bool_)
    number = rng.integers(*recipe.people, endpoint=True)
    talkers = [Talker.draw(material, rng, recipe.talk) for _ in range(number)]
    echoing, pause = rng.random() < recipe.room, rng.choice(recipe.pauses, p=recipe.pause_shares)
    at = material.n_samples(rng.uniform(*recipe.start))
    for _ in range(recipe.turns):
        utterance, marks = talkers[int(rng.integers(len(talkers)))].speak(material, echoing, rng)
        sound[at : at + len(utterance)] += utterance[: n_samples - at]
        speech[at : at + len(marks)] |= marks[: n_samples - at]
        at += len(marks)
        chance = rng.random()
        if chance < recipe.early:
            at -= min(material.n_samples(rng.exponential(recipe.lead)), int(recipe.deepest * len(marks)))
        elif chance < recipe.early + recipe.late:
            at += material.n_samples(rng.exponential(pause))
        if at >= n_samples - material.n_samples(recipe.end):
            break
    return sound, speech


def _recorded(sound: Samples, sample_rate: int, rng: np.random.Generator, recipe: SceneRecipe) -> Samples:
    """Return the scene as some line and recorder would have it: band, level, clipping, 16 bits."""
    if rng.random() < recipe.telephone:
        sound = telephone(sound, sample_rate, recipe.line)
    sound *= np.float32(amplitude(rng.uniform(*recipe.gain)))
    if rng.random() < recipe.clipped:
        sound *= np.float32(amplitude(rng.uniform(*recipe.drive)))
        np.clip(sound, -recipe.ceiling, recipe.ceiling, out=sound)
    if rng.random() < recipe.rounded:
        sound = (np.round(sound * _FULL_SCALE) / _FULL_SCALE).astype(np.float32)
    return sound
