"""Who spoke when, given the speech: variational Bayes over speakers and their chain, from several starting points.

Several eigenvoice models, each from several starts, give one outcome each. The result is the mean of these outcomes,
which has fewer chance errors than a single one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt

from diarize.config import Config, SpeakerConfig
from diarize.errors import ConfigError
from diarize.stages.agreement import Waiting, averaged, grouped, without_short_turns
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.clustering import starting_labels
from diarize.stages.limits import UNLIMITED, Limits, merge_closest, support
from diarize.stages.rounds import Outcome, normalised, prior_weight, run_rounds, shares_of
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel, View

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

_FREE = 0.5  # share of the work without limits, where there are some
_WEAKENINGS_AT_LEAST, _WEAKENINGS = 4, 8  # times that the prior is tried, half as strong each time, for more speakers
_VOTERS = 3  # most outcomes within the limits whose mean is taken
_TRACE = 1e-3  # share of a block that every speaker keeps when speakers were put together


def infer(
    blocks: SpeechBlocks,
    voices: Sequence[EigenvoiceModel],
    limits: Limits,
    config: Config,
    report: Callable[[float], None] = lambda fraction: None,
    known: Sequence[BlockStatistics] = (),
) -> Outcome:
    """Find the speakers of each block.

    Each model leads from each starting point to an outcome of its own. The one that agrees best with all the others
    says who there is; who speaks when is the mean of all.

    Parameters
    ----------
    blocks : SpeechBlocks
        With at least one block.
    voices : sequence of EigenvoiceModel
        One at least, those that the statistics are of.
    limits : Limits
        Obeyed exactly.
    config : Config
    report : callable, optional
        Called with the fraction of the work that is done.
    known : sequence of BlockStatistics
        Of each model what it heard of people whose voices are known, a row each; without any, nobody is known.

    Raises
    ------
    ConfigError
        There is not enough speech for as many speakers as were asked for.
    """
    n_blocks = len(blocks)
    if limits.least > n_blocks:
        raise ConfigError(
            f"{limits.least} speakers were asked for, but {blocks.seconds:.2f} s of speech have room for {n_blocks} "
            f"at most (one in {config.speakers.block} s); lower num_speakers or min_speakers"
        )
    prior = prior_weight(blocks.seconds, config.speakers)
    rng = np.random.default_rng(config.seed)
    heard = known or repeat(None, len(voices))
    views = [View(*row) for row in zip(blocks.statistics, voices, heard, strict=True)]
    outcomes, share = [], 1.0 if limits == UNLIMITED else _FREE
    for view in views:
        held = view.held()
        for labels in starting_labels(blocks, held, 1, config.clustering, rng):
            outcomes.append(Waiting.of(run_rounds(held, shares_of(labels), prior, config.speakers)))
            report(share * len(outcomes) / (len(views) * config.clustering.starts + 1))
        del held  # before the next one is read
    agreed = averaged(outcomes, blocks.lengths, 1)
    if config.grouping.enabled:
        agreed = grouped(agreed, blocks, views, limits, config)
    if agreed.n_speakers not in limits:
        too_few = agreed.n_speakers < limits.least
        agreed = _limited(
            blocks, views, limits, config, prior, too_few, lambda done: report(share + (1 - share) * done)
        )
    report(1.0)
    return without_short_turns(agreed, limits, config)


def _limited(
    blocks: SpeechBlocks,
    views: list[View],
    limits: Limits,
    config: Config,
    prior: float,
    too_few: bool,
    report: Callable[[float], None],
) -> Outcome:
    """Return the mean of the best supported outcomes that keep to the limits.

    Where there were too few speakers, F_B is halved several times, so that fewer of them vanish. All outcomes then
    compete by the evidence bound with the original F_B.
    """
    rng = np.random.default_rng(config.seed)
    starts = [list(starting_labels(blocks, view.held(), limits.least, config.clustering, rng)) for view in views]
    within: list[Waiting] = []
    usual = _WEAKENINGS_AT_LEAST if too_few else 1
    for weakening in range(_WEAKENINGS):
        report(min(weakening / usual, 1.0))
        if within and weakening >= usual:
            break
        for view, of_view in zip(views, starts, strict=True):
            held = view.held()
            for labels in of_view:
                outcome = _settle(held, labels, limits.most, prior / 2**weakening, config.speakers)
                if outcome.n_speakers in limits:
                    within.append(Waiting.of(outcome))
            del held
    if not within:
        return _exactly(starts[0][0], limits)
    merits = [support(kept.again().posterior, views, config.speakers, prior) for kept in within]
    best = [within[index] for index in np.argsort(merits, kind="stable")[: -_VOTERS - 1 : -1]]
    return averaged(best, blocks.lengths, limits.least)


def _settle(view: View, labels: Labels, most: int, prior: float, config: SpeakerConfig) -> Outcome:
    """Run the inference from one start; if it ends with too many speakers, put some together and run it again."""
    outcome = run_rounds(view, shares_of(labels), prior, config)
    if outcome.n_speakers <= most:
        return outcome
    merged = outcome.posterior
    while merged.shape[1] > most:
        merged = merge_closest(merged, view, config.acoustic_scale, prior)
    return run_rounds(view, normalised(merged + _TRACE), prior, config)


def _exactly(labels: Labels, limits: Limits) -> Outcome:
    """Return the start itself, its smallest groups put together where they are too many."""
    groups = np.bincount(labels)
    rank = np.empty(len(groups), dtype=np.intp)
    rank[np.argsort(-groups, kind="stable")] = np.arange(len(groups))
    merged = np.minimum(rank[labels], limits.most - 1)
    return Outcome(shares_of(merged), merged, candidates=(merged,))
