"""Covariances of speakers and of their sessions in the eigenvoice space, by expectation maximisation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from diarize.stages.sessions import SessionModel
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel
from diarize.training.spool import Talker

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_ROUNDS = 12  # of expectation maximisation
_START = 0.3  # share of the unit variance that is within speakers at the start
_START_WORTH = 20.0  # sessions that the start of W is worth; keeps directions that few sessions show


def with_sessions(model: EigenvoiceModel, talkers: Callable[[], Iterable[Talker]], scale: float) -> EigenvoiceModel:
    """Return a model that also knows how much one voice differs between sessions.

    Each disturbed copy of a session is one more: what rooms and microphones do to a voice must not make a speaker.

    Parameters
    ----------
    model : EigenvoiceModel
    talkers : callable
        Opens a pass over the speakers.
    scale : float
        F_A, the weight of the audio.

    Returns
    -------
    EigenvoiceModel
        As it was where no speaker has two sessions.
    """
    if not any(len(talker.boundaries) > 2 for talker in talkers()):
        return model
    rows, owners = [], []
    for number, talker in enumerate(talkers()):
        rows += [model.statistics(copy, talker.boundaries) for copy in talker.copies]
        owners += [number] * ((len(talker.boundaries) - 1) * len(talker.copies))
    counts, projected = np.concatenate([row.counts for row in rows]), np.concatenate([row.projected for row in rows])
    precision, linear = model.naturals(BlockStatistics(counts, projected), scale)
    return replace(model, sessions=fit_sessions(precision, linear, np.array(owners)))


def fit_sessions(precision: Floats, linear: Floats, speakers: Indices, rounds: int = _ROUNDS) -> SessionModel:
    """Fit B and W by expectation maximisation.

    Parameters
    ----------
    precision, linear : array of shape (n_sessions, n_voices, n_voices) and (n_sessions, n_voices)
        L and l of each session.
    speakers : array of int, shape (n_sessions,)
        Whose each session is. Speakers with one session tell of B only.
    rounds : int
    """
    owners = np.unique(speakers, return_inverse=True)[1].reshape(-1)
    several = np.bincount(owners)[owners] > 1
    unit = np.eye(precision.shape[1])
    model = SessionModel((1 - _START) * unit, _START * unit)
    for _ in range(rounds):
        mean, covariance = _speakers(model, precision, linear, owners)
        between = (covariance.sum(axis=0) + mean.T @ mean) / len(mean)
        known = mean[owners[several]], covariance[owners[several]]
        within = _START_WORTH * _START * unit + _deviations(model, precision[several], linear[several], known)
        model = SessionModel(_symmetric(between), _symmetric(within / (several.sum() + _START_WORTH)))
    return model


def _speakers(model: SessionModel, precision: Floats, linear: Floats, owners: Indices) -> tuple[Floats, Floats]:
    """Return the posterior means and covariances of the factors of all speakers."""
    size, n_speakers = len(model.between), int(owners.max()) + 1
    sums = np.zeros((n_speakers, size, size)), np.zeros((n_speakers, size))
    for target, rows in zip(sums, model.of_speaker(precision, linear), strict=True):
        np.add.at(target, owners, rows)
    covariance: Floats = np.linalg.inv(np.linalg.inv(model.between) + sums[0]).astype(np.float64, copy=False)
    return (covariance @ sums[1][:, :, None])[:, :, 0], covariance


def _deviations(model: SessionModel, precision: Floats, linear: Floats, known: tuple[Floats, Floats]) -> Floats:
    """Return the summed second moments of the deviations, given the posterior of the speaker of each session."""
    inverse, size = np.linalg.inv(model.within), len(model.within)
    total = np.zeros((size, size))
    for rows in np.array_split(np.arange(len(linear)), len(linear) // 400 + 1):
        mean, covariance = known[0][rows], known[1][rows]
        own = np.linalg.inv(inverse + precision[rows])
        moved = own @ precision[rows]
        rest = linear[rows] - np.einsum("nij,nj->ni", precision[rows], mean)
        deviation = np.einsum("nij,nj->ni", own, rest)
        spread = own + moved @ covariance @ moved.transpose(0, 2, 1)
        total += spread.sum(axis=0) + deviation.T @ deviation
    return total


def _symmetric(matrix: Floats) -> Floats:
    return (matrix + matrix.T) / 2
