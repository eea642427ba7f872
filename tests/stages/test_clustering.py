"""First guess at the speakers: groups plain to see, graphs checked by scipy, agreement by trying everything."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import adjusted_rand_score

from diarize.config import ClusteringConfig
from diarize.gmm import MixtureParameters
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.clustering import (
    Affinity,
    agreement,
    estimate_count,
    most_agreed,
    nearest_group,
    spectral_labels,
    starting_labels,
)
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel, View

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
STEP = 0.01


def groups(count: int, size: int = 20, spread: float = 0.25, seed: int = 0) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Return vectors of length one about orthogonal centres, shuffled, and which centre each belongs to."""
    rng, n_dimensions = np.random.default_rng(seed), 30
    centres = np.linalg.qr(rng.normal(size=(n_dimensions, n_dimensions)))[0]
    owners = rng.permutation(np.arange(count * size) % count)
    vectors = centres[owners] + rng.normal(0, spread / np.sqrt(n_dimensions), (count * size, n_dimensions))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), owners


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("seed", [0, 1])
def test_counts_groups_that_are_far_apart(count: int, seed: int) -> None:
    assert estimate_count(groups(count, seed=seed)[0], most=10).count == count


@pytest.mark.parametrize("most", [1, 3])
def test_never_counts_more_than_asked_for(most: int) -> None:
    assert estimate_count(groups(6)[0], most=most).count <= most


@pytest.mark.parametrize("n_pieces", [1, 2, 3])
def test_few_pieces_are_one_speaker(n_pieces: int) -> None:
    affinity = estimate_count(np.eye(4)[:n_pieces], most=10)
    assert affinity.count == 1
    assert affinity.laplacian.shape == (n_pieces, n_pieces)


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
    n_pieces, ratios = len(embeddings), []
    for size in range(2, max(3, int(0.3 * n_pieces)) + 1):
        nearest = np.zeros((n_pieces, n_pieces))
        for row, affinities in enumerate(embeddings @ embeddings.T):
            for column in sorted(range(n_pieces), key=lambda j: -affinities[j])[: size + 1]:
                nearest[row, column] = 1
        graph = 0.5 * (nearest + nearest.T)
        values = np.linalg.eigvalsh(np.diag(graph.sum(axis=1)) - graph)
        gaps = values[1:7] - values[:6]
        ratios.append((size / (gaps.max() / values[-1]), int(gaps.argmax()) + 1))
    assert estimate_count(embeddings, most=6).count == min(ratios)[1]


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
    np.testing.assert_array_equal(nearest_group(embeddings, known, owners[known], 3), owners)


def test_clustered_pieces_keep_their_group() -> None:
    embeddings = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    labels = nearest_group(embeddings, np.arange(3), np.array([0, 0, 1]), 2)
    np.testing.assert_array_equal(labels[:3], [0, 0, 1])


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


def speech_of(lengths: Labels, runs: Labels, seed: int = 0) -> tuple[SpeechBlocks, View]:
    """Return blocks of any sound, as a model with one component sees them."""
    rng, n_blocks = np.random.default_rng(seed), len(lengths)
    background = MixtureParameters([1.0], np.zeros((1, 3)), np.ones((1, 3))).astype(np.float32)
    voices = EigenvoiceModel(background, np.eye(3, dtype=np.float32)[None], np.zeros(3), np.eye(3))
    projected = rng.normal(size=(n_blocks, 3)).astype(np.float32)
    statistics = BlockStatistics(lengths[:, None].astype(np.float32), projected)
    speech = np.ones(lengths.sum(), bool)
    blocks = SpeechBlocks(speech, np.zeros((len(speech), 3), np.float32), (statistics,), lengths, runs, STEP)
    return blocks, View(statistics, voices)


def one_cluster_a_piece(blocks: SpeechBlocks, view: View, window: float, n_starts: int) -> list[Labels]:
    """Return the pieces of each start: with so many clusters asked for, each piece is a cluster of its own."""
    few = max(1, int(blocks.seconds / window / 4 * 3) - 6)
    config = ClusteringConfig(window=window, spare=10, starts=n_starts)
    return list(starting_labels(blocks, view, few, config, np.random.default_rng(0)))


@pytest.mark.parametrize("window", [1.2, 1.8, 2.4])
def test_pieces_are_neighbouring_blocks_of_about_the_length(window: float) -> None:
    """The first start has shorter pieces that cross no pause, the second and the third have longer ones that do."""
    lengths, runs = np.random.default_rng(0).integers(15, 25, 80), np.repeat(np.arange(16), 5)
    starts = one_cluster_a_piece(*speech_of(lengths, runs), window, 3)
    for labels, factor in zip(starts, (2 / 3, 1, 4 / 3), strict=True):
        seconds, crossing = window * factor, factor >= 1
        assert labels[0] == 0
        assert set(np.diff(labels)) == {0, 1}  # in order, none left out
        pieces = np.bincount(labels, lengths) * STEP
        assert pieces.max() <= seconds + 2 * 0.25 + (0 if crossing else seconds / 2)
        if crossing:
            assert np.mean(pieces) == pytest.approx(seconds, rel=0.2)
            assert any(len(set(runs[labels == piece])) > 1 for piece in set(labels))
        else:
            assert all(len(set(runs[labels == piece])) == 1 for piece in set(labels))


def test_pieces_longer_than_the_stretches_of_speech_are_these_stretches() -> None:
    lengths, runs = np.random.default_rng(1).integers(15, 25, 80), np.repeat(np.arange(16), 5)
    labels = one_cluster_a_piece(*speech_of(lengths, runs), 10.0, 1)[0]
    assert adjusted_rand_score(labels, runs) == 1


@pytest.mark.parametrize("least", [1, 5, 40, 80])
def test_starts_have_as_many_labels_as_are_asked_for(least: int) -> None:
    blocks, view = speech_of(np.full(80, 20), np.arange(80) // 10)
    starts = list(starting_labels(blocks, view, least, ClusteringConfig(starts=5), np.random.default_rng(0)))
    assert len(starts) == 5
    for labels in starts:
        assert labels.shape == (80,)
        assert len(set(labels)) >= least


def test_long_speech_starts_from_as_many_clusters_as_its_length_asks_for() -> None:
    """Whatever the graph makes of it: 60 s."""
    blocks, view = speech_of(np.full(300, 20), np.arange(300) // 10)

    def clusters(per_cluster: float) -> list[int]:
        config = ClusteringConfig(spare=0, max_speakers=2, per_cluster=per_cluster)
        return [len(set(labels)) for labels in starting_labels(blocks, view, 1, config, np.random.default_rng(0))]

    assert max(clusters(60.0)) <= 2
    assert clusters(5.0) == [12, 12, 12]
