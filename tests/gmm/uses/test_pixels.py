"""The compiled step over pixels."""

from __future__ import annotations

import numpy as np

from diarize.gmm.uses import background
from diarize.gmm.uses.pixels import BLOCK, FOREGROUND, Rates, step


def test_sizes_agree_with_the_class_above() -> None:
    assert background.BLOCK_PIXELS == BLOCK
    assert background.MOST_MIXTURES == FOREGROUND


def test_one_gaussian_is_followed_by_its_recursion() -> None:
    """With one component, the mean is moved by rate / weight, and the weight stays one."""
    values = np.random.default_rng(0).normal(100, 2, size=(50, BLOCK + 3)).astype(np.float32)
    values.flags.writeable = False  # as frames come: the loops are compiled once for both
    size = values.shape[1]
    blocks, counts = np.zeros((2, 1, 3, BLOCK), np.float32), np.zeros(size, np.uint8)
    single, rate = np.float32, 0.1
    settings = (rate, 0.0, 0.9, 1e6, 1e6, 15.0, 1e-3, 1e6, 0.5)
    rates = Rates(*map(single, settings), FOREGROUND, (0,))
    mean, variance = values[0].astype(float), np.full(size, 15.0)
    mask = np.empty(size, np.uint8)
    step(values[0], blocks, counts, rates, mask)
    assert (mask == FOREGROUND).all()
    for row in values[1:]:
        square = (row - mean) ** 2
        mean, variance = mean + rate * (row - mean), variance + rate * (square - variance)
        step(row, blocks, counts, rates, mask)
        assert not mask.any()
    rows = np.moveaxis(blocks[:, 0], 1, 2).reshape(-1, 3)[:size]
    np.testing.assert_allclose(rows[:, 0], 1, rtol=1e-5)
    np.testing.assert_allclose(rows[:, 1], variance, rtol=1e-4)
    np.testing.assert_allclose(rows[:, 2], mean, rtol=1e-5)
