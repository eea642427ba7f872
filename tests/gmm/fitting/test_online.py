"""Online EM: step sizes by hand, statistics against those of all rows together."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from diarize.gmm import accumulate, maximise
from diarize.gmm.fitting.online import blend, implied, step_size

KINDS = ("full", "tied", "diag", "spherical")


def test_steps_of_equal_batches_are_powers_of_their_number() -> None:
    for number in range(1, 6):
        assert step_size(32 * (number - 1), 32, 0.7) == pytest.approx(number**-0.7)


def test_a_decay_of_one_gives_each_row_its_share() -> None:
    assert step_size(300, 100, 1.0) == pytest.approx(100 / 400)
    assert step_size(0, 7, 0.6, least=0.1) == 1.0
    assert step_size(1e6, 7, 0.6, least=0.1) == 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_batches_with_a_decay_of_one_add_up_to_all_rows(oracle: SimpleNamespace, kind: str) -> None:
    mixture = oracle.mixture(kind)
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(600, 3)) + 50, rng.uniform(0.5, 2, 600)
    running, seen = None, 0.0
    for rows in (slice(0, 50), slice(50, 350), slice(350, 600)):
        count = weight[rows].sum()
        batch = accumulate(x[rows], mixture, weight[rows])
        running = blend(running, batch, step_size(seen, count, 1.0))
        seen += count
    whole = accumulate(x, mixture, weight)
    moved = running.about(whole.origin)
    for name in ("zeroth", "first", "second", "log_likelihood"):
        np.testing.assert_allclose(getattr(moved, name) * seen, getattr(whole, name), rtol=1e-9, atol=1e-9 * seen)


@pytest.mark.parametrize("reg_covar", [0.0, 0.01])
@pytest.mark.parametrize("kind", KINDS)
def test_implied_statistics_give_the_parameters_again(oracle: SimpleNamespace, kind: str, reg_covar: float) -> None:
    mixture = oracle.mixture(kind)
    again = maximise(implied(mixture, reg_covar), reg_covar)
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(getattr(again, name), getattr(mixture, name), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_a_variance_below_the_regularisation_stays_possible(oracle: SimpleNamespace, kind: str) -> None:
    mixture = oracle.mixture(kind)
    again = maximise(implied(mixture, 1e3), 1e3)
    assert np.linalg.eigvalsh(oracle.dense(again)).min() > 0
