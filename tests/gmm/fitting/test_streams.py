"""Blocks that can be read again, and the sample drawn from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diarize.gmm.fitting.streams import Reservoir, passes

BLOCKS = [np.full((2, 1), float(i)) for i in range(3)]


@pytest.mark.parametrize("blocks", [BLOCKS, tuple(BLOCKS), lambda: BLOCKS, lambda: iter(BLOCKS)])
def test_each_pass_reads_everything(blocks: Any) -> None:
    make_blocks = passes(blocks)
    for _ in range(3):
        assert [block[0, 0] for block in make_blocks()] == [0, 1, 2]


def test_what_can_be_read_once_is_refused() -> None:
    once = iter(BLOCKS)
    for blocks in (once, (block for block in BLOCKS), lambda: once):
        with pytest.raises(TypeError, match="give a list of blocks, or a function"):
            passes(blocks)


def test_what_are_no_blocks() -> None:
    with pytest.raises(TypeError, match=r"got one array \(2, 1\); give \[X\]"):
        passes(BLOCKS[0])
    with pytest.raises(TypeError, match="got int"):
        passes(3)
    with pytest.raises(TypeError, match=r"blocks\(\) must return an iterable of arrays, got float"):
        passes(lambda: 1.0)


def drawn(count: int, size: int, parts: Any, seed: int) -> Any:
    x, weight = np.arange(count, dtype=np.float32)[:, None], np.arange(count) + 0.5
    sample = Reservoir(size, np.random.RandomState(seed))
    for rows in np.array_split(np.arange(count), parts):
        sample.add(x[rows], weight[rows])
    return sample.rows()


def test_the_sample_does_not_depend_on_the_division_into_blocks() -> None:
    expected, weight = drawn(1000, 40, 1, seed=3)
    assert len(np.unique(expected)) == 40
    assert expected.dtype == np.float32
    assert (np.diff(expected[:, 0]) > 0).all()
    np.testing.assert_array_equal(weight, expected[:, 0] + 0.5)
    for parts in (2, 9, 100, 1000):
        np.testing.assert_array_equal(drawn(1000, 40, parts, seed=3)[0], expected)


def test_every_row_has_the_same_chance() -> None:
    times = np.zeros(60)
    for seed in range(2000):
        times[drawn(60, 12, 7, seed)[0][:, 0].astype(int)] += 1
    spread = np.sqrt(2000 * 0.2 * 0.8)
    assert times.sum() == 2000 * 12
    assert np.abs(times - 400).max() < 4.5 * spread
    assert times.std() == pytest.approx(spread, rel=0.35)


def test_fewer_rows_than_asked_for_are_all_kept() -> None:
    rows, weight = drawn(30, 40, 4, seed=0)
    np.testing.assert_array_equal(rows[:, 0], np.arange(30))
    np.testing.assert_array_equal(weight, np.arange(30) + 0.5)


def test_weights_only_where_they_were_given() -> None:
    sample = Reservoir(5, np.random.RandomState(0))
    sample.add(np.zeros((3, 2)), None)
    assert sample.rows()[1] is None
    sample.add(np.ones((1, 2)), np.array([7.0]))
    np.testing.assert_array_equal(sample.rows()[1], [1, 1, 1, 7])


def test_memory_is_that_of_twice_the_sample() -> None:
    sample = Reservoir(100, np.random.RandomState(0))
    block = np.random.default_rng(0).normal(size=(500, 4))
    for _ in range(50):
        sample.add(block, None)
        held = [part[0] for part in sample._held]
        assert sum(map(len, held)) <= 200
        assert not any(np.shares_memory(part, block) for part in held)
