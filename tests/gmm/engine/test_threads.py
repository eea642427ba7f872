"""Threads keep the order of their work and leave linear algebra as they found it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from threadpoolctl import threadpool_info

from diarize.gmm.engine.threads import one_blas_thread, ordered_map


def blas_threads() -> Any:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.mark.parametrize("n_jobs", [None, 1, 2, 5, -1])
def test_results_come_in_order(n_jobs: int | None) -> None:
    wait = threading.Event()

    def square(i: Any) -> Any:
        if i % 3 == 0:
            wait.wait(0.001)
        return i * i

    assert list(ordered_map(square, range(50), n_jobs)) == [i * i for i in range(50)]


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_an_error_in_a_thread_comes_out(n_jobs: int | None) -> None:
    def fail(i: Any) -> Any:
        if i == 4:
            raise KeyError(i)

    with pytest.raises(KeyError, match="4"):
        list(ordered_map(fail, range(20), n_jobs))


def test_no_threads_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="n_jobs"):
        list(ordered_map(abs, [1], 0))


def test_one_thread_inside_and_as_before_outside() -> None:
    before = blas_threads()
    with one_blas_thread():
        assert set(blas_threads()) <= {1}
        with one_blas_thread():
            pass
        assert set(blas_threads()) <= {1}
    assert blas_threads() == before


def test_contexts_that_overlap_end_with_the_last() -> None:
    before = blas_threads()
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(blas_threads()) <= {1}
    second.__exit__(None, None, None)
    assert blas_threads() == before


def test_threads_wait_for_results_to_be_used_and_end_when_nobody_wants_more() -> None:
    before, started = threading.active_count(), []

    def note(i: Any) -> Any:
        started.append(i)
        return i

    results = ordered_map(note, iter(range(10_000)), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    assert len(started) < 100
    results.close()
    assert threading.active_count() == before


def test_an_error_of_the_items_comes_out() -> None:
    def items() -> Any:
        yield 1
        raise KeyError("items")

    with pytest.raises(KeyError, match="items"):
        list(ordered_map(abs, items(), 2))
