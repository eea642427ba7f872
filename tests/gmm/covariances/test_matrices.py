"""Matrices: sums of products by hand, and the two kinds beside each other."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.gmm.arrays import IllDefinedError
from diarize.gmm.covariances.matrices import Full, Tied

ROWS = np.random.default_rng(0).normal(size=(20, 3))
SHARES = np.random.default_rng(1).dirichlet([1.0, 1.0], size=20)


def test_sums_of_products() -> None:
    each, shared = np.zeros((2, 3, 3)), np.zeros((3, 3))
    Full().add_rows(each, SHARES, ROWS, np.ones(20))
    Tied().add_rows(shared, SHARES, ROWS, np.ones(20))
    np.testing.assert_allclose(each, np.einsum("nk,nd,ne->kde", SHARES, ROWS, ROWS))
    np.testing.assert_allclose(shared, ROWS.T @ ROWS)
    np.testing.assert_allclose(Full().overall(each, 20.0), Tied().overall(shared, 20.0))


def test_conditions_are_the_schur_complement() -> None:
    matrix = np.cov(ROWS, rowvar=False)
    unknown, values = np.array([False, True, True]), np.array([0.5, np.nan, np.nan])
    means, covariances = Full().conditioned(matrix[None], np.zeros((1, 3)), values, unknown)
    np.testing.assert_allclose(means[0], matrix[1:, 0] / matrix[0, 0] * 0.5)
    schur = matrix[1:, 1:] - np.outer(matrix[1:, 0], matrix[0, 1:]) / matrix[0, 0]
    np.testing.assert_allclose(covariances[0], schur)
    np.testing.assert_allclose(Tied().conditioned(matrix, np.zeros((1, 3)), values, unknown)[1], schur)


def test_what_is_no_covariance_is_refused() -> None:
    with pytest.raises(ValueError, match="covars_ must be symmetric"):
        Full().check(np.array([[[1.0, 0.5], [0.0, 1.0]]]), "covars_")
    with pytest.raises(IllDefinedError):
        Full().check(np.ones((1, 2, 2)), "covars_")
    with pytest.raises(IllDefinedError):
        Tied().root(np.ones((2, 2)))
