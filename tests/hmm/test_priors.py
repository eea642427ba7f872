"""diarize.hmm.priors: the mode of the posterior, by search and by formula; EM with it never loses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hmmlearn.base import BaseHMM
from scipy.stats import dirichlet

from diarize.errors import ConfigError
from diarize.hmm import Ergodic, LeftRight, TransitionPrior, forward_backward

RNG = np.random.default_rng(40)
BEFORE = Ergodic(RNG.dirichlet(np.ones(3)), RNG.dirichlet(np.ones(3), size=3))


def test_counts_alone_give_their_shares() -> None:
    start, counts = np.array([1.0, 3.0, 0.0]), RNG.uniform(1, 9, size=(3, 3))
    after = TransitionPrior().reestimate(BEFORE, start, counts)
    np.testing.assert_allclose(after.start, [0.25, 0.75, 0.0])
    np.testing.assert_allclose(after.transitions, counts / counts.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("scalar", [False, True])
def test_no_probabilities_near_by_are_more_probable(scalar: float) -> None:
    """Log of counts' likelihood times the prior's density, by scipy, at the mode and around it."""
    alpha, beta = RNG.uniform(1, 5, size=3), RNG.uniform(1, 5, size=(3, 3))
    if scalar:
        alpha, beta = np.full(3, 2.5), np.full((3, 3), 2.5)
    start, counts = RNG.uniform(0, 9, size=3), RNG.uniform(0, 9, size=(3, 3))
    prior = TransitionPrior(2.5, 2.5) if scalar else TransitionPrior(alpha, beta)
    mode = prior.reestimate(BEFORE, start, counts)

    def log_posterior(p: Any, matrix: np.ndarray) -> Any:
        rows = zip(counts, matrix, beta, strict=True)
        return (
            start @ np.log(p)
            + dirichlet.logpdf(p, alpha)
            + sum(count @ np.log(row) + dirichlet.logpdf(row, b) for count, row, b in rows)
        )

    best = log_posterior(mode.start, mode.transitions)
    for _ in range(50):
        near = mode.transitions * np.exp(0.02 * RNG.normal(size=(3, 3)))
        p = mode.start * np.exp(0.02 * RNG.normal(size=3))
        assert log_posterior(p / p.sum(), near / near.sum(axis=1, keepdims=True)) < best


def test_log_density_is_that_of_scipy_but_for_a_constant() -> None:
    alpha, beta = RNG.uniform(1, 5, size=3), RNG.uniform(1, 5, size=(3, 3))
    differences = []
    for _ in range(3):
        structure = Ergodic(RNG.dirichlet(np.ones(3)), RNG.dirichlet(np.ones(3), size=3))
        rows = zip(structure.transitions, beta, strict=True)
        expected = dirichlet.logpdf(structure.start, alpha) + sum(dirichlet.logpdf(row, b) for row, b in rows)
        differences.append(TransitionPrior(alpha, beta).log_density(structure) - expected)
    np.testing.assert_allclose(differences, differences[0], rtol=1e-12)


def test_what_is_impossible_stays_so_and_what_is_unknown_stays_as_it_is() -> None:
    before = LeftRight(3, stay=0.8, width=2)
    counts = np.full((3, 3), 4.0)
    counts[1] = 0.0
    after = TransitionPrior(start=7.0).reestimate(before, np.zeros(3), counts)
    np.testing.assert_allclose(after.transitions, [[1 / 3, 1 / 3, 1 / 3], [0, 0.8, 0.2], [0, 0, 1]])
    assert after.start.tolist() == [1, 0, 0]
    assert TransitionPrior().reestimate(BEFORE, np.zeros(3), counts).start.tolist() == BEFORE.start.tolist()


@pytest.mark.parametrize("before", [BEFORE, LeftRight(3, width=2)], ids=["dense", "left-right"])
@pytest.mark.parametrize("strength", [1.0, 3.0, 40.0])
def test_em_never_lowers_evidence_times_prior(before: Any, strength: float) -> None:
    log_likelihood = np.repeat(2 * RNG.normal(size=(20, 3)), 4, axis=0)
    log_likelihood[:20, 0] += 5
    prior, structure, values = TransitionPrior(strength, 1 + strength * np.eye(3)), before, []
    for _ in range(15):
        chain = forward_backward(log_likelihood, structure)
        values.append(chain.log_evidence + prior.log_density(structure))
        structure = prior.reestimate(structure, chain.start, chain.transitions)
    assert (np.diff(values) > -1e-9).all()
    assert values[-1] > values[0] + 0.1


def test_equals_the_m_step_of_hmmlearn() -> None:
    alpha, beta = RNG.uniform(1, 5, size=3), RNG.uniform(1, 5, size=(3, 3))
    log_likelihood = 2 * RNG.normal(size=(80, 3))

    class Given(BaseHMM):
        def _get_n_fit_scalars_per_param(self) -> Any:
            return None

        def _compute_log_likelihood(self, X: np.ndarray) -> Any:
            return X

    model = Given(3, startprob_prior=alpha, transmat_prior=beta, params="st", init_params="", n_iter=1)
    model.startprob_, model.transmat_ = BEFORE.start, BEFORE.transitions
    model.fit(log_likelihood)
    chain = forward_backward(log_likelihood, BEFORE)
    after = TransitionPrior(alpha, beta).reestimate(BEFORE, chain.start, chain.transitions)
    np.testing.assert_allclose(after.start, model.startprob_, rtol=1e-9)
    np.testing.assert_allclose(after.transitions, model.transmat_, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TransitionPrior(start=0.5), "start of a transition prior must be finite and at least 1"),
        (lambda: TransitionPrior(transitions=np.nan), "transitions of a transition prior must be finite"),
        (lambda: TransitionPrior(start="many"), "start must be numbers"),
        (lambda: TransitionPrior(transitions=[1.0, 2.0]), r"transitions must be a number or have 2 dimension"),
        (lambda: TransitionPrior([1.0, 2.0]).log_density(BEFORE), r"prior must have shape \(3,\), got \(2,\)"),
        (lambda: TransitionPrior().reestimate(BEFORE, np.zeros(2), np.zeros((3, 3))), r"counts of start .* \(3,\)"),
        (lambda: TransitionPrior().reestimate(BEFORE, np.zeros(3), -np.eye(3)), "not negative, got .* from -1.0"),
        (lambda: TransitionPrior().reestimate(BEFORE, [0, 0, np.nan], np.eye(3)), "counts of start .* finite"),
    ],
)
def test_bad_priors_and_counts_are_errors(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
