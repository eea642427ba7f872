"""Training of eigenvoices on speakers drawn from a known model; discriminant analysis against scikit-learn's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.linalg import subspace_angles
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from diarize.config import TrainingConfig
from diarize.errors import ModelError
from diarize.training.voices import discriminants, eigenvoices, train_voices

Floats = npt.NDArray[np.float64]

N_COMPONENTS, N_FEATURES, N_VOICES = 3, 4, 2


def drawn(n_speakers: int, seed: int = 0, frames: float = 60.0) -> tuple[Floats, Floats, Floats]:
    """Return statistics of speakers drawn from eq. (9) in whitened space, and the eigenvoices they come from."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 0.5, (N_COMPONENTS, N_FEATURES, N_VOICES))
    counts = rng.uniform(0.3, 1.7, (n_speakers, N_COMPONENTS)) * frames
    factors = rng.normal(size=(n_speakers, N_VOICES))
    noise = rng.normal(size=(n_speakers, N_COMPONENTS, N_FEATURES)) * np.sqrt(counts)[:, :, None]
    return counts, counts[:, :, None] * np.einsum("kdr,sr->skd", truth, factors) + noise, truth


def marginal(counts: Floats, firsts: Floats, directions: Floats) -> float:
    """Return the log density of all statistics with the factors integrated out, by scipy on dense matrices."""
    total = 0.0
    for count, first in zip(counts, firsts, strict=True):
        repeated = np.repeat(count, N_FEATURES)
        moved = repeated[:, None] * directions.reshape(-1, directions.shape[2])
        total += float(multivariate_normal(None, moved @ moved.T + np.diag(repeated)).logpdf(first.ravel()))
    return total


@pytest.mark.parametrize("seed", range(3))
def test_the_likelihood_never_falls(seed: int) -> None:
    counts, firsts, truth = drawn(40, seed, frames=8.0)
    likelihoods = [
        marginal(counts, firsts, eigenvoices(counts, firsts, N_VOICES, rounds=rounds, ridge=0.0))
        for rounds in range(12)
    ]
    assert (np.diff(likelihoods) > -1e-8 * np.abs(likelihoods[0])).all()
    assert likelihoods[-1] > likelihoods[0]
    # the best fit is better than the truth, but for the start
    assert likelihoods[-1] > marginal(counts, firsts, truth) - 3


def test_one_round_is_eq_10_and_11_and_minimum_divergence() -> None:
    """Written out in loops, from the start that no rounds give."""
    counts, firsts, _ = drawn(12, 5, frames=3.0)
    start = eigenvoices(counts, firsts, N_VOICES, rounds=0)
    once = eigenvoices(counts, firsts, N_VOICES, rounds=1, ridge=0.0)
    means, seconds = [], []
    for count, first in zip(counts, firsts, strict=True):
        precision = np.eye(N_VOICES) + sum(count[k] * start[k].T @ start[k] for k in range(N_COMPONENTS))
        mean = np.linalg.inv(precision) @ sum(start[k].T @ first[k] for k in range(N_COMPONENTS))
        means.append(mean)
        seconds.append(np.linalg.inv(precision) + np.outer(mean, mean))
    updated = []
    for k in range(N_COMPONENTS):
        cross = sum(np.outer(first[k], mean) for first, mean in zip(firsts, means, strict=True))
        weight = sum(count[k] * second for count, second in zip(counts, seconds, strict=True))
        updated.append(cross @ np.linalg.inv(weight))
    flat, ours = np.concatenate(updated), once.reshape(-1, N_VOICES)
    # the rotation of the factors is free; what they do to the means of a speaker is not
    np.testing.assert_allclose(ours @ ours.T, flat @ np.mean(seconds, axis=0) @ flat.T, rtol=1e-8, atol=1e-10)


def test_the_space_that_speakers_come_from_is_found() -> None:
    counts, firsts, truth = drawn(600)
    voices = eigenvoices(counts, firsts, N_VOICES)
    assert voices.shape == truth.shape
    angles = subspace_angles(voices.reshape(-1, N_VOICES), truth.reshape(-1, N_VOICES))
    assert np.degrees(angles).max() < 3
    # the rotation of the factors is free, their covariance is not
    flat, true = voices.reshape(-1, N_VOICES), truth.reshape(-1, N_VOICES)
    assert np.linalg.norm(flat @ flat.T - true @ true.T) < 0.15 * np.linalg.norm(true @ true.T)


