"""One editor at a time: a lock that the system gives back when a process ends, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    with _held(output, path) as file:
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        try:
            yield
        finally:
            with suppress(OSError):  # some systems remove no open file: one that is left is no obstacle
                path.unlink()


def _held(output: Path, path: Path) -> BinaryIO:
    """Return the lock file, open and locked."""
    while True:
        try:
            file = path.open("a+b")
        except OSError as error:
            reason = error.strerror or error
            message = f"{output}: cannot be edited here: {path.name}: {reason}; name another file by -o"
            raise FormatError(message) from None
        if not _taken(file):
            file.close()
            raise FormatError(f"{output}: is being edited already, by process {_pid(path)}; end that one first")
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # whoever had it removed it just now, and the next one makes another


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
