"""How much is right after a person has looked at some stretches and said who speaks there.

    python benchmarks/corrections.py [DIR ...] [--data DATA --share 0.1] [--least 100] [--looks 0,5,10,20,40]
                                     [--orders suggested,time,random] [--errs 0.05] [--save TABLE.json] [--plot OUT.svg]
    python benchmarks/corrections.py --table TABLE.json [--plot OUT.svg]

DIR holds recordings, each with NAME.rttm (and NAME.uem) beside it; --share takes so much of the composed battery as
well. A look is a stretch of a turn, at most 10 s of it; the person says who speaks in it and where nobody does, as the
reference does, exactly. After each look the rest is found again. "as told" is the same without learning: the stretches
are put right, and each speaker gets the name that was said most often in its turns, as by hand on a page. With --errs a
share of answers names somebody else for the whole stretch. Confusion and DER in per cent of reference speech, without a
collar, overlap scored, speech detected by the diarizer, mean over recordings; in brackets the 95 % interval of the mean
by bootstrap over recordings. "worse" counts recordings with more confusion, by .5 points or more, than before any look.
Seconds are those that were listened to, CPU seconds those of a correction.
"""

from __future__ import annotations

import json
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
from _battery_compose import Stock, compose
from _battery_strata import conversations
from accuracy import recordings
from battery import shared_out

from diarize import Annotation, Check, Diarization, Diarizer, DiarizeWarning, Hints, Segment, Turn, checks
from diarize.evaluation.scoring import Score, score
from diarize.formats.uem import read_uem
from diarize.hints import gaps

SPEECH = ("speech_sessions", "speech_measure")
WORSE = 0.005


@dataclass(frozen=True, slots=True)
class Case:
    """A recording that was diarized, and the truth.

    Parameters
    ----------
    name : str
    reference : Annotation
    regions : list of Segment or None
        Where it is scored.
    before : Diarization
    """

    name: str
    reference: Annotation
    regions: list[Segment] | None
    before: Diarization

    def score(self, annotation: Annotation) -> Score:
        return score(self.reference, Annotation(annotation.turns, self.reference.uri), self.regions)


Results = dict[str, list[dict[int, list[float]]]]
Order = Callable[[Diarization, Hints, np.random.Generator], Check | None]


def suggested(result: Diarization, hints: Hints, rng: np.random.Generator) -> Check | None:
    return next(iter(checks(result, hints, most=1)), None)


def in_time(result: Diarization, hints: Hints, rng: np.random.Generator) -> Check | None:
    return min(checks(result, hints, most=10**6), key=lambda check: check.start, default=None)


def at_random(result: Diarization, hints: Hints, rng: np.random.Generator) -> Check | None:
    stretches = sorted(checks(result, hints, most=10**6), key=lambda check: check.start)
    return stretches[int(rng.integers(len(stretches)))] if stretches else None


ORDERS: dict[str, Order] = {"suggested": suggested, "time": in_time, "random": at_random}


def answer(reference: Annotation, check: Check, errs: float, rng: np.random.Generator) -> Hints:
    """Return what the person says of a stretch."""
    stretch = Segment(check.start, check.end)
    said = reference.crop(stretch)
    others = [label for label in reference.labels if label not in said.labels]
    if others and rng.random() < errs:
        return Hints([Turn(check.start, check.end, others[int(rng.integers(len(others)))])])
    return Hints(said, gaps(said.speech(), stretch))


def looked(
    case: Case, looks: Sequence[int], order: Order, errs: float, learns: bool, seed: int = 0
) -> dict[int, list[float]]:
    """Return error parts, seconds listened to and CPU seconds of the last correction after so many looks."""
    rng, hints, result, table = np.random.default_rng(seed), Hints(), case.before, {}
    diarizer, heard, cpu = Diarizer(case.before.config, model=case.before.model), 0.0, 0.0
    for count in range(max(looks) + 1):
        if count in looks:
            one = case.score(result.annotation if learns else as_told(case.before.annotation, hints))
            table[count] = [one.total, one.missed, one.false_alarm, one.confusion, heard, cpu]
        if count == max(looks) or (check := order(result, hints, rng)) is None:
            break
        more = answer(case.reference, check, errs, rng)
        hints = Hints([*hints.annotation, *more.annotation], [*hints.silence, *more.silence])
        began = time.process_time()
        result = diarizer.correct(case.before, hints)
        heard, cpu = heard + check.end - check.start, time.process_time() - began
    last = table[max(table)] if max(table) == max(looks) else None
    if last is None:  # everything was looked at
        one = case.score(result.annotation if learns else as_told(case.before.annotation, hints))
        last = [one.total, one.missed, one.false_alarm, one.confusion, heard, cpu]
    return {count: table.get(count, last) for count in looks}


def as_told(before: Annotation, hints: Hints) -> Annotation:
    """Return what a person makes of a result by hand: stretches put right and speakers renamed."""
    named: dict[str, Counter[str]] = defaultdict(Counter)
    for turn in before:
        for told in hints.annotation:
            if turn.segment.overlaps(told.segment):
                shared = min(turn.end, told.end) - max(turn.start, told.start)
                named[turn.speaker][told.speaker] += round(1000 * shared)
    return hints.imposed(before.rename({speaker: names.most_common(1)[0][0] for speaker, names in named.items()}))


