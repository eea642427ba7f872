"""One editor at a time: a lock that the system gives back when a process ends, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from diarize.editor.files import LOCK, beside
from diarize.errors import FormatError, quoted


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Hold the lock of a file that is edited; a lock file that a killed process has left is taken over.

    Raises
    ------
    FormatError
        Another process edits the file, or the folder takes no files.
    """
    path = beside(output, LOCK)
    try:
        file = path.open("a+b")
    except OSError as error:
        reason = error.strerror or error
        raise FormatError(f"{output}: cannot be edited here: {path.name}: {reason}; name another file by -o") from None
    with file:
        if not _taken(file):
            raise FormatError(f"{output}: is being edited already, by process {_pid(path)}; end that one first")
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


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
