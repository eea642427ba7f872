"""Conversations in which people often speak at once, and it is known how many speak when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from diarize.training.background import BACKGROUND, EVENTS, BackgroundRecipe, EventRecipe, Surroundings
from diarize.training.levels import Range, amplitude
from diarize.training.material import Material
from diarize.training.talkers import TALK, Talker, TalkRecipe

Samples = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class ConversationRecipe:
    """How conversations are drawn.

    Parameters
    ----------
    length : float, s
        Long enough for the diarizer to find all speakers.
    people : (int, int)
        Limits of their number; fewer where there are fewer speakers.
    level : (float, float), dB
        Limits of each one's level relative to speech. A speaker who is much louder than the others hides them, and
        then there is no overlap to hear.
    room : float
        Share of the conversations in a room that is heard.
    start : (float, float), s
        Limits of the time before the first turn.
    end : float, s
        No turn begins so near to the end.
    early : float
        Share of the turns that begin before the last one ends.
    lead : float, s
        Mean time by which they begin early.
    deepest : float
        Largest share of the last turn that an early one covers.
    pause : float, s
        Mean pause before the other turns.
    utterances : int
        At most, those without speech included.
    gain : (float, float), dB
        Limits of the gain of the whole: recordings are made at any level.
    talk, background, events : TalkRecipe, BackgroundRecipe, EventRecipe
    """

    length: float = 40.0
    people: tuple[int, int] = (2, 5)
    level: Range = (-3.0, 3.0)
    room: float = 0.6
    start: Range = (0.0, 1.0)
    end: float = 0.5
    early: float = 0.7
    lead: float = 2.0
    deepest: float = 0.7
    pause: float = 0.5
    utterances: int = 500
    gain: Range = (-15.0, 10.0)
    talk: TalkRecipe = TALK
    background: BackgroundRecipe = BACKGROUND
    events: EventRecipe = EVENTS


CONVERSATIONS = ConversationRecipe()


def compose_conversation(
    material: Material, rng: np.random.Generator, recipe: ConversationRecipe = CONVERSATIONS
) -> tuple[Samples, Counts]:
    """Compose a conversation of people who often speak at once, each about as loud as the others.

    Parameters
    ----------
    material : Material
    rng : numpy.random.Generator
        The only source of randomness.
    recipe : ConversationRecipe

    Returns
    -------
    samples : array of shape (n_samples,)
    talking : array of shape (n_samples,)
        How many people speak.
    """
    talkers = _talkers(material, rng, recipe)
    sound, talking = _turns(material, talkers, rng, recipe)
    around = Surroundings(material, recipe.talk, recipe.background, recipe.events)
    sound += around.background(len(sound), rng)
    around.add_events(sound, rng)
    sound *= np.float32(amplitude(rng.uniform(*recipe.gain)))
    return sound, talking


def _talkers(material: Material, rng: np.random.Generator, recipe: ConversationRecipe) -> list[Talker]:
    """Return different people, each in a place."""
    people = [person for person in material.speakers if len(person)]
    number = min(int(rng.integers(*recipe.people, endpoint=True)), len(people))
    talkers = []
    for one in rng.choice(len(people), number, replace=False):
        utterances = [cache(load) for load in people[one]]  # each is heard several times
        talker = Talker.draw(replace(material, speakers=[utterances]), rng, recipe.talk)
        talkers.append(replace(talker, gain=rng.uniform(*recipe.level)))
    return talkers


def _turns(
    material: Material, talkers: list[Talker], rng: np.random.Generator, recipe: ConversationRecipe
) -> tuple[Samples, Counts]:
    """Return what is said, and how many speak, both (n_samples,); nobody speaks twice in a row."""
    n_samples = material.n_samples(recipe.length)
    sound, talking = np.zeros(n_samples, np.float32), np.zeros((len(talkers), n_samples), np.bool_)
    echoing, at, last, length = rng.random() < recipe.room, material.n_samples(rng.uniform(*recipe.start)), -1, 0
    for _ in range(recipe.utterances):
        if at > n_samples - material.n_samples(recipe.end):
            break
        speaker = int(rng.choice([one for one in range(len(talkers)) if one != last or len(talkers) == 1]))
        utterance, marks = talkers[speaker].speak(material, echoing, rng)
        spoken = np.flatnonzero(marks)
        if len(spoken):
            utterance, marks = utterance[spoken[0] :], marks[spoken[0] : spoken[-1] + 1]
            if last >= 0 and rng.random() < recipe.early:
                at = max(0, at - min(material.n_samples(rng.exponential(recipe.lead)), int(recipe.deepest * length)))
            elif last >= 0:
                at += material.n_samples(rng.exponential(recipe.pause))
            sound[at : at + len(utterance)] += utterance[: max(0, n_samples - at)]
            talking[speaker, at : at + len(marks)] |= marks[: max(0, n_samples - at)]
            last, length = speaker, len(marks)
            at += length
    return sound, talking.sum(axis=0, dtype=np.int8)
