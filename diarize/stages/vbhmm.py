"""Who spoke when, given the speech: variational Bayes over speakers and their chain, from several starting points.

Several eigenvoice models, each from several starts, give one outcome each. The result is the mean of these outcomes,
which has fewer chance errors than a single one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diarize import hmm
from diarize.config import Config, SpeakerConfig
from diarize.errors import ConfigError
from diarize.progress import checkpoint
from diarize.spooling import Rows, parts, spooled
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.clustering import most_agreed, starting_labels
from diarize.stages.grouping import group_voices
from diarize.stages.limits import UNLIMITED, Limits, merge_closest, support
from diarize.stages.matching import best_pairs
from diarize.stages.speakers import EigenvoiceModel, View

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

_CONVERGED = 0.05  # nats; when the bound rises by less the inference has settled
_FAINT = 1e-5  # share of the draws below which a speaker has vanished
_SURE = 0.7  # share of a block that its cluster gets at the start; the others divide the rest
_FREE = 0.5  # share of the work without limits, where there are some
_WEAKENINGS_AT_LEAST, _WEAKENINGS = 4, 8  # times that the prior is tried, half as strong each time, for more speakers
_VOTERS = 3  # most outcomes within the limits whose mean is taken
_TRACE = 1e-3  # share of a block that every speaker keeps when speakers were put together
_WAITING = 1 << 22  # bytes of an outcome that are kept in memory while the others are computed


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the inference settled on.

    Parameters
    ----------
    posterior : array of shape (n_blocks, n_speakers)
    labels : array of int, shape (n_blocks,)
        The speaker of each block; every speaker has one at least.
    bounds : tuple of float
        Evidence bound after each round since the last speaker vanished, nats. Empty if the last round took one away,
        and where the limits forced the outcome without any inference.
    """

    posterior: Floats
    labels: Labels
    bounds: tuple[float, ...] = ()

    @property
    def n_speakers(self) -> int:
        """How many speakers there are."""
        return int(self.posterior.shape[1])

    @property
    def certainty(self) -> Floats:
        """The probability of each block's label, shape (n_blocks,)."""
        return np.asarray(self.posterior[np.arange(len(self.labels)), self.labels])


class _Kept(NamedTuple):
    """An outcome that waits for the others: its posterior in single precision, of long recordings on disk."""

    posterior: Rows
    labels: Labels
    bounds: tuple[float, ...]

    @classmethod
    def of(cls, outcome: Outcome) -> _Kept:
        posterior = outcome.posterior
        pieces = (posterior[part].astype(np.float32) for part in parts(len(posterior)))
        return cls(spooled(pieces, outcome.n_speakers, _WAITING), outcome.labels, outcome.bounds)

    def again(self) -> Outcome:
        """The outcome, in memory."""
        return Outcome(np.asarray(self.posterior, np.float64), self.labels, self.bounds)


