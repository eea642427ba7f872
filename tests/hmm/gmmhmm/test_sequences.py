"""Long sequences in blocks, many short ones together: the same numbers as one sequence at a time in memory."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest

from diarize.gmm.engine.kernel import compile_kernel
from diarize.hmm import Ergodic, MinimumDuration, SpeakerLoop, forward_backward, viterbi
from diarize.hmm.gmmhmm import sequences
from diarize.hmm.gmmhmm.emissions import Emissions
from diarize.hmm.gmmhmm.sequences import Sequences

EDGES = np.array([0, 1, 40, 41, 300, 305, 700])
STRUCTURES = [
    Ergodic([0.6, 0.2, 0.2], [[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.0, 0.3, 0.7]]),
    SpeakerLoop([0.6, 0.2, 0.2], 0.9),
    MinimumDuration(Ergodic([0.6, 0.2, 0.2], [[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.2, 0.3, 0.5]]), [3, 1, 5]),
]


@pytest.fixture
def emissions() -> Any:
    rng = np.random.default_rng(0)
    covars = rng.uniform(0.5, 2.0, (3, 2, 4))
    return Emissions(rng.dirichlet([2, 2], 3), rng.normal(size=(3, 2, 4)), covars, "diag")


@pytest.fixture
def x() -> Any:
    found = np.random.default_rng(1).normal(size=(700, 4))
    found[50:52] = np.nan
    return found


def each(x: np.ndarray, emissions: Any, structure: str) -> Any:
    """Return what every sequence gives by itself."""
    return [
        forward_backward(emissions.log_likelihood(x[first:last]), structure)
        for first, last in itertools.pairwise(EDGES)
    ]


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize(("batch", "kept"), [(1, 1 << 21), (100, 1 << 21), (1 << 14, 1 << 21), (1, 1), (64, 600)])
def test_batches_and_blocks_give_the_sums_of_single_sequences(
    monkeypatch: pytest.MonkeyPatch, x: np.ndarray, emissions: Any, structure: str, batch: Any, kept: Any
) -> None:
    monkeypatch.setattr(sequences, "BATCH_FRAMES", batch)
    monkeypatch.setattr(sequences, "KEPT_VALUES", kept)
    alone = each(x, emissions, structure)
    posterior = np.concatenate([one.posterior for one in alone])
    several = Sequences(x, EDGES, 2)
    evidence = sum(one.log_evidence for one in alone)
    assert several.log_likelihood(emissions, structure) == pytest.approx(evidence, rel=1e-12)
    np.testing.assert_allclose(several.posterior(emissions, structure), posterior, atol=1e-12)
    np.testing.assert_allclose(several.gains(emissions, structure).sum(), evidence, rtol=1e-12)
    paths = [viterbi(emissions.log_likelihood(x[a:b]), structure) for a, b in itertools.pairwise(EDGES)]
    total, found = several.paths(emissions, structure)
    assert total == pytest.approx(sum(path[1] for path in paths), rel=1e-12)
    np.testing.assert_array_equal(found, np.concatenate([path[0] for path in paths]))
    expected = several.expect(emissions, structure, compile_kernel(emissions.flat, x.dtype))
    assert expected.log_likelihood == pytest.approx(evidence, rel=1e-12)
    np.testing.assert_allclose(expected.start, posterior[EDGES[:-1]].sum(axis=0), atol=1e-12)
    np.testing.assert_allclose(expected.entries, sum(one.entries for one in alone), atol=1e-10)
    np.testing.assert_allclose(expected.statistics.zeroth.reshape(3, 2).sum(axis=1), posterior.sum(axis=0), rtol=1e-10)
    if alone[0].transitions is None:
        assert expected.transitions is None
    else:
        np.testing.assert_allclose(expected.transitions, sum(one.transitions for one in alone), atol=1e-10)


def test_memory_of_a_long_sequence_is_that_of_blocks(emissions: Any) -> None:
    long = np.random.default_rng(0).normal(size=(1_200_000, 4)).astype(np.float32)
    several, kernel = Sequences(long, np.array([0, len(long)])), compile_kernel(emissions.flat, long.dtype)
    assert len(long) * 3 > sequences.KEPT_VALUES
    several.expect(emissions, STRUCTURES[0], kernel)  # what is loaded on first use does not count
    tracemalloc.start()
    several.expect(emissions, STRUCTURES[0], kernel)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 16e6  # the posterior of all frames alone takes 29 MB
