"""Starts and weights as users give them: taken in any form, refused with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diarize.gmm.estimators.checks import check_start, check_weight, informative

SHAPE = (3, 2)
KINDS = ("full", "tied", "diag", "spherical")


def definite(count: int, seed: int = 0) -> Any:
    root = np.random.default_rng(seed).normal(size=(count, 2, 2))
    return root @ np.swapaxes(root, 1, 2) + np.eye(2)


PRECISIONS = {
    "full": definite(3),
    "tied": definite(1)[0],
    "diag": np.array([[1.0, 2.0], [4.0, 5.0], [0.1, 10.0]]),
    "spherical": np.array([1.0, 2.0, 0.5]),
}


def test_nothing_given_nothing_found() -> None:
    assert check_start(None, None, None, "diag", SHAPE) == {}


def test_what_is_given_is_found_by_name() -> None:
    found = check_start([0.2, 0.3, 0.5], [[0, 1], [2, 3], [4, 5]], None, "diag", SHAPE)
    assert set(found) == {"weights", "means"}
    assert all(array.dtype == np.float64 for array in found.values())
    np.testing.assert_array_equal(found["means"], [[0, 1], [2, 3], [4, 5]])


@pytest.mark.parametrize("kind", KINDS)
def test_precisions_are_turned_into_covariances(kind: str) -> None:
    found = check_start(None, None, PRECISIONS[kind], kind, SHAPE)["covariances"]
    if kind in ("full", "tied"):
        np.testing.assert_allclose(found @ PRECISIONS[kind], np.broadcast_to(np.eye(2), found.shape), atol=1e-12)
        np.testing.assert_array_equal(found, np.swapaxes(found, -1, -2))
    else:
        np.testing.assert_allclose(found * PRECISIONS[kind], 1)


@pytest.mark.parametrize("kind", KINDS)
def test_precisions_of_another_shape(kind: str) -> None:
    with pytest.raises(ValueError, match=f"'{kind} precision' should have the shape"):
        check_start(None, None, np.ones((2, 5)), kind, SHAPE)


@pytest.mark.parametrize("kind", ["full", "tied"])
@pytest.mark.parametrize("matrix", [[[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.5], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])
def test_precisions_that_are_no_inverse_covariances(kind: str, matrix: np.ndarray) -> None:
    wrong = np.array([np.eye(2), matrix, np.eye(2)]) if kind == "full" else matrix
    with pytest.raises(ValueError, match="symmetric, positive-definite"):
        check_start(None, None, wrong, kind, SHAPE)


@pytest.mark.parametrize("kind", ["diag", "spherical"])
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_variances_must_be_positive(kind: str, value: Any) -> None:
    wrong = PRECISIONS[kind].copy()
    wrong.flat[1] = value
    with pytest.raises(ValueError, match=f"'{kind} precision' should be positive"):
        check_start(None, None, wrong, kind, SHAPE)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.5, 0.5], "shape"),
        ([0.5, 0.6, -0.1], r"range \[0, 1\]"),
        ([1.2, 0.0, 0.0], r"range \[0, 1\]"),
        ([0.3, 0.3, 0.3], "normalized"),
        ([0.5, 0.5, np.nan], "NaN"),
        (["a", "b", "c"], "could not convert"),
    ],
)
def test_impossible_weights(weights: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_start(weights, None, None, "diag", SHAPE)


def test_impossible_means() -> None:
    with pytest.raises(ValueError, match="'means' should have the shape"):
        check_start(None, np.zeros((2, 3)), None, "diag", SHAPE)
    with pytest.raises(ValueError, match="infinity"):
        check_start(None, np.full(SHAPE, np.inf), None, "diag", SHAPE)


def test_row_weights_of_every_kind() -> None:
    assert check_weight(None, 3) is None
    np.testing.assert_array_equal(check_weight(2, 3), [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(check_weight(np.float32(0.5), 2), [0.5, 0.5])
    found = check_weight([0, 1, 5], 3)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [0, 1, 5])


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0, 2.0], r"shape of \(3,\), one for each row, got \(2,\)"),
        (np.ones((3, 1)), r"got \(3, 1\)"),
        ([1.0, -0.5, 1.0], "must not be negative, got -0.5"),
        ([0.0, 0.0, 0.0], "zero for every row"),
        ([1.0, np.nan, 1.0], "NaN"),
        (-1, "negative"),
    ],
)
def test_impossible_row_weights(weight: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_weight(weight, 3)


def test_a_block_of_rows_may_have_no_weight_at_all() -> None:
    np.testing.assert_array_equal(check_weight([0.0, 0.0], 2, some=False), [0, 0])
    assert check_weight([], 0, some=False).shape == (0,)


def test_rows_that_say_something() -> None:
    x = np.zeros((5000, 2))
    x[[3, 4000]] = np.nan
    x[5, 1] = np.nan
    np.testing.assert_array_equal(np.flatnonzero(~informative(x)), [3, 4000])


def test_columns_without_a_value() -> None:
    x = np.zeros((3000, 4))
    x[:, [1, 3]] = np.nan
    with pytest.raises(ValueError, match="only NaN, in column 1, 3 "):
        informative(x)
    x[2999] = 1
    assert informative(x).all()