def cases(folders: Sequence[Path], data: Path, share: float, least: float) -> Iterator[Case]:
    """Diarize recordings of at least so many seconds with two speakers or more."""
    diarizer = Diarizer()
    for path in (path for folder in folders for path in recordings(folder)):
        reference = Annotation.read(path.with_suffix(".rttm"))
        marks = path.with_suffix(".uem")
        regions = read_uem(marks) if marks.exists() else {}
        case = partial(Case, path.stem, reference, regions.get(reference.uri) or regions.get(path.stem))
        if reference.turns[-1].end >= least and len(reference.labels) > 1:
            yield case(diarizer.diarize(path))
    if share:
        stock = Stock.read(data, SPEECH)
        for conversation in shared_out(conversations(list(stock.voices.values()), 0), share):
            if least <= conversation.seconds <= 1000:
                recording = compose(conversation, stock)
                if len(recording.reference.labels) > 1:
                    before = diarizer.diarize((recording.samples, recording.rate), uri=conversation.name)
                    yield Case(conversation.name, recording.reference, None, before)


def line(label: str, tables: Sequence[dict[int, list[float]]], looks: Sequence[int]) -> str:
    """Return a row of the table: for each number of looks confusion with its interval, DER, how many got worse."""
    rng, cells = np.random.default_rng(0), []
    parts = np.array([[table[count] for count in looks] for table in tables])
    confusion = parts[:, :, 3] / parts[:, :, 0]
    errors = parts[:, :, 1:4].sum(axis=2) / parts[:, :, 0]
    chance = confusion[rng.integers(len(parts), size=(2000, len(parts)))].mean(axis=1)
    low, high = np.percentile(chance, [2.5, 97.5], axis=0)
    for k, count in enumerate(looks):
        worse = int((confusion[:, k] > confusion[:, 0] + WORSE).sum()) if looks[0] == 0 else 0
        cells.append(
            f"{count:3d}: {100 * confusion[:, k].mean():5.2f} ({100 * low[k]:.1f}..{100 * high[k]:.1f}) "
            f"{100 * errors[:, k].mean():5.1f} {worse:2d}"
        )
    return (
        f"{label:22.22}" + " | ".join(cells) + f" | {parts[:, -1, 4].mean():5.0f} s {parts[:, -1, 5].mean():5.2f} CPU s"
    )


def draw(results: Results, looks: Sequence[int], path: Path) -> None:
    """Draw confusion against the number of looks, a line for each row of the table."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    axes = figure.subplots()
    for (label, tables), style in zip(results.items(), ("-o", "--s", ":^", "-.v", "--x"), strict=False):
        parts = np.array([[table[count] for count in looks] for table in tables])
        axes.plot(looks, 100 * (parts[:, :, 3] / parts[:, :, 0]).mean(axis=0), style, label=label, markersize=4)
    axes.set(xlabel="stretches looked at", ylabel="confusion, %", ylim=(0, None), xticks=looks)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


@click.command(help=__doc__)
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", default="../shared", type=click.Path(file_okay=False, path_type=Path), show_default=True)
@click.option("--share", default=0.0, type=click.FloatRange(0, 1), show_default=True, help="Of the composed battery.")
@click.option("--least", default=100.0, show_default=True, help="s; shorter recordings are left out.")
@click.option("--looks", default="0,5,10,20,40", show_default=True)
@click.option("--orders", default="suggested,time,random", show_default=True)
@click.option("--errs", default=0.05, show_default=True, help="Share of wrong answers in the second row; 0 for none.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="JSON file for the results.")
@click.option(
    "--table", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Saved ones."
)
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Picture of the curves.")
def main(
    folders: tuple[Path, ...],
    data: Path,
    share: float,
    least: float,
    looks: str,
    orders: str,
    errs: float,
    save: Path | None,
    table: tuple[Path, ...],
    plot: Path | None,
) -> None:
    if table:
        names, counts, results = read(table)
    else:
        counts = [int(count) for count in looks.split(",")]
        names, results = measured(cases(folders, data, share, least), counts, orders, errs)
    click.echo(f"{len(names)} recordings; looks: confusion (95 %) DER worse | seconds heard, CPU s of a correction")
    for label, tables in results.items():
        click.echo(line(label, tables, counts))
    if save:
        save.write_text(json.dumps({"names": names, "looks": counts, "rows": results}) + "\n", encoding="utf-8")
    if plot:
        draw(results, counts, plot)


def measured(found: Iterator[Case], counts: list[int], orders: str, errs: float) -> tuple[list[str], Results]:
    """Return the names of the recordings, and for each row of the table what became of each."""
    rows = [(name, ORDERS[name], 0.0, True) for name in orders.split(",")]
    if errs:
        rows.append((f"suggested, {100 * errs:.0f} % wrong", suggested, errs, True))
    rows.append(("suggested, as told", suggested, 0.0, False))
    results: Results = {label: [] for label, *_ in rows}
    names = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiarizeWarning)
        for case in found:
            names.append(case.name)
            for label, order, wrong, learns in rows:
                results[label].append(looked(case, counts, order, wrong, learns, len(names)))
            shares = " ".join(f"{100 * table[3] / table[0]:.1f}" for table in results[rows[0][0]][-1].values())
            click.echo(f"{case.name:32.32} {case.before.frames.duration or 0:6.0f} s  confusion {shares}", err=True)
    return names, results


def read(paths: Sequence[Path]) -> tuple[list[str], list[int], Results]:
    """Return what --save wrote, several with the same rows as one."""
    names: list[str] = []
    results: Results = {}
    for saved in (json.loads(path.read_text(encoding="utf-8")) for path in paths):
        names += saved["names"]
        for label, tables in saved["rows"].items():
            results.setdefault(label, []).extend({int(count): parts for count, parts in one.items()} for one in tables)
    return names, saved["looks"], results


if __name__ == "__main__":
    main()
