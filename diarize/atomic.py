"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """Give a binary file that gets its name only once everything is written and the block ends without error.

    Parameters
    ----------
    path : str or path
        The file to write. It is first written under another name in the same folder, then renamed; devices and pipes
        are written to directly.

    Raises
    ------
    OSError
        The file cannot be written: no such folder, no permission, disk full. No half file is left, and a file that
        was there before is still there.
    """
    target = Path(path).resolve()  # so that a link stays a link
    if target.exists() and not target.is_file():
        with target.open("wb") as stream:
            yield stream
        return
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    temporary = target.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
