"""Background model, eigenvoices and discriminant analysis from the speech of many speakers, by adding up statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from diarize.config import TrainingConfig
from diarize.errors import ModelError, counted
from diarize.gmm import GaussianMixture, MixtureParameters, em
from diarize.stages.speakers import EigenvoiceModel, voice_precisions, whitened_statistics
from diarize.training.material import ROWS_EACH

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

Speakers = Callable[[], Iterable[list[Features]]]
"""Opens a pass over the speakers: for each, the features of every copy of the speech, (n_frames, n_features)."""

_BACKGROUND_FRAMES = 500_000  # drawn from all speakers for the background mixture, at most
_START_FRAMES = 50_000  # of these, for k-means
_BACKGROUND_ROUNDS = 12  # of EM; more do not change what the eigenvoices make of it
_BASE_WEIGHT = 1e-12  # keeps components that nobody uses from a division by zero
_NOISE_FLOOR = 1e-6, 1e-12  # added to the variance within: relative to its mean, and absolute
_RELEVANCE = 16.0  # frames; shrinks the offsets that the eigenvoices start from
ROUNDS = 15  # of eq. (10) and (11)
_PIECE = 180  # frames of the pieces that the discriminant analysis tells apart
RIDGE = 1e-3  # frames; keeps eq. (11) solvable for components that nobody uses
_FLOOR = 0.01  # least variance of a component; cepstra of log power spread over about one


def train_voices(speakers: Speakers, settings: TrainingConfig, rng: np.random.Generator) -> EigenvoiceModel:
    """Train a background mixture, eigenvoices and a discriminant analysis.

    Parameters
    ----------
    speakers : callable
        Gives the features of one speaker after the other, as often as asked: all copies have the same length.
    settings : TrainingConfig
    rng : numpy.random.Generator

    Raises
    ------
    ModelError
        There are too few speakers or too little speech.

    References
    ----------
    Kenny, Boulianne and Dumouchel, "Eigenvoice modeling with sparse training data", IEEE Transactions on Speech and
    Audio Processing 13, 2005. https://doi.org/10.1109/TSA.2004.840940
    """
    background = _background(speakers, settings, rng)
    sums = [_speaker_sums(copies, background) for copies in speakers()]
    if len(sums) < 2:
        raise ModelError(f"eigenvoices need the speech of two speakers at least, got {len(sums)}")
    counts = np.stack([count for count, _ in sums])
    firsts = np.stack([first for _, first in sums])
    voices = eigenvoices(counts, firsts, min(settings.n_voices, len(sums) - 1))
    flat = np.zeros(voices.shape[2]), np.eye(voices.shape[2])
    model = EigenvoiceModel(background.astype(np.float32), voices.astype(np.float32), *flat)
    pieces = [_piece_vectors(copies, model) for copies in speakers()]
    owners = np.repeat(np.arange(len(pieces)), [len(rows) for rows in pieces])
    centre, projection = discriminants(np.concatenate(pieces), owners)
    return replace(model, centre=centre, projection=projection)


def _background(speakers: Speakers, settings: TrainingConfig, rng: np.random.Generator) -> MixtureParameters:
    """Fit the background mixture, from a k-means start, to frames drawn evenly from all speakers, a copy each."""
    lengths = [len(copies[0]) for copies in speakers()]
    total = sum(lengths)
    if total < ROWS_EACH * settings.n_components:
        raise ModelError(
            f"{counted(total, 'frame of speech is', 'frames of speech are')} too few for "
            f"{counted(settings.n_components, 'component')}; "
            "add speech or lower training.n_components"
        )
    share = min(1.0, _BACKGROUND_FRAMES / total)
    drawn = [_draw(copies, share, rng) for copies in speakers()]
    frames = np.concatenate(drawn)

    few = frames[rng.choice(len(frames), min(len(frames), _START_FRAMES), replace=False)]
    start = GaussianMixture(
        settings.n_components,
        covariance_type="diag",
        init_params="kmeans",
        reg_covar=_FLOOR,
        tol=1e9,  # the rounds come below, with all frames
        random_state=int(rng.integers(2**31 - 1)),
    ).fit(few)
    return em(lambda: [frames], start.parameters_, max_iter=_BACKGROUND_ROUNDS, tol=0.0, reg_covar=_FLOOR).parameters


def _draw(copies: list[Features], share: float, rng: np.random.Generator) -> Features:
    chosen = copies[rng.integers(len(copies))]
    return chosen[rng.random(len(chosen)) < share]


def _speaker_sums(copies: list[Features], background: MixtureParameters) -> tuple[Floats, Floats]:
    """Return a speaker's statistics, averaged over the copies."""
    statistics = [whitened_statistics(x, background, np.array([0, len(x)])) for x in copies]
    counts = np.stack([zeroth[0] for zeroth, _ in statistics]).mean(axis=0, dtype=np.float64)
    firsts = np.stack([first[0] for _, first in statistics]).mean(axis=0, dtype=np.float64)
    return np.asarray(counts), np.asarray(firsts)


