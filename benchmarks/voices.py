"""Voices measured as verification: is it one speaker or two, for thousands of pairs of pieces, by condition.

    python benchmarks/voices.py DIR... [--corpus NAME] [--model MODEL.npz] [--seconds 6] [--condition other]
        [--score cosine] [--train DIR] [--fold 1/2] [--seed 0] [--cache DIR]

DIR holds a folder for each speaker; the part of a file's name before `__` is its session (mood, phone, day, list).
Sides of a pair are so many seconds of speech, pauses left out; a side that needs several sessions takes those with the
most similar names. Strangers are of the same corpus and, where MANIFEST.csv knows it, of the same sex.

same         one speaker, the same sessions on both sides, other parts of them
other        one speaker, no session on both sides
*-room       the same, the second side through a room, another one for each speaker; strangers alike

Features are normalised over each session. EER in %, with the 95 % interval of a bootstrap over speakers; DCF.01 and
DCF.5: least detection cost at these priors; Cllr of scores that are likelihood ratios as they are, and of all after a
logistic calibration that was fitted to other speakers (cal); min: after the best rising map.

Speakers that a score is fitted to must not be measured: with --fold K/N the speakers are dealt into N parts, part K is
measured and the others may be trained on; `all/N` measures every part in turn and puts the trials together. What the
model itself was trained on is not known here. --cache keeps features by file names and settings of the model: remove
the folder when sound or code has changed.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import joblib
import numpy as np
import numpy.typing as npt
from voices_measures import (
    calibrated,
    equal_error_rate,
    log_likelihood_ratio_cost,
    minimum_cost,
    minimum_log_likelihood_ratio_cost,
    speaker_interval,
)
from voices_scores import SCORES, Pieces, Scorer
from voices_trials import (
    CONDITIONS,
    Condition,
    Samples,
    Voice,
    band_of,
    list_people,
    make_trials,
    normalised,
    room_of,
    speech_frames,
    training_pieces,
)

from diarize import Config, load_config
from diarize.model import Model, builtin_model
from diarize.training.material import load_sounds

HEADER = (
    f"{'corpus':10} {'condition':10} {'s':>3} {'score':8} {'people':>6} {'same':>5} {'two':>6}"
    f" {'EER':>5} {'95 %':^13} {'DCF.01':>6} {'DCF.5':>6} {'Cllr':>6} {'cal':>6} {'min':>6}"
)
_PIECE = 1.0  # s; training speech is summed up in pieces of this length, which are joined to longer ones
_LEAST_PEOPLE = 10  # fewer give neither an interval nor a calibration


@dataclass(eq=False)
class Bench:
    """What is measured with: a model, settings, and the speech of all speakers, read once.

    Parameters
    ----------
    model : Model
    config : Config
    seed : int
    rooms : sequence of array
        Measured impulse responses; synthetic ones are used beside them, or alone.
    cache : path, optional
        Folder for the features, so that they need not be computed again.
    """

    model: Model
    config: Config
    seed: int
    rooms: Sequence[Samples] = ()
    cache: Path | None = None
    _training: dict[str, Pieces] = field(default_factory=dict)
    _fitted: dict[tuple[str, str, bytes], Scorer] = field(default_factory=dict)

    def voices(self, people: Sequence[tuple[Any, str, str]], in_rooms: bool = False) -> list[Voice]:
        """Return the speech of people as `list_people` lists them."""
        features = [repr(band.features) for band in self.model.bands.values()]
        where = self.cache and self.cache / f"{zlib.crc32(repr(features).encode()):08x}"
        read = joblib.Memory(where, verbose=0).cache(speech_frames, ignore=["model"])
        rate = self.model.bands["wide"].features.sample_rate
        voices = []
        for person, corpus, sex in people:
            room = room_of(person.name, self.rooms, rate, self.seed) if in_rooms else None
            voices.append(Voice(person.name, corpus, sex, *read(person.files, self.model, room)))
        return voices

    def training(self, voices: Sequence[Voice], band: str) -> Pieces:
        """Return the short pieces of training voices in a band."""
        if band not in self._training:
            models = self.model.bands[band]
            sessions = [normalised(voice.sessions[band], models.features) for voice in voices]
            step = models.features.frame_step
            self._training[band] = Pieces.of(training_pieces(sessions, round(_PIECE / step)), models.voices, step)
        return self._training[band]

    def scorer(self, name: str, band: str, known: Pieces | None, kept: npt.NDArray[np.bool_]) -> Scorer:
        """Return a score fitted to some of the training voices, once for each choice of them."""
        row, key = SCORES[name], (name, band, kept.tobytes())
        if key not in self._fitted:
            own = known.of_speakers(kept) if known and row.trained else None
            self._fitted[key] = row.fit(own, self.config)
        return self._fitted[key]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Trials of one corpus and condition with a score each."""

    scores: npt.NDArray[np.float64]
    same: npt.NDArray[np.bool_]
    speakers: npt.NDArray[np.intp]

    def line(self, ratio: bool, seed: int) -> str:
        """Return the figures; blanks stand where there are too few trials."""
        scores, same = self.scores, self.same
        counts = f"{len(np.unique(self.speakers[same])):6} {same.sum():5} {(~same).sum():6}"
        if len(np.unique(self.speakers[same])) < _LEAST_PEOPLE or same.all():
            return f"{counts} too few"
        low, high = speaker_interval(equal_error_rate, scores, same, self.speakers, np.random.default_rng(seed))
        costs = [minimum_cost(scores, same, prior=prior) for prior in (0.01, 0.5)]
        raw = f"{log_likelihood_ratio_cost(scores, same):6.2f}" if ratio else f"{'-':>6}"
        fair = log_likelihood_ratio_cost(calibrated(scores, same, self.speakers), same)
        least = minimum_log_likelihood_ratio_cost(scores, same)
        interval = f"[{100 * low:4.1f}, {100 * high:4.1f}]"
        return (
            f"{counts} {100 * equal_error_rate(scores, same):5.1f} {interval:>13} {costs[0]:6.3f} {costs[1]:6.3f}"
            f" {raw} {fair:6.3f} {least:6.3f}"
        )


