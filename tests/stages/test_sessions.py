"""Speakers and sessions in the factor space, against Gaussian densities written out in full."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import multivariate_normal

from diarize.errors import ModelError
from diarize.stages.sessions import SessionModel

Floats = npt.NDArray[np.float64]

SIZE = 4
PAIRS = np.array([[0, 1], [2, 3], [0, 3], [4, 1]])


def spread(seed: int, size: int = SIZE) -> Floats:
    """Return a covariance that is correlated and ill-scaled."""
    factor = np.random.default_rng(seed).normal(size=(size, size)) * np.geomspace(0.3, 2, size)
    return factor @ factor.T + 0.05 * np.eye(size)


@pytest.fixture
def model() -> SessionModel:
    return SessionModel(spread(1), spread(2))


def heard(n: int, seed: int = 0) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """Return points, covariances of their noise, and the natural parameters of their likelihoods."""
    rng = np.random.default_rng(seed)
    points, noise = 2 * rng.normal(size=(n, SIZE)), np.stack([spread(100 + index) for index in range(n)])
    precision = np.linalg.inv(noise)
    return points, noise, (precision, np.einsum("nij,nj->ni", precision, points))


def joint(model: SessionModel, points: Floats, noise: Floats, sessions: list[int]) -> float:
    """Return the log density of points of one speaker; some share the deviation, where their sessions are the same."""
    alike = np.equal.outer(sessions, sessions)
    covariance = np.kron(np.ones(alike.shape), model.between) + np.kron(alike, model.within)
    for place, one in enumerate(noise):
        rows = slice(place * SIZE, (place + 1) * SIZE)
        covariance[rows, rows] += one
    return float(multivariate_normal(None, covariance).logpdf(points.ravel()))


def gain(model: SessionModel, points: Floats, noise: Floats, sessions: list[int]) -> float:
    """Return by how much that is above the density of a voice without factors."""
    nobody = SessionModel(0 * model.between, model.within)
    return joint(model, points, noise, sessions) - joint(nobody, points, noise, sessions)


def test_the_evidence_is_the_marginal_likelihood(model: SessionModel) -> None:
    points, noise, naturals = heard(5)
    expected = [gain(model, points[[row]], noise[[row]], [0]) for row in range(5)]
    np.testing.assert_allclose(model.evidence(*model.of_speaker(*naturals)), expected, rtol=1e-9)


def test_what_sessions_say_of_a_speaker_adds(model: SessionModel) -> None:
    points, noise, naturals = heard(5)
    precision, linear = (part.sum(axis=0)[None] for part in model.of_speaker(*naturals))
    expected = gain(model, points, noise, [0, 1, 2, 3, 4])
    assert model.evidence(precision, linear)[0] == pytest.approx(expected, rel=1e-9)


def test_pieces_of_one_session_add_before(model: SessionModel) -> None:
    points, noise, (precision, linear) = heard(5)
    sums = np.stack([precision[:2].sum(axis=0), precision[2:].sum(axis=0)])
    of_speaker = model.of_speaker(sums, np.stack([linear[:2].sum(axis=0), linear[2:].sum(axis=0)]))
    evidence = model.evidence(of_speaker[0].sum(axis=0)[None], of_speaker[1].sum(axis=0)[None])
    assert evidence[0] == pytest.approx(gain(model, points, noise, [0, 0, 1, 1, 1]), rel=1e-9)


def test_joining_gains_are_ratios_of_joint_densities(model: SessionModel) -> None:
    points, noise, naturals = heard(5)
    expected = [
        joint(model, points[pair], noise[pair], [0, 1]) - sum(joint(model, points[[i]], noise[[i]], [0]) for i in pair)
        for pair in PAIRS
    ]
    of_speaker = model.of_speaker(*naturals)
    np.testing.assert_allclose(model.joining_gains(*of_speaker, PAIRS), expected, rtol=1e-8)
    np.testing.assert_allclose(model.joining_gains(*of_speaker, PAIRS[:, ::-1]), expected, rtol=1e-8)


def test_rows_do_not_depend_on_how_many_there_are(model: SessionModel) -> None:
    """More of them than are held at a time, and none."""
    _, _, (precision, linear) = heard(5)
    many = model.of_speaker(np.tile(precision, (200, 1, 1)), np.tile(linear, (200, 1)))
    few = model.of_speaker(precision, linear)
    np.testing.assert_allclose(many[0], np.tile(few[0], (200, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(model.evidence(*many), np.tile(model.evidence(*few), 200))
    none = model.of_speaker(precision[:0], linear[:0])
    assert [part.shape for part in none] == [(0, SIZE, SIZE), (0, SIZE)]
    assert model.evidence(*none).shape == (0,)
    assert model.joining_gains(*few, PAIRS[:0]).shape == (0,)


def test_silence_says_nothing(model: SessionModel) -> None:
    nothing = np.zeros((1, SIZE, SIZE)), np.zeros((1, SIZE))
    np.testing.assert_array_equal(model.evidence(*model.of_speaker(*nothing)), [0.0])


def test_arrays_there_and_back(model: SessionModel) -> None:
    again = SessionModel.from_arrays(model.arrays("x_"), "x_", SIZE)
    assert again is not None
    np.testing.assert_allclose(again.between, model.between, rtol=1e-6)
    np.testing.assert_allclose(again.within, model.within, rtol=1e-6)
    assert SessionModel.from_arrays(model.arrays("x_"), "y_", SIZE) is None


def test_a_voice_may_be_the_same_in_all_sessions(model: SessionModel) -> None:
    arrays = SessionModel(model.between, np.zeros((SIZE, SIZE))).arrays()
    assert SessionModel.from_arrays(arrays, "", SIZE) is not None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "no session model"),
        (np.array("x"), "no session model"),
        (np.eye(3), "does not fit 4 eigenvoices"),
        (np.full((SIZE, SIZE), np.nan), "no numbers"),
        (-np.eye(SIZE), "no covariance"),
        (np.triu(np.ones((SIZE, SIZE))), "no covariance"),
    ],
)
@pytest.mark.parametrize("name", ["between", "within"])
def test_what_is_no_model_of_sessions(model: SessionModel, name: str, value: Any, message: str) -> None:
    arrays = model.arrays() | {name: value}
    if value is None:
        del arrays[name]
    with pytest.raises(ModelError, match=message):
        SessionModel.from_arrays(arrays, "", SIZE)
