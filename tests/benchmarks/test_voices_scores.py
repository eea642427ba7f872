"""Scores against Gaussian densities written out in full, and fits against the covariances that data were drawn from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import multivariate_normal
from voices_scores import SCORES, Pieces, covariances
from voices_trials import Piece

from diarize import Config
from diarize.gmm import MixtureParameters
from diarize.stages.sessions import SessionModel
from diarize.stages.speakers import EigenvoiceModel
from diarize.stages.vbhmm import prior_weight

Floats = npt.NDArray[np.float64]
PAIRS = np.array([[0, 1], [2, 3], [0, 3], [4, 1]])


def spread(size: int, seed: int) -> Floats:
    """Return a covariance that is correlated and ill-scaled."""
    factor = np.random.default_rng(seed).normal(size=(size, size)) * np.geomspace(0.3, 2, size)
    return factor @ factor.T + 0.05 * np.eye(size)


def written_out(points: Floats, noise: Floats, model: SessionModel, pair: npt.NDArray[np.intp]) -> float:
    """Return the log-likelihood ratio by the joint density of both points."""
    left, right = pair
    total = model.between + model.within
    joint = np.block([[total + noise[left], model.between], [model.between, total + noise[right]]])
    both = multivariate_normal.logpdf(np.concatenate([points[left], points[right]]), cov=joint)
    return float(both - sum(multivariate_normal.logpdf(points[side], cov=total + noise[side]) for side in pair))


def voices(seed: int) -> EigenvoiceModel:
    rng = np.random.default_rng(seed)
    background = MixtureParameters([0.4, 0.6], rng.normal(size=(2, 3)), rng.uniform(0.5, 2, (2, 3))).astype(np.float32)
    return EigenvoiceModel(background, rng.normal(size=(2, 3, 2)).astype(np.float32), np.zeros(2), np.eye(2))


def pieces(n: int = 5, seed: int = 0) -> Pieces:
    rng = np.random.default_rng(seed)
    parts = [Piece(rng.normal(size=(40 + n, 3)).astype(np.float32), index // 2, index % 2) for index in range(n)]
    return Pieces.of(parts, (voices(1), voices(2)), 0.01)


def test_the_bayes_factor_is_that_of_the_joint_density() -> None:
    """F_B times the ratio of a model without sessions, whose audio weighs F_A / F_B."""
    known, config = pieces(), Config()
    prior = prior_weight(2 * known.seconds, config.speakers)
    model = SessionModel(np.eye(2), np.zeros((2, 2)))
    expected = np.zeros(len(PAIRS))
    for space, rows in zip(known.models, known.statistics, strict=True):
        precision, linear = space.naturals(rows, config.speakers.acoustic_scale / prior)
        noise = np.linalg.inv(precision)
        points = np.einsum("nij,nj->ni", noise, linear)
        expected += [prior * written_out(points, noise, model, pair) for pair in PAIRS]
    scores = SCORES["bayes"].fit(None, config)(known, PAIRS)
    np.testing.assert_allclose(scores, expected / 2, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", list(SCORES))
def test_scores_do_not_depend_on_the_order_of_the_sides(name: str) -> None:
    training = pieces(40, seed=5)
    score = SCORES[name].fit(training, Config())
    known = pieces()
    np.testing.assert_allclose(score(known, PAIRS), score(known, PAIRS[:, ::-1]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [name for name, row in SCORES.items() if row.trained])
def test_trained_scores_say_that_they_need_pieces(name: str) -> None:
    with pytest.raises(ValueError, match="training pieces"):
        SCORES[name].fit(None, Config())


def drawn(between: Floats, within: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Return the factors of sessions, with the numbers of speaker and session; the last half have one session only."""
    n_sessions = np.repeat([4, 1], [600, 600])
    speakers = np.repeat(np.arange(1200), n_sessions)
    sessions = np.concatenate([np.arange(n) for n in n_sessions])
    own = rng.multivariate_normal(np.zeros(len(between)), between, 1200)
    return own[speakers] + rng.multivariate_normal(np.zeros(len(within)), within, len(speakers)), speakers, sessions


def test_covariances_count_sessions_within_speakers() -> None:
    rng = np.random.default_rng(0)
    between, within, inner = spread(3, 1), 0.5 * spread(3, 2), 0.3 * spread(3, 3)
    factors, speakers, sessions = drawn(between, within, rng)
    several = [np.repeat(column, 5, axis=0) for column in (factors, speakers, sessions)]
    vectors = several[0] + rng.multivariate_normal(np.zeros(3), inner, len(several[0]))
    inside, _ = covariances(vectors, several[1], several[2])
    np.testing.assert_allclose(inside, within + inner, atol=0.06 * np.trace(within + inner))


def test_short_pieces_add_up_to_long_ones() -> None:
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(100, 3)).astype(np.float32)
    owners = [(0, 0)] * 5 + [(0, 1)] * 2 + [(1, 1)] * 3
    short = [Piece(frames[10 * index : 10 * index + 10], *owner) for index, owner in enumerate(owners)]
    bounds = [(0, 20), (20, 40), (40, 50), (50, 70), (70, 90), (90, 100)]
    long = [Piece(frames[start:end], *owners[start // 10]) for start, end in bounds]
    joined, expected = Pieces.of(short, (voices(1),), 0.1).joined(2), Pieces.of(long, (voices(1),), 0.1)
    np.testing.assert_allclose(joined.ivectors, expected.ivectors, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(joined.speakers, expected.speakers)
    np.testing.assert_array_equal(joined.sessions, expected.sessions)
    assert joined.seconds == pytest.approx(2.0)
    kept = joined.of_speakers(np.array([False, True]))
    np.testing.assert_allclose(kept.ivectors, expected.ivectors[4:], rtol=1e-3, atol=1e-4)
