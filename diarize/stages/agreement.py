"""The mean of several outcomes, the voices of one speaker put together, and no turn too short to be one."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diarize import hmm
from diarize.config import Config
from diarize.spooling import Rows, parts, spooled
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.clustering import most_agreed
from diarize.stages.grouping import group_voices
from diarize.stages.limits import Limits
from diarize.stages.matching import best_pairs
from diarize.stages.rounds import Outcome, normalised, summed_columns
from diarize.stages.speakers import View

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

_WAITING = 1 << 22  # bytes of an outcome that are kept in memory while the others are computed


class Waiting(NamedTuple):
    """An outcome that waits for the others: its posterior in single precision, of long recordings on disk."""

    posterior: Rows
    labels: Labels
    bounds: tuple[float, ...]
    n_named: int

    @classmethod
    def of(cls, outcome: Outcome) -> Waiting:
        posterior = outcome.posterior
        pieces = (posterior[part].astype(np.float32) for part in parts(len(posterior)))
        return cls(spooled(pieces, outcome.n_speakers, _WAITING), outcome.labels, outcome.bounds, outcome.n_named)

    def again(self) -> Outcome:
        """The outcome, in memory."""
        return Outcome(np.asarray(self.posterior, np.float64), self.labels, self.bounds, n_named=self.n_named)


def averaged(outcomes: list[Waiting], lengths: Labels, least: int) -> Outcome:
    """Return the mean posterior of all outcomes over the speakers of the one that agrees best with all the others.

    Parameters
    ----------
    outcomes : list of Waiting
        One at least. Speakers of each are matched one to one with those of the best; who has no match is left out.
        Whom a person named is the same in all.
    lengths : array of int, shape (n_blocks,)
        How much each block counts in matching.
    least : int
        Speakers that must be left; if there are fewer, the outcome that agrees best is returned as it is.
    """
    candidates = tuple(outcome.labels for outcome in outcomes)
    best = replace(outcomes[most_agreed(candidates, lengths)].again(), candidates=candidates)
    total, named = np.zeros_like(best.posterior), best.n_named
    for outcome in (kept.again() for kept in outcomes):
        shared = best.posterior[:, named:].T @ (outcome.posterior[:, named:] * lengths[:, None])
        own, other = best_pairs(shared)
        total[:, :named] += outcome.posterior[:, :named]
        total[:, named + own] += outcome.posterior[:, named + other]
    heard, labels = np.unique(total.argmax(axis=1), return_inverse=True)
    if len(heard) < least:
        return best
    return replace(best, posterior=normalised(total[:, heard]), labels=labels.astype(np.intp))


def grouped(outcome: Outcome, blocks: SpeechBlocks, views: list[View], limits: Limits, config: Config) -> Outcome:
    """Return the outcome with the voices of one speaker put together."""
    scale = config.speakers.acoustic_scale
    groups = group_voices(
        outcome.posterior, outcome.labels, blocks, views, limits, scale, config.grouping, n_named=outcome.n_named
    )
    posterior = summed_columns(outcome.posterior, groups, int(groups.max()) + 1)
    heard, labels = np.unique(posterior.argmax(axis=1), return_inverse=True)
    return replace(outcome, posterior=normalised(posterior[:, heard]), labels=labels.astype(np.intp))


def without_short_turns(outcome: Outcome, limits: Limits, config: Config, owners: Labels | None = None) -> Outcome:
    """Take the most probable labels in which nobody speaks for less than the shortest turn, if enough speakers stay.

    What a person fixed stays: `owners` (n_blocks,), -1 where nothing is.
    """
    least = round(config.output.min_turn / config.speakers.block)
    n_speakers = outcome.n_speakers
    if least < 2 or n_speakers < 2:
        return outcome
    chain = hmm.SpeakerLoop(np.full(n_speakers, 1 / n_speakers), config.speakers.loop_probability)
    labels, _ = hmm.viterbi(np.log(outcome.posterior + 1e-100), hmm.MinimumDuration(chain, np.full(n_speakers, least)))
    if owners is not None:
        labels = np.where(owners >= 0, owners, labels)
    heard, labels = np.unique(labels, return_inverse=True)
    if len(heard) < limits.least:
        return outcome
    return replace(outcome, posterior=normalised(outcome.posterior[:, heard]), labels=labels.astype(np.intp))
