"""Diarization error on hundreds of composed conversations, by stratum, with bootstrap intervals.

    python benchmarks/battery.py [--share 0.1] [--strata single,calls] [--set speakers.prior=2.4] [--save A.json]
    python benchmarks/battery.py --variant speakers.prior=4.8,speakers.min_prior=2.4 ...
    python benchmarks/battery.py --compare A.json B.json
    python benchmarks/battery.py --speech speech --fold 0 2 --least 14 [--rest DIR | --model TRAINED-ON-DIR.npz]

Voices, real turns, noises and rooms come from folders below DATA. No voice may be one that the model was trained on:
the shipped model has heard DATA/speech, and none of the two folders that are taken by default. --rest makes a folder of
all voices but a fold's, to train a model on that may be measured with the fold. Each conversation is
composed in memory from its recipe and seed. DER in per cent, without a collar, overlap scored, number of speakers
unknown; "all one" is the error of the true speech marks with one label for everybody.
"""

from __future__ import annotations

import json
import sys
import time
import tomllib
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np
import soundfile
from _battery_compose import Recording, Stock, compose
from _battery_report import Row, comparison, report, rows_of
from _battery_strata import Conversation, conversations
from _battery_voices import Voice, fold

from diarize import Annotation, Config, Diarizer, DiarizeWarning, Segment, Turn, load_config
from diarize.errors import DiarizeError
from diarize.evaluation.scoring import score
from diarize.gmm.engine.threads import one_blas_thread
from diarize.model import Model, builtin_model
from diarize.stages.detection import Detection

MARKS = ("own", "given")


def changed(config: Config, settings: str) -> Config:
    """Return a configuration with settings changed: "speakers.prior=4.8,output.min_turn=0.2"."""
    for assignment in filter(None, settings.split(",")):
        name, _, value = assignment.partition("=")
        section, _, setting = name.strip().rpartition(".")
        try:
            change = {setting: tomllib.loads(f"x = {value.strip()}")["x"]}
        except tomllib.TOMLDecodeError:
            change = {setting: value.strip()}  # a word without quotation marks
        if section:
            change = {section: getattr(config, section).with_(**change) if hasattr(config, section) else change}
        config = config.with_(**change)
    return config


def shared_out(listed: Sequence[Conversation], share: float) -> list[Conversation]:
    """Return a share of each stratum and kind by chance, one at least; the same share is always the same choice."""
    kept: list[Conversation] = []
    for key in dict.fromkeys((one.stratum, one.kind) for one in listed):
        members = [one for one in listed if (one.stratum, one.kind) == key]
        count = max(1, round(share * len(members)))  # at even distances some numbers of speakers would be left out
        kept += [members[k] for k in sorted(np.random.default_rng(0).permutation(len(members))[:count])]
    return kept


def measure(
    conversation: Conversation, recording: Recording, configs: Sequence[Config], model: Model, marks: Sequence[str]
) -> list[list[Row]]:
    """Return the rows of each configuration; what does not depend on it is computed once."""
    reference, began = recording.reference, time.process_time()
    whole = [Segment(0.0, len(recording.samples) / recording.rate)]
    one_label = Annotation([Turn(part.start, part.end, "1") for part in reference.speech()], reference.uri)
    everyone = score(reference, one_label, whole).error
    analysis = Diarizer(configs[0], model=model).analyse((recording.samples, recording.rate))
    given = Detection(analysis.recording.frames.mask(reference.speech()))
    shared, table = time.process_time() - began, []
    for config in configs:
        diarizer, rows = Diarizer(config, model=model), []
        for kind in marks:
            began = time.process_time()
            detection = diarizer.detect(analysis) if kind == "own" else given
            turns = diarizer.attribute(analysis, detection).annotation if detection.speech.any() else ()
            result = score(reference, Annotation(turns, reference.uri), whole)
            cpu = time.process_time() - began + shared
            parts = (result.total, result.missed, result.false_alarm, result.confusion, everyone)
            people = (result.n_reference, result.n_hypothesis)
            one = (conversation.name, conversation.stratum, conversation.kind, kind, whole[0].duration)
            rows.append(Row(*one, *parts, *people, cpu))
        table.append(rows)
    return table


