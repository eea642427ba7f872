"""Names as verification: is the voice that is heard the one that was enrolled, or a stranger's?

    python benchmarks/names.py DIR... [--enrol 20] [--test 5] [--condition other] [--cache DIR] [--plot DET.svg]
    python benchmarks/names.py DIR... --fit

DIR holds a folder for each speaker; the part of a file's name before `__` is its session (mood, phone, day, list).
Scores are the likelihood ratios of `diarize run --voices`, pieces normalised each by itself, as a speaker of a
conversation is. Strangers are of the same corpus and sex.

same         enrolled and heard in one session, at different times
other        no session in common; of WUW2 sessions are telephones and days

EER in %, with the 95 % interval of a bootstrap over speakers; DCF.01: least detection cost at a prior of 1 %; Cllr: of
the ratios as they are, and after the best rising map (min). wrong, lost: strangers who are 10 times likelier the person
than not, and people who are not, in %. --fit prints calibrations for diarize/voices/comparison.py, fitted to the
conditions and lengths of all DIRs, each corpus, condition and length counted alike: give it only speech that shipped
numbers may be trained on, and measure on other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import joblib
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from voices_measures import (
    equal_error_rate,
    error_rates,
    log_likelihood_ratio_cost,
    minimum_cost,
    minimum_log_likelihood_ratio_cost,
    speaker_interval,
)
from voices_trials import list_people, speech_frames

from diarize.model import Model, builtin_model
from diarize.voices import Voiceprint, comparison
from diarize.voices.comparison import LONGEST, Calibration, log_ratios

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Sessions = dict[str, Features]

FITTED = ((5.0, 2.0), (10.0, 5.0), (20.0, 5.0), (20.0, 15.0))  # s of enrolment and of test
LEAST_PEOPLE = 8
STEP = 0.01  # s
HEADER = (
    f"{'corpus':11} {'band':6} {'sessions':8} {'s':>6} {'people':>6} {'trials':>11} {'EER':>5} {'95 %':^12}"
    f" {'DCF.01':>6} {'Cllr':>5} {'min':>5} {'wrong':>5} {'lost':>5}"
)


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Pairs of an enrolled person and what is heard, with a score each."""

    scores: Floats
    same: npt.NDArray[np.bool_]
    speakers: Indices


def pieces(
    sessions: Sessions, lengths: tuple[int, int], other: bool, rng: np.random.Generator
) -> tuple[list[Features], Features] | None:
    """Return what is enrolled, a piece for each session, and what is heard; None where speech is short."""
    names = [str(name) for name in rng.permutation(list(sessions))]
    enrol, test = lengths
    if not other:
        whole = next((sessions[name] for name in names if len(sessions[name]) >= enrol + test), None)
        if whole is None:
            return None
        start = int(rng.integers(len(whole) - enrol - test + 1))
        cut = enrol if rng.random() < 0.5 else test
        first, second = whole[start : start + cut], whole[start + cut : start + enrol + test]
        return ([first], second) if cut == enrol else ([second], first)
    heard, used = _taken(sessions, names, test, rng)
    enrolled, _ = _taken(sessions, [name for name in names if name not in used], enrol, rng)
    return (enrolled, np.concatenate(heard)) if heard and enrolled else None


def _taken(
    sessions: Sessions, names: Sequence[str], length: int, rng: np.random.Generator
) -> tuple[list[Features], list[str]]:
    """Return so many frames of as few sessions as the order of their names gives; none where they are too short."""
    taken: list[Features] = []
    used: list[str] = []
    for name in names:
        left = length - sum(map(len, taken))
        if left > 0:
            x = sessions[name]
            start = int(rng.integers(max(1, len(x) - left + 1)))
            taken.append(x[start : start + left])
            used.append(name)
    return (taken, used) if sum(map(len, taken)) >= length else ([], [])


