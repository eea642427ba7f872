"""How many speakers come of tones, music, rain and coughs: conversations without them and with them.

    python benchmarks/novoice.py [--fold 1] [--kinds dialling,rain] [--set voiceless.enabled=false]

Each conversation is composed as in battery.py, with breaks between turns in which nobody speaks; then once more with
something else in the breaks (under all of it where a kind says so). Printed are, without / with it: the speakers that
are found, those of them who are mostly heard while nobody speaks, the seconds of the breaks that have a label, the
share of speech that has none, and DER.

The voices are none that the shipped model has heard. Music and applause are recorded, and its detector was trained
with these files; everything else is made of formulas that it has not met. The two folds share neither voices nor
recorded sounds.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from _battery_compose import PEAK, Stock, _legs, _mixed, _places
from _battery_sound import LEVEL, RATE
from _battery_strata import Conversation, Stratum, _plain, conversations
from _battery_turns import draw_turns, with_breaks
from _battery_voices import fold
from _novoice_sound import KINDS, MAKERS, Kind
from battery import changed

from diarize import Annotation, Diarizer, DiarizeWarning, Segment, load_config
from diarize.evaluation.scoring import score
from diarize.gmm.engine.threads import one_blas_thread
from diarize.training.levels import at_level

Samples = npt.NDArray[np.float32]

FOLDS = 2
CALLS, OTHERS = (2,), (1, 2, 3)  # speakers


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
            strata = [Stratum("short", kind.name, count - count // 3, (60, 300), people, _plain, 0.3)]
            strata += [Stratum("long", kind.name, count // 3, (300, 600), people, _plain, 0.3)]
            strata += [Stratum("long", "hour", 1, (3500, 3600), people, _plain, 0.3)] if kind.hour else []
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
    legs, spoken = _legs(recipe, turns, seconds, _places(recipe, stock.sounds, rng), None, stock, rng)
    heard, under = np.zeros(len(legs[0]), np.float32), rng.random() < kind.under
    level = LEVEL - (rng.uniform(10, 20) if under else rng.uniform(-3, 15))
    for start, end in [(0.0, seconds)] if under else breaks:
        sound = at_level(MAKERS[kind.name](end - start, stock.sounds, rng), level)
        at = int(start * RATE)
        heard[at : at + len(sound)] += sound[: len(heard) - at]
    seed = int(rng.integers(2**31))
    pair = []
    for added in (0, heard):  # the same lines and the same noise under both
        mixed = _mixed(recipe, [legs[0] + added, *legs[1:]], recipe.snr, stock.sounds, np.random.default_rng(seed))
        pair.append(mixed * np.float32(min(1.0, PEAK / max(float(np.abs(mixed).max()), 1e-9))))
    return Case(kind.name, recipe, (pair[0], pair[1]), Annotation(spoken), [Segment(*one) for one in breaks])


@dataclass(frozen=True, slots=True)
class Result:
    """What was made of a recording.

    Parameters
    ----------
    people, found, ghosts : int
        Speakers that there are and that were found; those of them that are mostly heard while nobody speaks.
    pauses, labelled : float, s
        Length of the breaks, and how much of it has a label.
    total, missed, error : float, s
        Speech, what of it has no label, and the numerator of DER.
    """

    people: int
    found: int
    ghosts: int
    pauses: float
    labelled: float
    total: float
    missed: float
    error: float


def run(diarizer: Diarizer, case: Case, which: int) -> Result:
    """Diarize a conversation without (0) or with (1) the sound."""
    sound, reference = case.sounds[which], case.reference
    found = diarizer.diarize((sound, case.recipe.rate))
    spoken, silent = (found.frames.mask(part) for part in (reference.speech(), case.breaks))
    heard = [
        found.frames.mask(turn.segment for turn in found.annotation if turn.speaker == name) for name in found.names
    ]
    ghosts = sum(bool((mask & spoken).sum() < 0.5 * mask.sum()) for mask in heard)
    labelled = found.frames.mask(found.annotation.speech()) & silent
    step, whole = found.model.bands["wide"].features.frame_step, [Segment(0.0, len(sound) / case.recipe.rate)]
    result = score(reference, found.annotation, whole)
    counts = (result.n_reference, result.n_hypothesis, ghosts)
    return Result(*counts, silent.sum() * step, labelled.sum() * step, result.total, result.missed, result.error)


def line(name: str, pairs: Sequence[tuple[Result, Result]]) -> str:
    """Return the line of a table for some conversations, each without and with the sound."""
    cells = [f"{name:10}{len(pairs):5d}"]
    for value in ("found", "ghosts", "labelled"):
        cells.append("".join(f"{sum(getattr(pair[k], value) for pair in pairs):8.0f}" for k in (0, 1)))
    for value in ("missed", "error"):
        sums = [[sum(getattr(pair[k], part) for pair in pairs) for part in (value, "total")] for k in (0, 1)]
        cells.append("".join(f"{100 * part / max(total, 1e-9):8.1f}" for part, total in sums))
    right = (sum(pair[k].found == pair[k].people for pair in pairs) for k in (0, 1))
    people, pauses = (sum(getattr(pair[1], value) for pair in pairs) for value in ("people", "pauses"))
    return "".join([*cells, "".join(f"{count:6d}" for count in right), f"{people:8d}{pauses:8.0f}"])


HEADER = f"{'':10}    n" + "".join(f"{name:>16}" for name in ("found", "ghosts", "s labelled", "miss %", "DER %"))
HEADER += f"{'number right':>12}  people s of it"


@click.command(help=__doc__)
@click.option("--data", default="../shared", type=click.Path(file_okay=False, path_type=Path), show_default=True)
@click.option("--speech", multiple=True, default=("speech_sessions", "speech_measure"), show_default=True)
@click.option("--fold", "part", default=1, type=click.IntRange(0, FOLDS - 1), show_default=True, help="Which half.")
@click.option("--kinds", default=",".join(MAKERS), show_default=True, help="Some of them, with commas between.")
@click.option("--count", default=6, show_default=True, help="Conversations of each kind.")
@click.option("--set", "settings", multiple=True, metavar="SECTION.NAME=VALUE", help="Another setting.")
def main(data: Path, speech: tuple[str, ...], part: int, kinds: str, count: int, settings: tuple[str, ...]) -> None:
    diarizer = Diarizer(changed(load_config(), ",".join(settings)))
    table: dict[str, list[tuple[Result, Result]]] = {}
    with warnings.catch_warnings(), one_blas_thread():
        warnings.simplefilter("ignore", DiarizeWarning)
        for case in cases(Stock.read(data, speech), part, kinds.split(","), count):
            table.setdefault(case.kind, []).append((run(diarizer, case, 0), run(diarizer, case, 1)))
    click.echo(HEADER)
    for name, pairs in table.items():
        click.echo(line(name, pairs))
    click.echo(line("all", [pair for pairs in table.values() for pair in pairs]))


if __name__ == "__main__":
    main()
