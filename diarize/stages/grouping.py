"""Which of the voices that the inference told apart are one speaker in several moods, places or on several phones.

The inference tells voices apart that are one person's. Two of them are joined where it is more likely than
not that one person speaks: by how well one speaker with two sessions explains both, by how much was heard of each, and
by how their pieces lie in time. A speaker comes in pieces of seconds; what is split off a speaker comes in crumbs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.config import GroupingConfig
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.limits import Limits
from diarize.stages.sessions import SessionModel
from diarize.stages.speakers import View

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Indices = npt.NDArray[np.intp]

_SHORT = 10.0  # s; added to what was heard, so that the ratio per second does not grow without limit in short pieces
_CRUMB = 0.1  # s; keeps the logarithm of the longest piece from falling without limit


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What was heard of each voice, and how the voices follow each other.

    Parameters
    ----------
    seconds : array of shape (n_voices,)
    pieces : array of shape (n_voices,)
        Stretches of speech in which nobody else speaks; a pause does not end one.
    longest : array of shape (n_voices,), s
        The longest piece.
    changes : array of shape (n_voices, n_voices)
        How often one follows the other, in either order.
    unbroken : array of shape (n_voices, n_voices)
        How often without a pause.
    """

    seconds: Floats
    pieces: Floats
    longest: Floats
    changes: Floats
    unbroken: Floats

    @classmethod
    def of(cls, labels: Labels, blocks: SpeechBlocks) -> Heard:
        """Return what was heard of each label; every one from 0 on occurs."""
        count, step = int(labels.max()) + 1, blocks.frame_step
        changed = np.diff(labels) != 0
        begins = np.flatnonzero(np.concatenate([[True], changed]))
        owners, lengths = labels[begins], np.add.reduceat(blocks.lengths, begins) * step
        longest = np.zeros(count)
        np.maximum.at(longest, owners, lengths)
        tables = []
        for places in (changed, changed & (np.diff(blocks.runs) == 0)):
            table = np.zeros((count, count))
            np.add.at(table, (labels[:-1][places], labels[1:][places]), 1.0)
            tables.append(table + table.T)
        seconds = np.bincount(labels, blocks.lengths, minlength=count) * step
        pieces = np.bincount(owners, minlength=count)
        return cls(np.asarray(seconds, np.float64), pieces.astype(np.float64), longest, *tables)

    def joined(self, first: int, second: int) -> Heard:
        """Return the same with the second voice added to the first, and gone."""
        pieces, longest = self.pieces.copy(), self.longest.copy()
        pieces[first] = max(1.0, pieces[first] + pieces[second] - self.changes[first, second])
        longest[first] = max(longest[first], longest[second])
        tables = []
        for table in (self.changes, self.unbroken):
            table = table.copy()
            table[first] += table[second]
            table[:, first] += table[:, second]
            table[first, first] = 0.0
            tables.append(np.delete(np.delete(table, second, axis=0), second, axis=1))
        seconds = self.seconds.copy()
        seconds[first] += seconds[second]
        return Heard(*(np.delete(values, second) for values in (seconds, pieces, longest)), *tables)


def pair_features(ratios: Floats, heard: Heard, pairs: Indices) -> Floats:
    """Return what the decision on each pair is made of.

    Parameters
    ----------
    ratios : array of shape (n_pairs,), nats
        Log-likelihood ratios of one speaker against two.
    heard : Heard
    pairs : array of int, shape (n_pairs, 2)

    Returns
    -------
    array of shape (n_pairs, 7)
        In the order of the settings of `GroupingConfig`, from `ratio` on.
    """
    seconds = heard.seconds[pairs]
    order = np.argsort(seconds, axis=1, kind="stable")
    less, more = np.take_along_axis(pairs, order, axis=1).T
    first, second = pairs.T
    rate = ratios / (_SHORT + heard.seconds[less])
    longest = np.log(heard.longest + _CRUMB)
    return np.stack(
        [
            rate,
            rate * longest[less],
            np.log1p(heard.seconds[less]),
            np.log1p(heard.pieces[less]),
            longest[less],
            longest[more],
            (heard.unbroken[first, second] + 0.5) / (heard.changes[first, second] + 1.0),
        ],
        axis=1,
    )


def joining_ratios(shares: Floats, views: Sequence[View], scale: float, pairs: Indices) -> Floats:
    """Return log-likelihood ratios of one speaker in two sessions against two speakers, the mean over all models.

    Parameters
    ----------
    shares, views, scale
        As for `group_voices`.
    pairs : array of int, shape (n_pairs, 2)
        Of voices.

    Returns
    -------
    array of shape (n_pairs,), nats
    """
    return _ratios([_Space.of(view, shares, scale) for view in views], pairs)


