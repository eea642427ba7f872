"""One inference from one start: who may not speak does not, and nothing is decided where everybody may."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from diarize.config import SpeakerConfig
from diarize.gmm import MixtureParameters
from diarize.stages.rounds import Course, Outcome, normalised, run_rounds, run_together, shares_of
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel, View

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
RNG = np.random.default_rng(0)
SETTINGS = SpeakerConfig(acoustic_scale=1.0, iterations=30)


@pytest.fixture(scope="module")
def view() -> View:
    """Return blocks of statistics that are mere noise under a small model."""
    background = MixtureParameters(np.full(3, 1 / 3), RNG.normal(0, 3, (3, 4)), np.ones((3, 4))).astype(np.float32)
    voices = RNG.normal(0, 0.5, (3, 4, 2)).astype(np.float32)
    statistics = BlockStatistics(
        RNG.uniform(1, 5, (60, 3)).astype(np.float32), RNG.normal(0, 4, (60, 2)).astype(np.float32)
    )
    return View(statistics, EigenvoiceModel(background, voices, np.zeros(2), np.eye(2)))


def given(view: View, shares: Floats, prior: float, allowed: Mask | None) -> Outcome:
    return run_together(view, [Course(shares, allowed)], prior, SETTINGS)[0]


def test_side_by_side_each_goes_its_own_way(view: View) -> None:
    """Also where speakers vanish, and where one has settled before the others."""
    starts = [shares_of(RNG.integers(0, count, 60)) for count in (2, 4, 3)]
    together = run_together(view, list(map(Course, starts)), 2.0, SETTINGS)
    for outcome, start in zip(together, starts, strict=True):
        alone = run_rounds(view, start, 2.0, SETTINGS)
        assert outcome.origins == alone.origins
        np.testing.assert_allclose(outcome.posterior, alone.posterior, atol=1e-3)
        np.testing.assert_allclose(outcome.bounds, alone.bounds, rtol=1e-4)
    assert len({len(outcome.bounds) for outcome in together}) > 1


def test_everybody_may_speak_everywhere(view: View) -> None:
    shares = shares_of(RNG.integers(0, 3, 60))
    free, told = (given(view, shares, 1.0, allowed) for allowed in (None, np.ones((60, 3), bool)))
    np.testing.assert_array_equal(free.posterior, told.posterior)
    assert free.bounds == told.bounds


@pytest.fixture(scope="module")
def talk() -> tuple[BlockStatistics, EigenvoiceModel, np.ndarray]:
    """Return blocks in which two people speak, 30 blocks each, a model, and the factors of both."""
    background = MixtureParameters(np.full(3, 1 / 3), RNG.normal(0, 3, (3, 4)), np.ones((3, 4))).astype(np.float32)
    voices = EigenvoiceModel(background, RNG.normal(0, 0.5, (3, 4, 2)).astype(np.float32), np.zeros(2), np.eye(2))
    factors = np.array([[1.5, 0.0], [-1.0, 1.5]])
    return spoken(np.repeat(factors, 30, axis=0), voices), voices, factors


def spoken(factors: np.ndarray, voices: EigenvoiceModel) -> BlockStatistics:
    """Return sums over 25 frames of each row of factors, as eq. (9) draws them."""
    counts = RNG.multinomial(25, np.full(3, 1 / 3), len(factors)).astype(np.float32)
    spread = np.sqrt((counts @ voices.precisions).reshape(-1, 2, 2).diagonal(axis1=1, axis2=2))
    means = np.einsum("nrq,nq->nr", (counts @ voices.precisions).reshape(-1, 2, 2), factors)
    return BlockStatistics(counts, (means + 0.3 * spread * RNG.normal(size=means.shape)).astype(np.float32))


def test_of_known_people_those_who_speak_are_found_and_the_others_vanish(
    talk: tuple[BlockStatistics, EigenvoiceModel, np.ndarray],
) -> None:
    statistics, voices, factors = talk
    everywhere = shares_of(np.zeros(60, np.intp), 1)
    alone = run_rounds(View(statistics, voices), everywhere, 1.0, SETTINGS)
    assert alone.n_speakers == 1  # one group at the start cannot become two
    absent = np.array([[0.0, -3.0]])
    heard = [spoken(np.repeat(one[None], 8, axis=0), voices) for one in (factors[1], absent[0])]
    known = BlockStatistics.stacked([rows.summed(np.zeros(8, np.intp), 1) for rows in heard])
    outcome = run_rounds(View(statistics, voices, known), everywhere, 1.0, SETTINGS)
    assert outcome.origins == (0, 1)  # the group, and of the two who are known the one who speaks
    np.testing.assert_array_equal(outcome.labels, np.repeat([0, 1], 30))


def test_who_may_not_speak_does_not(view: View) -> None:
    allowed = RNG.random((60, 3)) < 0.7
    allowed[:, 2] |= ~allowed.any(axis=1)
    outcome = given(view, normalised(shares_of(RNG.integers(0, 3, 60)) * allowed), 1.0, allowed)
    assert outcome.posterior[~allowed[:, list(outcome.origins)]].max() < 1e-12
    np.testing.assert_allclose(outcome.posterior.sum(axis=1), 1)


def test_the_bound_does_not_fall_where_some_may_not_speak(view: View) -> None:
    allowed = np.ones((60, 2), bool)
    allowed[:5, 0] = allowed[20:30, 1] = False
    bounds = given(view, normalised(shares_of(np.arange(60) % 2) * allowed), 0.5, allowed).bounds
    assert len(bounds) > 2
    assert np.diff(bounds).min() > -1e-4 * np.abs(bounds).max()  # likelihoods are of single precision


def test_who_alone_may_speak_somewhere_never_vanishes(view: View) -> None:
    allowed = np.ones((60, 4), bool)
    allowed[7] = [False, False, False, True]
    shares = normalised(shares_of(np.zeros(60, np.intp), 4) * allowed)
    outcome = given(view, shares, 50.0, allowed)  # a prior under which everybody else vanishes
    assert 3 in outcome.origins
    assert outcome.origins[outcome.labels[7]] == 3
    assert outcome.n_speakers < 4
