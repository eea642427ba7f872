"""Rows of numbers that are written once and read piece by piece; where they are many they lie in a temporary file.

What an hour of sound is turned into would fill the memory several times over, and no step needs more of it at a time
than some seconds or minutes. Short recordings never touch the disk, and where it is full memory has to do.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from diarize.progress import checkpoint

Features = npt.NDArray[np.float32]

PART = 20_000  # rows handled at a time: of 10 ms, somewhat over three minutes
_LIMIT = 1 << 25  # bytes kept in memory


class _File:
    """A temporary file without a name, closed when nothing refers to it any more."""

    __slots__ = ("_file", "_lock")

    def __init__(self) -> None:
        self._lock, self._file = Lock(), TemporaryFile(buffering=0)  # noqa: SIM115  (closed below)

    def __del__(self) -> None:
        if hasattr(self, "_file"):  # it could be opened
            self._file.close()

    def append(self, values: Features) -> None:
        left = np.ascontiguousarray(values, np.float32).reshape(-1).view(np.uint8)
        while len(left):
            left = left[self._file.write(left.data) :]

    def read(self, first: int, values: Features) -> None:
        """Fill an array with the numbers from `first` on."""
        place, left = first * values.itemsize, values.reshape(-1).view(np.uint8)
        while len(left):
            count = self._fill(left, place)
            if not count:
                raise OSError("a temporary file has lost its end")
            place, left = place + count, left[count:]

    def _fill(self, target: npt.NDArray[np.uint8], place: int) -> int:
        """Read from a place as much as comes at once; return how many bytes came."""
        if hasattr(os, "preadv"):  # the place where the file stands is left alone: forked processes share it
            return os.preadv(self._file.fileno(), [target.data], place)
        with self._lock:
            self._file.seek(place)
            return int(self._file.readinto(target.data))


class Spooled:
    """Rows of float32 in a file that has no name, and so vanishes with this object or with the process.

    A slice of rows is an array, read when it is asked for; `numpy.asarray` gives all rows. Several threads may read.

    Parameters
    ----------
    file : _File
        Holds the rows one after the other.
    n_rows, width : int
    n_columns : int
        The first columns only, of the `width` in the file.
    """

    __slots__ = ("_file", "_width", "shape")

    def __init__(self, file: _File, n_rows: int, width: int, n_columns: int) -> None:
        self._file, self._width = file, width
        self.shape = (n_rows, n_columns)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> Features:
        first, last, step = rows.indices(len(self))
        if step == 1:
            return self._read(first, max(first, last))
        taken = [
            self._read(first + part.start, first + part.stop)
            for part in parts(last - first, max(1, PART // step) * step)
        ]
        return np.concatenate([some[::step] for some in taken] or [self._read(0, 0)])

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self[:] if dtype is None else self[:].astype(dtype)

    def __reduce__(self) -> Any:
        return np.asarray, (self[:],)

    def lowest(self, n_columns: int) -> Spooled:
        """Return the first columns, in the same file."""
        return Spooled(self._file, len(self), self._width, n_columns)

    def _read(self, first: int, last: int) -> Features:
        rows = np.empty((last - first, self._width), np.float32)
        self._file.read(first * self._width, rows)
        return rows[:, : self.shape[1]]


Rows: TypeAlias = Features | Spooled


def spooled(pieces: Iterable[Features], n_columns: int, limit: int = _LIMIT) -> Rows:
    """Return the rows of all pieces: an array, or from `limit` bytes on a file.

    Parameters
    ----------
    pieces : iterable of array, each (n, n_columns), float32
        Each is dropped before the next is made.
    n_columns : int
    limit : int
        Bytes.

    Examples
    --------
    >>> rows = spooled((np.full((2, 3), k, np.float32) for k in range(4)), 3, limit=40)
    >>> len(rows), rows[3:5]
    (8, array([[1., 1., 1.],
           [2., 2., 2.]], dtype=float32))
    """
    held: list[Features] = []
    file: _File | None = None
    n_rows, n_written, room = 0, 0, True
    for piece in pieces:
        checkpoint()
        n_rows += len(piece)
        held.append(piece)
        if not room or 4 * n_rows * n_columns <= limit:
            continue
        try:
            file = file or _File()
            while held:
                file.append(held[0])
                n_written += len(held.pop(0))
        except OSError:
            if file is not None:
                held.insert(0, Spooled(file, n_written, n_columns, n_columns)[:])
            file, room = None, False
    if file is not None:
        return Spooled(file, n_rows, n_columns, n_columns)
    stacked = np.empty((n_rows, n_columns), np.float32)
    while held:  # what is copied is dropped: features are not held twice
        piece = held.pop()
        n_rows -= len(piece)
        stacked[n_rows : n_rows + len(piece)] = piece
    return stacked


def parts(n_rows: int, size: int = PART) -> Iterator[slice]:
    """Yield slices of so many rows, from the first row to the last."""
    for start in range(0, n_rows, size):
        checkpoint()
        yield slice(start, min(start + size, n_rows))
