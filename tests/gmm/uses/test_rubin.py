"""Rubin's rules by hand, against a published example, and in a simulation whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from diarize.gmm import pool_estimates

# SAS/STAT 13.1 User's Guide, output 64.1.1: means and standard errors of 31 men's oxygen intake, run time and run pulse
# in five imputations; an analysis of means of 31 rows has 30 degrees of freedom if nothing is missing.
MEANS = [
    [47.0120, 10.4441, 171.216],
    [47.2407, 10.5040, 171.244],
    [47.4995, 10.5922, 171.909],
    [47.1485, 10.5279, 171.146],
    [47.0042, 10.4913, 172.072],
]
ERRORS = [
    [0.95984, 0.28520, 1.59910],
    [0.93540, 0.26661, 1.75638],
    [1.00766, 0.26302, 1.85795],
    [0.95439, 0.26405, 1.75011],
    [0.96528, 0.27275, 1.84807],
]


def by_hand(values: np.ndarray, variances: np.ndarray, complete: Any = None) -> Any:
    """Return estimate, standard error and degrees of freedom, formula by formula as in Barnard and Rubin (1999)."""
    m = len(values)
    mean = sum(values) / m
    within = sum(variances) / m
    between = sum((value - mean) ** 2 for value in values) / (m - 1)
    total = within + (1 + 1 / m) * between
    gamma = (1 + 1 / m) * between / total
    large = (m - 1) / gamma**2
    if complete is None:
        return mean, total**0.5, large
    observed = (complete + 1) / (complete + 3) * complete * (1 - gamma)
    return mean, total**0.5, 1 / (1 / large + 1 / observed)


@pytest.mark.parametrize("complete", [None, 7.0, 30.0])
@pytest.mark.parametrize("published", [True, False])
def test_formulas_by_hand(published: Any, complete: Any) -> None:
    rng = np.random.default_rng(0)
    values, variances = rng.normal(size=(6, 3)), rng.uniform(0.1, 2.0, size=(6, 3))
    if published:
        values, variances = np.array(MEANS), np.square(ERRORS)
    found = pool_estimates(values, variances, complete_degrees_of_freedom=complete, level=0.9)
    for i in range(3):
        mean, error, freedom = by_hand(values[:, i], variances[:, i], complete)
        np.testing.assert_allclose(found.estimate[i], mean)
        np.testing.assert_allclose(found.standard_error[i], error)
        np.testing.assert_allclose(found.degrees_of_freedom[i], freedom)
        np.testing.assert_allclose([found.low[i], found.high[i]], t.interval(0.9, freedom, mean, error))
        ratio = error**2 / variances[:, i].mean() - 1
        np.testing.assert_allclose(found.missing_information[i], (ratio + 2 / (freedom + 3)) / (ratio + 1))


def test_equal_imputations_are_one_complete_sample() -> None:
    found = pool_estimates([2.0, 2.0], [0.25, 0.25])
    assert (found.estimate, found.standard_error, found.missing_information) == (2.0, 0.5, 0.0)
    assert np.isinf(found.degrees_of_freedom)
    np.testing.assert_allclose(found.high, 2.0 + 0.5 * 1.959963984540054)
    small = pool_estimates([2.0, 2.0], [0.25, 0.25], complete_degrees_of_freedom=10)
    np.testing.assert_allclose(small.degrees_of_freedom, 10 * 11 / 13)


def test_nothing_is_sure_without_variance_within() -> None:
    found = pool_estimates([1.0, 3.0], [0.0, 0.0], complete_degrees_of_freedom=5)
    np.testing.assert_allclose(found.standard_error, np.sqrt(3.0))
    assert found.missing_information == 1.0
    assert found.degrees_of_freedom < 1e-300
    same = pool_estimates([1.0, 1.0], [0.0, 0.0])
    assert (same.low, same.high) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        (([1.0], [1.0]), {}, "at least 2 imputations"),
        ((1.0, 1.0), {}, "at least 2 imputations"),
        (([1.0, 2.0], [1.0]), {}, "one for each"),
        (([1.0, np.nan], [1.0, 1.0]), {}, "finite"),
        (([1.0, 2.0], [1.0, -1.0]), {}, "negative"),
        (([1.0, 2.0], [1.0, 1.0]), {"level": 1.0}, "level"),
        (([1.0, 2.0], [1.0, 1.0]), {"complete_degrees_of_freedom": 0}, "complete_degrees_of_freedom"),
    ],
)
def test_bad_input(arguments: Any, options: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        pool_estimates(*arguments, **options)
