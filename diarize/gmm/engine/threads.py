"""Threads over pieces of rows, and linear algebra that does not start its own.

A thread for each piece of rows scales better than threads inside products of small blocks, which spend their time
waiting for each other. Results are used in the order of the pieces, so that they do not depend on how many threads
there are.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Generic, TypeVar

from threadpoolctl import ThreadpoolController, threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item], n_jobs: int | None) -> Iterator[Result]:
    """Yield function(item) of each item in order, computed by threads, the calling one among them, some items ahead.

    Parameters
    ----------
    function : callable
        Must be safe to call from several threads.
    items : iterable
        Read by one thread at a time.
    n_jobs : int or None
        Threads; None is one, -1 one for each processor, -2 one less.

    Raises
    ------
    ValueError
        If n_jobs is 0.
    """
    count = n_threads(n_jobs)
    with one_blas_thread():
        if count == 1:
            yield from map(function, items)
            return
        work = _Work(function, iter(items), ahead=4 * count)
        helpers = [threading.Thread(target=work.help, daemon=True) for _ in range(count - 1)]
        try:
            for helper in helpers:
                helper.start()
            yield from work.lead()
        finally:
            work.stop()
            for helper in helpers:
                helper.join()


def n_threads(n_jobs: int | None) -> int:
    """Return how many threads `n_jobs` asks for, as joblib counts them."""
    if n_jobs is None or n_jobs == 1:
        return 1
    from joblib import effective_n_jobs  # imported late: it takes longer than starting a few threads

    return int(effective_n_jobs(n_jobs))


class _Work(Generic[Item, Result]):
    """Items shared among threads, and results on their way to whoever wants them in order.

    A pool of threads with a queue would do, but at ten times the cost of starting a thread.
    """

    def __init__(self, function: Callable[[Item], Result], items: Iterator[Item], ahead: int) -> None:
        self._function, self._items, self._ahead = function, items, ahead
        self._results: dict[int, Result] = {}
        self._taken = self._used = 0
        self._error: BaseException | None = None
        self._over = False
        self._change = threading.Condition()

    def lead(self) -> Iterator[Result]:
        """Take part in the work and yield the results in order."""
        while self._step(waits=False):
            yield from self._ready()
        while self._used < self._taken:
            with self._change:
                self._change.wait_for(lambda: self._used in self._results or self._error)
            yield from self._ready()

    def help(self) -> None:
        """Take part in the work until there is none."""
        while self._step(waits=True):
            pass

    def stop(self) -> None:
        """Let no more items be taken."""
        with self._change:
            self._over = True
            self._change.notify_all()

    def _ready(self) -> Iterator[Result]:
        while self._used in self._results:
            result = self._results.pop(self._used)
            with self._change:
                self._used += 1
                self._change.notify_all()
            yield result
        if self._error is not None:
            raise self._error

    def _step(self, *, waits: bool) -> bool:
        """Do the work on one item; tell whether there was one."""
        try:
            with self._change:
                if waits:
                    self._change.wait_for(lambda: self._over or self._taken - self._used < self._ahead)
                if self._over:
                    return False
                item = next(self._items)
                number = self._taken
                self._taken += 1
            result = self._function(item)
        except StopIteration:
            self.stop()
            return False
        except BaseException as error:
            self._error = error
            self.stop()
            return False
        with self._change:
            self._results[number] = result
            self._change.notify_all()
        return True


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


@contextmanager
def no_openmp_pool() -> Iterator[None]:
    """Let compiled code of other libraries use the calling thread only.

    A pool of OpenMP threads that is left behind hangs the first parallel loop of a process that is forked later; one
    thread needs no pool, on either side of the fork. The limit is the calling thread's own.
    """
    with threadpool_limits(limits=1, user_api="openmp"):
        yield


def _forget() -> None:
    """Start anew in a forked process: the threads that were inside are not there."""
    global _lock, _inside
    _lock, _inside = threading.Lock(), 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
