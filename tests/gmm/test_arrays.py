"""Matrices that have to be positive definite, and the error where they are not."""

from __future__ import annotations

import pickle

import numpy as np

from diarize.gmm.arrays import IllDefinedError, floored, rounding


def test_floored_lifts_only_what_is_not_positive_definite() -> None:
    good = np.array([[2.0, 0.3], [0.3, 1.0]])
    flat = np.array([[1e12, 1e12], [1e12, 1e12]])
    lifted = floored(np.stack([good, flat]), 1e-6)
    np.testing.assert_array_equal(lifted[0], good)
    np.linalg.cholesky(lifted[1])
    np.testing.assert_allclose(lifted[1], flat, rtol=1e-9)


def test_the_error_says_what_to_do_and_can_be_sent_to_another_process() -> None:
    error = IllDefinedError()
    assert isinstance(error, ValueError)
    assert "increase reg_covar" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_rounding_of_numbers_around_a_mean() -> None:
    mean = np.array([1e8])
    step = float(np.spacing(mean[0]))
    assert rounding(mean)[0] > step**2 / 12  # the variance of an even distribution over one step
    assert rounding(mean)[0] < (10 * step) ** 2 * 12
