"""How many speakers come of tones, music, rain and coughs: conversations without them and with them.

    python benchmarks/novoice.py [--fold 1] [--kinds dialling,rain] [--set voiceless.enabled=false]

Each conversation is composed as in battery.py, with breaks between turns in which nobody speaks; then once more with
something else in the breaks (under all of it where a kind says so). Printed are, without / with it: the speakers that
are found, those of them who are mostly heard while nobody speaks, the seconds of the breaks that have a label, the
share of speech that has none, and DER.

The voices are none that the shipped model has heard. Music and applause are recorded, and its detector was trained
with these files; everything else is made of formulas that it has not met. The two folds share neither voices nor
recorded sounds.

    python benchmarks/novoice.py --fit --fold 0

prints the settings of a logistic regression instead: which of the speakers that are found are no voice.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from _battery_compose import Stock
from _novoice_compose import FOLDS, Case, cases
from _novoice_sound import MAKERS
from battery import changed
from grouping import fit

from diarize import Diarizer, DiarizeWarning, Segment, load_config
from diarize.evaluation.scoring import score
from diarize.gmm.engine.threads import one_blas_thread
from diarize.stages.voiceless import voice_cues

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

UNCLEAR = 0.2  # from a half; share of speech at which a speaker is neither a voice nor none
NAMES = ("variety", "movement", "unevenness")


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


def speakers(diarizer: Diarizer, case: Case, which: int) -> tuple[Floats, Mask]:
    """Return what the decision sees of the speakers that are found, (n_speakers, 3), and which of them are no voice.

    Those who are neither are left out.
    """
    analysis = diarizer.analyse((case.sounds[which], case.recipe.rate))
    detection = diarizer.detect(analysis)
    if not detection.speech.any():
        return np.zeros((0, 3)), np.zeros(0, np.bool_)
    found = diarizer.attribute(analysis, detection)
    assert found.blocks is not None
    assert found.outcome is not None
    cues = voice_cues(found.outcome.labels, found.blocks, analysis.recording.cues, analysis.band.voices[0].background)
    frames = found.blocks.over_frames(found.outcome.labels, -1)
    spoken = found.frames.mask(case.reference.speech())
    share = np.array([spoken[frames == speaker].mean() for speaker in range(len(cues))])
    clear = np.abs(share - 0.5) > UNCLEAR
    return cues[clear], share[clear] < 0.5


def fitted(parts: Sequence[tuple[Floats, Mask]]) -> str:
    """Return the settings of the decision that fits the speakers of several recordings best."""
    features, none = (np.concatenate(column) for column in zip(*parts, strict=True))
    slopes, offset = fit(features, none, np.ones(len(none)))
    lines = [f"# {none.sum()} of {len(none)} speakers are no voice", "[voiceless]", f"offset = {offset:.4g}"]
    return "\n".join(lines + [f"{name} = {value:.4g}" for name, value in zip(NAMES, slopes, strict=True)])


HEADER = f"{'':10}    n" + "".join(f"{name:>16}" for name in ("found", "ghosts", "s labelled", "miss %", "DER %"))
HEADER += f"{'number right':>12}  people s of it"


@click.command(help=__doc__)
@click.option("--data", default="../shared", type=click.Path(file_okay=False, path_type=Path), show_default=True)
@click.option("--speech", multiple=True, default=("speech_sessions", "speech_measure"), show_default=True)
@click.option("--fold", "part", default=1, type=click.IntRange(0, FOLDS - 1), show_default=True, help="Which half.")
@click.option("--kinds", default=",".join(MAKERS), show_default=True, help="Some of them, with commas between.")
@click.option("--count", default=6, show_default=True, help="Conversations of each kind.")
@click.option("--fit", "fitting", is_flag=True, help="Fit the decision.")
@click.option("--set", "settings", multiple=True, metavar="SECTION.NAME=VALUE", help="Another setting.")
def main(
    data: Path, speech: tuple[str, ...], part: int, kinds: str, count: int, fitting: bool, settings: tuple[str, ...]
) -> None:
    chosen = (*settings, "voiceless.enabled=false") if fitting else settings
    diarizer, stock = Diarizer(changed(load_config(), ",".join(chosen))), Stock.read(data, speech)
    table: dict[str, list[tuple[Result, Result]]] = {}
    with warnings.catch_warnings(), one_blas_thread():
        warnings.simplefilter("ignore", DiarizeWarning)
        listed = cases(stock, part, kinds.split(","), count)
        if fitting:
            click.echo(fitted([speakers(diarizer, case, which) for case in listed for which in (0, 1)]))
            return
        for case in listed:
            table.setdefault(case.kind, []).append((run(diarizer, case, 0), run(diarizer, case, 1)))
    click.echo(HEADER)
    for name, pairs in table.items():
        click.echo(line(name, pairs))
    click.echo(line("all", [pair for pairs in table.values() for pair in pairs]))


if __name__ == "__main__":
    main()
