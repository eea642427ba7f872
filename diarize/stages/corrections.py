"""Who spoke when, given what a person fixed: every outcome of the inference goes on from there.

A voice of an outcome belongs to the person whom most of its fixed blocks name; one person may have several voices. What
was fixed stays, two people who were named stay two, and the inference moves everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation, Segment
from diarize.config import Config, SpeakerConfig
from diarize.grid import FrameGrid
from diarize.stages.agreement import Waiting, averaged, grouped, without_short_turns
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.confidence import log_odds
from diarize.stages.grouping import pair_odds
from diarize.stages.limits import Limits
from diarize.stages.rounds import Outcome, normalised, prior_weight, run_rounds, shares_of
from diarize.stages.speakers import EigenvoiceModel, View

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

OPEN, NOBODY = -1, -2
"""Owners of frames about which nothing was said, and in which nobody speaks."""


@dataclass(frozen=True, slots=True, eq=False)
class FixedFrames:
    """What a person fixed, frame by frame.

    Parameters
    ----------
    names : tuple of str
        Who was named, and speaks in one frame at least.
    owners : array of int, shape (n_frames,)
        Who speaks: a place in `names`, `OPEN` or `NOBODY`; where several do, one of them.
    several : array of bool, shape (n_frames,)
        Frames in which several speak.
    """

    names: tuple[str, ...]
    owners: Labels
    several: Mask

    @classmethod
    def of(cls, annotation: Annotation, silence: Sequence[Segment], frames: FrameGrid) -> FixedFrames:
        """Return what turns and silences say of the frames; turns go before silence."""
        owners = np.where(frames.mask(silence), NOBODY, OPEN).astype(np.intp)
        count, names = np.zeros(frames.n_frames, np.intp), []
        for name in annotation.labels:
            mask = frames.mask([turn.segment for turn in annotation if turn.speaker == name])
            count += mask
            if (mask & (count == 1)).any():
                owners[mask & (count == 1)] = len(names)
                names.append(name)
        return cls(tuple(names), owners, count > 1)

    def speech(self, before: Mask) -> Mask:
        """Return where somebody speaks, given where somebody seemed to, (n_frames,)."""
        return np.asarray((before | (self.owners >= 0)) & (self.owners != NOBODY))


def correct(
    blocks: SpeechBlocks,
    owners: Labels,
    certainty: Floats,
    starts: Sequence[Labels],
    voices: Sequence[EigenvoiceModel],
    limits: Limits,
    config: Config,
) -> Outcome:
    """Find the speakers of each block, given who speaks in some.

    Parameters
    ----------
    blocks : SpeechBlocks
        None of them is of two owners.
    owners : array of int, shape (n_blocks,)
        Who speaks for certain, from 0 on without a gap; -1 where that is open.
    starts : sequence of arrays of int, shape (n_blocks,)
        Labels of the single outcomes without hints, in the order of the models; -1 where there is none.
    voices : sequence of EigenvoiceModel
        Those that the statistics are of.
    limits : Limits
        People who were named count.
    config : Config

    Returns
    -------
    Outcome
        The first speakers are the owners.
    """
    prior = prior_weight(blocks.seconds, config.speakers)
    views = [View(*pair) for pair in zip(blocks.statistics, voices, strict=True)]
    outcomes = []
    for number, labels in enumerate(starts):
        view = views[number * len(views) // len(starts)].held()
        labels, people = _owned(view, blocks, np.maximum(labels, 0), owners, certainty, config)
        outcomes.append(Waiting.of(_outcome(view, labels, people, owners, prior, config.speakers)))
    agreed = averaged(outcomes, blocks.lengths, 1)
    if config.grouping.enabled:
        agreed = grouped(agreed, blocks, views, limits, config)
    return without_short_turns(agreed, limits, config, owners)


def _outcome(view: View, labels: Labels, people: Labels, owners: Labels, prior: float, config: SpeakerConfig) -> Outcome:
    """Run the inference from one start with what is fixed; the voices of a person are put together at the end."""
    allowed = (owners[:, None] < 0) | (owners[:, None] == people)
    shares = normalised(shares_of(labels, len(people)) * allowed)
    outcome = run_rounds(view, shares, prior, config, allowed)
    n_named, people = int(owners.max()) + 1, people[list(outcome.origins)]
    strangers = np.cumsum(people < 0) - 1 + n_named
    columns = np.where(people < 0, strangers, people)
    posterior = np.zeros((len(labels), int(columns.max()) + 1))
    np.add.at(posterior.T, columns, outcome.posterior.T)
    heard, labels = np.unique(posterior.argmax(axis=1), return_inverse=True)
    return Outcome(normalised(posterior[:, heard]), labels.astype(np.intp), outcome.bounds, n_named=n_named)


BONUS, CAP, ACOUSTIC = 1.0, 4.0, 1.0


def _owned(
    view: View, blocks: SpeechBlocks, labels: Labels, owners: Labels, certainty: Floats, config: Config
) -> tuple[Labels, Labels]:
    """Return labels that agree with what is fixed, and the person of each voice, -1 for a stranger.

    Each person has a voice of what is fixed, the first ones; a voice belongs to the person who is likelier than not to
    be heard in it, by how it sounds and by what was fixed inside it.
    """
    n_named = int(owners.max()) + 1
    fixed = owners >= 0
    _, voice = np.unique(labels, return_inverse=True)
    n_voices = int(voice.max()) + 1
    claims = np.zeros((n_voices, n_named))
    begins = np.flatnonzero(np.diff(np.where(fixed, owners * n_voices + voice, -1), prepend=-2) != 0)
    for first, last in zip(begins, np.append(begins[1:], len(labels)), strict=True):
        if fixed[first]:
            claims[voice[first], owners[first]] += np.clip(
                log_odds(np.average(certainty[first:last], weights=blocks.lengths[first:last])), -CAP, CAP
            )
    claims = 2 * claims - claims.sum(axis=1, keepdims=True)
    units = np.where(fixed, owners, n_named + voice)
    there, compact = np.unique(units, return_inverse=True)
    pairs = np.array([(p, u) for p in range(n_named) for u in range(n_named, len(there))], dtype=np.intp)
    people = np.full(n_named + n_voices, -1)
    people[:n_named] = np.arange(n_named)
    if len(pairs):
        shares = np.zeros((len(labels), len(there)))
        shares[np.arange(len(labels)), compact] = 1.0
        odds = pair_odds(shares, compact.astype(np.intp), blocks, [view], config.speakers.acoustic_scale, pairs, config.grouping)
        for k, (person, unit) in enumerate(pairs):
            pass
        table = ACOUSTIC * odds.reshape(n_named, -1).T
        voices_there = there[n_named:] - n_named
        table = table + BONUS * claims[voices_there]
        best = table.argmax(axis=1)
        people[there[n_named:]] = np.where(table.max(axis=1) > 0, best, -1)
    keep = np.union1d(np.arange(n_named), there)
    again = np.searchsorted(keep, units)
    return again.astype(np.intp), people[keep]