def test_components_that_nobody_uses_change_nothing() -> None:
    counts, firsts, _ = drawn(60)
    counts[:, 1], firsts[:, 1] = 0, 0
    voices = eigenvoices(counts, firsts, N_VOICES)
    assert np.isfinite(voices).all()
    used = eigenvoices(counts[:, [0, 2]], firsts[:, [0, 2]], N_VOICES)
    np.testing.assert_allclose(voices[[0, 2]] @ voices[2].T, used @ used[1].T, atol=1e-6)


def groups(seed: int = 0) -> tuple[Floats, npt.NDArray[np.intp]]:
    rng = np.random.default_rng(seed)
    owners = rng.integers(0, 4, 400)
    mixing = rng.normal(size=(6, 6))
    return (3 * rng.normal(size=(4, 6))[owners] + rng.normal(size=(400, 6))) @ mixing + 5, owners


def test_directions_are_those_of_scikit_learn() -> None:
    vectors, owners = groups()
    centre, projection = discriminants(vectors, owners)
    np.testing.assert_allclose(centre, vectors.mean(axis=0))
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(vectors, owners).scalings_[:, :3]
    for column in range(3):
        one, two = projection[:, column], theirs[:, column]
        assert abs(one @ two) / np.linalg.norm(one) / np.linalg.norm(two) == pytest.approx(1, abs=1e-4)


def test_the_variance_within_becomes_one() -> None:
    vectors, owners = groups(1)
    _, projection = discriminants(vectors, owners)
    moved = vectors @ projection
    for owner in range(4):
        moved[owners == owner] -= moved[owners == owner].mean(axis=0)
    np.testing.assert_allclose(moved.T @ moved / len(moved), np.eye(6), atol=1e-4)


def test_discriminants_of_degenerate_vectors_are_finite() -> None:
    alike = np.ones((6, 3))
    for vectors in (alike, alike * np.arange(6)[:, None]):
        assert all(np.isfinite(array).all() for array in discriminants(vectors, np.array([0, 0, 1, 1, 2, 2])))


def people(n_speakers: int, n_frames: int = 400, seed: int = 0) -> list[list[npt.NDArray[np.float32]]]:
    """Return features of speakers, two copies each, who differ along one direction only."""
    rng = np.random.default_rng(seed)
    return [
        [
            (rng.normal(size=(n_frames, 5)) + rng.choice([-6.0, 6.0], (n_frames, 1)) + offset * np.eye(5)[2]).astype(
                np.float32
            )
            for _ in range(2)
        ]
        for offset in np.linspace(-2, 2, n_speakers)
    ]


def test_training_finds_what_speakers_differ_in() -> None:
    material = people(8)
    settings = TrainingConfig(n_components=4, n_voices=2)
    model = train_voices(lambda: iter(material), settings, np.random.default_rng(0))
    assert model.voices.shape == (4, 5, 2)
    assert model.voices.dtype == model.background.means.dtype == np.float32
    used = model.background.weights > 0.05
    strength = np.linalg.norm(model.voices[used], axis=2)  # (n_components, n_features)
    assert (strength[:, 2] > 3 * np.delete(strength, 2, axis=1).max(axis=1)).all()
    vectors = [model.embed(model.statistics(copies[0], np.array([0, 400])), 1)[0, 0] for copies in material]
    assert vectors[0] * vectors[-1] < 0


def test_same_seed_same_voices() -> None:
    material, settings = people(4), TrainingConfig(n_components=4, n_voices=2)
    one, two = (train_voices(lambda: iter(material), settings, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.voices, two.voices)
    np.testing.assert_array_equal(one.projection, two.projection)


def test_no_more_voices_than_speakers_can_differ_in() -> None:
    settings = TrainingConfig(n_components=4, n_voices=50)
    assert train_voices(lambda: iter(people(3)), settings, np.random.default_rng(0)).n_voices == 2


def test_too_little_material() -> None:
    settings = TrainingConfig(n_components=64, n_voices=2)
    with pytest.raises(ModelError, match="900 frames of speech are too few for 64 components"):
        train_voices(lambda: iter(people(3, 300)), settings, np.random.default_rng(0))
    with pytest.raises(ModelError, match="two speakers at least, got 1"):
        train_voices(lambda: iter(people(1)), TrainingConfig(n_components=4, n_voices=2), np.random.default_rng(0))
