"""How far the work has come, told to a call-back that may end it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from diarize.errors import Cancelled

Progress = Callable[[str, float], object]
"""Takes the name of a stage and the share of the work that is done, 0 to 1; returns False to end the work."""

Report = Callable[[str, float], None]

_INTERVAL = 0.2  # s between two calls that tell nothing new


class _Watch:
    """Calls back when there is something to tell, and from time to time when there is not."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last: tuple[str, float] = ("", 0.0)
        self._told = monotonic()

    def report(self, stage: str, fraction: float) -> None:
        self._last, self._told = (stage, fraction), monotonic()
        if self._progress(stage, fraction) is False:
            raise Cancelled(f"the work was cancelled by the progress call-back ({stage}, {fraction:.0%} done)")

    def again(self) -> None:
        if self._last[0] and monotonic() - self._told >= _INTERVAL:
            self.report(*self._last)


_watch: ContextVar[_Watch | None] = ContextVar("watch", default=None)  # one for each thread and task


@contextmanager
def watched(progress: Progress | None) -> Iterator[Report]:
    """Give a function that tells how far the work has come; meanwhile `checkpoint` calls back too, from long loops.

    Raises
    ------
    Cancelled
        By the function, or by `checkpoint`: the call-back returned False.

    Examples
    --------
    >>> with watched(lambda stage, fraction: print(stage, fraction)) as report:
    ...     report("speech", 0.25)
    speech 0.25
    """
    watch = _Watch(progress or (lambda stage, fraction: None))
    token = _watch.set(watch)
    try:
        yield watch.report
    finally:
        _watch.reset(token)


def checkpoint() -> None:
    """Let a call-back end the work: called wherever a loop over a long recording goes round.

    Raises
    ------
    Cancelled
        The call-back returned False.
    """
    watch = _watch.get()
    if watch is not None:
        watch.again()
