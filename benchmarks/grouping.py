"""Fit the decision which of the voices that the inference tells apart are one speaker, to composed conversations.

    python benchmarks/grouping.py [--share 0.5] [--marks given] [--model MODEL.npz] [--set SECTION.NAME=VALUE]
    python benchmarks/grouping.py --speech speech --least 14 --seed 1 --model FOLD0.npz --model FOLD1.npz --save A.npz
    python benchmarks/grouping.py --seed 3 --add A.npz

The conversations are those of battery.py. The inference runs with grouping off; for each pair of voices that it hears,
each mostly of one person and for two seconds at least, a logistic regression learns whether the two are of the same
person. A recording counts by the root of its pairs, a pair by the root of its seconds: most pairs come from few long
recordings. Printed are the area under the ROC curve by stratum, of conversations left out (folds), and the settings.

The weights that ship are of the last two commands: of the voices of DATA/speech in two folds, each with a model that
was trained on the other one (battery.py --rest), and of voices in several moods and on several phones. Each file and
the run itself count alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from _battery_compose import compose
from _battery_strata import Conversation, conversations
from _battery_voices import fold
from battery import MARKS, _model, _stock, changed, shared_out
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from diarize import Annotation, Config, Diarizer, DiarizeWarning, load_config
from diarize.config import GroupingConfig
from diarize.gmm.engine.threads import one_blas_thread
from diarize.stages.blocks import SpeechBlocks, cut_blocks
from diarize.stages.detection import Detection
from diarize.stages.grouping import Heard, joining_ratios, pair_features
from diarize.stages.limits import UNLIMITED
from diarize.stages.recording import Recording
from diarize.stages.speakers import View
from diarize.stages.vbhmm import infer

Floats = npt.NDArray[np.float64]

PURE = 0.7  # share of a voice that is of one person at least
LEAST = 2.0  # s of speech of each voice
FOLDS = 5
MODELS = "Instead of the shipped one; of several, each hears the voices of one fold, the first those of fold 0."
NAMES = ("ratio", "ratio_longest", "less", "pieces", "longest_less", "longest_more", "unbroken")


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of voices of one recording.

    Parameters
    ----------
    features : array of shape (n_pairs, 7)
    same : array of bool, shape (n_pairs,)
        Whether both are of one person.
    weights : array of shape (n_pairs,)
    stratum : str
    """

    features: Floats
    same: npt.NDArray[np.bool_]
    weights: Floats
    stratum: str


def spoken(blocks: SpeechBlocks, labels: npt.NDArray[np.intp], recording: Recording, reference: Annotation) -> Floats:
    """Return for how many frames each voice is each person, (n_voices, n_people)."""
    frames = blocks.over_frames(labels, -1)
    people = sorted(reference.labels)
    table = np.zeros((int(labels.max()) + 1, len(people)))
    for column, person in enumerate(people):
        mask = recording.frames.mask([turn for turn in reference if turn.speaker == person])
        heard = frames[mask]
        table[:, column] = np.bincount(heard[heard >= 0], minlength=len(table))
    return table


def pairs_of(
    blocks: SpeechBlocks, views: Sequence[View], config: Config, recording: Recording, truth: Annotation, stratum: str
) -> Pairs:
    """Return what the decision sees of the voices in a recording, and what is true."""
    outcome = infer(blocks, [view.voices for view in views], UNLIMITED, config)
    heard = Heard.of(outcome.labels, blocks)
    shares = spoken(blocks, outcome.labels, recording, truth)
    pure = shares.max(axis=1) > PURE * np.maximum(shares.sum(axis=1), 1)
    kept = np.flatnonzero(pure & (heard.seconds > LEAST))
    first, second = np.triu_indices(len(kept), 1)
    pairs = np.stack([kept[first], kept[second]], axis=1)
    ratios = joining_ratios(outcome.posterior, views, config.speakers.acoustic_scale, pairs)
    owner = shares.argmax(axis=1)
    weights = np.sqrt(heard.seconds[pairs].min(axis=1, initial=np.inf) / max(len(pairs), 1))
    return Pairs(pair_features(ratios, heard, pairs), owner[pairs[:, 0]] == owner[pairs[:, 1]], weights, stratum)


def measured(
    data: Path, speech: tuple[str, ...], config: Config, marks: Sequence[str], model: str | None, one: Conversation
) -> list[Pairs]:
    """Compose a conversation and return the pairs of voices in it, for each kind of marks."""
    with warnings.catch_warnings(), one_blas_thread():
        warnings.simplefilter("ignore", DiarizeWarning)
        recording = compose(one, _stock(data, speech))
        diarizer = Diarizer(config, model=_model(model))
        analysis, found = diarizer.analyse((recording.samples, recording.rate)), []
        for kind in marks:
            given = Detection(analysis.recording.frames.mask(recording.reference.speech()))
            speech_frames = (diarizer.detect(analysis) if kind == "own" else given).speech
            if not speech_frames.any():
                continue
            blocks = cut_blocks(analysis.recording, speech_frames, analysis.band.voices, config.speakers.block)
            views = [View(*pair) for pair in zip(blocks.statistics, analysis.band.voices, strict=True)]
            found.append(pairs_of(blocks, views, config, analysis.recording, recording.reference, one.stratum))
        return found


def fit(features: Floats, same: npt.NDArray[np.bool_], weights: Floats) -> tuple[Floats, float]:
    """Return the weights and the offset of a logistic regression, its penalty the same for every column."""
    centre, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    regression = LogisticRegression(max_iter=5000).fit((features - centre) / spread, same, weights / weights.mean())
    slopes = regression.coef_[0] / spread
    return slopes, float(regression.intercept_[0] - centre @ slopes)


