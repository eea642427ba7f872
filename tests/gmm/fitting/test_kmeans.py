"""K-means against scikit-learn's, and against the best of all partitions of a few rows."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.cluster import KMeans

from diarize.gmm.fitting.kmeans import kmeans_labels


def groups(seed: int, n_rows: int, n_features: int, n_groups: int, spread: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_groups, n_features))
    return centres[rng.integers(n_groups, size=n_rows)] + spread * rng.normal(size=(n_rows, n_features))


@pytest.mark.parametrize("spread", [0.05, 0.4, 2.0])
@pytest.mark.parametrize(("n_rows", "n_features", "n_clusters"), [(40, 2, 3), (300, 8, 5), (500, 20, 12), (60, 5, 1)])
def test_labels_are_those_of_scikit_learn(n_rows: int, n_features: int, n_clusters: int, spread: float) -> None:
    for seed in range(5):
        x = groups(seed, n_rows, n_features, n_clusters, spread)
        expected = KMeans(n_clusters, n_init=5, random_state=seed).fit_predict(x)
        np.testing.assert_array_equal(kmeans_labels(x, n_clusters, seed=seed), expected)


def test_few_rows_are_divided_in_the_best_way() -> None:
    x = groups(3, 9, 2, 3, 0.3)

    def cost(labels: tuple[int, ...]) -> float:
        parts = [x[np.array(labels) == label] for label in set(labels)]
        return sum(float(((part - part.mean(axis=0)) ** 2).sum()) for part in parts)

    best = min(cost((0, *labels)) for labels in product(range(3), repeat=len(x) - 1))  # names do not matter
    assert cost(tuple(kmeans_labels(x, 3, n_init=20))) == pytest.approx(best)


def test_every_centre_keeps_a_row_where_starts_leave_one_empty() -> None:
    x = np.array([[0.0], [0.0], [0.0], [1.0], [9.0]])
    assert len(set(kmeans_labels(x, 3))) == 3


@pytest.mark.parametrize("n_clusters", [0, 4])
def test_number_of_clusters_is_checked(n_clusters: int) -> None:
    with pytest.raises(ValueError, match="from 1 to the number of rows, 3"):
        kmeans_labels(np.eye(3), n_clusters)
