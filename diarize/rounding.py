"""Rows of numbers in whole multiples of powers of two, and packed for files: half the size, and read in no time.

Each row has a step of its own, by its largest number. What was rounded stays as it is when it is rounded again, so
numbers that come from a file and numbers that never were in one can be the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.spooling import Features, Rows, parts

Exponents = npt.NDArray[np.int8]

_REACH = 60  # largest exponent of the largest number of a row, and of its inverse


def rounded(rows: Features, bits: int) -> Features:
    """Return the nearest multiples of each row's step, a power of two: so many bits and a sign.

    Examples
    --------
    >>> rounded(np.array([[1.3, 0.2], [-6.0, 100.0]], np.float32), 5)
    array([[  1.3125,   0.1875],
           [ -8.    , 100.    ]], dtype=float32)
    """
    exponents = _exponents(rows, bits)
    return _multiples(rows, exponents, bits) * _steps(exponents)


def packed(rows: Rows, bits: int, name: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Yield arrays that hold the multiples, at most 15 bits of them; zeros take a bit each, before compression."""
    for number, part in enumerate(parts(len(rows))):
        values = rows[part]
        exponents = _exponents(values, bits)
        whole = _multiples(values, exponents, bits).astype("<i2")
        there = whole != 0
        yield f"{name}_{number}_exponents", exponents
        yield f"{name}_{number}_there", np.packbits(there, axis=1)
        yield f"{name}_{number}_bytes", np.ascontiguousarray(whole[there].view(np.uint8).reshape(-1, 2).T)


def unpacked(arrays: Mapping[str, Any], name: str, n_rows: int, n_columns: int) -> Iterator[Features]:
    """Yield the rows that `packed` rounded, some at a time.

    Raises
    ------
    KeyError, ValueError
        An array is missing, or the arrays do not fit together.
    """
    for number, part in enumerate(parts(n_rows)):
        count = part.stop - part.start
        exponents, bits, planes = (arrays[f"{name}_{number}_{kind}"] for kind in ("exponents", "there", "bytes"))
        shapes = ((count,), (count, -(-n_columns // 8)))
        if (exponents.shape, bits.shape) != shapes or (exponents.dtype, bits.dtype) != (np.int8, np.uint8):
            raise ValueError(f"{name}: {exponents.shape} and {bits.shape} are not for {count} rows of {n_columns}")
        there = np.unpackbits(bits, axis=1, count=n_columns).view(bool)
        if planes.dtype != np.uint8 or planes.shape != (2, np.count_nonzero(there)):
            raise ValueError(f"{name}: numbers of shape {planes.shape} do not fit their marks")
        rows = np.zeros((count, n_columns), np.float32)
        rows[there] = np.ascontiguousarray(planes.T).view("<i2")[:, 0]
        rows *= _steps(np.clip(exponents, -_REACH - 15, _REACH))
        yield rows


def _exponents(rows: Features, bits: int) -> Exponents:
    """Return the exponent of two of each row's step, (n_rows,)."""
    largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    return np.asarray(np.clip(np.frexp(largest)[1], -_REACH, _REACH) - bits, np.int8)


def _multiples(rows: Features, exponents: Exponents, bits: int) -> Features:
    """Return how often each row's step goes into its numbers, as whole numbers."""
    whole = rows * _steps(-exponents)
    np.rint(whole, out=whole)
    return np.clip(whole, 1 - 2**bits, 2**bits - 1, out=whole)


def _steps(exponents: Exponents) -> Features:
    return np.asarray(np.ldexp(np.float32(1), exponents)[:, None], np.float32)
