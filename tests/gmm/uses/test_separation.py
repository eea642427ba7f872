"""Separation against the enumeration of all combinations, closed forms, and sources that are known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import norm

from diarize.gmm import GaussianMixture, MixtureParameters, Source, combine_sources, fit_source, separate_sources
from diarize.gmm.uses.separation import MAX_COMBINATIONS, band_edges, components_each, in_bands, stacked


def mixtures(sizes: tuple[int, ...], n_features: int = 5, seed: int = 0) -> list[MixtureParameters]:
    rng = np.random.default_rng(seed)
    return [
        MixtureParameters(
            rng.dirichlet(np.full(size, 2.0)),
            rng.normal(scale=2.0, size=(size, n_features)),
            rng.uniform(0.3, 2.0, size=(size, n_features)),
        )
        for size in sizes
    ]


def combinations(sources: list[MixtureParameters]) -> list[tuple[float, np.ndarray, np.ndarray, np.ndarray]]:
    """Return weight, mean, variance and the sources' means of each combination, one after the other."""
    found = []
    for chosen in itertools.product(*(range(each.n_components) for each in sources)):
        weight = math.prod(float(each.weights[i]) for each, i in zip(sources, chosen, strict=True))
        means = np.array([each.means[i] for each, i in zip(sources, chosen, strict=True)])
        variances = np.array([each.variances[i] for each, i in zip(sources, chosen, strict=True)])
        largest = means.argmax(axis=0)
        bins = np.arange(means.shape[1])
        found.append((weight, means[largest, bins], variances[largest, bins], means))
    return found


def brute_force(x: np.ndarray, sources: list[MixtureParameters], evidence: float) -> np.ndarray:
    """Return the masks, frame by frame and combination by combination."""
    masks = np.zeros((len(sources), *x.shape))
    every = combinations(sources)
    for t, row in enumerate(x):
        joint = [math.log(w) + evidence * norm.logpdf(row, m, np.sqrt(v)).sum() for w, m, v, _ in every]
        posterior = np.exp(joint - logsumexp(joint))
        posterior[posterior < 1e-3 * posterior.max()] = 0  # what the module leaves out
        for share, (_, _, _, means) in zip(posterior / posterior.sum(), every, strict=True):
            masks[:, t] += share * np.exp(means - logsumexp(means, axis=0))
    return masks


@pytest.mark.parametrize("sizes", [(3,), (3, 4), (2, 3, 2)])
def test_combinations_one_by_one(sizes: tuple[int, ...]) -> None:
    sources = mixtures(sizes)
    found, expected = combine_sources(sources), combinations(sources)
    np.testing.assert_allclose(found.weights, [each[0] for each in expected])
    np.testing.assert_array_equal(found.means, [each[1] for each in expected])
    np.testing.assert_array_equal(found.covariances, [each[2] for each in expected])


