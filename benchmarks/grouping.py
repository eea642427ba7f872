"""Fit the decision which of the voices that the inference tells apart are one speaker, to composed conversations.

    python benchmarks/grouping.py [--share 0.5] [--marks given] [--model MODEL.npz] [--set SECTION.NAME=VALUE]

The conversations are those of battery.py. The inference runs with grouping off; for each pair of voices that it hears,
each mostly of one person and for two seconds at least, a logistic regression learns whether the two are of the same
person. A recording counts by the root of its pairs, a pair by the root of its seconds: most pairs come from few long
recordings. Printed are the area under the ROC curve by stratum, of conversations left out (folds), and the settings.

The weights that ship were fitted to an inference that splits more: --set speakers.prior=1.2 --set
speakers.min_prior=0.6 --set clustering.spare=5; 0.9 nats were then taken off the offset ("Voices and speakers" in
benchmarks/LOG.md).

--time shrinks the weights of all columns but the first two, which say how alike the voices are, and fits these again:
the speech of the battery repeats its phrases more than people do, so that its crumbs tell more than real ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from _battery_compose import compose
from _battery_strata import Conversation, conversations
from battery import MARKS, _model, _stock, changed, shared_out
from scipy.optimize import minimize
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
LIKENESS = 2  # columns that say how alike the voices are; the others are of time
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
    data: Path, speech: tuple[str, ...], model: str | None, config: Config, marks: Sequence[str], one: Conversation
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


def fit(features: Floats, same: npt.NDArray[np.bool_], weights: Floats, time: float = 1.0) -> tuple[Floats, float]:
    """Return the weights and the offset of a logistic regression, its penalty the same for every column.

    With `time` below 1 the weights of time are shrunk by it, and those of likeness and the offset fitted again.
    """
    centre, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    regression = LogisticRegression(max_iter=5000).fit((features - centre) / spread, same, weights / weights.mean())
    slopes = regression.coef_[0] / spread
    offset = float(regression.intercept_[0] - centre @ slopes)
    if time == 1.0:
        return slopes, offset
    known, signs = time * features[:, LIKENESS:] @ slopes[LIKENESS:], np.where(same, 1.0, -1.0)

    def loss(free: Floats) -> float:
        odds = features[:, :LIKENESS] @ free[:-1] + free[-1] + known
        return float(np.average(np.logaddexp(0.0, -signs * odds), weights=weights))

    free = minimize(loss, np.array([*slopes[:LIKENESS], offset])).x
    return np.concatenate([free[:-1], time * slopes[LIKENESS:]]), float(free[-1])


def left_out(
    parts: Sequence[Sequence[Pairs]], time: float = 1.0
) -> tuple[Floats, npt.NDArray[np.bool_], Floats, npt.NDArray[np.str_]]:
    """Return log-odds of every pair by a fit to the other folds, whether it is one person, its weight, its stratum."""
    count = min(FOLDS, len(parts))
    folds = [[pairs for found in parts[number::count] for pairs in found] for number in range(count)]
    columns = []
    for number, fold in enumerate(folds):
        others = [pairs for k, other in enumerate(folds) if k != number for pairs in other]
        slopes, offset = fit(*joined(others), time)
        features, same, weights = joined(fold)
        strata = np.repeat([pairs.stratum for pairs in fold], [len(pairs.same) for pairs in fold])
        columns.append((features @ slopes + offset, same, weights, strata))
    return tuple(np.concatenate(column) for column in zip(*columns, strict=True))  # type: ignore[return-value]


def joined(parts: Sequence[Pairs]) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Return the pairs of several recordings in one."""
    columns = zip(*((pairs.features, pairs.same, pairs.weights) for pairs in parts), strict=True)
    features, same, weights = (np.concatenate(column) for column in columns)
    return features, same, weights


@click.command(help=__doc__)
@click.option("--data", default="../shared", type=click.Path(file_okay=False, path_type=Path), show_default=True)
@click.option("--speech", multiple=True, default=("speech_sessions", "speech_measure"), show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--share", default=1.0, show_default=True, help="Of the conversations of each stratum.")
@click.option("--marks", type=click.Choice(["both", *MARKS]), default="given", show_default=True)
@click.option("--model", type=click.Path(exists=True, dir_okay=False), help="A model instead of the shipped one.")
@click.option("--set", "settings", multiple=True, metavar="SECTION.NAME=VALUE", help="Another setting.")
@click.option("--time", default=0.75, show_default=True, help="Share of the weights of time that is kept.")
@click.option("--jobs", default=2, show_default=True)
def main(
    data: Path,
    speech: tuple[str, ...],
    seed: int,
    share: float,
    marks: str,
    model: str | None,
    settings: tuple[str, ...],
    time: float,
    jobs: int,
) -> None:
    config = changed(load_config(), ",".join((*settings, "grouping.enabled=false")))
    listed = shared_out(conversations(list(_stock(data, speech).voices.values()), seed), share)
    order = np.argsort([-one.seconds for one in listed], kind="stable")
    task = partial(measured, data, speech, model, config, MARKS if marks == "both" else (marks,))
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        outcomes = dict(zip(order.tolist(), pool.map(task, [listed[k] for k in order]), strict=True))
    parts = [outcomes[k] for k in range(len(listed))]
    odds, same, weights, strata = left_out(parts, time)
    click.echo(f"{len(same)} pairs, {same.mean():.0%} of one person; area under the ROC curve, left out")
    for stratum in ("all", *dict.fromkeys(strata)):
        chosen = np.full(len(strata), True) if stratum == "all" else strata == stratum
        if 0 < same[chosen].sum() < chosen.sum():
            area = roc_auc_score(same[chosen], odds[chosen], sample_weight=weights[chosen])
            click.echo(f"  {stratum:12} {100 * area:5.1f}")
    slopes, offset = fit(*joined([pairs for found in parts for pairs in found]), time)
    click.echo("\n[grouping]\n" + "\n".join(f"{name} = {value:.4g}" for name, value in zip(NAMES, slopes, strict=True)))
    click.echo(f"offset = {offset:.4g}")


if __name__ == "__main__":
    assert len(NAMES) == len(GroupingConfig().weights)
    main()