def print_of(x: Features, model: Model, band: str) -> Voiceprint:
    """Return what is kept of a piece of speech."""
    rows = x.astype(np.float32) - x.mean(axis=0, dtype=np.float64).astype(np.float32)
    models = model.bands[band].voices
    return Voiceprint(
        len(x) * STEP, {band: tuple(voices.statistics(rows, np.array([0, len(x)])).held() for voices in models)}
    )


def trials(
    people: Sequence[tuple[str, Sessions]],
    model: Model,
    task: tuple[str, bool, float, float],
    seed: int,
    n_each: int = 5,
    n_others: int = 10,
) -> Trials | None:
    """Compose and score trials of one corpus; None where there are too few people."""
    band, other, enrol, test = task
    rng = np.random.default_rng(seed)
    lengths = round(enrol / STEP), round(test / STEP)
    sides: list[tuple[Voiceprint, ...]] = []
    owners = []
    for number, (_, sessions) in enumerate(people):
        for _ in range(n_each):
            pair = pieces(sessions, lengths, other, rng)
            if pair is not None:
                owners.append(number)
                sides += [tuple(print_of(x, model, band) for x in pair[0]), (print_of(pair[1], model, band),)]
    if len(set(owners)) < LEAST_PEOPLE:
        return None
    who, sexes = np.array(owners), np.array([sex for sex, _ in people])
    pairs = []
    for row, owner in enumerate(owners):
        alike = (sexes[who] == sexes[owner]) & (who != owner)
        strangers = rng.permutation(np.flatnonzero(alike))[:n_others]
        pairs += [(2 * row, 2 * int(column) + 1) for column in (row, *strangers)]
    table = np.array(pairs)
    speakers = who[table // 2]
    return Trials(log_ratios(sides, table, model), speakers[:, 0] == speakers[:, 1], speakers)


def line(found: Trials, seed: int) -> str:
    """Return the figures of some trials."""
    scores, same = found.scores, found.same
    low, high = speaker_interval(equal_error_rate, scores, same, found.speakers, np.random.default_rng(seed))
    rates = f"{100 * equal_error_rate(scores, same):5.1f} [{100 * low:4.1f}, {100 * high:4.1f}]"
    costs = f"{minimum_cost(scores, same):6.3f} {log_likelihood_ratio_cost(scores, same):5.2f}"
    least, sure = minimum_log_likelihood_ratio_cost(scores, same), scores > np.log(10)
    errors = f"{100 * sure[~same].mean():5.1f} {100 * (~sure[same]).mean():5.1f}"
    counts = f"{len(np.unique(found.speakers[same])):6} {same.sum():5}/{(~same).sum():5}"
    return f"{counts} {rates} {costs} {least:5.2f} {errors}"


def fitted(groups: Sequence[tuple[Trials, float, float]]) -> Calibration:
    """Return the calibration of raw evidence: a logistic regression, every group and both kinds of trial alike."""
    rows, labels, weights = [], [], []
    for found, enrol, test in groups:
        less, more = (min(seconds, LONGEST) for seconds in sorted((enrol, test)))
        ones = np.ones(len(found.scores))
        rows.append(np.stack([found.scores / np.sqrt(less), ones * np.log(less), ones * np.log(more)], axis=1))
        labels.append(found.same)
        weights.append(np.where(found.same, 1 / found.same.sum(), 1 / (~found.same).sum()))
    x = np.concatenate(rows)
    spread = x.std(axis=0)
    regression = LogisticRegression(C=1e4, max_iter=1000).fit(
        x / spread, np.concatenate(labels), np.concatenate(weights)
    )
    return Calibration(*map(float, regression.coef_[0] / spread), float(regression.intercept_[0]))


def corpora_of(
    folders: Sequence[Path], wanted: Sequence[str], model: Model, cache: Path | None
) -> Iterator[tuple[str, str, list[tuple[str, Sessions]]]]:
    """Yield corpora and bands with the speech of their people: telephone speech in the narrow band, else both."""
    read = joblib.Memory(cache, verbose=0).cache(speech_frames, ignore=["model"])
    people = list_people(folders, [name.lower() for name in wanted])
    for corpus in dict.fromkeys(corpus for _, corpus, _ in people):
        voices = [(sex, *read(person.files, model)) for person, own, sex in people if own == corpus]
        bands = ["narrow"] if np.median([reach for _, reach, _ in voices]) <= 4000 else ["wide", "narrow"]
        for band in bands:
            yield corpus, band, [(sex, sessions[band]) for sex, _, sessions in voices]


@click.command(help=__doc__)
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--corpus", "wanted", multiple=True, help="Only this corpus; may be repeated.")
@click.option(
    "--condition", "conditions", multiple=True, type=click.Choice(["same", "other"]), default=("same", "other")
)
@click.option("--enrol", default=20.0, show_default=True, help="Seconds of speech that are enrolled.")
@click.option("--test", default=5.0, show_default=True, help="Seconds of speech that are heard.")
@click.option("--fit", is_flag=True, help="Print calibrations instead.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Picture of the trade-off, .svg or .png.")
@click.option("--seed", default=0, show_default=True)
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="To keep features in.")
def main(
    folders: tuple[Path, ...],
    wanted: tuple[str, ...],
    conditions: tuple[str, ...],
    enrol: float,
    test: float,
    fit: bool,
    plot: Path | None,
    seed: int,
    cache: Path | None,
) -> None:
    model = builtin_model()
    if fit:
        raw = Calibration(1.0, 0.0, 0.0, 0.0)
        comparison.CALIBRATIONS.update(dict.fromkeys(comparison.CALIBRATIONS, raw))
    groups: dict[str, list[tuple[Trials, float, float]]] = {"wide": [], "narrow": []}
    curves = {}
    if not fit:
        click.echo(HEADER)
    for corpus, band, people in corpora_of(folders, wanted, model, cache):
        for condition in conditions:
            for lengths in FITTED if fit else [(enrol, test)]:
                found = trials(people, model, (band, condition == "other", *lengths), seed)
                if found is not None and fit:
                    groups[band].append((found, *lengths))
                elif found is not None:
                    click.echo(
                        f"{corpus:11} {band:6} {condition:8} {lengths[0]:3g}/{lengths[1]:2g} {line(found, seed)}"
                    )
                    curves[f"{corpus}, {band} band, {condition} session"] = found
    for band, several in groups.items() if fit else ():
        click.echo(f"{band}: {fitted(several)}")
    if plot is not None:
        draw(curves, plot)


