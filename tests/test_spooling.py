"""Rows in a file against the same rows in an array."""

from __future__ import annotations

import gc
import os
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from diarize.spooling import Spooled, _File, parts, spooled

Features = npt.NDArray[np.float32]
EXPECTED = np.random.default_rng(0).normal(size=(50_123, 7)).astype(np.float32)


def pieces() -> Iterator[Features]:
    yield from np.split(EXPECTED, [0, 1, 400, 401, 33_000])


@pytest.fixture
def rows() -> Spooled:
    on_disk = spooled(pieces(), 7, limit=1000)
    assert isinstance(on_disk, Spooled)
    return on_disk


def test_few_rows_are_an_array_and_many_are_not() -> None:
    size = EXPECTED.nbytes
    assert isinstance(spooled(pieces(), 7, limit=size), np.ndarray)
    assert isinstance(spooled(pieces(), 7, limit=size - 1), Spooled)
    np.testing.assert_array_equal(spooled(pieces(), 7, limit=size), EXPECTED)
    np.testing.assert_array_equal(spooled(pieces(), 7, limit=0), EXPECTED)
    assert spooled([], 7).shape == (0, 7)


@pytest.mark.parametrize("step", [None, 1, 3, 30_000])
@pytest.mark.parametrize("start", [None, 0, 17, 39_999, 60_000])
@pytest.mark.parametrize("stop", [None, 0, 18, 45_000, 60_000])
def test_slices_are_those_of_an_array(rows: Spooled, start: int | None, stop: int | None, step: int | None) -> None:
    np.testing.assert_array_equal(rows[start:stop:step], EXPECTED[start:stop:step])


def test_it_stands_for_an_array(rows: Spooled) -> None:
    assert rows.shape == EXPECTED.shape
    assert len(rows) == len(EXPECTED)
    np.testing.assert_array_equal(np.asarray(rows), EXPECTED)
    assert np.asarray(rows, np.float64).dtype == np.float64
    np.testing.assert_array_equal(np.concatenate([rows[part] for part in parts(len(rows))]), EXPECTED)


def test_what_is_read_can_be_changed_without_changing_the_rows(rows: Spooled) -> None:
    rows[10:20][:] = 0
    np.testing.assert_array_equal(rows[10:20], EXPECTED[10:20])


def test_the_lowest_columns_are_in_the_same_file(rows: Spooled) -> None:
    lowest = rows.lowest(3)
    assert lowest.shape == (len(EXPECTED), 3)
    np.testing.assert_array_equal(lowest[5:30_000:7], EXPECTED[5:30_000:7, :3])
    np.testing.assert_array_equal(lowest.lowest(2)[:], EXPECTED[:, :2])
    del rows
    gc.collect()
    np.testing.assert_array_equal(lowest[:9], EXPECTED[:9, :3])


def test_threads_may_read_at_the_same_time(rows: Spooled) -> None:
    def read(first: int) -> bool:
        return bool((rows[first : first + 500] == EXPECTED[first : first + 500]).all())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, range(0, 50_000, 97)))


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="needs reading at a place, which this platform lacks")
def test_reading_leaves_the_place_that_forked_processes_share(rows: Spooled) -> None:
    shared = os.dup(rows._file._file.fileno())  # the same open file, as a forked process has it
    try:
        before = os.lseek(shared, 0, os.SEEK_CUR)
        np.testing.assert_array_equal(rows[400:900], EXPECTED[400:900])
        assert os.lseek(shared, 0, os.SEEK_CUR) == before
    finally:
        os.close(shared)


def test_a_copy_that_is_sent_elsewhere_is_an_array(rows: Spooled) -> None:
    sent = pickle.loads(pickle.dumps(rows))
    assert isinstance(sent, np.ndarray)
    np.testing.assert_array_equal(sent, EXPECTED)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files")
def test_the_file_is_closed_with_the_rows() -> None:
    def files() -> int:
        return sum("(deleted)" in os.readlink(f"/proc/self/fd/{fd}") for fd in map(int, open_files()))

    def open_files() -> list[str]:
        return [name for name in os.listdir("/proc/self/fd") if Path(f"/proc/self/fd/{name}").is_symlink()]

    before = files()
    rows = spooled(pieces(), 7, limit=0)
    assert files() == before + 1
    del rows
    gc.collect()
    assert files() == before


def test_parts_cover_all_rows_once() -> None:
    for count in (0, 1, 9, 10, 11):
        covered = [row for part in parts(count, 5) for row in range(part.start, part.stop)]
        assert covered == list(range(count))


@pytest.mark.parametrize("room", [0, 1, 3])
def test_where_the_disk_is_full_rows_stay_in_memory(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """The disk takes so many pieces, and of the next one half."""
    write, taken = _File.append, [0]

    def append(file: _File, values: Features) -> None:
        full = taken[0] == room
        taken[0] += 1
        write(file, values[: len(values) // 2] if full else values)
        if full:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(_File, "append", append)
    rows = spooled(pieces(), 7, limit=0)
    assert isinstance(rows, np.ndarray)
    np.testing.assert_array_equal(rows, EXPECTED)
    assert taken[0] == room + 1


def test_without_a_folder_for_the_file_rows_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(**_: object) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("diarize.spooling.TemporaryFile", nowhere)
    np.testing.assert_array_equal(spooled(pieces(), 7, limit=0), EXPECTED)
