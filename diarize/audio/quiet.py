"""Keep the MP3 decoder from writing to standard error, which is for the user."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

_LOCK = Lock()
_users: set[object] = set()  # a token for each call that is under way, in all threads
_standard: Any = None


@contextmanager
def quiet_decoder() -> Iterator[None]:
    """Keep what libraries in C print to `stderr` from the user.

    The decoder has no switch for it that could be reached. The GNU C library documents `stderr` as a variable that a
    program may set: while a block is decoded it is a stream to nowhere. Python does not use it: what Python writes to
    standard error, in any thread, is not touched, nor is the descriptor. Elsewhere nothing is done.
    """
    global _standard
    streams = _streams()
    if streams is None:
        yield
        return
    (stderr, nowhere), token = streams, object()
    try:  # an interrupt may come anywhere: a token that is taken back twice, or never got in, does no harm
        with _LOCK:
            if not _users:
                _standard = stderr.value
                stderr.value = nowhere
            _users.add(token)
        yield
    finally:
        with _LOCK:
            _users.discard(token)
            if not _users and _standard is not None:
                stderr.value = _standard


@cache
def _streams() -> tuple[Any, int] | None:
    """Return the variable `stderr` of the C library and a stream to nowhere; None where it may not be set."""
    try:
        if not (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc"):
            return None
        library = ctypes.CDLL(None)
        library.fopen.restype = ctypes.c_void_p
        nowhere = library.fopen(os.devnull.encode(), b"w")
        stderr = ctypes.c_void_p.in_dll(library, "stderr")
    except (AttributeError, OSError, ValueError, TypeError):
        return None
    return (stderr, nowhere) if nowhere else None
