"""Conversations without and with something else in the breaks that is no voice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from _battery_compose import PEAK, Stock, legs_of, mixed_down, places_of
from _battery_sound import LEVEL, RATE
from _battery_strata import Conversation, Stratum, conversations, one_session
from _battery_turns import draw_turns, with_breaks
from _battery_voices import fold
from _novoice_sound import MAKERS

from diarize import Annotation, Segment
from diarize.training.levels import at_level

Samples = npt.NDArray[np.float32]

FOLDS = 2
CALLS, OTHERS = (2,), (1, 2, 3)  # speakers


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of sound comes into conversations.

    Parameters
    ----------
    name : str
        In `MAKERS`.
    seconds : (float, float)
        Limits of a break.
    call : bool
        Whether it is heard on the telephone.
    under : float
        Share of the conversations that have it under all of the time.
    hour : bool
        Whether one of the conversations takes an hour.
    """

    name: str
    seconds: tuple[float, float]
    call: bool = False
    under: float = 0.0
    hour: bool = False


KINDS = (
    Kind("dialling", (3, 11), call=True, hour=True),
    Kind("keys", (2, 6), call=True),
    Kind("hold", (15, 90), call=True),
    Kind("jingle", (2, 9)),
    Kind("music", (4, 40), under=0.2),
    Kind("applause", (3, 15)),
    Kind("rain", (20, 300), under=0.3, hour=True),
    Kind("coughs", (1, 6)),
    Kind("knocks", (1, 8)),
    Kind("hum", (10, 60), under=0.3),
    Kind("clicks", (5, 60), under=0.3),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation without and with something else in it.

    Parameters
    ----------
    kind : str
    recipe : Conversation
    sounds : (array, array), each (n_samples,)
        At the rate of the recipe.
    reference : Annotation
    breaks : list of Segment
        In which nobody speaks.
    """

    kind: str
    recipe: Conversation
    sounds: tuple[Samples, Samples]
    reference: Annotation
    breaks: list[Segment]


def cases(stock: Stock, part: int, kinds: Sequence[str], count: int) -> Iterator[Case]:
    """Yield `count` conversations of each kind, of one of two folds of voices and recorded sounds."""
    voices = fold(list(stock.voices.values()), part, FOLDS)
    kept = {name: getattr(stock.sounds, name)[part::FOLDS] for name in ("noises", "music", "applause")}
    stock = replace(stock, sounds=replace(stock.sounds, **kept))
    for kind in KINDS:
        if kind.name in kinds:
            people = CALLS if kind.call else OTHERS
            strata = [Stratum("short", kind.name, count - count // 3, (60, 300), people, one_session, 0.3)]
            strata += [Stratum("long", kind.name, count // 3, (300, 600), people, one_session, 0.3)]
            strata += [Stratum("long", "hour", 1, (3500, 3600), people, one_session, 0.3)] if kind.hour else []
            seed = 100 * part + [one.name for one in KINDS].index(kind.name)
            for recipe in conversations(voices, seed, strata):
                yield composed(kind, replace(recipe, stratum="calls" if kind.call else "plain"), stock)


def composed(kind: Kind, recipe: Conversation, stock: Stock) -> Case:
    """Return the conversation of a recipe without and with the sound."""
    rng = np.random.default_rng(recipe.seed)
    style = ("calls",) if kind.call else tuple(stock.events)
    references = [events for name in style for events in stock.events[name]]
    turns = draw_turns(references, len(recipe.speakers), recipe.seconds, rng)
    lengths = rng.uniform(*kind.seconds, 1 if recipe.kind == "hour" else int(rng.integers(1, 4))).tolist()
    turns, breaks = with_breaks(turns, lengths, rng)
    seconds = max(turn.end for turn in turns) + 1.0
    legs, spoken = legs_of(recipe, turns, seconds, places_of(recipe, stock.sounds, rng), None, stock, rng)
    heard, under = np.zeros(len(legs[0]), np.float32), rng.random() < kind.under
    level = LEVEL - (rng.uniform(10, 20) if under else rng.uniform(-3, 15))
    for start, end in [(0.0, seconds)] if under else breaks:
        sound = at_level(MAKERS[kind.name](end - start, stock.sounds, rng), level)
        at = int(start * RATE)
        heard[at : at + len(sound)] += sound[: len(heard) - at]
    seed = int(rng.integers(2**31))
    pair = []
    for added in (0, heard):  # the same lines and the same noise under both
        mixed = mixed_down(recipe, [legs[0] + added, *legs[1:]], recipe.snr, stock.sounds, np.random.default_rng(seed))
        pair.append(mixed * np.float32(min(1.0, PEAK / max(float(np.abs(mixed).max()), 1e-9))))
    return Case(kind.name, recipe, (pair[0], pair[1]), Annotation(spoken), [Segment(*one) for one in breaks])
