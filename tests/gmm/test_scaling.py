"""Scaling of columns: densities change by the volume, and mixtures come back into the units of the data."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from diarize.gmm import log_likelihood
from diarize.gmm.scaling import Scaling


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_densities_come_back_in_the_units_of_the_data(oracle: SimpleNamespace, kind: str) -> None:
    scaling = Scaling(np.array([5.0, -2.0, 0.0]), np.array([0.1, 20.0, 3.0]))
    mixture = oracle.mixture(kind)
    x = np.random.default_rng(0).normal(size=(50, 3)) * 30
    expected = oracle.log_likelihood(scaling.apply(x), mixture) - np.log(scaling.spread).sum()
    np.testing.assert_allclose(log_likelihood(x, scaling.undo(mixture)), expected, rtol=1e-9)
    np.testing.assert_allclose(scaling.log_volume(x), np.log(0.1 * 20 * 3), rtol=1e-12)


def test_spherical_stays_spherical_where_spreads_agree(oracle: SimpleNamespace) -> None:
    assert Scaling(np.ones(3), np.full(3, 2.0)).undo(oracle.mixture("spherical")).covariance_type == "spherical"


def test_missing_entries_and_constant_columns() -> None:
    rows = np.array([[1.0, 7.0, 0.1], [3.0, np.nan, 0.1], [np.nan, 9.0, 0.1]])
    scaling = Scaling.of(rows)
    np.testing.assert_allclose(scaling.centre, [2.0, 8.0, 0.1])
    np.testing.assert_allclose(scaling.spread, [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(np.isnan(scaling.apply(rows)), np.isnan(rows))
    np.testing.assert_allclose(Scaling(np.zeros(3), np.array([2.0, 3.0, 5.0])).log_volume(rows), np.log([30, 10, 15]))


def test_nothing_changes_without_scaling() -> None:
    rows = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    found = Scaling.none(2).apply(rows)
    np.testing.assert_array_equal(found, rows)
    assert found.dtype == np.float32


def test_values_too_large_are_said() -> None:
    with pytest.raises(ValueError, match="too large to square"):
        Scaling.of(np.array([[1e200], [-1e200]]))