def pair_odds(
    shares: Floats,
    labels: Labels,
    blocks: SpeechBlocks,
    views: Sequence[View],
    scale: float,
    pairs: Indices,
    config: GroupingConfig,
) -> Floats:
    """Return the logarithm of the odds that the voices of each pair are one speaker; parameters as elsewhere."""
    return _log_odds([_Space.of(view, shares, scale) for view in views], Heard.of(labels, blocks), pairs, config)


def group_voices(
    shares: Floats,
    labels: Labels,
    blocks: SpeechBlocks,
    views: Sequence[View],
    limits: Limits,
    scale: float,
    config: GroupingConfig,
    *,
    n_named: int = 0,
) -> Labels:
    """Return the speaker of each voice: the likeliest pair is joined, as long as one speaker is likelier than two.

    A recording of one speaker is more common than three people who sound alike: where going on to the last pair meets
    no pair that is much likelier two than one, everybody is one.

    Parameters
    ----------
    shares : array of shape (n_blocks, n_voices)
        How much of each block belongs to each voice.
    labels : array of int, shape (n_blocks,)
        The most probable voice; every voice has a block.
    blocks : SpeechBlocks
    views : sequence of View
        The evidence of all is averaged.
    limits : Limits
        Of the number of speakers; obeyed where there are enough voices.
    scale : float
        F_A, the weight of the audio.
    config : GroupingConfig
    n_named : int
        The first so many voices are different people for certain.

    Returns
    -------
    array of int, shape (n_voices,)
        From 0 on, in the order of the first voice of each.
    """
    heard, spaces = Heard.of(labels, blocks), [_Space.of(view, shares, scale) for view in views]
    groups = np.arange(shares.shape[1])
    found, lowest, count = groups, np.inf, len(groups)
    odds = np.full((count, count), -np.inf)
    rows, columns = np.triu_indices(count, 1)
    odds[rows, columns] = _log_odds(spaces, heard, np.stack([rows, columns], axis=1), config)
    odds[:n_named, :n_named] = -np.inf
    while count > max(limits.least, n_named):
        first, second = map(int, np.unravel_index(odds.argmax(), odds.shape))  # first < second: its place stays
        lowest = min(lowest, float(odds[first, second]))
        if count <= limits.most and lowest < min(0.0, -config.alone):
            break  # nothing that comes changes the answer
        groups = np.where(groups == second, first, groups - (groups > second))
        count -= 1
        if (lowest >= 0 and count > 1) or count >= limits.most:
            found = groups
        heard, spaces = heard.joined(first, second), [space.joined(first, second) for space in spaces]
        odds = np.delete(np.delete(odds, second, axis=0), second, axis=1)
        others = np.delete(np.arange(count), first)
        pairs = np.sort(np.stack([np.full_like(others, first), others], axis=1), axis=1)
        odds[pairs[:, 0], pairs[:, 1]] = _log_odds(spaces, heard, pairs, config)
        odds[:n_named, :n_named] = -np.inf
    return groups if count == 1 and lowest >= -config.alone else found


@dataclass(frozen=True, slots=True, eq=False)
class _Space:
    """What one eigenvoice model has heard of each group of voices, the deviations of the voices integrated out."""

    sessions: SessionModel
    precision: Floats
    linear: Floats

    @classmethod
    def of(cls, view: View, shares: Floats, scale: float) -> _Space:
        statistics, voices, _ = view
        sessions = voices.sessions or SessionModel.without_deviations(voices.n_voices)
        return cls(sessions, *sessions.of_speaker(*voices.naturals(statistics.weighted(shares), scale)))

    def joined(self, first: int, second: int) -> _Space:
        precision, linear = np.delete(self.precision, second, axis=0), np.delete(self.linear, second, axis=0)
        precision[first] += self.precision[second]
        linear[first] += self.linear[second]
        return _Space(self.sessions, precision, linear)


def _ratios(spaces: Sequence[_Space], pairs: Indices) -> Floats:
    ratios = [space.sessions.joining_gains(space.precision, space.linear, pairs) for space in spaces]
    return np.asarray(np.mean(ratios, axis=0))


def _log_odds(spaces: Sequence[_Space], heard: Heard, pairs: Indices, config: GroupingConfig) -> Floats:
    """Return the logarithm of the odds that the voices of each pair are one speaker."""
    features = pair_features(_ratios(spaces, pairs), heard, pairs)
    return np.asarray(features @ np.array(config.weights) + config.offset)
