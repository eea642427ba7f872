"""Threads over pieces of rows, and linear algebra that does not start its own.

A thread for each piece of rows scales better than threads inside products of small blocks, which spend their time
waiting for each other. Results are used in the order of the pieces, so that they do not depend on how many threads
there are.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import TypeVar

from joblib import effective_n_jobs
from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item], n_jobs: int | None) -> Iterator[Result]:
    """Yield function(item) of each item in order, computed by threads a few items ahead.

    Parameters
    ----------
    function : callable
        Must be safe to call from several threads.
    items : iterable
        Taken from the calling thread.
    n_jobs : int or None
        Threads; None is one, -1 one for each processor, -2 one less.

    Raises
    ------
    ValueError
        If n_jobs is 0.
    """
    count = effective_n_jobs(n_jobs)
    with one_blas_thread():
        if count == 1:
            yield from map(function, items)
            return
        waiting = deque[Future[Result]]()
        with ThreadPoolExecutor(count) as pool:
            try:
                for item in items:
                    waiting.append(pool.submit(function, item))
                    if len(waiting) > 2 * count:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()


_lock = threading.Lock()
_inside = 0
_limits: AbstractContextManager[object] = nullcontext()


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let linear algebra use the calling thread only, in the whole process, until the last one leaves this context."""
    global _inside, _limits
    with _lock:
        if not _inside:
            _limits = _controller().limit(limits=1, user_api="blas")
            _limits.__enter__()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _limits.__exit__(None, None, None)
