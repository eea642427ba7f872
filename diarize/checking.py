"""Which stretches a person should look at next: those where an answer settles most.

An answer settles the doubt in a stretch itself. It settles more where the single outcomes of the inference disagree
with their mean on a whole group of stretches, since the group goes with the answer; and it tells whose voice it is that
nobody has named yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from diarize.annotation import Turn
from diarize.diarization import Diarization
from diarize.hints import Hints
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.matching import best_pairs
from diarize.stages.rounds import Outcome

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

_LONGEST, _SHORTEST = 10.0, 0.2  # s; of a stretch: a person hears no more at a time, and less says nothing
_ENOUGH = 3.0  # s; an answer about less settles little beyond the stretch: too little is heard of the voice
_DOUBT, _STRANGER = 0.3, 0.3  # shares of seconds that an answer settles, where all outcomes agree
_REASONS = ("doubtful", "disputed", "unnamed")


@dataclass(frozen=True, slots=True)
class Check:
    """A stretch that a person should look at.

    Parameters
    ----------
    start, end : float, seconds
    speaker : str
        Who seems to speak.
    gain : float, seconds
        How much of what is wrong an answer is expected to settle.
    reason : {"doubtful", "disputed", "unnamed"}
        What most of it comes from: the stretch itself is unsure, a group that it belongs to may be another person's, or
        nobody has said yet who this speaker is.
    """

    start: float
    end: float
    speaker: str
    gain: float
    reason: str


def checks(result: Diarization, hints: Hints | None = None, most: int = 20) -> list[Check]:
    """Return what to look at next, the most rewarding first; later ones take into account what earlier ones settle.

    Parameters
    ----------
    result : Diarization
        With the hints so far.
    hints : Hints, optional
        What was fixed: it is not asked again.
    most : int
        How many at most.
    """
    if result.legs:
        each = [check for leg in result.legs for check in checks(leg, hints, most)]
        return sorted(each, key=lambda check: -check.gain)[:most]
    stretches = list(_stretches(result, hints or Hints()))
    if result.blocks is None or result.outcome is None or not stretches:
        return []
    doubt = np.array([_DOUBT * turn.duration * (1.0 - (turn.confidence or 0.0)) for turn in stretches])
    place = _places(result.blocks, result.frames.edges, stretches)
    shares, seconds, n_disputes = _groups(result.blocks, result.outcome, place, len(stretches))
    chosen: list[Check] = []
    left = np.ones(len(stretches), bool)
    while left.any() and len(chosen) < most:
        gains = np.where(left, doubt + shares @ seconds, -np.inf)
        best = int(gains.argmax())
        settled = shares[best] * seconds
        parts = (doubt[best], settled[:n_disputes].sum(), settled[n_disputes:].sum())
        turn, reason = stretches[best], _REASONS[int(np.argmax(parts))]
        chosen.append(Check(turn.start, turn.end, turn.speaker, float(gains[best]), reason))
        seconds = seconds * (1.0 - shares[best])
        left[best] = False
    return chosen


def _stretches(result: Diarization, hints: Hints) -> Iterator[Turn]:
    """Yield the turns outside of what is fixed, long ones in equal parts."""
    for turn in hints.left_open(result.annotation):
        count = ceil(turn.duration / _LONGEST)
        for part in range(count if turn.duration >= _SHORTEST else 0):
            start, end = (turn.start + turn.duration * place / count for place in (part, part + 1))
            yield Turn(start, end, turn.speaker, turn.confidence)


def _groups(blocks: SpeechBlocks, outcome: Outcome, place: Labels, count: int) -> tuple[Floats, Floats, int]:
    """Return what hangs together: disputed groups first, then the speakers whom nobody named.

    Parameters
    ----------
    blocks, outcome
        With the hints so far.
    place : array of int, shape (n_blocks,)
        The stretch of each block, -1 for none.
    count : int
        Number of stretches.

    Returns
    -------
    shares : array of shape (n_stretches, n_groups)
        How much of each stretch belongs to each group, less where the stretch is short.
    seconds : array of shape (n_groups,)
        How much an answer about all of a group is expected to settle.
    n_disputes : int
        How many of the groups are disputed.
    """
    open_blocks = np.flatnonzero(place >= 0)
    place, labels = place[open_blocks], outcome.labels[open_blocks]
    lengths = blocks.lengths[open_blocks] * blocks.frame_step
    whole = np.bincount(place, lengths, minlength=count)
    heard = np.sqrt(np.minimum(whole / _ENOUGH, 1.0)) / np.maximum(whole, 1e-9)
    columns, seconds = [], []

    def add(members: npt.NDArray[np.bool_], weight: float) -> None:
        columns.append(np.bincount(place[members], lengths[members], minlength=count) * heard)
        seconds.append(weight * float(lengths[members].sum()))

    for candidate in outcome.candidates:
        other = _renamed(candidate, outcome.labels, outcome.n_named, blocks.lengths)[open_blocks]
        for speaker, voice in np.unique(np.stack([labels, candidate[open_blocks]])[:, other != labels], axis=1).T:
            add((labels == speaker) & (candidate[open_blocks] == voice), 1 / len(outcome.candidates))
    n_disputes = len(columns)
    for speaker in range(outcome.n_named, outcome.n_speakers):
        add(labels == speaker, _STRANGER)
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0)), np.array(seconds), n_disputes


def _places(blocks: SpeechBlocks, edges: Floats, stretches: list[Turn]) -> Labels:
    """Return the number of the stretch in which each block lies, -1 for none, shape (n_blocks,)."""
    first = np.flatnonzero(blocks.speech)[np.cumsum(blocks.lengths) - blocks.lengths]
    middle = (edges[first] + edges[first + blocks.lengths]) / 2
    order = sorted(range(len(stretches)), key=lambda number: stretches[number].start)
    starts, ends = (np.array([getattr(stretches[number], name) for number in order]) for name in ("start", "end"))
    latest = np.searchsorted(starts, middle, side="right") - 1
    inside = (latest >= 0) & (middle < ends[np.maximum(latest, 0)])
    return np.where(inside, np.array(order)[np.maximum(latest, 0)], -1).astype(np.intp)


def _renamed(candidate: Labels, labels: Labels, n_named: int, lengths: Labels) -> Labels:
    """Return the labels of one outcome in the numbers of the mean, -1 for a voice that has no match there."""
    shared = np.zeros((int(labels.max()) + 1, int(candidate.max()) + 1))
    np.add.at(shared, (labels, candidate), lengths)
    numbers = np.full(shared.shape[1], -1)
    numbers[:n_named] = np.arange(n_named)
    own, other = best_pairs(shared[n_named:, n_named:])
    same = shared[n_named + own, n_named + other] > 0
    numbers[n_named + other[same]] = n_named + own[same]
    return numbers[candidate]