def parse_fold(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[list[int], int]:
    """Return the parts to measure, counted from 0, and how many there are."""
    if value is None:
        return [0], 1
    part, _, number = value.partition("/")
    if not number.isdigit() or not (part == "all" or (part.isdigit() and 1 <= int(part) <= int(number))):
        raise click.BadParameter(f"must be K/N with K from 1 to N, or all/N, got {value!r}")
    return (list(range(int(number))) if part == "all" else [int(part) - 1]), int(number)


def measure(
    bench: Bench,
    sides: Sequence[tuple[Voice, Voice]],
    training: tuple[Sequence[Voice], float],
    fold: tuple[list[int], int],
    task: tuple[Condition, float, Sequence[str]],
) -> dict[str, Scored]:
    """Score the trials of one corpus, one condition and one length, every part by what other speakers taught."""
    (condition, seconds, names), (parts, n_parts) = task, fold
    band = band_of([near for near, _ in sides], bench.model)
    models = bench.model.bands[band]
    step = models.features.frame_step
    known = None
    if any(SCORES[name].trained for name in names):
        known = bench.training(training[0], band).joined(max(1, round(training[1] / _PIECE)))
    taught = np.array([voice.name for voice in training[0]])
    columns: dict[str, list[Any]] = {name: [] for name in names}
    same, speakers = [], []
    for part in parts:
        numbers = np.arange(len(sides))[part::n_parts]
        heard = [
            (near, normalised(near.sessions[band], models.features), normalised(far.sessions[band], models.features))
            for near, far in (sides[number] for number in numbers)
        ]
        rng = np.random.default_rng([bench.seed, part])
        trials = make_trials(heard, round(seconds / step), condition.other_session, rng)
        if not len(trials.pairs):
            continue
        pieces = Pieces.of(trials.pieces, models.voices, step)
        kept = ~np.isin(taught, [near.name for near, _, _ in heard])
        for name in names:
            columns[name].append(bench.scorer(name, band, known, kept)(pieces, trials.pairs))
        same.append(trials.same)
        speakers.append(numbers[trials.speakers])
    if not same:
        return {}
    return {
        name: Scored(np.concatenate(scores), np.concatenate(same), np.concatenate(speakers))
        for name, scores in columns.items()
    }


@click.command(help=__doc__)
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--corpus", "corpora", multiple=True, help="Measure only this corpus; may be repeated.")
@click.option("--model", type=click.Path(exists=True, dir_okay=False), help="A model instead of the built-in one.")
@click.option("--config", default="default", show_default=True, help="Settings: F_A, F_B, dimensions.")
@click.option("--seconds", multiple=True, type=click.FloatRange(0.2), default=(6.0,), help="Speech on each side.")
@click.option("--condition", "conditions", multiple=True, type=click.Choice(list(CONDITIONS)), default=("other",))
@click.option("--score", "names", multiple=True, type=click.Choice(list(SCORES)), default=("cosine", "bayes"))
@click.option("--train", multiple=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--train-seconds", type=click.FloatRange(1.0), default=5.0, show_default=True, help="Of training pieces.")
@click.option("--rooms", type=click.Path(exists=True, file_okay=False), help="Folder of measured rooms.")
@click.option("--fold", callback=parse_fold, help="Measure part K of N, or every part in turn: K/N or all/N.")
@click.option("--seed", default=0, show_default=True)
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="To keep features in.")
def main(
    folders: tuple[Path, ...],
    corpora: tuple[str, ...],
    model: str | None,
    config: str,
    seconds: tuple[float, ...],
    conditions: tuple[str, ...],
    names: tuple[str, ...],
    train: tuple[Path, ...],
    train_seconds: float,
    rooms: str | None,
    fold: tuple[list[int], int],
    seed: int,
    cache: Path | None,
) -> None:
    trained_model = Model.load(model) if model else builtin_model()
    rate = trained_model.bands["wide"].features.sample_rate
    bench = Bench(trained_model, load_config(config), seed, load_sounds(rooms, rate), cache)
    trained = [name for name in names if SCORES[name].trained]
    if trained and not train:
        raise click.UsageError(f"{', '.join(trained)} must be trained: name folders of speakers with --train")
    people, teachers = list_people(folders, [name.lower() for name in corpora]), list_people(train)
    overlap = {person.name for person, _, _ in people} & {person.name for person, _, _ in teachers}
    if trained and overlap and fold[1] == 1:
        raise click.UsageError(f"{len(overlap)} speakers are trained on and measured ({min(overlap)}); give --fold K/N")
    learnt = bench.voices(teachers) if trained else []
    click.echo(HEADER)
    for corpus in dict.fromkeys(corpus for _, corpus, _ in people):
        group = [row for row in people if row[1] == corpus]
        near = bench.voices(group)
        for name in conditions:
            far = bench.voices(group, in_rooms=True) if CONDITIONS[name].other_room else near
            for length in seconds:
                task = CONDITIONS[name], length, names
                scored = measure(bench, list(zip(near, far, strict=True)), (learnt, train_seconds), fold, task)
                for score, trials in scored.items():
                    line = trials.line(SCORES[score].ratio, seed)
                    click.echo(f"{corpus:10} {name:10} {length:3g} {score:8} {line}")


if __name__ == "__main__":
    main()
