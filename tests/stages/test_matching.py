"""Best pairs against all pairings, and against scipy's assignment."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from diarize.stages.matching import best_pairs


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 5), (5, 2), (4, 4)])
def test_no_other_pairing_shares_more(shape: tuple[int, int]) -> None:
    for seed in range(20):
        shared = np.random.default_rng(seed).integers(0, 4, shape).astype(float)
        rows, columns = best_pairs(shared)
        assert len(rows) == len(set(rows)) == len(set(columns)) == min(shape)
        wide = shared if shape[0] <= shape[1] else shared.T
        every = permutations(range(wide.shape[1]), wide.shape[0])
        assert shared[rows, columns].sum() == max(wide[np.arange(len(wide)), list(one)].sum() for one in every)


def test_large_tables_are_paired_as_scipy_does() -> None:
    shared = np.random.default_rng(0).exponential(size=(40, 30)) * 1e4
    rows, columns = best_pairs(shared)
    expected = linear_sum_assignment(shared, maximize=True)
    np.testing.assert_array_equal(rows, expected[0])
    np.testing.assert_array_equal(columns, expected[1])
