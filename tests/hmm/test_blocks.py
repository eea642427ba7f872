"""diarize.hmm.blocks: cut into blocks of any length, a recording gives what it gives as a whole; memory is bounded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarize import hmm
from diarize.errors import ConfigError
from diarize.hmm import (
    Ergodic,
    LeftRight,
    MinimumDuration,
    Smoothing,
    SpeakerLoop,
    forward_backward,
    max_posterior,
    viterbi,
    viterbi_blocks,
)

INF = np.inf
RNG = np.random.default_rng(30)
DENSE = Ergodic(RNG.dirichlet(np.ones(3)), RNG.dirichlet(np.ones(3), size=3))
LOOP = SpeakerLoop([0.5, 0.2, 0.3], 0.7)
N_FRAMES = 61
STRUCTURES = {
    "ergodic": DENSE,
    "ergodic, some impossible": Ergodic([0.5, 0.5, 0.0], [[0.0, 1.0, 0.0], [0.0, 0.5, 0.5], [0.3, 0.0, 0.7]]),
    "left-right": LeftRight(3, stay=0.9),
    "loop": LOOP,
    "loop, a dead speaker": SpeakerLoop([0.6, 0.4, 0.0], 0.5),
    "loop, no draws": SpeakerLoop([0.5, 0.2, 0.3], 1.0),
    "loop, two labels": SpeakerLoop([0.9, 0.1], 0.2),
    "loop, one label": SpeakerLoop([1.0], 0.7),
    "duration on loop": MinimumDuration(LOOP, [5, 1, 3]),
    "duration on loop, closed": MinimumDuration(LOOP, [5, 1, 3], open_end=False),
    "duration on two labels": MinimumDuration(SpeakerLoop([0.5, 0.5], 0.8), [2, 4]),
    "duration on matrix": MinimumDuration(DENSE, [3, 2, 1]),
    "duration on left-right": MinimumDuration(LeftRight(3), 7),
    "duration of two": MinimumDuration(DENSE, 2),
    "duration beyond the end": MinimumDuration(LOOP, [10**15, 2, 4]),
}

each_structure = pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
each_size = pytest.mark.parametrize("block_frames", [1, 2, 3, 7, N_FRAMES - 1, N_FRAMES, 1000])


def recording(structure: str) -> Any:
    """Log-likelihoods that keep to one label for a while, some of them impossible."""
    rng = np.random.default_rng(31)
    log_likelihood = rng.normal(size=(N_FRAMES, structure.n_labels)) + 100 * rng.normal(size=(N_FRAMES, 1))
    labels = np.sort(rng.integers(structure.n_labels, size=N_FRAMES // 10 + 1))
    log_likelihood[range(N_FRAMES), np.repeat(labels, 10)[:N_FRAMES]] += 2
    log_likelihood[rng.random(log_likelihood.shape) < 0.1] = -INF
    log_likelihood[:, 0] = np.where(np.isfinite(log_likelihood[:, 0]), log_likelihood[:, 0], -150.0)
    return log_likelihood


def smoothed(chain: Any, n_labels: int) -> Any:
    posterior, begins = np.full((N_FRAMES, n_labels), np.nan), []
    for rows, values in chain.backward():
        posterior[rows] = values
        begins.append(rows.start)
    assert begins == sorted(begins, reverse=True)
    return posterior


@each_size
@each_structure
def test_blocks_equal_the_whole(structure: str, block_frames: int) -> None:
    log_likelihood = recording(structure)
    whole = forward_backward(log_likelihood, structure)
    chain = Smoothing(lambda rows: log_likelihood[rows], N_FRAMES, structure, block_frames=block_frames)
    assert chain.log_evidence == pytest.approx(whole.log_evidence, rel=1e-12)
    for _ in range(2):  # the way back can be gone again
        np.testing.assert_allclose(smoothed(chain, structure.n_labels), whole.posterior, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(chain.start, whole.start, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(chain.entries, whole.entries, rtol=1e-9, atol=1e-12)
        if whole.transitions is None:
            assert chain.transitions is None
        else:
            np.testing.assert_allclose(chain.transitions, whole.transitions, rtol=1e-9, atol=1e-12)
    labels, log_probability = viterbi(log_likelihood, structure)
    path, found = viterbi_blocks(lambda rows: log_likelihood[rows], N_FRAMES, structure, block_frames=block_frames)
    np.testing.assert_array_equal(path, labels)
    assert path.dtype == np.intp
    assert found == pytest.approx(log_probability, rel=1e-12)


@pytest.mark.parametrize("block_frames", [2, 7, 100])
@pytest.mark.parametrize("structure", [DENSE, LOOP, LeftRight(3, stay=0.99), MinimumDuration(DENSE, [9, 1, 4])])
def test_labels_that_hardly_count_survive_the_edges(structure: str, block_frames: int) -> None:
    """Differences of thousands of nats, so that what one block says of the next is almost nothing for some labels."""
    log_likelihood = 3000 * np.random.default_rng(32).normal(size=(100, 3))
    whole = forward_backward(log_likelihood, structure)
    chain = Smoothing(lambda rows: log_likelihood[rows], 100, structure, block_frames=block_frames)
    assert chain.log_evidence == pytest.approx(whole.log_evidence, rel=1e-12)
    posterior = np.concatenate([values for _, values in chain.backward()][::-1])
    np.testing.assert_allclose(posterior, whole.posterior, atol=1e-9)
    path, _ = viterbi_blocks(lambda rows: log_likelihood[rows], 100, structure, block_frames=block_frames)
    np.testing.assert_array_equal(path, viterbi(log_likelihood, structure)[0])


@each_structure
def test_no_frames_are_no_blocks(structure: str) -> None:
    chain = Smoothing(lambda rows: np.zeros((0, structure.n_labels)), 0, structure)
    assert chain.log_evidence == 0.0
    assert list(chain.backward()) == []
    assert chain.start.tolist() == chain.entries.tolist() == [0.0] * structure.n_labels
    labels, log_probability = viterbi_blocks(lambda rows: np.zeros((0, structure.n_labels)), 0, structure)
    assert labels.shape == (0,)
    assert log_probability == 0.0


@pytest.mark.parametrize(("structure", "around"), [(DENSE, 0), (LOOP, 0), (MinimumDuration(LOOP, [5, 1, 3]), 4)])
def test_no_more_frames_are_asked_for_than_a_block_and_those_around_it(structure: str, around: Any) -> None:
    log_likelihood, asked = recording(structure), []

    def emissions(rows: np.ndarray) -> Any:
        asked.append(rows)
        assert rows.step in (None, 1)
        assert 0 <= rows.start < rows.stop <= N_FRAMES
        return log_likelihood[rows]

    chain = Smoothing(emissions, N_FRAMES, structure, block_frames=10)
    assert len(asked) == 7
    for _ in chain.backward():
        pass
    assert len(asked) == 13  # the last block is still known
    viterbi_blocks(emissions, N_FRAMES, structure, block_frames=10)
    assert max(rows.stop - rows.start for rows in asked) <= 10 + 2 * max(around, 1)


def test_blocks_are_as_long_as_the_longest_duration() -> None:
    """Else the checkpoints, of so many frames each, would take more than the recording."""
    log_likelihood, asked = recording(LOOP), []
    Smoothing(
        lambda rows: asked.append(rows) or log_likelihood[rows], N_FRAMES, MinimumDuration(LOOP, 21), block_frames=1
    )
    assert [rows.stop for rows in asked] == [20, 40, 60, 61]


def test_float32_and_read_only_emissions_will_do() -> None:
    exact = RNG.integers(-8, 8, size=(N_FRAMES, 3)) / 4
    single = exact.astype(np.float32)
    single.setflags(write=False)
    for structure in (DENSE, LOOP, MinimumDuration(LOOP, 3)):
        whole = forward_backward(exact, structure)
        chain = Smoothing(lambda rows: single[rows], N_FRAMES, structure, block_frames=9)
        np.testing.assert_allclose(smoothed(chain, 3), whole.posterior, atol=1e-12)


@pytest.mark.parametrize("structure", [DENSE, LOOP, MinimumDuration(LOOP, 3)])
def test_bad_emissions_are_named_with_their_place(structure: str) -> None:
    def run(values: np.ndarray) -> Any:
        for call in (Smoothing, viterbi_blocks):
            call(lambda rows: values[rows], len(values), structure, block_frames=4)

    bad = np.zeros((20, 3))
    bad[13, 1] = np.nan
    with pytest.raises(ConfigError, match="nan at frame 13, label 1"):
        run(bad)
    bad[13] = -INF
    with pytest.raises(ConfigError, match="-inf for every label at frame 13"):
        run(bad)
    with pytest.raises(ConfigError, match=r"must have shape \(4, 3\)"):
        run(np.zeros((20, 2)))
    with pytest.raises(ConfigError, match="block_frames from 1, got 20 and 0"):
        Smoothing(lambda rows: bad[rows], 20, structure, block_frames=0)
    with pytest.raises(ConfigError, match="n_frames must be from 0"):
        viterbi_blocks(lambda rows: bad[rows], -1, structure)


@pytest.mark.parametrize(
    "structure", [SpeakerLoop([0.5, 0.5, 0.0], 0.5), LeftRight(3), MinimumDuration(LeftRight(3), 2)]
)
def test_impossible_recordings_are_errors(structure: str) -> None:
    never = np.zeros((20, 3))
    never[10] = [-INF, -INF, 0.0]
    never[11:, 1:] = -INF
    for call in (Smoothing, viterbi_blocks):
        with pytest.raises(ConfigError, match="no path"):
            call(lambda rows: never[rows], 20, structure, block_frames=4)


def test_what_is_in_memory_goes_in_blocks_too(monkeypatch: pytest.MonkeyPatch) -> None:
    log_likelihood = RNG.normal(size=(5000, 3))
    expected = {name: forward_backward(log_likelihood, STRUCTURES[name]) for name in ("ergodic", "duration on loop")}
    monkeypatch.setattr("diarize.hmm.paths.BLOCK_VALUES", 3)  # 1024 frames, which is the least
    for name, whole in expected.items():
        result = forward_backward(log_likelihood, STRUCTURES[name])
        np.testing.assert_allclose(result.posterior, whole.posterior, atol=1e-12)
        np.testing.assert_allclose(result.entries, whole.entries, rtol=1e-10)
        labels, expected_correct = max_posterior(log_likelihood, STRUCTURES[name])
        np.testing.assert_array_equal(labels, whole.posterior.argmax(axis=1))
        assert expected_correct == pytest.approx(whole.posterior.max(axis=1).sum(), rel=1e-12)


MANY = 2_000_000
LONG = """
import resource, sys
import numpy as np
from diarize.hmm import *