def left_out(
    parts: Sequence[Sequence[Pairs]],
) -> tuple[Floats, npt.NDArray[np.bool_], Floats, npt.NDArray[np.str_]]:
    """Return log-odds of every pair by a fit to the other folds, whether it is one person, its weight, its stratum."""
    count = min(FOLDS, len(parts))
    folds = [[pairs for found in parts[number::count] for pairs in found] for number in range(count)]
    columns = []
    for number, left in enumerate(folds):
        others = [pairs for k, other in enumerate(folds) if k != number for pairs in other]
        slopes, offset = fit(*joined(others))
        features, same, weights = joined(left)
        strata = np.repeat([pairs.stratum for pairs in left], [len(pairs.same) for pairs in left])
        columns.append((features @ slopes + offset, same, weights, strata))
    return tuple(np.concatenate(column) for column in zip(*columns, strict=True))  # type: ignore[return-value]


def joined(parts: Sequence[Pairs]) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Return the pairs of several recordings in one."""
    columns = zip(*((pairs.features, pairs.same, pairs.weights) for pairs in parts), strict=True)
    features, same, weights = (np.concatenate(column) for column in columns)
    return features, same, weights


def save(parts: Sequence[Sequence[Pairs]], path: Path) -> None:
    """Keep the pairs of several recordings."""
    numbers = [number for number, found in enumerate(parts) for pairs in found for _ in pairs.same]
    strata = [pairs.stratum for found in parts for pairs in found for _ in pairs.same]
    features, same, weights = joined([pairs for found in parts for pairs in found])
    np.savez(path, features=features, same=same, weights=weights, recording=numbers, stratum=strata)


def load(path: Path) -> list[list[Pairs]]:
    """Return what was kept, a list for each recording that has pairs."""
    with np.load(path) as arrays:
        kept, recordings = dict(arrays), arrays["recording"]
    parts = []
    for number in np.unique(recordings):
        rows = recordings == number
        features, same, weights = (kept[name][rows] for name in ("features", "same", "weights"))
        parts.append([Pairs(features, same, weights, str(kept["stratum"][rows][0]))])
    return parts


def alike(sources: Sequence[list[list[Pairs]]]) -> list[list[Pairs]]:
    """Return the recordings of all sources, their weights such that each source counts the same."""
    recordings = []
    for parts in sources:
        total = sum(float(pairs.weights.sum()) for found in parts for pairs in found)
        recordings += [[replace(pairs, weights=pairs.weights / total) for pairs in found] for found in parts]
    return recordings


@click.command(help=__doc__)
@click.option("--data", default="../shared", type=click.Path(file_okay=False, path_type=Path), show_default=True)
@click.option("--speech", multiple=True, default=("speech_sessions", "speech_measure"), show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--share", default=1.0, show_default=True, help="Of the conversations of each stratum.")
@click.option("--marks", type=click.Choice(["both", *MARKS]), default="given", show_default=True)
@click.option("--model", "models", multiple=True, type=click.Path(exists=True, dir_okay=False), help=MODELS)
@click.option("--least", default=0.0, show_default=True, help="s; voices with less sound are left out.")
@click.option("--set", "settings", multiple=True, metavar="SECTION.NAME=VALUE", help="Another setting.")
@click.option("--save", "saved", type=click.Path(dir_okay=False, path_type=Path), help="Keep the pairs here.")
@click.option("--add", "added", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--jobs", default=2, show_default=True)
def main(
    data: Path,
    speech: tuple[str, ...],
    seed: int,
    share: float,
    marks: str,
    models: tuple[str, ...],
    least: float,
    settings: tuple[str, ...],
    saved: Path | None,
    added: tuple[Path, ...],
    jobs: int,
) -> None:
    config = changed(load_config(), ",".join((*settings, "grouping.enabled=false")))
    voices = [voice for voice in _stock(data, speech).voices.values() if voice.seconds >= least]
    listed, heard_by = [], []
    for number, model in enumerate(models or (None,)):
        chosen = shared_out(conversations(fold(voices, number, max(len(models), 1)), seed), share)
        listed += chosen
        heard_by += [model] * len(chosen)
    order = np.argsort([-one.seconds for one in listed], kind="stable")
    task = partial(measured, data, speech, config, MARKS if marks == "both" else (marks,))
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        found = pool.map(task, [heard_by[k] for k in order], [listed[k] for k in order])
        outcomes = dict(zip(order.tolist(), found, strict=True))
    parts = [outcomes[k] for k in range(len(listed))]
    if saved:
        save(parts, saved)
    parts = alike([parts, *map(load, added)])
    odds, same, weights, strata = left_out(parts)
    click.echo(f"{len(same)} pairs, {same.mean():.0%} of one person; area under the ROC curve, left out")
    for stratum in ("all", *dict.fromkeys(strata)):
        chosen_pairs = np.full(len(strata), True) if stratum == "all" else strata == stratum
        if 0 < same[chosen_pairs].sum() < chosen_pairs.sum():
            area = roc_auc_score(same[chosen_pairs], odds[chosen_pairs], sample_weight=weights[chosen_pairs])
            click.echo(f"  {stratum:12} {100 * area:5.1f}")
    slopes, offset = fit(*joined([pairs for found in parts for pairs in found]))
    click.echo("\n[grouping]\n" + "\n".join(f"{name} = {value:.4g}" for name, value in zip(NAMES, slopes, strict=True)))
    click.echo(f"offset = {offset:.4g}")


if __name__ == "__main__":
    assert len(NAMES) == len(GroupingConfig().weights)
    main()
