"""Starts: sums over labels against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.gmm import maximise
from diarize.gmm.initialise import initial_statistics, label_statistics

KINDS = ("full", "tied", "diag", "spherical")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_labels_give_each_clusters_own_moments(kind, weighted):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 3)) @ rng.normal(size=(3, 3)) + 1e4
    labels = rng.integers(3, size=len(x))
    weight = rng.uniform(0.1, 2, len(x)) if weighted else None
    found = maximise(label_statistics(x, labels, 3, kind, weight), 0.0)
    used = np.ones(len(x)) if weight is None else weight
    share = np.bincount(labels, used) / used.sum()
    matrices = np.array([np.cov(x[labels == k].T, aweights=used[labels == k], bias=True) for k in range(3)])
    variances = np.diagonal(matrices, axis1=1, axis2=2)
    expected = {
        "full": matrices,
        "tied": np.tensordot(share, matrices, 1),
        "diag": variances,
        "spherical": variances.mean(axis=1),
    }
    np.testing.assert_allclose(found.weights, share)
    one = labels == 1
    np.testing.assert_allclose(found.means[1], np.average(x[one], axis=0, weights=used[one]), rtol=1e-13)
    np.testing.assert_allclose(found.covariances, expected[kind], rtol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cluster_without_rows_starts_as_all_rows(kind):
    x = np.random.default_rng(0).normal(size=(50, 2)) + 7
    found = maximise(label_statistics(x, np.zeros(50, dtype=int), 2, kind), 1e-6)
    np.testing.assert_allclose(found.means[1], x.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.variances[1].mean(), x.var(axis=0).mean(), rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_random_start_is_seeded_and_leaves_the_total_moments(kind):
    x = np.random.default_rng(0).normal(size=(5000, 2)) + 7
    one = initial_statistics(x, None, 3, kind, "random", np.random.RandomState(4))
    two = initial_statistics(x, None, 3, kind, "random", np.random.RandomState(4))
    np.testing.assert_array_equal(one.first, two.first)
    assert one.zeroth.sum() == pytest.approx(5000)
    np.testing.assert_allclose(one.about(0.0).first.sum(axis=0), x.sum(axis=0))
    assert not np.allclose(one.zeroth[0], one.zeroth[1], rtol=1e-9)
