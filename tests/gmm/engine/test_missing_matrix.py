"""The compiled rows with missing entries, against arithmetic in exact fractions."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from diarize.gmm import MixtureParameters
from diarize.gmm.arrays import floored
from diarize.gmm.engine.missing import compile_partial

SIZE = 5
PATTERNS = np.array(list(itertools.product([False, True], repeat=SIZE)))


def solved(matrix: np.ndarray, right: Any) -> Any:
    """Return inv(matrix) @ right and the determinant, in exact fractions (lists of lists)."""
    size = len(matrix)
    rows = [list(a) + list(b) for a, b in zip(matrix, right, strict=True)]
    determinant = Fraction(1)
    for i in range(size):
        pivot = rows[i][i]  # never 0: the matrix is positive definite
        determinant *= pivot
        rows[i] = [value / pivot for value in rows[i]]
        for j in range(size):
            if j != i:
                rows[j] = [a - rows[j][i] * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [row[size:] for row in rows], determinant


def exact(row: np.ndarray, mean: Any, covariance: Any) -> Any:
    """Return the log density of the observed entries; conditional mean and covariance of the missing."""
    seen, unseen = np.flatnonzero(~np.isnan(row)), np.flatnonzero(np.isnan(row))
    matrix = [[Fraction(float(value)) for value in line] for line in covariance]
    away = [[Fraction(float(row[i])) - Fraction(float(mean[i]))] for i in seen]
    if not len(seen):
        return 0.0, mean, covariance
    right = [[*away[a], *[matrix[i][j] for j in unseen]] for a, i in enumerate(seen)]
    answer, determinant = solved([[matrix[i][j] for j in seen] for i in seen], right)
    distance = sum(a[0] * b[0] for a, b in zip(away, answer, strict=True))
    log_determinant = math.log(determinant.numerator) - math.log(determinant.denominator)
    density = -0.5 * (len(seen) * math.log(2 * math.pi) + log_determinant + float(distance))
    means = [mean[j] + float(sum(matrix[j][i] * answer[a][0] for a, i in enumerate(seen))) for j in unseen]
    left = [
        [
            float(matrix[j][m] - sum(matrix[j][i] * answer[a][1 + b] for a, i in enumerate(seen)))
            for b, m in enumerate(unseen)
        ]
        for j in unseen
    ]
    return density, np.array(means), np.array(left).reshape(len(unseen), len(unseen))


def gaussian(condition: Any, seed: int = 0) -> Any:
    """Return a single Gaussian whose covariance has this condition number, correlated, and rows it would draw."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0]
    covariance = (basis * np.geomspace(1, 1 / condition, SIZE)) @ basis.T
    covariance = (covariance + covariance.T) / 2
    mean = rng.normal(size=SIZE)
    x = mean + rng.normal(size=(len(PATTERNS), SIZE)) @ np.linalg.cholesky(covariance).T
    return MixtureParameters([1.0], mean[None], covariance[None], "full"), np.where(PATTERNS, np.nan, x)


@pytest.mark.parametrize("condition", [10, 1e4, 1e8])
def test_every_pattern_is_that_of_exact_arithmetic(condition: Any) -> None:
    """Both ways to compute: the precision's where few entries are missing, the covariance's where few are observed."""
    parameters, x = gaussian(condition)
    mean, covariance = parameters.means[0], parameters.covariances[0]
    partial = compile_partial(parameters)
    joint, whole = partial.log_joint(x), partial.expected(x, np.ones((len(x), 1)))
    for row, found, filled in zip(x, joint[:, 0], whole, strict=True):
        density, means, left = exact(row, mean, covariance)
        # a covariance of floats is known to so many digits itself
        assert abs(found - density) < 1e-15 * condition + 1e-12
        unseen = np.isnan(row)
        np.testing.assert_array_equal(filled[~unseen], row[~unseen])
        np.testing.assert_allclose(filled[unseen], means, rtol=0, atol=1e-15 * condition + 1e-12)
        sums = partial.statistics(row[None], [[1.0]])
        away = np.where(unseen, 0.0, row) - mean
        away[unseen] = means - mean[unseen]
        second = np.outer(away, away)
        second[np.ix_(unseen, unseen)] += left
        np.testing.assert_allclose(sums.first[0], away, rtol=0, atol=1e-15 * condition + 1e-12)
        np.testing.assert_allclose(sums.second[0], second, rtol=0, atol=1e-15 * condition + 1e-12)


def test_a_covariance_at_the_edge_of_singular_gives_numbers() -> None:
    """Five equal columns: rounding leaves pivots that are not positive."""
    covariance = floored(np.ones((SIZE, SIZE)), 0.0)
    parameters = MixtureParameters([1.0], np.zeros((1, SIZE)), covariance[None], "full")
    x = np.where(PATTERNS, np.nan, 0.5)
    partial = compile_partial(parameters)
    joint = partial.log_joint(x)
    assert np.isfinite(joint).all()
    np.testing.assert_allclose(joint[PATTERNS.sum(axis=1) == 4, 0], -0.5 * (math.log(2 * math.pi) + 0.25), rtol=1e-6)
    shares = np.ones((len(x), 1))
    assert np.isfinite(partial.statistics(x, shares).second).all()
    seen = ~PATTERNS.all(axis=1)
    np.testing.assert_allclose(partial.expected(x, shares)[seen], 0.5, atol=1e-2)


def test_pivots_that_rounding_takes_away_are_no_accident() -> None:
    """Two features alike to the last digit, missing together: half of these precision matrices have no root."""
    for variance in np.linspace(1, 4, 30):
        covariance = np.eye(4)
        covariance[0, 0] = variance
        covariance[0, 1] = covariance[1, 0] = np.sqrt(variance) * (1 - 2.0**-52)
        parameters = MixtureParameters([1.0], np.zeros((1, 4)), covariance[None], "full")
        found = compile_partial(parameters).log_joint([[np.nan, np.nan, 0.3, 0.1]])[0, 0]
        assert abs(found + math.log(2 * math.pi) + 0.05) < 1  # a digit of the determinant is all that is left


@pytest.mark.parametrize("kind", ["full", "tied"])
def test_rows_of_one_pattern_share_their_work_without_a_trace(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 3, SIZE, seed=2)
    rng = np.random.default_rng(3)
    patterns = PATTERNS[rng.integers(0, 6, size=60)]  # ten rows each, mixed up
    x = np.where(patterns, np.nan, rng.normal(size=(60, SIZE)))
    shares = rng.dirichlet(np.ones(3), size=60)
    partial = compile_partial(parameters)
    one_by_one = np.concatenate([partial.log_joint(row[None]) for row in x])
    np.testing.assert_allclose(partial.log_joint(x), one_by_one, rtol=1e-13)
    single = [partial.statistics(row[None], share[None]) for row, share in zip(x, shares, strict=True)]
    together = partial.statistics(x, shares)
    np.testing.assert_allclose(together.first, sum(part.first for part in single), atol=1e-11)
    np.testing.assert_allclose(together.second, sum(part.second for part in single), atol=1e-11)


def test_negligible_shares_are_left_out_but_small_weights_are_not(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("full", 2, 3)
    x = np.array([[1.0, np.nan, 2.0]])
    partial = compile_partial(parameters)
    found = partial.statistics(x, [[1.0, 1e-16]])
    assert not found.second[1].any()
    assert found.zeroth.tolist() == [1.0, 1e-16]
    light = partial.statistics(x, [[1e-30, 1e-30]])
    np.testing.assert_allclose(light.second * 1e30, partial.statistics(x, [[1.0, 1.0]]).second, rtol=1e-12)
