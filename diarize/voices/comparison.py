"""How much likelier it is that two voices are one person's than two people's: a calibrated likelihood ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.model import Model
from diarize.stages.sessions import SessionModel
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel
from diarize.voices.prints import Voiceprint

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Person = Sequence[Voiceprint]
"""What was heard of one person, a print for each recording."""

SCALE = 0.1  # F_A, the weight of the audio, that the calibrations were fitted with
LONGEST = 30.0  # s; more speech on a side was not measured, and counts as that
SUREST = float(np.log(1e4))  # nobody has measured ratios beyond
SPOILED = 0.15  # how often what is above a telephone's reach tells of the line and not of the voice


@dataclass(frozen=True, slots=True)
class Calibration:
    """The map from the evidence of a pair to the logarithm of its likelihood ratio.

    Parameters
    ----------
    evidence, less, more, offset : float
        Weights of the evidence over the square root of the seconds on the side with less speech, of the logarithms of
        the seconds on that side and on the other, and of one.
    """

    evidence: float
    less: float
    more: float
    offset: float

    def __call__(self, evidence: Floats, seconds: Floats) -> Floats:
        """Return logarithms of likelihood ratios, none surer than was measured.

        Parameters
        ----------
        evidence : array of shape (n_pairs,), nats
        seconds : array of shape (n_pairs, 2)
        """
        less, more = np.minimum(np.sort(seconds, axis=1), LONGEST).T
        ratio = self.evidence * evidence / np.sqrt(less) + self.less * np.log(less) + self.more * np.log(more)
        return np.asarray(np.clip(ratio + self.offset, -SUREST, SUREST))


# logistic regressions on pairs of pieces of speech that train the models too, see benchmarks/names.py
CALIBRATIONS = {
    "wide": Calibration(1.72, 0.41, -0.58, -2.14),
    "narrow": Calibration(1.78, 0.67, -0.55, -1.86),
}


def log_ratios(people: Sequence[Person], pairs: Indices, model: Model) -> Floats:
    """Return the logarithm of how much likelier one person is than two, for each pair.

    Parameters
    ----------
    people : sequence of sequence of Voiceprint
    pairs : array of int, shape (n_pairs, 2)
        Numbers of people.
    model : Model
        That the prints were made with.

    Returns
    -------
    array of shape (n_pairs,)
        In the full band where both were heard in it, unless a line or a filter has spoiled what lies above a
        telephone's reach: as likely as `SPOILED`, the narrow band alone counts. Minus infinity where no band is common.
    """
    ratios = np.full(len(pairs), -np.inf)
    for name, band in model.bands.items():  # the full band comes first
        seconds = np.array([sum(one.seconds for one in person if name in one.bands) for person in people])
        rows = np.flatnonzero((seconds[pairs] > 0).all(axis=1))
        if not len(rows):
            continue
        heard, numbers = np.unique(pairs[rows], return_inverse=True)
        chosen = [[one.bands[name] for one in people[number] if name in one.bands] for number in heard]
        places = numbers.reshape(-1, 2)
        evidence = np.mean([_evidence(chosen, voices, k, places) for k, voices in enumerate(band.voices)], axis=0)
        found, before = CALIBRATIONS[name](evidence, seconds[pairs[rows]]), ratios[rows]
        both = np.logaddexp(np.log(1 - SPOILED) + before, np.log(SPOILED) + found)
        ratios[rows] = np.minimum(np.where(np.isneginf(before), found, both), SUREST)
    return ratios


def _evidence(
    people: Sequence[Sequence[tuple[BlockStatistics, ...]]], voices: EigenvoiceModel, place: int, pairs: Indices
) -> Floats:
    """Return log-likelihood ratios of one speaker in several sessions against two, by one eigenvoice model."""
    rows = [one[place] for person in people for one in person]
    owners = np.repeat(np.arange(len(people)), [len(person) for person in people])
    counts, projected = (np.concatenate([getattr(row, name) for row in rows]) for name in ("counts", "projected"))
    sessions = voices.sessions or SessionModel.without_deviations(voices.n_voices)
    precision, linear = sessions.of_speaker(*voices.naturals(BlockStatistics(counts, projected), SCALE))
    return sessions.joining_gains(_summed(precision, owners), _summed(linear, owners), pairs)


def _summed(rows: Floats, owners: Indices) -> Floats:
    """Return the sums of the rows of each owner; everybody from 0 on owns one at least, and they are in order."""
    return np.asarray(np.add.reduceat(rows, np.flatnonzero(np.diff(owners, prepend=-1)), axis=0))