period = np.random.default_rng(0).normal(size=(16384, 2))
def emissions(rows):
    return period[np.arange(rows.start, rows.stop) % 16384]

def run(structure, n_frames):
    chain = Smoothing(emissions, n_frames, structure)
    kept = {}
    for rows, posterior in chain.backward():
        if rows.start in (16384, 16384 * (n_frames // 32768)):
            kept[rows.start] = posterior
    return chain, kept

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

n_frames, *structures = sys.argv[1:]
for structure in map(eval, structures):
    run(structure, 50_000)
    before = most()
    chain, kept = run(structure, int(n_frames))
    first, middle = kept.values()
    labels, _ = viterbi_blocks(emissions, 200_000, structure)
    again = (labels[16384 : 2 * 16384] == labels[10 * 16384 : 11 * 16384]).all()
    print(most() - before, abs(first - middle).max(), chain.entries.sum(), chain.log_evidence, int(again))
"""
STRUCTURES_BY_CODE = [
    "SpeakerLoop([0.5, 0.5], 0.9)",
    "Ergodic([0.5, 0.5], [[0.9, 0.1], [0.2, 0.8]])",
    "MinimumDuration(SpeakerLoop([0.5, 0.5], 0.9), 20)",
]


def test_millions_of_frames_in_bounded_memory() -> None:
    """Again and again the same block: its posterior in the middle is that near the beginning."""
    pytest.importorskip("resource")
    variables = {**os.environ, "PYTHONPATH": str(Path(hmm.__file__).parents[2])}
    command = [sys.executable, "-c", LONG, str(MANY), *STRUCTURES_BY_CODE]
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for structure, line in zip(STRUCTURES_BY_CODE, done.stdout.splitlines(), strict=True):
        grown, difference, entries, evidence, same_path = map(float, line.split())
        assert grown < 12e6, structure  # (n_frames, n_labels) numbers are 32 MB
        assert difference < 1e-9, structure
        assert 0 < entries < MANY, structure
        assert np.isfinite(evidence), structure
        assert same_path, structure
