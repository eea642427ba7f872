"""Who spoke when, given what a person fixed: every outcome of the inference goes on from there.

A voice of an outcome belongs to the person whom most of its fixed blocks name; one person may have several voices. What
was fixed stays, two people who were named stay two, and the inference moves everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation, Segment, Turn
from diarize.config import Config, SpeakerConfig
from diarize.grid import FrameGrid
from diarize.stages.agreement import Waiting, averaged, grouped, without_short_turns
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.confidence import log_odds
from diarize.stages.grouping import pair_odds
from diarize.stages.limits import Limits
from diarize.stages.rounds import (
    Course,
    Outcome,
    normalised,
    prior_weight,
    run_together,
    shares_of,
    summed_columns,
)
from diarize.stages.speakers import EigenvoiceModel, View

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

_MOST_ODDS = 4.0  # nats for or against, from one stretch or from the sound: both are surer than they are right

_LEAST_CLAIM = 0.5  # nats; what is as good as undecided makes no further voice somebody's
_LEAST_ROUNDS = 4
_MOST_WORK = 60_000  # blocks times rounds; what was nearly settled is so again, and a person waits

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
        count = np.zeros(frames.n_frames, np.intp)
        names: list[str] = []
        turns: dict[str, list[Turn]] = {name: [] for name in annotation.labels}
        for turn in annotation:
            turns[turn.speaker].append(turn)
        for name, own in turns.items():
            mask = frames.mask(own)
            count += mask
            if (mask & (count == 1)).any():
                owners[mask & (count == 1)] = len(names)
                names.append(name)
        return cls(tuple(names), owners, count > 1)

    def speech(self, before: Mask) -> Mask:
        """Return where somebody speaks, given where somebody seemed to, (n_frames,)."""
        return np.asarray((before | (self.owners >= 0)) & (self.owners != NOBODY))

    def heard_in(self, before: Mask) -> FixedFrames:
        """Return the same without people of whom nothing is known: where they speak, nothing was heard, (n_frames,)."""
        heard = [place for place in range(len(self.names)) if (before & (self.owners == place)).any()]
        new = np.full(len(self.names) + 2, NOBODY, np.intp)
        new[OPEN] = OPEN  # the last two places are those of -1 and -2
        new[heard] = np.arange(len(heard))
        return FixedFrames(tuple(self.names[place] for place in heard), new[self.owners], self.several)


def correct(
    blocks: SpeechBlocks,
    owners: Labels,
    before: Outcome,
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
    before : Outcome
        What came out without hints, of the same blocks, its posterior calibrated.
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
    rounds = min(config.speakers.iterations, max(_LEAST_ROUNDS, _MOST_WORK // len(blocks)))
    settings = replace(config.speakers, iterations=rounds)
    views = [View(*pair) for pair in zip(blocks.statistics, voices, strict=True)]
    outcomes: list[Waiting] = []
    for number, view in enumerate(views):
        own = [k for k in range(len(before.candidates)) if k * len(views) // len(before.candidates) == number]
        held = view.held()
        starts = [_with_people(held, blocks, before.candidates[k], owners, before.certainty, config) for k in own]
        outcomes += map(Waiting.of, _outcomes(held, starts, owners, prior, settings))
    agreed = averaged(outcomes, blocks.lengths, 1)
    if config.grouping.enabled:
        agreed = grouped(agreed, blocks, views, limits, config)
    return without_short_turns(agreed, limits, config, owners)


def _outcomes(
    view: View, starts: Sequence[tuple[Labels, Labels]], owners: Labels, prior: float, config: SpeakerConfig
) -> Iterator[Outcome]:
    """Yield what comes of each start, labels and the person of each voice, with what is fixed."""
    courses = []
    for labels, people in starts:
        allowed = (owners[:, None] < 0) | (owners[:, None] == people)
        courses.append(Course(normalised(shares_of(labels, len(people)) * allowed), allowed))
    for outcome, (_, people) in zip(run_together(view, courses, prior, config), starts, strict=True):
        yield _by_people(outcome, people[list(outcome.origins)], int(owners.max()) + 1)


def _by_people(outcome: Outcome, people: Labels, n_named: int) -> Outcome:
    """Return the outcome with the voices of each person, -1 for a stranger, put together, those named first."""
    strangers = np.cumsum(people < 0) - 1 + n_named
    columns = np.where(people < 0, strangers, people)
    posterior = summed_columns(outcome.posterior, columns, int(columns.max()) + 1)
    heard, labels = np.unique(posterior.argmax(axis=1), return_inverse=True)
    return Outcome(normalised(posterior[:, heard]), labels.astype(np.intp), outcome.bounds, n_named=n_named)


def _with_people(
    view: View, blocks: SpeechBlocks, labels: Labels, owners: Labels, certainty: Floats, config: Config
) -> tuple[Labels, Labels]:
    """Return labels that agree with what is fixed, and the person of each voice, -1 for a stranger.

    A voice belongs to the person who was named most in it; a further voice only if it also sounds like that person.
    What was fixed otherwise inside a voice becomes a voice of its own: a wrong answer spoils no other.
    """
    fixed, n_named = owners >= 0, int(owners.max()) + 1
    before, voice = np.unique(labels, return_inverse=True)
    people = np.full(len(before), -1)
    if n_named:
        odds = _claims(voice, owners, certainty, blocks.lengths, (len(before), n_named))
        odds = np.where(odds > 0, 2 * odds - odds.sum(axis=1, keepdims=True), -np.inf)
        further = np.isfinite(odds)
        further[odds.argmax(axis=0), np.arange(n_named)] = False
        odds[further & (odds < _LEAST_CLAIM)] = -np.inf
        odds += np.where(further, _likeness(view, blocks, voice, owners, config), 0.0)
        people = np.where(odds.max(axis=1) > 0, odds.argmax(axis=1), -1)
    apart = fixed & (people[voice] != owners)
    pairs, units = np.unique(np.where(apart, len(before) * (1 + owners) + voice, voice), return_inverse=True)
    persons = np.where(pairs < len(before), people[np.minimum(pairs, len(before) - 1)], pairs // len(before) - 1)
    return units.astype(np.intp), persons


def _likeness(view: View, blocks: SpeechBlocks, voice: Labels, owners: Labels, config: Config) -> Floats:
    """Return the log-odds that what is open of each voice is each person, by the sound, (n_voices, n_named)."""
    n_voices, n_named = int(voice.max()) + 1, int(owners.max()) + 1
    parts, units = np.unique(np.where(owners >= 0, owners, n_named + voice), return_inverse=True)
    pairs = np.stack(np.meshgrid(np.arange(n_named), np.arange(n_named, len(parts)), indexing="ij"), axis=-1)
    shares = np.zeros((len(units), len(parts)))
    shares[np.arange(len(units)), units] = 1.0
    scale, grouping = config.speakers.acoustic_scale, config.grouping
    odds = pair_odds(shares, units.astype(np.intp), blocks, [view], scale, pairs.reshape(-1, 2), grouping)
    table = np.zeros((n_voices, n_named))  # nothing is known of a voice that is fixed as a whole
    table[parts[n_named:] - n_named] = np.clip(odds.reshape(n_named, -1).T, -_MOST_ODDS, _MOST_ODDS)
    return table


def _claims(voice: Labels, owners: Labels, certainty: Floats, lengths: Labels, shape: tuple[int, int]) -> Floats:
    """Return how much speaks for each voice being each person, (n_voices, n_named), nats.

    Whoever is named in a stretch that belongs to the voice for certain is likely to be its person; where that was
    doubtful, it says little.
    """
    claims = np.zeros(shape)
    stretches = np.flatnonzero(np.diff(np.where(owners >= 0, owners * shape[0] + voice, -1), prepend=-2))
    for first, last in pairwise([*stretches, len(voice)]):
        if owners[first] >= 0:
            sure = np.average(certainty[first:last], weights=lengths[first:last])
            claims[voice[first], owners[first]] += np.clip(log_odds(sure), -_MOST_ODDS, _MOST_ODDS)
    return claims
