"""How alike two pieces of speech are: ways to score pairs of voices, a row each in `SCORES`.

A way is fitted to training pieces, where it needs any, and gives a function of pieces and pairs. The equations are
those of a speaker's factors y and a session's deviation e in the eigenvoice space: a piece with statistics (L, l) has
the likelihood exp(l'w - w'Lw / 2) for w = y + e, with y ~ N(0, B) and e ~ N(0, W).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from voices_trials import Piece

from diarize.config import Config
from diarize.stages.sessions import SessionModel
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel
from diarize.stages.vbhmm import prior_weight
from diarize.training.sessions import fit_sessions

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Scorer = Callable[["Pieces", Indices], Floats]

_AT_ONCE = 400  # pairs whose matrices are held at a time
_FLOOR = 1e-3  # of the mean variance within, added to all of them


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces as the eigenvoice models see them.

    Parameters
    ----------
    models : tuple of EigenvoiceModel
    statistics : tuple of BlockStatistics
        A row for each piece, from each model.
    speakers, sessions : array of int, shape (n_pieces,)
        Sessions are numbered within a speaker.
    seconds : float
        Median length.
    """

    models: tuple[EigenvoiceModel, ...]
    statistics: tuple[BlockStatistics, ...]
    speakers: Indices
    sessions: Indices
    seconds: float

    @classmethod
    def of(cls, pieces: Sequence[Piece], models: tuple[EigenvoiceModel, ...], frame_step: float) -> Pieces:
        """Sum up pieces for every model."""
        lengths = [len(piece.frames) for piece in pieces]
        boundaries = np.concatenate([[0], np.cumsum(lengths)])
        frames = np.concatenate([piece.frames for piece in pieces])
        return cls(
            models,
            tuple(model.statistics(frames, boundaries) for model in models),
            np.array([piece.speaker for piece in pieces], dtype=np.intp),
            np.array([piece.session for piece in pieces], dtype=np.intp),
            float(np.median(lengths) * frame_step),
        )

    def __len__(self) -> int:
        return len(self.speakers)

    def of_speakers(self, kept: npt.NDArray[np.bool_]) -> Pieces:
        """Return the pieces of some speakers, given as a mask over all of them."""
        rows = np.flatnonzero(kept[self.speakers])
        parts = tuple(BlockStatistics(part.counts[rows], part.projected[rows]) for part in self.statistics)
        return Pieces(self.models, parts, self.speakers[rows], self.sessions[rows], self.seconds)

    def joined(self, n_each: int) -> Pieces:
        """Return longer pieces: so many neighbours of one session each, fewer where the session ends."""
        starts = np.ones(len(self), dtype=bool)
        starts[1:] = (np.diff(self.speakers) != 0) | (np.diff(self.sessions) != 0)
        begins = np.flatnonzero(starts)[np.cumsum(starts) - 1]  # where the session of each piece begins
        place = np.arange(len(self)) - begins
        first = place % n_each == 0
        groups, size = np.cumsum(first) - 1, int(first.sum())
        parts = tuple(part.summed(groups, size) for part in self.statistics)
        return Pieces(self.models, parts, self.speakers[first], self.sessions[first], n_each * self.seconds)

    @cached_property
    def ivectors(self) -> Floats:
        """The i-vectors of all models side by side, (n_pieces, n_models * n_voices)."""
        return np.hstack([model.ivectors(rows) for model, rows in zip(self.models, self.statistics, strict=True)])


def cosine(training: Pieces | None, config: Config) -> Scorer:
    """Compare what the diarizer clusters: discriminant projections of i-vectors, those of all models side by side."""

    def score(pieces: Pieces, pairs: Indices) -> Floats:
        columns = [
            model.embed(rows, config.clustering.dimensions)
            for model, rows in zip(pieces.models, pieces.statistics, strict=True)
        ]
        return _products(np.hstack(columns), pairs)

    return score


def wccn(training: Pieces | None, config: Config) -> Scorer:
    """Compare i-vectors after their covariance within speakers has been made the unit matrix.

    References
    ----------
    Hatch, Kajarekar and Stolcke, "Within-class covariance normalization for SVM-based speaker recognition",
    Interspeech 2006. https://doi.org/10.21437/Interspeech.2006-183
    """
    known = _needed(training)
    centre = known.ivectors.mean(axis=0)
    within, _ = covariances(known.ivectors, known.speakers, known.sessions)
    root = np.linalg.cholesky(np.linalg.inv(within))

    def score(pieces: Pieces, pairs: Indices) -> Floats:
        return _products((pieces.ivectors - centre) @ root, pairs)

    return score


def lda(training: Pieces | None, config: Config) -> Scorer:
    """Compare discriminant projections of i-vectors, sessions counted as variation within speakers."""
    known = _needed(training)
    centre = known.ivectors.mean(axis=0)
    within, between = covariances(known.ivectors, known.speakers, known.sessions)
    _, axes = eigh(between, within)
    directions = axes[:, ::-1][:, : 2 * config.clustering.dimensions]

    def score(pieces: Pieces, pairs: Indices) -> Floats:
        return _products((pieces.ivectors - centre) @ directions, pairs)

    return score