def eigenvoices(counts: Floats, firsts: Floats, n_voices: int, *, rounds: int = ROUNDS, ridge: float = RIDGE) -> Floats:
    """Find the directions in which speakers differ, by expectation maximisation from a principal component start.

    Parameters
    ----------
    counts : array of shape (n_speakers, n_components)
        Zeroth-order statistics.
    firsts : array of shape (n_speakers, n_components, n_features)
        First-order statistics, centred and whitened.
    n_voices : int
        Rank wanted.
    rounds : int
        Of expectation maximisation.
    ridge : float, frames
        Added to the diagonal of what eq. (11) inverts.

    Returns
    -------
    array of shape (n_components, n_features, n_voices)
        Scaled so that the speakers' factors have the unit matrix as second moment (minimum divergence).
    """
    n_speakers, n_components, n_features = firsts.shape
    flat = firsts.reshape(n_speakers, -1)
    voices = _principal(counts, firsts, n_voices)
    for _ in range(rounds):
        precision = np.eye(n_voices) + (counts @ voice_precisions(voices)).reshape(n_speakers, n_voices, n_voices)
        covariance = np.linalg.inv(precision)
        means = np.einsum("srq,sq->sr", covariance, flat @ voices.reshape(-1, n_voices))  # eq. (10)
        second = covariance + means[:, :, None] * means[:, None, :]
        weight = (counts.T @ second.reshape(n_speakers, -1)).reshape(n_components, n_voices, n_voices)
        cross = (flat.T @ means).reshape(n_components, n_features, n_voices)
        weight += ridge * np.eye(n_voices)
        voices = np.linalg.solve(weight, cross.transpose(0, 2, 1)).transpose(0, 2, 1)  # eq. (11)
        voices = voices @ np.linalg.cholesky(second.mean(axis=0))
    return voices


def _principal(counts: Floats, firsts: Floats, n_voices: int) -> Floats:
    """Start from the principal components of the speakers' offsets, each component weighted by how often it occurs."""
    n_speakers, n_components, n_features = firsts.shape
    weight = np.sqrt(counts.sum(axis=0) / counts.sum() + _BASE_WEIGHT)[None, :, None]
    offsets = firsts / (counts[:, :, None] + _RELEVANCE) * weight
    _, scale, axes = np.linalg.svd(offsets.reshape(n_speakers, -1), full_matrices=False)
    main = (scale[:n_voices, None] / np.sqrt(n_speakers) * axes[:n_voices]).reshape(-1, n_components, n_features)
    return np.ascontiguousarray((main / weight).transpose(1, 2, 0))


def _piece_vectors(copies: list[Features], model: EigenvoiceModel) -> Floats:
    """Return the i-vectors of short pieces of a speaker, all copies together."""
    rows = []
    for x in copies:
        n_pieces = max(1, len(x) // _PIECE)
        boundaries = np.linspace(0, len(x), n_pieces + 1).astype(np.intp)
        rows.append(model.ivectors(model.statistics(x, boundaries)))
    return np.concatenate(rows)


def discriminants(vectors: Floats, owners: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """Return the mean and the linear discriminant analysis of vectors with known owners.

    Parameters
    ----------
    vectors : array of shape (n_vectors, n_dimensions)
    owners : array of int, shape (n_vectors,)
        Whose each vector is, 0 to n_speakers - 1.

    Returns
    -------
    centre : array of shape (n_dimensions,)
    projection : array of shape (n_dimensions, n_dimensions)
        Columns in falling order of the variance between speakers over that within; the latter becomes one.
    """
    centre = vectors.mean(axis=0)
    moved = vectors - centre
    count = np.bincount(owners).astype(np.float64)
    means = np.zeros((len(count), vectors.shape[1]))
    np.add.at(means, owners, moved)
    means /= np.maximum(count, 1.0)[:, None]
    rest = moved - means[owners]
    within = rest.T @ rest / len(vectors)
    between = (means.T * count) @ means / len(vectors)
    floor = _NOISE_FLOOR[0] * np.trace(within) / len(within) + _NOISE_FLOOR[1]
    values, axes = eigh(between, within + floor * np.eye(len(within)))
    return centre, np.ascontiguousarray(axes[:, np.argsort(-values)])