def test_the_max_model_is_the_density_of_the_largest_where_sources_lie_apart() -> None:
    """The exact density of a maximum is f1 F2 + F1 f2."""
    one = MixtureParameters([0.3, 0.7], [[0.0], [20.0]], [[1.0], [2.0]])
    other = MixtureParameters([0.6, 0.4], [[10.0], [-10.0]], [[1.5], [1.0]])
    x = np.linspace(-4, 25, 50)

    def density(mixture: MixtureParameters, name: str) -> np.ndarray:
        each = norm(mixture.means[:, 0], np.sqrt(mixture.covariances[:, 0]))
        return getattr(each, name)(x[:, None]) @ mixture.weights

    exact = density(one, "pdf") * density(other, "cdf") + density(one, "cdf") * density(other, "pdf")
    found = GaussianMixture.from_parameters(combine_sources([one, other])).score_samples(x[:, None])
    np.testing.assert_allclose(np.exp(found), exact, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("evidence", [0.2, 1.0])
@pytest.mark.parametrize("sizes", [(3, 4), (2, 3, 2), (2, 2, 2, 2)])
def test_masks_are_those_of_all_combinations(sizes: tuple[int, ...], evidence: float) -> None:
    sources = mixtures(sizes)
    x = np.random.default_rng(1).normal(scale=2.0, size=(66, 5))  # more than a block
    masks = separate_sources(x, sources, evidence=evidence)
    np.testing.assert_allclose(masks, brute_force(x, sources, evidence), atol=2e-4)
    np.testing.assert_allclose(masks.sum(axis=0), 1, atol=1e-6)


def test_one_component_each_gives_the_ratio_of_powers() -> None:
    one, other = mixtures((1, 1))
    masks = separate_sources(np.zeros((2, 5)), [one, other])
    np.testing.assert_allclose(masks[0], np.tile(expit(one.means - other.means), (2, 1)), atol=1e-6)


def test_one_source_gets_everything() -> None:
    assert (separate_sources(np.zeros((3, 5)), mixtures((4,))) == 1).all()


def test_sources_may_come_in_any_order_and_as_estimators() -> None:
    sources = mixtures((3, 4))
    x = np.random.default_rng(1).normal(size=(9, 5))
    masks = separate_sources(x, sources)
    np.testing.assert_allclose(separate_sources(x, sources[::-1]), masks[::-1], atol=1e-5)
    estimators = [GaussianMixture.from_parameters(each) for each in sources]
    np.testing.assert_array_equal(separate_sources(x, estimators), masks)


def test_stacked_and_banded_sources_against_loops() -> None:
    """Two sources of two stacked, banded components: the posterior is that of the stacks, the shares of the bins."""
    rng = np.random.default_rng(3)
    sources = [fit_source(rng.normal(size=(60, 12)), n_components=2, resolution=4.0, random_state=0) for _ in "ab"]
    x = rng.normal(size=(11, 12))
    edges = sources[0].edges
    banded = np.array([[np.log(np.exp(row[a:b]).mean()) for a, b in itertools.pairwise(edges)] for row in x])
    rows = [np.concatenate([banded[min(max(t + move, 0), 10)] for move in (-2, 0, 2)]) for t in range(11)]
    every = combinations([each.mixture for each in sources])
    shares = [expit(one - other) for one in sources[0].spectra for other in sources[1].spectra]
    masks = separate_sources(x, sources, evidence=0.3)
    for t, row in enumerate(rows):
        joint = [math.log(w) + 0.1 * norm.logpdf(row, m, np.sqrt(v)).sum() for w, m, v, _ in every]
        expected = np.exp(joint - logsumexp(joint)) @ np.array(shares)
        np.testing.assert_allclose(masks[0, t], expected, atol=2e-3)


def test_bands() -> None:
    edges = band_edges(513, 6.0)
    assert edges[0] == 0
    assert edges[-1] == 513
    widths = np.diff(edges)
    assert (widths[:8] == 1).all()
    assert (np.diff(widths[:-1]) >= 0).all()
    rows = np.random.default_rng(0).normal(scale=5, size=(4, 513)).astype(np.float32)
    expected = [
        [logsumexp(row[a:b].astype(float)) - math.log(b - a) for a, b in itertools.pairwise(edges)] for row in rows
    ]
    np.testing.assert_allclose(in_bands(rows, edges), expected, rtol=1e-4, atol=1e-3)
    assert band_edges(1, 6.0).tolist() == [0, 1]
    assert band_edges(3, 6.0).tolist() == [0, 1, 2, 3]


def test_stacks_repeat_the_ends() -> None:
    rows = np.arange(5, dtype=np.float32)[:, None]
    assert stacked(rows, 3, 2).tolist() == [[0, 0, 2], [0, 1, 3], [0, 2, 4], [1, 3, 4], [2, 4, 4]]


def harmonics(pitch: np.ndarray, n_bins: int, level: float) -> np.ndarray:
    """Return log spectra of voices of moving pitch: peaks at its multiples under a slope."""
    bins = np.arange(n_bins)
    away = np.abs(bins / pitch[:, None] - np.round(bins / pitch[:, None])) * pitch[:, None]
    return level - 0.02 * bins - 2.0 * np.minimum(away, 3.0) ** 2


@pytest.mark.parametrize("pitches", [(8.0, 13.0), (7.0, 11.0, 17.0)])
def test_harmonic_voices_come_apart(pitches: tuple[float, ...]) -> None:
    """Each source is learned from other frames than those that are mixed; the oracle is the ideal ratio mask."""
    rng = np.random.default_rng(0)

    def voice(pitch: float, n_frames: int) -> np.ndarray:
        course = pitch * np.exp(0.08 * np.sin(np.arange(n_frames) / 15 + rng.uniform(0, 6)))
        return harmonics(course, 96, rng.normal(scale=0.3)) + rng.normal(scale=0.3, size=(n_frames, 96))

    sources = [voice(pitch, 400) for pitch in pitches]
    alone = np.stack([voice(pitch, 100) for pitch in pitches])
    signal = logsumexp(alone, axis=0)
    ideal = np.exp(alone - signal)
    masks = separate_sources(signal, sources, n_components=16, random_state=0)
    power = np.exp(alone)
    lost = [(power * (1 - mask)).sum() / power.sum() for mask in (ideal, masks, 1 / len(pitches))]
    assert lost[1] < lost[0] + 0.25 * (lost[2] - lost[0])
    again = separate_sources(signal, sources, n_components=16, random_state=0)
    np.testing.assert_array_equal(again, masks)


def test_sources_are_as_large_as_their_rows_and_their_number_allow() -> None:
    rows = np.random.default_rng(0).normal(size=(100, 6))
    assert fit_source(rows, random_state=0).mixture.n_components == 25
    assert fit_source(rows, n_components=7, random_state=0).mixture.n_components == 7
    for count in range(1, 9):
        assert components_each(count) ** max(count, 2) <= MAX_COMBINATIONS
    masks = separate_sources(rows[:3], [rows] * 4, random_state=0)
    assert masks.shape == (4, 3, 6)


@pytest.mark.parametrize("rows", [np.zeros((1, 4)), np.full((50, 4), -3.0), np.tile([[0.0, 1.0, 2.0, 50.0]], (9, 1))])
def test_constant_and_single_rows(rows: np.ndarray) -> None:
    other = np.random.default_rng(0).normal(size=(20, 4))
    masks = separate_sources(other, [rows, other], random_state=0)
    assert np.isfinite(masks).all()
    assert masks.min() >= 0
    np.testing.assert_allclose(masks.sum(axis=0), 1, atol=1e-6)


def test_a_signal_unlike_all_sources_still_gives_shares() -> None:
    masks = separate_sources(np.full((2, 5), 1e6), mixtures((3, 3)))
    np.testing.assert_allclose(masks.sum(axis=0), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((0, 5)), "must be \\(n_frames, n_bins\\)"),
        (np.zeros(5), "must be \\(n_frames, n_bins\\)"),
        ([["a"] * 5], "numbers"),
        (np.full((2, 5), np.nan), "finite"),
        (np.full((2, 5), -np.inf), "add a small power"),
        (np.zeros((2, 4)), "5 bins, the signal 4"),
    ],
)
def test_bad_signals(x: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        separate_sources(x, mixtures((2, 2)))


def test_bad_sources() -> None:
    x, good = np.zeros((2, 5)), mixtures((2,))[0]
    with pytest.raises(ValueError, match="at least one"):
        separate_sources(x, [])
    with pytest.raises(ValueError, match="finite"):
        separate_sources(x, [good, np.full((3, 5), np.nan)])
    with pytest.raises(ValueError, match="fitted with different bands or context"):
        separate_sources(x, [good, fit_source(np.zeros((9, 5)))])
    with pytest.raises(ValueError, match="evidence must be above 0"):
        separate_sources(x, [good], evidence=0.0)
    full = MixtureParameters([1.0], np.zeros((1, 5)), np.eye(5)[None], "full")
    with pytest.raises(ValueError, match="diagonal or spherical"):
        combine_sources([good, full])
    with pytest.raises(ValueError, match="at least one"):
        combine_sources([])
    with pytest.raises(ValueError, match="5 and 4 features"):
        combine_sources([good, mixtures((2,), 4)[0]])
    with pytest.raises(ValueError, match="above the limit"):
        combine_sources(mixtures((300, 300)))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_components": 0}, "n_components must be a whole number"),
        ({"context": 2}, "odd"),
        ({"step": 0}, "step must be"),
        ({"resolution": 0.5}, "resolution must be at least 1"),
    ],
)
def test_bad_settings(settings: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit_source(np.zeros((9, 5)), **settings)


def test_a_source_is_a_value() -> None:
    source = fit_source(np.random.default_rng(0).normal(size=(20, 5)), random_state=0)
    assert isinstance(source, Source)
    with pytest.raises(AttributeError):
        source.context = 5