@cache
def _stock(data: Path, speech: tuple[str, ...]) -> Stock:
    return Stock.read(data, speech)


def configured(config: Config) -> str | None:
    """Return the path of the model that the settings name, None for the shipped one."""
    return None if config.model == "builtin" else config.model


@cache
def _model(path: str | None) -> Model:
    return Model.load(path) if path else builtin_model()


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of a conversation.

    Parameters
    ----------
    runs : list of list of Row
        For each configuration a row for each kind of marks.
    composing : float, s
        CPU time.
    """

    runs: list[list[Row]]
    composing: float


@dataclass(frozen=True, slots=True)
class Task:
    """What every process does with a conversation: compose it and measure it.

    Parameters
    ----------
    data : Path
    speech : tuple of str
    configs : tuple of Config
    model : str or None
        A path; None for the shipped one.
    marks : tuple of str
    """

    data: Path
    speech: tuple[str, ...]
    configs: tuple[Config, ...]
    model: str | None
    marks: tuple[str, ...]

    def __call__(self, conversation: Conversation) -> Measured:
        with warnings.catch_warnings(), one_blas_thread():
            warnings.simplefilter("ignore", DiarizeWarning)
            stock, model, began = _stock(self.data, self.speech), _model(self.model), time.process_time()
            recording = compose(conversation, stock)
            composing = time.process_time() - began
            return Measured(measure(conversation, recording, self.configs, model, self.marks), composing)


def _write(listed: Sequence[Conversation], stock: Stock, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for conversation in listed:
        recording = compose(conversation, stock)
        soundfile.write(str(folder / f"{conversation.name}.flac"), recording.samples, recording.rate)
        recording.reference.write_rttm(folder / f"{conversation.name}.rttm")


def link(voices: Sequence[Voice], left_out: set[str], folder: Path) -> None:
    """Make a folder of links to the recordings of all other voices."""
    for voice in voices:
        if voice.name not in left_out:
            (folder / voice.name).mkdir(parents=True)
            for path in (path for session in voice.sessions for path in session.files):
                (folder / voice.name / path.name).symlink_to(path.resolve())


def _described(conversation: Conversation) -> str:
    return ", ".join(f"{name}={value}" for name, value in asdict(conversation).items())


def _measured(listed: Sequence[Conversation], jobs: int, task: Task) -> list[Measured]:
    """Return what became of each conversation; the longest are begun first, so that the processes end together."""
    order = sorted(range(len(listed)), key=lambda k: -listed[k].seconds)
    results: dict[int, Measured] = {}
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        outcomes = pool.map(task, (listed[k] for k in order))
        with click.progressbar(zip(order, outcomes, strict=True), len(order), "measuring", file=sys.stderr) as bar:
            results.update(bar)
    return [results[k] for k in range(len(listed))]


def _print_comparison(before: Sequence[Row], after: Sequence[Row]) -> None:
    for kind in MARKS:
        if any(row.marks == kind for row in before) and any(row.marks == kind for row in after):
            click.echo(comparison(before, after, kind) + "\n")


def _print_run(label: str, rows: Sequence[Row], base: Sequence[Row]) -> None:
    if label:
        click.echo(f"--- {label}\n")
    for kind in dict.fromkeys(row.marks for row in rows):
        click.echo(report(rows, kind) + "\n")
    if label:
        _print_comparison(base, rows)


def _save(path: Path, rows: Sequence[Row], config: Config, seed: int) -> None:
    saved = {"seed": seed, "config": config.to_toml(), "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")


@click.command(help=__doc__)
@click.option("--data", default="../shared", type=click.Path(file_okay=False, path_type=Path), show_default=True)
@click.option("--speech", multiple=True, default=("speech_sessions", "speech_measure"), show_default=True)
@click.option("--fold", "part", nargs=2, type=int, metavar="K N", help="Of N parts of the voices only part K, from 0.")
@click.option("--least", default=0.0, show_default=True, help="s; voices with less sound are left out.")
@click.option("--rest", type=click.Path(file_okay=False, path_type=Path), help="Link the other voices here, and stop.")
@click.option("--seed", default=0, show_default=True)
@click.option("--strata", help="Some of them, with commas between.")
@click.option("--share", default=1.0, type=click.FloatRange(0, 1), show_default=True, help="Of each stratum.")
@click.option("--name", "names", multiple=True, help="This conversation alone; may be repeated.")
@click.option("--config", default="default", show_default=True, help="Settings to use.")
@click.option("--model", type=click.Path(exists=True, dir_okay=False), help="A model instead of the configured one.")
@click.option("--set", "settings", multiple=True, metavar="SECTION.NAME=VALUE", help="Another setting.")
@click.option("--variant", "variants", multiple=True, help="Further settings to compare with, in the same run.")
@click.option("--marks", type=click.Choice(["both", *MARKS]), default="both", show_default=True)
@click.option("--jobs", default=2, show_default=True)
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="JSON file for the results.")
@click.option("--list", "listing", is_flag=True, help="Print the recipes and stop.")
@click.option("--write", type=click.Path(file_okay=False, path_type=Path), help="Write FLAC and RTTM, and stop.")
@click.option("--compare", nargs=2, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(
    data: Path,
    speech: tuple[str, ...],
    part: tuple[int, int] | None,
    least: float,
    rest: Path | None,
    seed: int,
    strata: str | None,
    share: float,
    names: tuple[str, ...],
    config: str,
    model: str | None,
    settings: tuple[str, ...],
    variants: tuple[str, ...],
    marks: str,
    jobs: int,
    save: Path | None,
    listing: bool,
    write: Path | None,
    compare: tuple[Path, Path] | None,
) -> None:
    if compare:
        before, after = (rows_of(json.loads(path.read_text(encoding="utf-8"))) for path in compare)
        _print_comparison(before, after)
        return
    try:
        stock = _stock(data, speech)
        base = changed(load_config(config), ",".join(settings))
        configs = (base, *(changed(base, variant) for variant in variants))
    except DiarizeError as error:
        raise click.ClickException(str(error)) from error
    if part and not 0 <= part[0] < part[1]:
        raise click.UsageError(f"--fold K N needs 0 <= K < N, got {part[0]} {part[1]}")
    if {(one.model, one.band) for one in configs} != {(base.model, base.band)}:
        raise click.UsageError("a variant has the model and the band of all; run them apart and --compare")
    voices = list(stock.voices.values())
    chosen = fold(voices, *part) if part else voices
    if rest:
        link(voices, {voice.name for voice in chosen}, rest)
        return
    listed = conversations([voice for voice in chosen if voice.seconds >= least], seed)
    known = dict.fromkeys(one.stratum for one in listed)
    wanted = strata.split(",") if strata else list(known)
    if not set(wanted) <= set(known):
        raise click.UsageError(f"--strata knows {', '.join(known)}; got {strata}")
    listed = [one for one in listed if one.stratum in wanted]
    listed = [one for one in shared_out(listed, share) if not names or one.name in names]
    if listing or write:
        click.echo("\n".join(map(_described, listed)))
        if write:
            _write(listed, stock, write)
        return
    task = Task(data, speech, configs, model or configured(base), MARKS if marks == "both" else (marks,))
    results = _measured(listed, jobs, task)
    runs = [[row for result in results for row in result.runs[k]] for k in range(len(configs))]
    for label, changes, rows in zip(("", *variants), configs, runs, strict=True):
        _print_run(label, rows, runs[0])
        if save:
            _save(save.with_stem(f"{save.stem}-{label.replace('/', '_')}") if label else save, rows, changes, seed)
    click.echo(f"composing: {sum(result.composing for result in results):.0f} CPU s")


if __name__ == "__main__":
    main()
