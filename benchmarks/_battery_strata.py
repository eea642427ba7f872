"""The list of the battery: which conversations there are, stratum by stratum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from _battery_sound import RATE
from _battery_voices import Voice

ENOUGH = 10.0  # s of sound that a voice needs, for a conversation of one occasion in that alone
REPEATS = 1.0  # times that the mean speaker is heard with the same words; people repeat nothing word for word
SPANS = (0.0, 6.0, 12.0, 20.0)  # dB; largest difference of levels between speakers
SNRS = (None, None, 30.0, 20.0, 15.0, 10.0)  # dB


@dataclass(frozen=True, slots=True)
class Conversation:
    """A recipe: the same one gives the same sound and the same reference.

    Parameters
    ----------
    name : str
    stratum, kind : str
        Kinds are reported apart for single speakers.
    seconds : float
        About the length.
    speakers : tuple of str
        Names of voices.
    rate : int, Hz
        At which it is given to the diarizer.
    snr : float or None, dB
        None for the hiss of a good microphone.
    span : float, dB
        Largest difference of levels between the speakers.
    seed : int
    """

    name: str
    stratum: str
    kind: str
    seconds: float
    speakers: tuple[str, ...]
    rate: int
    snr: float | None
    span: float
    seed: int


@dataclass(frozen=True, slots=True)
class Stratum:
    """How many conversations of a kind there are, and what they may be like.

    Parameters
    ----------
    name, kind : str
    count : int
    seconds : (float, float)
        Limits of the length; short ones are drawn as often as twice as long ones.
    people : tuple of int
        Numbers of speakers, drawn with equal chance.
    fits : callable
        Says whether a voice may take part.
    narrow : float
        Share of the conversations at 8 kHz.
    """

    name: str
    kind: str
    count: int
    seconds: tuple[float, float]
    people: tuple[int, ...]
    fits: Callable[[Voice], bool]
    narrow: float = 0.2


def one_session(voice: Voice) -> bool:
    return sum(session.seconds for session in voice.occasion()) >= ENOUGH


def _wide(voice: Voice) -> bool:
    return one_session(voice) and voice.corpus != "WUW2"


def _one_session(voice: Voice) -> bool:
    return voice.longest().seconds >= ENOUGH


def _moods(voice: Voice) -> bool:
    return voice.seconds >= ENOUGH and voice.moody and len(voice.sessions) > 1


def _taught(voice: Voice) -> bool:
    return voice.seconds >= ENOUGH and not voice.moody and len(voice.sessions) > 1


def _material(voice: Voice, kind: str) -> float:
    """Return how many seconds of a voice there are for a kind of conversation."""
    if kind in ("moods", "phones and days"):
        return voice.seconds
    sessions = (voice.longest(),) if kind == "one session" else voice.occasion()
    return sum(session.seconds for session in sessions)


STRATA = (
    Stratum("single", "one session", 30, (20, 300), (1,), _one_session),
    Stratum("single", "moods", 30, (20, 300), (1,), _moods),
    Stratum("single", "phones and days", 30, (20, 300), (1,), _taught),
    Stratum("calls", "calls", 60, (30, 300), (2,), one_session, 0.75),
    Stratum("meetings", "meetings", 60, (30, 360), (2, 3, 4, 4, 5, 6, 8, 10), _wide, 0.1),
    Stratum("broadcast", "broadcast", 40, (40, 300), (2, 3, 4, 5), _wide),
    Stratum("moods", "moods", 40, (40, 240), (2, 3, 4), _moods),
    Stratum("equalised", "equalised", 30, (90, 330), (2, 3, 4, 5, 6), _wide, 0.1),
    Stratum("long", "long", 8, (600, 3600), (1, 2, 3, 4, 6, 10), _wide),
)


def conversations(voices: Sequence[Voice], seed: int = 0, strata: Sequence[Stratum] = STRATA) -> list[Conversation]:
    """Return the list of all conversations; each depends on the seed, its stratum and its place in it alone.

    Strata that no voice fits are left out.
    """
    chosen = []
    for row, stratum in enumerate(strata):
        for k in range(stratum.count if any(map(stratum.fits, voices)) else 0):
            chosen.append(_drawn(stratum, k, voices, np.random.SeedSequence([seed, row, k])))
    return chosen


def _drawn(stratum: Stratum, k: int, voices: Sequence[Voice], seeds: np.random.SeedSequence) -> Conversation:
    """Draw one recipe; all speakers are of one corpus, so that the corpus does not give them away."""
    rng = np.random.default_rng(seeds)
    n_people = stratum.people[k % len(stratum.people)]
    fitting = [voice for voice in voices if stratum.fits(voice)]
    corpora: dict[str, list[Voice]] = {}
    for voice in fitting:
        corpora.setdefault(voice.corpus, []).append(voice)
    large = [corpora[name] for name in sorted(corpora) if len(corpora[name]) >= n_people] or [fitting]
    weight = np.sqrt([len(people) for people in large])  # between all corpora alike and all voices alike
    people = large[int(rng.choice(len(large), p=weight / weight.sum()))]
    picked = [people[one] for one in rng.choice(len(people), min(n_people, len(people)), replace=False)]
    shortest, longest = stratum.seconds
    if stratum.name != "long":  # the same words over and over make a cluster each; long ones cannot do without
        longest = min(longest, max(REPEATS * sum(_material(voice, stratum.kind) for voice in picked), 1.5 * shortest))
    seconds = float(np.exp(rng.uniform(np.log(shortest), np.log(longest))))
    seconds = max(seconds, min(12.0 * n_people, longest))
    narrow = picked[0].corpus == "WUW2" or rng.random() < stratum.narrow
    return Conversation(
        f"{stratum.name}-{stratum.kind.split()[0]}-{k:03d}",
        stratum.name,
        stratum.kind,
        round(seconds, 1),
        tuple(voice.name for voice in picked),
        RATE // 2 if narrow else RATE,
        SNRS[int(rng.integers(len(SNRS)))],
        SPANS[int(rng.integers(len(SPANS)))],
        int(rng.integers(2**62)),
    )