def draw(curves: dict[str, Trials], target: Path) -> None:
    """Draw how misses and false alarms go against each other, on the scale on which normal scores give lines."""
    from matplotlib.figure import Figure
    from scipy.special import ndtri

    figure = Figure(figsize=(6.4, 5.2))
    axes = figure.add_subplot()
    for name, found in curves.items():
        misses, false_alarms = (np.clip(rates, 1e-4, 1 - 1e-4) for rates in error_rates(found.scores, found.same))
        axes.plot(
            ndtri(false_alarms),
            ndtri(misses),
            label=f"{name}: {100 * equal_error_rate(found.scores, found.same):.1f} %",
        )
    ticks = np.array([0.002, 0.01, 0.05, 0.1, 0.2, 0.4])
    for axis, label in (
        (axes.xaxis, "strangers taken for the person"),
        (axes.yaxis, "the person taken for a stranger"),
    ):
        axis.set_ticks(ndtri(ticks), [f"{100 * tick:g} %" for tick in ticks])
        axis.set_label_text(label)
    axes.set_xlim(ndtri(0.002), ndtri(0.5))
    axes.set_ylim(ndtri(0.002), ndtri(0.5))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, title="equal error rate")
    figure.savefig(target, bbox_inches="tight", metadata={"Date": None} if target.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
