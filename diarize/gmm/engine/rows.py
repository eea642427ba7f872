"""Rows of data on their way into the E step: checks, weights, pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.parameters import MixtureParameters

Rows = tuple[Floats, Float64 | None]
"""Rows of data (n, d) and their weights (n,), None for equal weights."""

MakeBlocks = Callable[[], Iterable[Any]]
"""Opens a pass over the data: blocks x (n, d), or pairs (x, sample_weight)."""

_PIECES, _PIECE = 16, 1 << 16  # how many pieces there should be, and how many rows are enough for one


def check_rows(x: npt.ArrayLike, parameters: MixtureParameters) -> Floats:
    """Return x as float32 or float64 rows that fit the mixture."""
    rows = np.asarray(x)
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.astype(np.float32 if rows.dtype == np.float16 else np.float64)
    if rows.ndim != 2 or rows.shape[1] != parameters.n_features:
        raise ValueError(f"x must be (n, {parameters.n_features}) for this mixture, got shape {rows.shape}")
    return rows


def row_weights(sample_weight: npt.ArrayLike | None, count: int) -> Float64 | None:
    """Return the weights of rows, (count,), as float64."""
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (count,) or not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError(f"sample_weight must be ({count},), finite and not negative, got shape {weight.shape}")
    return weight


def open_blocks(make_blocks: MakeBlocks, parameters: MixtureParameters) -> Iterator[Rows]:
    """Start a pass over the data and check each block."""
    for block in make_blocks():
        x, weight = block if isinstance(block, tuple) else (block, None)
        rows = check_rows(x, parameters)
        yield rows, row_weights(weight, len(rows))


def pieces(count: int, step: int) -> Iterator[slice]:
    """Divide rows into pieces for one thread each, of a multiple of `step` rows.

    How many threads there are makes no difference: sums of pieces are added in their order.
    """
    size = min(max(count // _PIECES, 1), _PIECE)
    size = -(-size // step) * step
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
