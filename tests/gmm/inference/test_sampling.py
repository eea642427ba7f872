"""Drawn rows have the mixture's moments."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from diarize.gmm import draw


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_moments_of_drawn_rows(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, n_components=2)
    x, labels = draw(parameters, 40_000, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(labels) / len(x), parameters.weights, atol=0.01)
    for k, matrix in enumerate(oracle.dense(parameters)):
        rows = x[labels == k]
        assert np.abs(rows.mean(axis=0) - parameters.means[k]).max() < 0.06 * np.sqrt(np.diagonal(matrix).max())
        assert np.abs(np.cov(rows.T) - matrix).max() < 0.06 * np.diagonal(matrix).max()