def bayes(training: Pieces | None, config: Config) -> Scorer:
    """Return the Bayes factor of one speaker against two under the diarizer's model, F_A and F_B as it has them."""

    def score(pieces: Pieces, pairs: Indices) -> Floats:
        scale, prior = config.speakers.acoustic_scale, prior_weight(2 * pieces.seconds, config.speakers)
        total = np.zeros(len(pairs))
        for model, rows in zip(pieces.models, pieces.statistics, strict=True):
            alone = _gains(model, rows, scale, prior)
            for start in range(0, len(pairs), _AT_ONCE):
                part = pairs[start : start + _AT_ONCE]
                left, right = (BlockStatistics(rows.counts[side], rows.projected[side]) for side in part.T)
                both = BlockStatistics(left.counts + right.counts, left.projected + right.projected)
                total[start : start + _AT_ONCE] += _gains(model, both, scale, prior) - alone[part].sum(axis=1)
        return total / len(pieces.models)

    return score


def _gains(model: EigenvoiceModel, rows: BlockStatistics, scale: float, prior: float) -> Floats:
    """Return the evidence gain of each row as a speaker of its own."""
    parts = []
    for start in range(0, len(rows), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        block = BlockStatistics(rows.counts[part], rows.projected[part])
        parts.append(model.evidence_gain(block, np.eye(len(block)), scale, prior))
    return np.concatenate(parts)


def plda(training: Pieces | None, config: Config) -> Scorer:
    """Return the log-likelihood ratio of the model with a deviation of each session, averaged over the models.

    The two-covariance model on the statistics themselves, so that short pieces count for as little as they say.

    References
    ----------
    Kenny, Stafylakis, Ouellet, Alam and Dumouchel, "PLDA for speaker verification with utterances of arbitrary
    duration", ICASSP 2013. https://doi.org/10.1109/ICASSP.2013.6639148
    """
    known, scale = _needed(training), config.speakers.acoustic_scale
    spaces = [
        session_space(model, rows, known, scale) for model, rows in zip(known.models, known.statistics, strict=True)
    ]

    def score(pieces: Pieces, pairs: Indices) -> Floats:
        total = np.zeros(len(pairs))
        for model, rows, space in zip(pieces.models, pieces.statistics, spaces, strict=True):
            total += space.joining_gains(*space.of_speaker(*model.naturals(rows, scale)), pairs)
        return total / len(pieces.models)

    return score


def session_space(model: EigenvoiceModel, rows: BlockStatistics, known: Pieces, scale: float) -> SessionModel:
    """Fit B and W to training pieces; all pieces of a session share one deviation."""
    names, index = np.unique(np.stack([known.speakers, known.sessions]), axis=1, return_inverse=True)
    units = rows.summed(index.reshape(-1), names.shape[1])
    return fit_sessions(*model.naturals(units, scale), names[0])


def covariances(vectors: Floats, speakers: Indices, sessions: Indices) -> tuple[Floats, Floats]:
    """Return the covariance of vectors within speakers, sessions included, and that between speakers.

    That within is the sum of what remains within sessions, from all, and of what sessions differ by, from the speakers
    with several. Every speaker counts the same in the latter.

    Parameters
    ----------
    vectors : array of shape (n_vectors, n_dimensions)
    speakers, sessions : array of int, shape (n_vectors,)
    """
    pairs, index = np.unique(np.stack([speakers, sessions]), axis=1, return_inverse=True)
    index = index.reshape(-1)
    means, counts = _means(vectors, index)
    rest = vectors - means[index]
    inner = rest.T @ rest / max(len(vectors) - len(means), 1)
    owners = np.unique(pairs[0], return_inverse=True)[1].reshape(-1)
    centres, n_sessions = _means(means, owners)
    several = n_sessions[owners] > 1
    moved = (means - centres[owners])[several]
    weight = 1 / (n_sessions[owners][several] - 1)  # one for each speaker, free of the bias of the mean
    n_several = int((n_sessions > 1).sum())
    outer = (moved * weight[:, None]).T @ moved / max(n_several, 1)
    outer -= inner * float(np.mean(1 / counts[several])) if n_several else 0.0
    within = inner + _positive(outer)
    within += _FLOOR * np.trace(within) / len(within) * np.eye(len(within))
    centred = centres - centres.mean(axis=0)
    return _symmetric(within), _symmetric(centred.T @ centred / len(centres))


def _means(vectors: Floats, groups: Indices) -> tuple[Floats, Floats]:
    """Return the mean of each group and how many there are."""
    counts = np.bincount(groups).astype(np.float64)
    sums = np.zeros((len(counts), vectors.shape[1]))
    np.add.at(sums, groups, vectors)
    return sums / counts[:, None], counts


def _positive(matrix: Floats) -> Floats:
    """Return a symmetric matrix without the directions of negative eigenvalues."""
    values, axes = np.linalg.eigh(_symmetric(matrix))
    return np.asarray((axes * np.maximum(values, 0.0)) @ axes.T)


def _symmetric(matrix: Floats) -> Floats:
    return (matrix + matrix.T) / 2


def _products(vectors: Floats, pairs: Indices) -> Floats:
    """Return the cosines of pairs of rows."""
    unit = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-12)
    return np.asarray(np.einsum("ij,ij->i", unit[pairs[:, 0]], unit[pairs[:, 1]]))


def _needed(training: Pieces | None) -> Pieces:
    if training is None:
        raise ValueError("this score needs training pieces")
    return training


@dataclass(frozen=True, slots=True)
class Score:
    """A row of the registry: how to fit, whether training pieces are needed, whether scores are likelihood ratios."""

    fit: Callable[[Pieces | None, Config], Scorer]
    trained: bool
    ratio: bool


SCORES = {
    "cosine": Score(cosine, trained=False, ratio=False),
    "wccn": Score(wccn, trained=True, ratio=False),
    "lda": Score(lda, trained=True, ratio=False),
    "bayes": Score(bayes, trained=False, ratio=True),
    "plda": Score(plda, trained=True, ratio=True),
}
