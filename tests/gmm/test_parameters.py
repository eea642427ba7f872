"""MixtureParameters: what it refuses, and that it survives a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarize.gmm import MixtureParameters, precision_cholesky
from diarize.gmm.arrays import IllDefinedError


def test_round_trip_through_npz_without_pickle(tmp_path: Path) -> None:
    matrix = np.array([[[2.0, 0.5], [0.5, 1.0]]])
    first = MixtureParameters([0.25, 0.75], np.float32([[0, 1], [2, 3]]), np.float32([1, 2]), "spherical")
    second = MixtureParameters([1.0], [[0.0, 9.0]], matrix, "full")
    np.savez(tmp_path / "both.npz", **first.arrays("a."), **second.arrays("b."))
    with np.load(tmp_path / "both.npz", allow_pickle=False) as found:
        one = MixtureParameters.from_arrays(found, "a.")
        two = MixtureParameters.from_arrays(found, "b.")
        with pytest.raises(ValueError, match=r"c\.weights"):
            MixtureParameters.from_arrays(found, "c.")
    assert one.covariance_type == "spherical"
    assert one.means.dtype == np.float32
    np.testing.assert_array_equal(one.means, first.means)
    np.testing.assert_array_equal(two.covariances, matrix)


@pytest.mark.parametrize(
    ("weights", "means", "covariances", "kind", "message"),
    [
        ([1.0], [0.0], [[1.0]], "diag", "means must be"),
        ([1.0], [[0.0]], [1.0], "diag", "covariances must be"),
        ([1.0], [[0.0]], [1.0], "round", "covariance_type must be one of"),
        ([0.5, 0.5], [[0.0]], [[1.0]], "diag", "weights must be"),
        ([0.9], [[0.0]], [[1.0]], "diag", "sum to 1"),
        ([1.5, -0.5], [[0.0], [1.0]], [[1.0], [1.0]], "diag", "non-negative"),
        ([1.0], [[np.nan]], [[1.0]], "diag", "means of a mixture must be finite"),
        ([1.0], [[0.0]], [[0.0]], "diag", "variances must be positive"),
        ([], np.empty((0, 2)), np.empty((0, 2)), "diag", "not empty"),
    ],
)
def test_impossible_parameters_are_refused(
    weights: Any, means: np.ndarray, covariances: np.ndarray, kind: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        MixtureParameters(weights, means, covariances, kind)


def test_frozen_and_leaves_the_given_arrays_writeable() -> None:
    means = np.zeros((1, 2))
    parameters = MixtureParameters([1.0], means, [[1.0, 1.0]])
    with pytest.raises(ValueError, match="read-only"):
        parameters.means[0, 0] = 1
    means[0, 0] = 1  # still the caller's


def test_precision_cholesky_is_the_upper_root_of_the_inverse() -> None:
    rng = np.random.default_rng(3)
    factor = rng.normal(size=(4, 3, 3))
    covariances = factor @ np.swapaxes(factor, 1, 2) + np.diag([1e-4, 1.0, 1e4])
    root = precision_cholesky(covariances, "full")
    np.testing.assert_array_equal(root, np.triu(root))
    np.testing.assert_allclose(root @ np.swapaxes(root, 1, 2) @ covariances, np.tile(np.eye(3), (4, 1, 1)), atol=1e-9)
    with pytest.raises(ValueError, match="ill-defined"):
        precision_cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]), "tied")


@pytest.mark.parametrize("kind", ["full", "diag"])
def test_a_collapsed_covariance_has_an_error_of_its_own(kind: str) -> None:
    flat = np.zeros((1, 2, 2)) if kind == "full" else np.zeros((1, 2))
    with pytest.raises(IllDefinedError, match="ill-defined empirical covariance"):
        precision_cholesky(flat, kind)
