"""Covariances of speakers and sessions, fitted to what was drawn from known ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import multivariate_normal

from diarize.gmm import MixtureParameters
from diarize.stages.sessions import SessionModel
from diarize.stages.speakers import EigenvoiceModel
from diarize.training.sessions import fit_sessions, with_sessions
from diarize.training.spool import Talker

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


def spread(seed: int, size: int = 3) -> Floats:
    """Return a covariance that is correlated and ill-scaled."""
    factor = np.random.default_rng(seed).normal(size=(size, size)) * np.geomspace(0.3, 2, size)
    return factor @ factor.T + 0.05 * np.eye(size)


def drawn(truth: SessionModel, n_each: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Indices]:
    """Return noisy factors of sessions, the covariances of the noise, the naturals' l and the speakers.

    So many speakers have four sessions, as many have one.
    """
    speakers = np.repeat(np.arange(2 * n_each), np.repeat([4, 1], n_each))
    noise = np.stack([0.3 * spread(10 + index % 5) for index in range(len(speakers))])
    own = rng.multivariate_normal(np.zeros(3), truth.between, 2 * n_each)[speakers]
    own += rng.multivariate_normal(np.zeros(3), truth.within, len(speakers))
    points = own + np.stack([rng.multivariate_normal(np.zeros(3), covariance) for covariance in noise])
    return points, noise, np.linalg.solve(noise, points[:, :, None])[:, :, 0], speakers


@pytest.mark.slow
def test_the_fit_gives_back_what_sessions_were_drawn_from() -> None:
    truth = SessionModel(spread(1), 0.5 * spread(2))
    _, noise, linear, speakers = drawn(truth, 600, np.random.default_rng(0))
    model = fit_sessions(np.linalg.inv(noise), linear, speakers, rounds=40)
    np.testing.assert_allclose(model.between, truth.between, atol=0.1 * np.trace(truth.between))
    np.testing.assert_allclose(model.within, truth.within, atol=0.1 * np.trace(truth.within))
    far = np.abs(model.within - truth.between).max()
    assert np.abs(model.within - truth.within).max() < 0.25 * far


def marginal(model: SessionModel, points: Floats, noise: Floats, speakers: Indices) -> float:
    """Return the log density of all points, by scipy on dense matrices, and of the prior that keeps W from nothing."""
    total = 0.0
    for speaker in np.unique(speakers):
        rows = np.flatnonzero(speakers == speaker)
        covariance = np.kron(np.ones((len(rows), len(rows))), model.between)
        for place, row in enumerate(rows):
            at = slice(3 * place, 3 * place + 3)
            covariance[at, at] += model.within + noise[row]
        total += float(multivariate_normal(None, covariance).logpdf(points[rows].ravel()))
    kept = 20 * 0.3 * np.trace(np.linalg.inv(model.within)) + 20 * np.linalg.slogdet(model.within)[1]
    return total - 0.5 * float(kept)


def test_the_likelihood_never_falls() -> None:
    """With its prior: the start of W is worth 20 sessions."""
    truth = SessionModel(spread(3), 0.5 * spread(4))
    points, noise, linear, speakers = drawn(truth, 25, np.random.default_rng(1))
    several = speakers < 25  # what single sessions say of W is not used, so that they are left out here
    points, noise, linear, speakers = points[several], noise[several], linear[several], speakers[several]
    precision = np.linalg.inv(noise)
    values = [
        marginal(fit_sessions(precision, linear, speakers, rounds=rounds), points, noise, speakers)
        for rounds in range(10)
    ]
    assert (np.diff(values) > -1e-9 * np.abs(values[0])).all()
    assert values[-1] > values[0] + 1


def test_speakers_may_have_any_numbers() -> None:
    _, noise, linear, speakers = drawn(SessionModel(spread(5), spread(6)), 8, np.random.default_rng(2))
    precision, order = np.linalg.inv(noise), np.random.default_rng(0).permutation(len(speakers))
    one = fit_sessions(precision, linear, speakers)
    two = fit_sessions(precision[order], linear[order], 7 * (100 - speakers[order]))
    np.testing.assert_allclose(one.within, two.within, rtol=1e-9)
    np.testing.assert_allclose(one.between, two.between, rtol=1e-9)


@pytest.fixture
def eigenvoices() -> EigenvoiceModel:
    """Return voices that move the one mean along two of three columns."""
    background = MixtureParameters([1.0], np.zeros((1, 3)), np.ones((1, 3))).astype(np.float32)
    return EigenvoiceModel(background, np.eye(3, 2, dtype=np.float32)[None], np.zeros(2), np.eye(2))


def talkers(n: int, n_sessions: int, n_copies: int, shift: float) -> list[Talker]:
    """Return speakers who differ along the first column; their sessions by `shift` times a unit along the second."""
    rng, n_frames = np.random.default_rng(0), 200
    people = []
    for _ in range(n):
        means = np.zeros((n_sessions, 3))
        means[:, 0], means[:, 1] = rng.normal(), shift * rng.normal(size=n_sessions)
        copies = [
            rng.normal(np.repeat(means, n_frames, axis=0)).astype(np.float32) + np.float32(0.5 * copy) * np.eye(3)[1]
            for copy in range(n_copies)
        ]
        people.append(Talker([x.astype(np.float32) for x in copies], n_frames * np.arange(n_sessions + 1)))
    return people


def test_sessions_are_told_from_speakers(eigenvoices: EigenvoiceModel) -> None:
    people = talkers(60, 4, 1, 1.0)
    model = with_sessions(eigenvoices, lambda: people, 1.0)
    assert model.sessions is not None
    assert model.voices is eigenvoices.voices
    between, within = np.diag(model.sessions.between), np.diag(model.sessions.within)
    assert between[0] > 5 * within[0]
    assert within[1] > 5 * between[1]


def test_each_disturbed_copy_of_a_session_is_one_more(eigenvoices: EigenvoiceModel) -> None:
    """Two copies of two sessions say what four sessions say, three copies of the only one what three say."""
    people = talkers(20, 2, 2, 0.3) + talkers(20, 1, 3, 0.3)
    longer = [
        Talker([np.concatenate(talker.copies)], np.arange(0, len(talker.copies) * talker.boundaries[-1] + 1, 200))
        for talker in people
    ]
    assert [len(talker.boundaries) - 1 for talker in longer] == [4] * 20 + [3] * 20
    one, two = (with_sessions(eigenvoices, lambda each=each: each, 1.0).sessions for each in (people, longer))  # type: ignore[misc]
    assert one is not None
    assert two is not None
    np.testing.assert_allclose(one.within, two.within, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(one.between, two.between, rtol=1e-5, atol=1e-7)


def test_one_session_each_teaches_nothing_of_sessions(eigenvoices: EigenvoiceModel) -> None:
    people = talkers(5, 1, 3, 1.0)
    assert with_sessions(eigenvoices, lambda: people, 1.0) is eigenvoices
