"""diarize.hmm against enumeration of all paths, against hmmlearn, and against itself written out differently."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hmmlearn.base import BaseHMM
from hmmlearn.hmm import CategoricalHMM, GaussianHMM
from scipy.stats import norm

from diarize import hmm
from diarize.errors import ConfigError
from diarize.hmm import (
    Ergodic,
    LeftRight,
    MinimumDuration,
    SpeakerLoop,
    forward_backward,
    max_posterior,
    viterbi,
)

INF = np.inf
PACKAGE = Path(hmm.__file__).parents[1]


# --- oracles -----------------------------------------------------------------------------------------------------


def matrix_of(base):
    """Start and transition probabilities between labels, and the share of draws in staying, from the definitions."""
    if isinstance(base, Ergodic):
        return base.start, base.transitions, np.zeros(base.n_labels)
    n, loop = base.n_labels, base.loop_probability
    matrix = np.array([[loop * (i == j) + (1 - loop) * base.weights[j] for j in range(n)] for i in range(n)])
    redraw = np.array([(1 - loop) * base.weights[j] / matrix[j, j] if matrix[j, j] else 0.0 for j in range(n)])
    return base.start if isinstance(base, Ergodic) else base.weights, matrix, redraw


def parts_of(structure):
    if isinstance(structure, MinimumDuration):
        return structure.base, structure.frames, structure.open_end
    return structure, np.ones(structure.n_labels, int), True


def enumerate_paths(log_likelihood, structure):
    """Evidence, posterior, entries, best log probability, transitions by adding up every sequence of labels.

    A transition is a change of label, or a frame of a stay beyond the minimum duration.
    """
    base, frames, open_end = parts_of(structure)
    start, matrix, redraw = matrix_of(base)
    n_frames, n_labels = log_likelihood.shape
    likelihood = np.exp(log_likelihood)
    total, posterior, entries, best = 0.0, np.zeros((n_frames, n_labels)), np.zeros(n_labels), 0.0
    transitions = np.zeros((n_labels, n_labels))
    for path in itertools.product(range(n_labels), repeat=n_frames):
        probability, visits, t, steps = 1.0, np.zeros(n_labels), 0, np.zeros((n_labels, n_labels))
        for label, group in itertools.groupby(path):
            stay = len(list(group))
            before = path[t - 1] if t else None
            probability *= start[label] if t == 0 else matrix[before, label]
            free = stay - frames[label]  # frames in the last state beyond the first one there
            if free < 0 and not (open_end and t + stay == n_frames):
                probability = 0.0
            probability *= matrix[label, label] ** max(free, 0)
            visits[label] += 1 + redraw[label] * max(free, 0)
            steps[label, label] += max(free, 0)
            if t:
                steps[before, label] += 1
            for i in range(t, t + stay):
                probability *= likelihood[i, label]
            t += stay
        total += probability
        best = max(best, probability)
        posterior[range(n_frames), path] += probability
        entries += probability * visits
        transitions += probability * steps
    return math.log(total), posterior / total, entries / total, math.log(best), transitions / total


def path_log_probability(log_likelihood, structure, labels):
    """Joint log probability of one path, by enumeration of this path only."""
    allowed = np.full(log_likelihood.shape, -INF)
    allowed[range(len(labels)), labels] = 0.0
    return enumerate_paths(log_likelihood + allowed, structure)[0]


class GivenEmissions(BaseHMM):
    """hmmlearn over log-likelihoods that are its observations."""

    def _compute_log_likelihood(self, X):
        return X


def expand(structure):
    """The chain of every label written out, state by state; and the label of each state."""
    base, frames, _ = parts_of(structure)
    start, matrix, _ = matrix_of(base)
    label = np.repeat(np.arange(len(frames)), frames)
    first = np.concatenate([[0], np.cumsum(frames)[:-1]])
    big_start, big = np.zeros(len(label)), np.zeros((len(label), len(label)))
    big_start[first] = start
    for s, d in enumerate(frames):
        for i in range(first[s], first[s] + d - 1):
            big[i, i + 1] = 1.0
        last = first[s] + d - 1
        big[last, last] = matrix[s, s]
        for r in range(len(frames)):
            if r != s:
                big[last, first[r]] += matrix[s, r]
    return big_start, big, label


# --- cases -------------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(20)
LEFT_RIGHT = Ergodic([1, 0, 0], [[0.6, 0.4, 0], [0, 0.7, 0.3], [0, 0, 1]])
DENSE = Ergodic(RNG.dirichlet(np.ones(3)), RNG.dirichlet(np.ones(3), size=3))
LOOP = SpeakerLoop([0.5, 0.2, 0.3], 0.7)
STRUCTURES = {
    "ergodic": DENSE,
    "left-right": LEFT_RIGHT,
    "loop": LOOP,
    "loop, a dead speaker": SpeakerLoop([0.6, 0.4, 0.0], 0.5),
    "loop, draws only": SpeakerLoop([0.5, 0.2, 0.3], 0.0),
    "loop, no draws": SpeakerLoop([0.5, 0.2, 0.3], 1.0),
    "ergodic, one label": Ergodic([1.0], [[1.0]]),
    "ergodic, a label that cannot begin": Ergodic([0.0, 0.3, 0.7], DENSE.transitions),
    "ergodic, nothing goes back": Ergodic([0.5, 0.5, 0.0], [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.3, 0.0, 0.7]]),
    "left-right, wide": LeftRight(3, stay=[0.5, 0.9, 0.1], width=2),
    "loop, one label": SpeakerLoop([1.0], 0.7),
    "loop, two labels": SpeakerLoop([0.9, 0.1], 0.2),
    "duration on loop": MinimumDuration(LOOP, [2, 1, 3]),
    "duration on loop, closed": MinimumDuration(LOOP, [2, 1, 3], open_end=False),
    "duration on matrix": MinimumDuration(DENSE, [3, 2, 1]),
    "duration on matrix, closed": MinimumDuration(DENSE, [3, 2, 1], open_end=False),
    "duration on matrix with zeros": MinimumDuration(Ergodic([0.2, 0.8], [[0.0, 1.0], [0.6, 0.4]]), [1, 2]),
    "duration on left-right": MinimumDuration(LEFT_RIGHT, 2),
    "duration, one label": MinimumDuration(SpeakerLoop([1.0], 0.5), 3),
    "duration beyond the end": MinimumDuration(LOOP, 10**15),
    "duration, a dead speaker": MinimumDuration(SpeakerLoop([0.6, 0.4, 0.0], 0.5), 2),
}


@pytest.fixture(params=STRUCTURES, name="structure")
def _structure(request):
    return STRUCTURES[request.param]


def compare(log_likelihood, structure):
    evidence, posterior, entries, best, transitions = enumerate_paths(log_likelihood, structure)
    result = forward_backward(log_likelihood, structure)
    assert isinstance(result.log_evidence, float)
    assert result.log_evidence == pytest.approx(evidence, rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(result.posterior, posterior, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(result.entries, entries, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(result.start, posterior[0], rtol=1e-10, atol=1e-13)
    if isinstance(parts_of(structure)[0], Ergodic):
        np.testing.assert_allclose(result.transitions, transitions, rtol=1e-10, atol=1e-13)
    else:
        assert result.transitions is None
    labels, log_probability = viterbi(log_likelihood, structure)
    assert labels.dtype == np.intp
    assert isinstance(log_probability, float)
    assert log_probability == pytest.approx(best, rel=1e-12, abs=1e-12)
    assert path_log_probability(log_likelihood, structure, labels) == pytest.approx(best, rel=1e-12, abs=1e-12)


# --- enumeration of all paths ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_frames", [3, 4, 5, 6])
@pytest.mark.parametrize("spread", [0.3, 3.0])
def test_equals_enumeration_of_all_paths(structure: Any, n_frames: Any, spread: Any) -> None:
    rng = np.random.default_rng(n_frames)
    compare(spread * rng.normal(size=(n_frames, structure.n_labels)) - 2, structure)


def test_impossible_labels_equal_enumeration(structure: Any) -> None:
    tried = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        log_likelihood = rng.normal(size=(5, structure.n_labels))
        log_likelihood[rng.random(log_likelihood.shape) < 0.25] = -INF
        try:
            enumerate_paths(log_likelihood, structure)
        except ValueError:  # log of zero: nothing is possible
            with pytest.raises(ConfigError, match=r"frame|no path"):
                forward_backward(log_likelihood, structure)
            with pytest.raises(ConfigError, match=r"frame|no path"):
                viterbi(log_likelihood, structure)
        else:
            compare(log_likelihood, structure)
            tried += 1
    assert tried


@pytest.mark.parametrize("n_frames", [1, 2])
@pytest.mark.parametrize(
    "name", ["ergodic", "loop", "duration on loop", "duration on matrix", "duration beyond the end"]
)
def test_shorter_than_the_minimum_duration_equals_enumeration(name: Any, n_frames: Any) -> None:
    compare(RNG.normal(size=(n_frames, 3)), STRUCTURES[name])


def test_closed_end_has_no_path_when_too_short() -> None:
    structure = MinimumDuration(SpeakerLoop([0.5, 0.5], 0.9), 3, open_end=False)
    assert forward_backward(np.zeros((3, 2)), structure).log_evidence == pytest.approx(0.0, abs=1e-12)
    for run in (forward_backward, viterbi):
        with pytest.raises(ConfigError, match=r"no path.*minimum durations"):
            run(np.zeros((2, 2)), structure)


# --- hmmlearn ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topology", [DENSE, LEFT_RIGHT], ids=["dense", "left-right"])
def test_ergodic_equals_categorical_hmm(topology: Any) -> None:
    rng = np.random.default_rng(1)
    model = CategoricalHMM(3)
    model.startprob_, model.transmat_ = topology.start, topology.transitions
    model.emissionprob_ = rng.dirichlet(np.ones(4), size=3)
    symbols = rng.integers(4, size=(300, 1))
    log_likelihood = np.log(model.emissionprob_).T[symbols[:, 0]]
    result = forward_backward(log_likelihood, topology)
    assert result.log_evidence == pytest.approx(model.score(symbols), rel=1e-12)
    np.testing.assert_allclose(result.posterior, model.predict_proba(symbols), atol=1e-11)
    labels, log_probability = viterbi(log_likelihood, topology)
    expected, path = model.decode(symbols)
    assert log_probability == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(labels, path)


def test_loop_equals_gaussian_hmm() -> None:
    rng = np.random.default_rng(2)
    model = GaussianHMM(3, covariance_type="diag")
    model.startprob_, model.transmat_, _ = matrix_of(LOOP)
    model.means_, model.covars_ = np.array([[-1.0], [0.0], [2.0]]), np.array([[1.0], [0.5], [2.0]])
    frames, _ = model.sample(400, random_state=rng.integers(1000))
    log_likelihood = norm.logpdf(frames, model.means_[:, 0], np.sqrt([1.0, 0.5, 2.0]))
    result = forward_backward(log_likelihood, LOOP)
    assert result.log_evidence == pytest.approx(model.score(frames), rel=1e-12)
    np.testing.assert_allclose(result.posterior, model.predict_proba(frames), atol=1e-11)
    labels, log_probability = viterbi(log_likelihood, LOOP)
    expected, path = model.decode(frames)
    assert log_probability == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(labels, path)


@pytest.mark.parametrize(
    "structure",
    [
        MinimumDuration(LOOP, [7, 1, 4]),
        MinimumDuration(DENSE, [2, 9, 5]),
        MinimumDuration(LEFT_RIGHT, 11),
        MinimumDuration(SpeakerLoop([1e-9, 0.4, 0.6 - 1e-9], 0.99), 20),
    ],
    ids=["loop", "matrix", "left-right", "rare speaker"],
)
def test_minimum_duration_equals_the_chain_written_out_in_hmmlearn(structure: Any) -> None:
    rng = np.random.default_rng(3)
    log_likelihood = rng.normal(size=(250, 3)) + np.repeat(rng.normal(size=(25, 3)), 10, axis=0)
    start, transitions, label = expand(structure)
    model = GivenEmissions(len(label))
    model.startprob_, model.transmat_ = start, transitions
    states = log_likelihood[:, label]
    evidence, by_state = model.score_samples(states)
    member = np.eye(3)[label]
    result = forward_backward(log_likelihood, structure)
    assert result.log_evidence == pytest.approx(evidence, rel=1e-12)
    np.testing.assert_allclose(result.posterior, by_state @ member, atol=1e-11)
    labels, log_probability = viterbi(log_likelihood, structure)
    expected, path = model.decode(states)
    assert log_probability == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(labels, label[path])


def test_max_posterior_equals_the_map_decoder_of_hmmlearn() -> None:
    rng = np.random.default_rng(12)
    model = GivenEmissions(3, algorithm="map")
    model.startprob_, model.transmat_ = DENSE.start, DENSE.transitions
    log_likelihood = rng.normal(size=(500, 3))
    expected_correct, path = model.decode(log_likelihood)
    labels, found = max_posterior(log_likelihood, DENSE)
    np.testing.assert_array_equal(labels, path)
    assert labels.dtype == np.intp
    assert found == pytest.approx(expected_correct, rel=1e-12)


@pytest.mark.parametrize("topology", [DENSE, LEFT_RIGHT], ids=["dense", "left-right"])
def test_expected_transitions_equal_those_of_hmmlearn(topology: Any) -> None:
    """One E step of hmmlearn in log space, its counts taken as they are."""
    log_likelihood = 2 * np.random.default_rng(13).normal(size=(300, 3))
    counts = {}

    class Counting(GivenEmissions):
        def _get_n_fit_scalars_per_param(self):
            return None

        def _do_mstep(self, stats):
            counts.update(stats)

    model = Counting(3, params="st", init_params="", n_iter=1)
    model.startprob_, model.transmat_ = topology.start, topology.transitions
    model.fit(log_likelihood)
    result = forward_backward(log_likelihood, topology)
    np.testing.assert_allclose(result.transitions, counts["trans"], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(result.start, counts["start"], rtol=1e-9, atol=1e-11)


# --- the same thing said differently -----------------------------------------------------------------------------


def same(one, other, entries=True):
    assert one.log_evidence == pytest.approx(other.log_evidence, rel=1e-12)
    np.testing.assert_allclose(one.posterior, other.posterior, atol=1e-11)
    if entries:
        np.testing.assert_allclose(one.entries, other.entries, rtol=1e-9)


def test_loop_equals_its_matrix() -> None:
    log_likelihood = 3 * np.random.default_rng(4).normal(size=(500, 3))
    same(forward_backward(log_likelihood, LOOP), forward_backward(log_likelihood, LOOP.ergodic()), entries=False)
    np.testing.assert_array_equal(viterbi(log_likelihood, LOOP)[0], viterbi(log_likelihood, LOOP.ergodic())[0])
    durations = [3, 8, 5]
    same(
        forward_backward(log_likelihood, MinimumDuration(LOOP, durations)),
        forward_backward(log_likelihood, MinimumDuration(LOOP.ergodic(), durations)),
        entries=False,
    )


@pytest.mark.parametrize("spread", [2.0, 300.0, 5000.0])
@pytest.mark.parametrize(
    "base",
    [LOOP, DENSE, SpeakerLoop([0.7, 0.3, 0.0], 0.9), SpeakerLoop([0.5, 0.5 - 1e-50, 1e-50], 0.9)],
    ids=["loop", "matrix", "a dead speaker", "a rare speaker"],
)
def test_duration_of_one_frame_changes_nothing(base: Any, spread: Any) -> None:
    """Durations are computed with logarithms, these structures with scaled probabilities: both are exact."""
    rng = np.random.default_rng(5)
    log_likelihood = spread * rng.normal(size=(400, 3))
    log_likelihood[rng.random(log_likelihood.shape) < 0.2] = -INF
    log_likelihood[:, 0] = np.maximum(log_likelihood[:, 0], -1e4)
    same(forward_backward(log_likelihood, MinimumDuration(base, 1)), forward_backward(log_likelihood, base))
    labels, log_probability = viterbi(log_likelihood, MinimumDuration(base, 1))
    np.testing.assert_array_equal(labels, viterbi(log_likelihood, base)[0])
    assert log_probability == pytest.approx(viterbi(log_likelihood, base)[1], rel=1e-12)


def test_entries_give_the_weights_that_raise_the_evidence_most() -> None:
    """The update of the weights is EM: the evidence never falls, and at the end its slope is the same everywhere."""
    log_likelihood = np.repeat(2 * np.random.default_rng(6).normal(size=(30, 3)), 5, axis=0)
    weights, evidence = np.full(3, 1 / 3), -INF
    for _ in range(300):
        result = forward_backward(log_likelihood, SpeakerLoop(weights, 0.8))
        assert result.log_evidence >= evidence - 1e-9
        weights, evidence = result.entries / result.entries.sum(), result.log_evidence
    for change in ([1e-3, -1e-3, 0], [0, 1e-3, -1e-3], [-1e-3, 0, 1e-3]):
        for sign in (1, -1):
            other = SpeakerLoop(weights + sign * np.array(change), 0.8)
            assert forward_backward(log_likelihood, other).log_evidence < evidence


@pytest.mark.parametrize("rare", [1e-59, 1e-61, 1e-200, 1e-300])
def test_transitions_however_rare_are_taken(rare: Any) -> None:
    """Label 1 is 2000 nats worse at first, but then the only one possible: one change has to be made, at any price."""
    log_likelihood = np.array([[0.0, -2000.0]] * 3 + [[-INF, 0.0]])
    matrix = np.array([[1.0, rare], [rare, 1.0]])
    for structure in (Ergodic([1.0, 0.0], matrix), SpeakerLoop([1.0, rare], 0.0)):
        result = forward_backward(log_likelihood, structure)
        assert result.log_evidence == pytest.approx(math.log(rare), rel=1e-12)
        np.testing.assert_allclose(result.posterior, [[1, 0], [1, 0], [1, 0], [0, 1]], atol=1e-13)
        np.testing.assert_allclose(result.entries[1], 1.0, rtol=1e-12)
        assert viterbi(log_likelihood, structure)[0].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("n_labels", [2, 60])
def test_more_labels_that_say_nothing_new_change_nothing(n_labels: Any) -> None:
    """Split every label in as many that share its emissions: together they are the label."""
    rng = np.random.default_rng(14)
    log_likelihood = 2 * rng.normal(size=(200, 2))
    one = forward_backward(log_likelihood, Ergodic([0.3, 0.7], [[0.8, 0.2], [0.4, 0.6]]))
    many = np.repeat(np.arange(2), n_labels // 2)
    start = np.array([0.3, 0.7])[many] / (n_labels // 2)
    matrix = np.array([[0.8, 0.2], [0.4, 0.6]])[np.ix_(many, many)] / (n_labels // 2)
    other = forward_backward(log_likelihood[:, many], Ergodic(start, matrix))
    assert other.log_evidence == pytest.approx(one.log_evidence, rel=1e-12)
    np.testing.assert_allclose(other.posterior @ np.eye(2)[many], one.posterior, atol=1e-12)


@pytest.mark.parametrize("name", ["ergodic", "left-right", "loop", "duration on loop", "duration on matrix"])
def test_order_of_labels_does_not_matter(name: Any) -> None:
    structure, order = STRUCTURES[name], [2, 0, 1]
    base, frames, _ = parts_of(structure)
    if isinstance(base, Ergodic):
        moved = Ergodic(base.start[order], base.transitions[np.ix_(order, order)])
    else:
        moved = SpeakerLoop(base.weights[order], base.loop_probability)
    if isinstance(structure, MinimumDuration):
        moved = MinimumDuration(moved, frames[order])
    log_likelihood = 2 * np.random.default_rng(7).normal(size=(300, 3))
    one, other = forward_backward(log_likelihood, structure), forward_backward(log_likelihood[:, order], moved)
    assert one.log_evidence == pytest.approx(other.log_evidence, rel=1e-12)
    np.testing.assert_allclose(one.posterior[:, order], other.posterior, atol=1e-12)
    np.testing.assert_allclose(one.entries[order], other.entries, rtol=1e-10)
    if one.transitions is not None:
        np.testing.assert_allclose(one.transitions[np.ix_(order, order)], other.transitions, rtol=1e-9, atol=1e-13)
    np.testing.assert_array_equal(
        viterbi(log_likelihood, structure)[0], np.array(order)[viterbi(log_likelihood[:, order], moved)[0]]
    )


@pytest.mark.parametrize("name", ["ergodic", "loop", "duration on loop"])
def test_scale_of_a_frame_is_free(name: Any) -> None:
    rng = np.random.default_rng(8)
    log_likelihood, shift = rng.normal(size=(200, 3)), 1e3 * rng.normal(size=(200, 1))
    one = forward_backward(log_likelihood, STRUCTURES[name])
    other = forward_backward(log_likelihood + shift, STRUCTURES[name])
    np.testing.assert_allclose(one.posterior, other.posterior, atol=1e-9)
    assert other.log_evidence == pytest.approx(one.log_evidence + shift.sum(), rel=1e-10)


# --- long, extreme, degenerate -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "structure",
    [
        SpeakerLoop([0.5, 0.3, 0.2, 0.0], 0.999),
        SpeakerLoop([0.5, 0.3, 0.2 - 1e-300, 1e-300], 0.999),
        Ergodic(np.full(4, 0.25), 0.99 * np.eye(4) + 0.0025),
        LeftRight(4, stay=0.999),
        MinimumDuration(SpeakerLoop([0.25, 0.25, 0.25, 0.25], 0.9), [1, 20, 50, 7]),
        MinimumDuration(Ergodic(np.full(4, 0.25), np.full((4, 4), 0.25)), 30),
    ],
    ids=["loop", "loop, a rare label", "matrix", "left-right", "duration on loop", "duration on matrix"],
)
@pytest.mark.parametrize("size", [1e-3, 1e4, 1e300])
def test_long_and_extreme_input_is_safe(structure: Any, size: Any) -> None:
    rng = np.random.default_rng(9)
    log_likelihood = size * rng.uniform(-1, 1, size=(200_000, 4))
    result = forward_backward(log_likelihood, structure)
    assert np.isfinite(result.posterior).all()
    assert np.isfinite(result.entries).all()
    np.testing.assert_allclose(result.posterior.sum(axis=1), 1.0, atol=1e-12)
    labels, log_probability = viterbi(log_likelihood, structure)
    assert log_probability <= result.log_evidence + 1e-9 * abs(result.log_evidence)
    assert set(np.unique(labels)) <= set(range(4))


@pytest.mark.parametrize("frames", [1, 20])
def test_precision_does_not_fade_over_a_long_recording(frames: Any) -> None:
    """The same block again and again: in the middle, posteriors settle to a period, and both ends agree."""
    block = np.random.default_rng(10).normal(size=(100, 2)) - 1e3
    structure = MinimumDuration(SpeakerLoop([0.5, 0.5], 0.9), frames)
    posterior = forward_backward(np.tile(block, (2000, 1)), structure).posterior.reshape(2000, 100, 2)
    np.testing.assert_allclose(
        posterior[20:-20], np.broadcast_to(posterior[1000], (1960, 100, 2)), rtol=1e-9, atol=1e-12
    )


def test_underflowing_labels_still_count() -> None:
    """A label 2000 nats behind comes back when nothing else can: no intermediate value may become zero."""
    log_likelihood = np.array([[0.0, -2000.0, -3000.0]] * 3 + [[-INF, -INF, 0.0]])
    never = SpeakerLoop([0.5, 0.25, 0.25], 1.0)
    assert forward_backward(log_likelihood, never).log_evidence == pytest.approx(-9000 + math.log(0.25))
    assert viterbi(log_likelihood, never)[0].tolist() == [2, 2, 2, 2]
    one_way = Ergodic([0.5, 0.5, 0.0], [[1, 0, 0], [0, 0.5, 0.5], [0, 0, 1]])
    for structure in (one_way, MinimumDuration(one_way, 1)):
        assert forward_backward(log_likelihood, structure).log_evidence == pytest.approx(
            -6000 + math.log(1 / 16), rel=1e-9
        )
        assert viterbi(log_likelihood, structure)[0].tolist() == [1, 1, 1, 2]
        counts = forward_backward(log_likelihood, structure).transitions
        np.testing.assert_allclose(counts, [[0, 0, 0], [0, 2, 1], [0, 0, 0]], atol=1e-9)


@pytest.mark.parametrize("behind", [600.0, 690.0, 800.0])
@pytest.mark.parametrize("rare", [1e-10, 1e-16, 1e-100])
def test_numbers_almost_too_small_keep_their_digits(behind: Any, rare: Any) -> None:
    """The only path there is leads through a label far behind and takes a rare transition."""
    log_likelihood = np.array([[0.0, -behind, -INF], [-INF, -INF, 0.0]])
    structure = Ergodic([0.5, 0.5, 0.0], [[1, 0, 0], [0, 1 - rare, rare], [0, 0, 1]])
    result = forward_backward(log_likelihood, structure)
    assert result.log_evidence == pytest.approx(math.log(0.5) - behind + math.log(rare), rel=1e-14)
    np.testing.assert_allclose(result.transitions, [[0, 0, 0], [0, 0, 1], [0, 0, 0]], rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_frames_give_an_empty_result(structure: Any, dtype: Any) -> None:
    result = forward_backward(np.zeros((0, structure.n_labels), dtype), structure)
    assert result.log_evidence == 0.0
    assert result.posterior.shape == (0, structure.n_labels)
    np.testing.assert_array_equal(result.entries, np.zeros(structure.n_labels))
    np.testing.assert_array_equal(result.start, np.zeros(structure.n_labels))
    if result.transitions is not None:
        np.testing.assert_array_equal(result.transitions, np.zeros((structure.n_labels, structure.n_labels)))
    labels, log_probability = viterbi(np.zeros((0, structure.n_labels), dtype), structure)
    assert labels.shape == (0,)
    assert labels.dtype == np.intp
    assert log_probability == 0.0
    labels, expected_correct = max_posterior(np.zeros((0, structure.n_labels), dtype), structure)
    assert labels.shape == (0,)
    assert expected_correct == 0.0


def test_layout_and_type_of_the_input_do_not_matter(structure: Any) -> None:
    exact = np.random.default_rng(11).integers(-8, 8, size=(12, structure.n_labels)) / 4
    expected = forward_backward(exact, structure)
    locked = exact.copy()
    locked.setflags(write=False)
    for variant in (exact.astype(np.float32), np.asfortranarray(exact), np.repeat(exact, 2, axis=0)[::2], locked):
        before = variant.copy()
        result = forward_backward(variant, structure)
        np.testing.assert_array_equal(result.posterior, expected.posterior)
        assert viterbi(variant, structure)[1] == viterbi(exact, structure)[1]
        np.testing.assert_array_equal(variant, before)


# --- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", [forward_backward, viterbi])
def test_bad_values_are_named_with_their_place(run: Any, structure: Any) -> None:
    log_likelihood = np.zeros((5, structure.n_labels))
    log_likelihood[3, -1] = np.nan
    with pytest.raises(ValueError, match=f"nan at frame 3, label {structure.n_labels - 1}"):
        run(log_likelihood, structure)
    log_likelihood[3, -1] = INF
    with pytest.raises(ConfigError, match=f"inf at frame 3, label {structure.n_labels - 1}"):
        run(log_likelihood, structure)
    log_likelihood[3] = -INF
    with pytest.raises(ConfigError, match="-inf for every label at frame 3"):
        run(log_likelihood, structure)


@pytest.mark.parametrize("shape", [(4,), (4, 2), (4, 4), (1, 4, 3)])
def test_wrong_shape_is_an_error(shape: Any) -> None:
    with pytest.raises(ConfigError, match=r"shape \(n_frames, 3\)"):
        viterbi(np.zeros(shape), LOOP)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpeakerLoop([0.5, 0.6], 0.9), "weights must be probabilities"),
        (lambda: SpeakerLoop([1.5, -0.5], 0.9), "weights must be probabilities"),
        (lambda: SpeakerLoop([np.nan, 1.0], 0.9), "weights must be probabilities"),
        (lambda: SpeakerLoop([], 0.9), "weights must have 1 dimension"),
        (lambda: SpeakerLoop(["a", "b"], 0.9), "array of numbers"),
        (lambda: SpeakerLoop([0.5, 0.5], 1.1), "loop_probability"),
        (lambda: SpeakerLoop([0.5, 0.5], float("nan")), "loop_probability"),
        (lambda: Ergodic([0.5, 0.5], [[1, 0]]), r"shape \(2, 2\)"),
        (lambda: Ergodic([0.5, 0.5], [[1, 0], [0, 0]]), "transitions must be probabilities"),
        (lambda: LeftRight(0), "n_labels and width must be at least 1"),
        (lambda: LeftRight(3, width=0), "n_labels and width must be at least 1"),
        (lambda: LeftRight(3, stay=1.0), "stay must be from 0 to below 1"),
        (lambda: LeftRight(3, stay=np.nan), "stay must be from 0 to below 1"),
        (lambda: LeftRight(3, stay=[0.5, 0.5]), r"stay must be a number or have shape \(3,\)"),
        (lambda: MinimumDuration(LOOP, 0), "whole numbers from 1"),
        (lambda: MinimumDuration(LOOP, 2.5), "whole numbers from 1"),
        (lambda: MinimumDuration(LOOP, [1, 2]), r"shape \(3,\)"),
        (lambda: MinimumDuration(MinimumDuration(LOOP, 2), 2), "base must be"),
    ],
)
def test_bad_structures_are_errors_that_name_the_field(make: Any, message: Any) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def test_left_right_goes_forward_only() -> None:
    structure = LeftRight(4, stay=[0.9, 0.7, 0.4, 0.0], width=2)
    assert isinstance(structure, Ergodic)
    np.testing.assert_allclose(
        structure.transitions, [[0.9, 0.05, 0.05, 0], [0, 0.7, 0.15, 0.15], [0, 0, 0.4, 0.6], [0, 0, 0, 1]]
    )
    assert structure.start.tolist() == [1, 0, 0, 0]
    assert LeftRight(1).transitions.tolist() == [[1.0]]
    np.testing.assert_array_equal(LeftRight(3).transitions, [[0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0, 1]])


def test_structures_cannot_be_changed() -> None:
    weights = np.array([0.5, 0.5])
    structure = MinimumDuration(SpeakerLoop(weights, 0.9), 2)
    weights[0] = 1.0
    assert structure.base.weights.tolist() == [0.5, 0.5]
    with pytest.raises(AttributeError):
        structure.frames = 3
    for array in (structure.frames, structure.base.weights):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


# --- loading -----------------------------------------------------------------------------------------------------


def python(code, **environment):
    """Run code in a fresh interpreter that imports this package."""
    variables = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), **environment}
    return subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", code], env=variables, capture_output=True, text=True
    )


def test_import_stays_light() -> None:
    done = python(
        "import sys, diarize.hmm; print([m for m in ('numba', 'hmmlearn', 'sklearn', 'scipy') if m in sys.modules])"
    )
    assert done.stdout.strip() == "[]", done.stderr
