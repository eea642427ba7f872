"""Rows that come in blocks, more of them than fit into memory: passes over them, and a fair sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64, Floats

_ONE_SHOT = (
    "blocks can be read only once, and training reads them once for each iteration; give a list of blocks, or a "
    "function that returns a new iterator each time"
)


def passes(blocks: Iterable[Any] | Callable[[], Iterable[Any]]) -> Callable[[], Iterable[Any]]:
    """Return a function that opens a new pass over blocks.

    Parameters
    ----------
    blocks : iterable, or callable that returns one
        Something that can be read again and again.

    Raises
    ------
    TypeError
        If it can be read only once, like a generator, or is one array.

    Examples
    --------
    >>> make_blocks = passes(lambda: (np.full((1, 1), i) for i in range(3)))
    >>> len(list(make_blocks())), len(list(make_blocks()))
    (3, 3)
    """
    if isinstance(blocks, np.ndarray):
        raise TypeError(f"blocks must be an iterable of arrays, got one array {blocks.shape}; give [X], or use fit")
    if callable(blocks):
        first, second = blocks(), blocks()
        if not isinstance(first, Iterable):
            raise TypeError(f"blocks() must return an iterable of arrays, got {type(first).__name__}")
        if first is second and isinstance(first, Iterator):
            raise TypeError(_ONE_SHOT)
        return blocks
    if isinstance(blocks, Iterator):
        raise TypeError(_ONE_SHOT)
    if not isinstance(blocks, Iterable):
        raise TypeError(f"blocks must be an iterable of arrays, got {type(blocks).__name__}")
    return lambda: blocks


class Reservoir:
    """A sample, evenly drawn, of rows that come in blocks; how they are divided makes no difference to it.

    Each row draws a key, and those with the smallest keys are kept. Not more than twice the size is ever held.

    Parameters
    ----------
    size : int
        Rows to keep at most.
    random_state : numpy.random.RandomState
        Generator of the keys.

    References
    ----------
    J. S. Vitter. Random sampling with a reservoir. ACM Transactions on Mathematical Software 11, 1985.
    doi:10.1145/3147.3165
    """

    def __init__(self, size: int, random_state: np.random.RandomState) -> None:
        self._size, self._random_state = size, random_state
        self._highest = np.inf
        self._seen = 0
        self._weighted = False
        self._held: list[tuple[Floats, Float64, Float64, npt.NDArray[np.int64]]] = []
        self._count = 0

    def add(self, rows: Floats, weight: Float64 | None) -> None:
        """Let rows (n, n_features) of some weight (n,) into the sample."""
        keys = self._random_state.random_sample(len(rows))
        places = np.flatnonzero(keys < self._highest)
        self._weighted |= weight is not None
        share = np.ones(len(places)) if weight is None else weight[places]
        self._held.append((rows[places], share, keys[places], places + self._seen))
        self._seen += len(rows)
        self._count += len(places)
        if self._count > 2 * self._size:
            self._compact()

    def rows(self) -> tuple[Floats, Float64 | None]:
        """Return the sample in the order of the rows, (m, n_features), and its weights (m,), if any were given."""
        self._compact()
        rows, weight, _, places = self._held[0]
        order = np.argsort(places)
        return rows[order], weight[order] if self._weighted else None

    def _compact(self) -> None:
        rows, weight, keys, places = (np.concatenate(parts) for parts in zip(*self._held, strict=True))
        if len(keys) > self._size:
            kept = np.argpartition(keys, self._size)[: self._size]
            self._highest = float(np.partition(keys, self._size)[self._size])
            rows, weight, keys, places = rows[kept], weight[kept], keys[kept], places[kept]
        self._held = [(rows, weight, keys, places)]
        self._count = len(keys)
