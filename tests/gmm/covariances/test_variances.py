"""Variances against what matrices of the same entries give."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.gmm.arrays import IllDefinedError
from diarize.gmm.covariances.matrices import Full
from diarize.gmm.covariances.variances import Diagonal, Spherical

ROWS = np.random.default_rng(0).normal(size=(20, 3))
SHARES = np.random.default_rng(1).dirichlet([1.0, 1.0], size=20)


def test_sums_of_squares_are_the_diagonal_of_sums_of_products() -> None:
    matrix, squares = np.zeros((2, 3, 3)), np.zeros((2, 3))
    Full().add_rows(matrix, SHARES, ROWS, np.ones(20))
    Diagonal().add_rows(squares, SHARES, ROWS, np.ones(20))
    np.testing.assert_allclose(squares, matrix.diagonal(0, 1, 2))
    count = SHARES.sum(axis=0)
    diagonal = Diagonal().estimated(squares, count, 20.0)
    np.testing.assert_allclose(diagonal, Full().estimated(matrix, count, 20.0).diagonal(0, 1, 2))
    np.testing.assert_allclose(Spherical().estimated(squares, count, 20.0), diagonal.mean(axis=1))


def test_one_variance_becomes_one_each_where_spreads_differ() -> None:
    kind = Spherical()
    covariances, name = kind.scaled(np.array([2.0]), np.array([1.0, 3.0]), per_feature=False)
    assert (covariances.tolist(), name) == ([[2.0, 18.0]], "diag")
    covariances, name = kind.scaled(np.array([2.0]), np.array([3.0, 3.0]), per_feature=False)
    assert (covariances.tolist(), name) == ([18.0], "spherical")
    covariances, name = kind.scaled(np.array([2.0]), np.array([3.0, 3.0]), per_feature=True)
    assert (covariances.tolist(), name) == ([[18.0, 18.0]], "diag")


@pytest.mark.parametrize("kind", [Diagonal(), Spherical()])
def test_no_variance_is_no_covariance(kind: Diagonal | Spherical) -> None:
    flat = 0 * kind.of_variances(np.ones(3))
    with pytest.raises(IllDefinedError):
        kind.root(flat)
    with pytest.raises(IllDefinedError):
        kind.at_least(flat, np.ones((1, 3)), 0.0)
    assert (kind.at_least(flat, np.ones((1, 3)), 0.5) == 0.5).all()