def infer(
    blocks: SpeechBlocks,
    voices: Sequence[EigenvoiceModel],
    limits: Limits,
    config: Config,
    report: Callable[[float], None] = lambda fraction: None,
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
    views = [View(*pair) for pair in zip(blocks.statistics, voices, strict=True)]
    outcomes, share = [], 1.0 if limits == UNLIMITED else _FREE
    for view in views:
        held = view.held()
        for labels in starting_labels(blocks, held, 1, config.clustering, rng):
            outcomes.append(_Kept.of(_rounds(held, _shares(labels), prior, config.speakers)))
            report(share * len(outcomes) / (len(views) * config.clustering.starts + 1))
        del held  # before the next one is read
    agreed = _averaged(outcomes, blocks.lengths, 1)
    if config.grouping.enabled:
        agreed = _grouped(agreed, blocks, views, limits, config)
    if agreed.n_speakers not in limits:
        too_few = agreed.n_speakers < limits.least
        agreed = _limited(
            blocks, views, limits, config, prior, too_few, lambda done: report(share + (1 - share) * done)
        )
    report(1.0)
    return _without_short_turns(agreed, limits, config)


def prior_weight(seconds: float, config: SpeakerConfig) -> float:
    """Return F_B of eq. (15) for so many seconds of speech: it grows with them, up to a limit."""
    growth = max(config.prior - config.min_prior, 0.0) / config.reference
    return min(config.min_prior + growth * seconds, max(config.max_prior, config.min_prior))


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
    within: list[_Kept] = []
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
                    within.append(_Kept.of(outcome))
            del held
    if not within:
        return _exactly(starts[0][0], limits)
    merits = [support(kept.again().posterior, views, config.speakers, prior) for kept in within]
    best = [within[index] for index in np.argsort(merits, kind="stable")[: -_VOTERS - 1 : -1]]
    return _averaged(best, blocks.lengths, limits.least)


def _averaged(outcomes: list[_Kept], lengths: Labels, least: int) -> Outcome:
    """Return the mean posterior of all outcomes over the speakers of the one that agrees best with all the others.

    Parameters
    ----------
    outcomes : list of _Kept
        One at least. Speakers of each are matched one to one with those of the best; who has no match is left out.
    lengths : array of int, shape (n_blocks,)
        How much each block counts in matching.
    least : int
        Speakers that must be left; if there are fewer, the outcome that agrees best is returned as it is.
    """
    best = outcomes[most_agreed([outcome.labels for outcome in outcomes], lengths)].again()
    total = np.zeros_like(best.posterior)
    for outcome in (kept.again() for kept in outcomes):
        shared = best.posterior.T @ (outcome.posterior * lengths[:, None])
        own, other = best_pairs(shared)
        total[:, own] += outcome.posterior[:, other]
    heard, labels = np.unique(total.argmax(axis=1), return_inverse=True)
    if len(heard) < least:
        return best
    return Outcome(_normalised(total[:, heard]), labels.astype(np.intp), best.bounds)


def _grouped(outcome: Outcome, blocks: SpeechBlocks, views: list[View], limits: Limits, config: Config) -> Outcome:
    """Return the outcome with the voices of one speaker put together."""
    scale = config.speakers.acoustic_scale
    groups = group_voices(outcome.posterior, outcome.labels, blocks, views, limits, scale, config.grouping)
    posterior = np.zeros((len(outcome.labels), int(groups.max()) + 1))
    np.add.at(posterior.T, groups, outcome.posterior.T)
    heard, labels = np.unique(posterior.argmax(axis=1), return_inverse=True)
    return Outcome(_normalised(posterior[:, heard]), labels.astype(np.intp), outcome.bounds)


def _without_short_turns(outcome: Outcome, limits: Limits, config: Config) -> Outcome:
    """Take the most probable labels in which nobody speaks for less than the shortest turn, if enough speakers stay."""
    least = round(config.output.min_turn / config.speakers.block)
    n_speakers = outcome.n_speakers
    if least < 2 or n_speakers < 2:
        return outcome
    chain = hmm.SpeakerLoop(np.full(n_speakers, 1 / n_speakers), config.speakers.loop_probability)
    labels, _ = hmm.viterbi(np.log(outcome.posterior + 1e-100), hmm.MinimumDuration(chain, np.full(n_speakers, least)))
    heard, labels = np.unique(labels, return_inverse=True)
    if len(heard) < limits.least:
        return outcome
    return Outcome(_normalised(outcome.posterior[:, heard]), labels.astype(np.intp), outcome.bounds)


def _settle(view: View, labels: Labels, most: int, prior: float, config: SpeakerConfig) -> Outcome:
    """Run the inference from one start; if it ends with too many speakers, put some together and run it again."""
    outcome = _rounds(view, _shares(labels), prior, config)
    if outcome.n_speakers <= most:
        return outcome
    merged = outcome.posterior
    while merged.shape[1] > most:
        merged = merge_closest(merged, view, config.acoustic_scale, prior)
    return _rounds(view, _normalised(merged + _TRACE), prior, config)


def _exactly(labels: Labels, limits: Limits) -> Outcome:
    """Return the start itself, its smallest groups put together where they are too many."""
    groups = np.bincount(labels)
    rank = np.empty(len(groups), dtype=np.intp)
    rank[np.argsort(-groups, kind="stable")] = np.arange(len(groups))
    merged = np.minimum(rank[labels], limits.most - 1)
    return Outcome(_shares(merged), merged)


def _rounds(view: View, shares: Floats, prior: float, config: SpeakerConfig) -> Outcome:
    """Alternate between the speakers and their chain until the evidence bound stands still, eq. (15) to (21)."""
    statistics, voices = view
    weights = np.full(shares.shape[1], 1 / shares.shape[1])
    bounds: list[float] = []
    for _ in range(config.iterations):
        checkpoint()
        speakers = voices.posterior(statistics, shares, config.acoustic_scale, prior)
        del shares  # arrays of this size fill the memory in long recordings: as few as possible at a time
        chain = hmm.forward_backward(
            voices.log_likelihood(statistics, speakers, config.acoustic_scale),
            hmm.SpeakerLoop(weights, config.loop_probability),
        )
        shares, weights = chain.posterior, chain.entries / chain.entries.sum()
        bounds.append(chain.log_evidence - prior * speakers.divergence)  # eq. (21)
        alive = weights > _FAINT
        if not alive.all():
            del chain
            shares = shares[:, alive]
            shares, weights, bounds = _normalised(shares), weights[alive] / weights[alive].sum(), []
        elif len(bounds) > 3 and bounds[-1] - bounds[-2] < _CONVERGED:
            break
    labels = shares.argmax(axis=1)
    heard, labels = np.unique(labels, return_inverse=True)
    return Outcome(_normalised(shares[:, heard]), labels.astype(np.intp), tuple(bounds))


def _shares(labels: Labels) -> Floats:
    """Return the shares of the blocks that a labelling stands for, (n_blocks, n_groups)."""
    count = int(labels.max()) + 1
    if count == 1:
        return np.ones((len(labels), 1))
    shares = np.full((len(labels), count), (1 - _SURE) / (count - 1))
    shares[np.arange(len(labels)), labels] = _SURE
    return shares


def _normalised(shares: Floats) -> Floats:
    shares = shares + 1e-100
    shares /= shares.sum(axis=1, keepdims=True)
    return shares
