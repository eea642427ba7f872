"""One at a time at a file: a lock that the system gives back when a process ends, however it ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from diarize.errors import FormatError, quoted

LOCK = ".lock"  # behind the whole name of the file
_PAUSE = 0.05  # s


@contextmanager
def locked(output: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of a file that is changed; a lock file that a killed process has left is taken over.

    Parameters
    ----------
    output : path
        The file; its lock lies beside it.
    wait : float, seconds
        How long to wait for another process.

    Raises
    ------
    FormatError
        Another process has it still, or the folder takes no files.
    """
    path = output.with_name(output.name + LOCK)
    with _held(output, path, time.monotonic() + wait) as file:
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        try:
            yield
        finally:
            with suppress(OSError):  # some systems remove no open file: one that is left is no obstacle
                path.unlink()


def _held(output: Path, path: Path, deadline: float) -> BinaryIO:
    """Return the lock file, open and locked."""
    while True:
        try:
            file = path.open("a+b")
        except OSError as error:
            reason = error.strerror or error
            message = f"{output}: cannot be changed here: {path.name}: {reason}; name another file"
            raise FormatError(message) from None
        taken = _taken(file)
        if taken and os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # if taken, whoever had it removed it just now, and the next one makes another
        if not taken and time.monotonic() >= deadline:
            raise FormatError(f"{output}: is being edited already, by process {_pid(path)}; end that one first")
        if not taken:
            time.sleep(_PAUSE)


def _pid(path: Path) -> str:
    try:
        number = path.read_text(encoding="ascii", errors="replace")
    except OSError:  # where a lock also keeps others from reading
        return "unknown"
    return number if number.isdecimal() else quoted(number)


if sys.platform == "win32":
    import msvcrt

    def _taken(file: BinaryIO) -> bool:
        try:
            file.seek(1 << 30)  # far behind the text: a lock here keeps nobody from reading that
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _taken(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
