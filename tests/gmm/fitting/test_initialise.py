"""Starts: sums over labels against plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diarize.gmm import maximise
from diarize.gmm.fitting.initialise import INITIALISATIONS, initial_statistics, label_statistics, sample_size

KINDS = ("full", "tied", "diag", "spherical")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_labels_give_each_clusters_own_moments(kind: str, weighted: Any) -> None:
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
def test_a_cluster_without_rows_starts_as_all_rows(kind: str) -> None:
    x = np.random.default_rng(0).normal(size=(50, 2)) + 7
    found = maximise(label_statistics(x, np.zeros(50, dtype=int), 2, kind), 1e-6)
    np.testing.assert_allclose(found.means[1], x.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.variances[1].mean(), x.var(axis=0).mean(), rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_random_start_is_seeded_and_leaves_the_total_moments(kind: str) -> None:
    x = np.random.default_rng(0).normal(size=(5000, 2)) + 7
    one = initial_statistics(x, None, 3, kind, "random", np.random.RandomState(4))
    two = initial_statistics(x, None, 3, kind, "random", np.random.RandomState(4))
    np.testing.assert_array_equal(one.first, two.first)
    assert one.zeroth.sum() == pytest.approx(5000)
    np.testing.assert_allclose(one.about(0.0).first.sum(axis=0), x.sum(axis=0))
    assert not np.allclose(one.zeroth[0], one.zeroth[1], rtol=1e-9)


@pytest.mark.parametrize("count", [500, 5000])
def test_spectral_start_follows_shapes_that_k_means_cuts(count: int) -> None:
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, count)
    inner = np.arange(count) < count // 4
    radius = np.where(inner, 0.5, 5.0) + 0.1 * rng.normal(size=count)
    x = np.c_[np.cos(angle), np.sin(angle)] * radius[:, None]
    order = rng.permutation(count)
    found = initial_statistics(x[order], None, 2, "diag", "spectral", np.random.RandomState(0))
    assert sorted(found.zeroth) == [inner.sum(), count - inner.sum()]
    cut = initial_statistics(x[order], None, 2, "diag", "kmeans", np.random.RandomState(0))
    assert sorted(cut.zeroth) != sorted(found.zeroth)


@pytest.mark.parametrize("count", [300, 5000], ids=["all rows", "a sample"])
def test_ward_start_finds_clusters_whatever_the_units(count: int) -> None:
    rng = np.random.default_rng(3)
    labels = rng.permutation(np.arange(count) % 3)
    x = (np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])[labels] + rng.normal(size=(count, 2))) * [1e-3, 1e4]
    found = initial_statistics(x, None, 3, "full", "ward", np.random.RandomState(0))
    means = found.origin + found.first / found.zeroth[:, None]
    expected = np.stack([x[labels == k].mean(axis=0) for k in range(3)])
    nearest = np.abs((means[:, None] - expected) / [1e-3, 1e4]).max(axis=2).min(axis=1)
    assert nearest.max() < 0.2
    np.testing.assert_allclose(np.sort(found.zeroth), np.sort(np.bincount(labels)), atol=0.01 * count)


def test_spectral_start_with_as_many_components_as_rows() -> None:
    x = np.arange(4.0)[:, None]
    found = initial_statistics(x, None, 4, "diag", "spectral", np.random.RandomState(0))
    np.testing.assert_array_equal(maximise(found).means, x)


@pytest.mark.parametrize("method", INITIALISATIONS)
def test_many_rows_are_sampled(method: str) -> None:
    count = 2 * sample_size(2)
    x = np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32) + np.arange(count)[:, None] % 2 * 9
    weight = np.full(count, 0.5)
    found = initial_statistics(x, weight, 2, "diag", method, np.random.RandomState(0))
    assert found.zeroth.sum() == pytest.approx(sample_size(2) / 2)
    if method in ("kmeans", "k-means++", "spectral", "ward"):
        np.testing.assert_allclose(sorted(maximise(found).means[:, 0]), [0, 9], atol=0.05)


@pytest.mark.parametrize("method", INITIALISATIONS)
def test_missing_entries_start_as_the_mean_of_their_column(method: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)) + 4
    x[rng.random(x.shape) < 0.2] = np.nan
    x[7] = np.nan
    told = ~np.isnan(x).all(axis=1)
    whole = np.where(np.isnan(x), np.nanmean(x, axis=0), x)[told]
    weight = rng.uniform(0.5, 1, 200)
    found = initial_statistics(x, weight, 3, "full", method, np.random.RandomState(0))
    expected = initial_statistics(whole, weight[told], 3, "full", method, np.random.RandomState(0))
    for name in ("zeroth", "first", "second"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-9)


def test_a_column_with_a_few_values_is_not_lost_in_the_sample() -> None:
    x = np.zeros((sample_size(1) * 4, 2))
    x[:, 1] = np.nan
    x[5, 1] = 3.0
    found = initial_statistics(x, None, 1, "diag", "random", np.random.RandomState(0))
    np.testing.assert_allclose(maximise(found).means, [[0, 3]])


def test_a_few_rows_that_say_something_are_not_lost_in_the_sample() -> None:
    x = np.full((sample_size(3) * 2, 2), np.nan)
    x[::20_000] = np.arange(5.0)[:, None]
    found = initial_statistics(x, None, 3, "diag", "kmeans", np.random.RandomState(0))
    assert found.zeroth.sum() == 5
