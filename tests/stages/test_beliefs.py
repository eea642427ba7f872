"""What is believed of speakers: against the posterior of strangers, and against densities of scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from diarize.gmm import MixtureParameters
from diarize.stages.beliefs import Beliefs
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel

RNG = np.random.default_rng(0)
SCALE = 0.3


@pytest.fixture(scope="module")
def voices() -> EigenvoiceModel:
    background = MixtureParameters(np.full(3, 1 / 3), RNG.normal(0, 3, (3, 4)), np.ones((3, 4))).astype(np.float32)
    return EigenvoiceModel(background, RNG.normal(0, 0.5, (3, 4, 2)).astype(np.float32), np.zeros(2), np.eye(2))


def sums(n_rows: int) -> BlockStatistics:
    counts, projected = RNG.uniform(1, 5, (n_rows, 3)), RNG.normal(0, 4, (n_rows, 2))
    return BlockStatistics(counts.astype(np.float32), projected.astype(np.float32))


def test_strangers_are_found_as_without_known_people(voices: EigenvoiceModel) -> None:
    statistics, shares = sums(20), RNG.dirichlet(np.ones(3), 20)
    beliefs = Beliefs.of(sums(1), 3, voices, SCALE).some(np.array([True, True, True, False]))
    found, usual = (
        beliefs.updated(statistics, shares, voices, SCALE, 1.5),
        voices.posterior(statistics, shares, SCALE, 1.5),
    )
    np.testing.assert_allclose(found.means, usual.means)
    np.testing.assert_allclose(found.covariances, usual.covariances)
    assert found.divergences.sum() == pytest.approx(usual.divergences.sum())


def test_a_known_person_is_heard_as_if_all_were_one_recording(voices: EigenvoiceModel) -> None:
    before, now = sums(1), sums(7)
    beliefs = Beliefs.of(before, 0, voices, SCALE)
    found = beliefs.updated(now, np.ones((7, 1)), voices, SCALE, 1.0)
    both = voices.posterior(BlockStatistics.stacked([before, now]), np.ones((8, 1)), SCALE, 1.0)
    np.testing.assert_allclose(found.means, both.means, rtol=1e-6)
    np.testing.assert_allclose(found.covariances, both.covariances, rtol=1e-6)


def test_the_divergence_is_that_from_what_was_believed(voices: EigenvoiceModel) -> None:
    beliefs = Beliefs.of(sums(1), 1, voices, SCALE)
    shares = RNG.dirichlet(np.ones(2), 5)
    found = beliefs.updated(sums(5), shares, voices, SCALE, 2.0)
    total = 0.0
    for k in range(2):
        covariance = np.linalg.inv(beliefs.precision[k])
        prior = multivariate_normal(covariance @ beliefs.linear[k], covariance)
        posterior = multivariate_normal(found.means[k], found.covariances[k])
        drawn = posterior.rvs(200_000, random_state=k)
        total += float(np.mean(posterior.logpdf(drawn) - prior.logpdf(drawn)))
    assert found.divergences.sum() == pytest.approx(total, rel=0.02)


def test_who_is_nowhere_stays_what_was_believed(voices: EigenvoiceModel) -> None:
    beliefs = Beliefs.of(sums(1), 0, voices, SCALE)
    found = beliefs.updated(sums(4), np.zeros((4, 1)), voices, SCALE, 1.0)
    assert found.divergences.sum() == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(found.covariances, np.linalg.inv(beliefs.precision))
