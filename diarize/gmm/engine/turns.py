"""One process compiles, others wait for what it keeps: several that start at once would all compile the same.

Import this module inside functions only: importing it imports numba.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from numba.core.compiler_lock import global_compiler_lock

try:
    import fcntl
except ImportError:  # not on Windows: there each process compiles for itself
    fcntl = None  # type: ignore[assignment]

PATIENCE = 120.0
"""Seconds after which a process goes on by itself: the other may have been stopped."""
SHORT = 1.0
"""Seconds within which another process has loaded what is kept already."""
_PAUSE = 0.02
_held: set[str] = set()  # by the thread that has numba's lock: kernels of a file may call each other


@contextmanager
def alone(source: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Let no other process compile what is in a file of source meanwhile, where the system can lock files.

    Parameters
    ----------
    source : str
        Path of the file; it is locked itself, and only ever read.
    waiting : callable
        Called when it turns out that another process compiles.
    """
    with global_compiler_lock:  # first, always: else two threads could each hold one lock and want the other
        if fcntl is None or source in _held:
            yield
            return
        try:
            file = open(source, "rb")  # noqa: SIM115
        except OSError:  # in an archive
            yield
            return
        with file:
            _wait_for(file.fileno(), waiting)
            _held.add(source)
            try:
                yield
            finally:
                _held.discard(source)
                _release(file.fileno())


def _wait_for(descriptor: int, waiting: Callable[[], None]) -> None:
    start, told = time.monotonic(), False
    while (waited := time.monotonic() - start) < PATIENCE:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waited > SHORT and not told:
                told = True
                waiting()
            time.sleep(_PAUSE)
        except OSError:  # a file system without locks
            return
        else:
            return


def _release(descriptor: int) -> None:
    """Give the lock back: by closing the file alone, a process forked meanwhile would keep it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    except OSError:
        return
