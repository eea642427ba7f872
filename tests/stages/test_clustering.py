"""First guess at the speakers: groups plain to see, graphs checked by scipy, agreement by trying everything."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import adjusted_rand_score

from diarize.stages.clustering import Affinity, agreement, estimate_count, most_agreed, nearest_group, spectral_labels

Floats = npt.NDArray[np.float64]


def groups(count: int, size: int = 20, spread: float = 0.25, seed: int = 0) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Return vectors of length one about orthogonal centres, shuffled, and which centre each belongs to."""
    rng, n_dimensions = np.random.default_rng(seed), 30
    centres = np.linalg.qr(rng.normal(size=(n_dimensions, n_dimensions)))[0]
    owners = rng.permutation(np.arange(count * size) % count)
    found = centres[owners] + rng.normal(0, spread / np.sqrt(n_dimensions), (count * size, n_dimensions))
    return found / np.linalg.norm(found, axis=1, keepdims=True), owners


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("seed", [0, 1])
def test_counts_groups_that_are_far_apart(count: int, seed: int) -> None:
    assert estimate_count(groups(count, seed=seed)[0], most=10).count == count


@pytest.mark.parametrize("most", [1, 3])
def test_never_counts_more_than_asked_for(most: int) -> None:
    assert estimate_count(groups(6)[0], most=most).count <= most


@pytest.mark.parametrize("n_pieces", [1, 2, 3])
def test_few_pieces_are_one_speaker(n_pieces: int) -> None:
    found = estimate_count(np.eye(4)[:n_pieces], most=10)
    assert found.count == 1
    assert found.laplacian.shape == (n_pieces, n_pieces)


def test_the_laplacian_is_one_of_a_graph_that_keeps_groups_apart() -> None:
    embeddings, owners = groups(4)
    laplacian = estimate_count(embeddings, most=10).laplacian
    np.testing.assert_allclose(laplacian, laplacian.T)
    np.testing.assert_allclose(laplacian.sum(axis=1), 0, atol=1e-12)
    assert np.linalg.eigvalsh(laplacian).min() > -1e-9
    graph = np.where(np.eye(len(laplacian), dtype=bool), 0, -laplacian)
    assert set(np.unique(graph)) <= {0, 0.5, 1}  # eq. (12)
    count, labels = connected_components(graph)
    assert count == 4
    assert adjusted_rand_score(labels, owners) == 1


def test_the_gap_is_the_widest_among_all_neighbourhoods() -> None:
    """Written out from eq. (12) and (13) with plain loops over pieces that are hard to tell apart."""
    embeddings, _ = groups(3, size=8, spread=1.5, seed=4)
    n_pieces, found = len(embeddings), []
    for size in range(2, max(3, int(0.3 * n_pieces)) + 1):
        nearest = np.zeros((n_pieces, n_pieces))
        for row, affinities in enumerate(embeddings @ embeddings.T):
            for column in sorted(range(n_pieces), key=lambda j: -affinities[j])[: size + 1]:
                nearest[row, column] = 1
        graph = 0.5 * (nearest + nearest.T)
        values = np.linalg.eigvalsh(np.diag(graph.sum(axis=1)) - graph)
        gaps = values[1:7] - values[:6]
        found.append((size / (gaps.max() / values[-1]), int(gaps.argmax()) + 1))
    assert estimate_count(embeddings, most=6).count == min(found)[1]


@pytest.mark.parametrize("count", [2, 3, 6])
def test_labels_are_the_groups(count: int) -> None:
    embeddings, owners = groups(count)
    labels = spectral_labels(estimate_count(embeddings, 10), count, np.random.default_rng(0))
    assert labels.dtype == np.intp
    assert adjusted_rand_score(labels, owners) == 1


def test_more_labels_than_groups_split_groups_only() -> None:
    embeddings, owners = groups(3)
    labels = spectral_labels(estimate_count(embeddings, 10), 5, np.random.default_rng(0))
    assert len(set(labels)) == 5
    assert all(len(set(owners[labels == label])) == 1 for label in range(5))


def test_same_seed_same_labels() -> None:
    affinity = estimate_count(groups(3, spread=2.0)[0], 10)
    one, two = (spectral_labels(affinity, 5, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_one_label_and_one_for_each_piece() -> None:
    affinity, rng = estimate_count(groups(2, size=4)[0], 10), np.random.default_rng(0)
    assert set(spectral_labels(affinity, 1, rng)) == {0}
    assert sorted(spectral_labels(affinity, 8, rng)) == list(range(8))


def test_pieces_that_cannot_be_told_apart_are_divided_all_the_same() -> None:
    alike = Affinity(np.zeros((9, 9)), 1)
    alike.laplacian[:] = 9 * np.eye(9) - 1
    same = estimate_count(np.tile([[1.0, 0.0]], (9, 1)), 5)
    for affinity in (alike, same):
        for count in (2, 3):
            labels = spectral_labels(affinity, count, np.random.default_rng(0))
            assert set(labels) == set(range(count))


def test_left_out_pieces_go_to_the_nearest_centre() -> None:
    embeddings, owners = groups(3, seed=2)
    known = np.arange(0, 60, 4)
    found = nearest_group(embeddings, known, owners[known], 3)
    np.testing.assert_array_equal(found, owners)


def test_clustered_pieces_keep_their_group() -> None:
    embeddings = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = nearest_group(embeddings, np.arange(3), np.array([0, 0, 1]), 2)
    np.testing.assert_array_equal(found[:3], [0, 0, 1])


def best_renaming(first: npt.NDArray[np.intp], second: npt.NDArray[np.intp], weights: Floats) -> float:
    size = int(max(first.max(), second.max())) + 1
    return max(weights[first == np.array(names)[second]].sum() / weights.sum() for names in permutations(range(size)))


@pytest.mark.parametrize("seed", range(6))
def test_agreement_is_that_of_the_best_renaming(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, rng.integers(1, 6), 40), rng.integers(0, rng.integers(1, 6), 40)
    weights = rng.uniform(0.1, 2.0, 40)
    assert agreement(first, second, weights) == pytest.approx(best_renaming(first, second, weights))
    assert agreement(second, first, weights) == pytest.approx(best_renaming(first, second, weights))


def test_renaming_is_no_difference() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 50)
    assert agreement(labels, np.array([2, 0, 3, 1])[labels], np.ones(50)) == 1


def test_the_candidate_in_the_middle_is_taken() -> None:
    early, middle, late = ((np.arange(30) >= place).astype(np.intp) for place in (10, 15, 20))
    assert most_agreed([early, middle, late], np.ones(30)) == 1
    assert most_agreed([early, late, 1 - middle], np.ones(30)) == 2
    assert most_agreed([middle], np.ones(30)) == 0


def test_agreement_counts_by_weight() -> None:
    first, second = np.array([0, 0, 1]), np.array([0, 1, 1])
    assert agreement(first, second, np.array([1, 8, 1])) == pytest.approx(0.8)  # 0 as 1, though two thirds say 0 as 0
    assert agreement(first, second, np.array([1, 1, 1])) == pytest.approx(2 / 3)
