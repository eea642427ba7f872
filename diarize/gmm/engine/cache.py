"""Where machine code is kept between runs: beside the source, in the user's cache, or in a folder of temporary files.

numba chooses by itself as long as it can write to one of the first two. In a container without a home and with packages
that are read only it can write to neither; then this module names a folder, before anything is compiled.
"""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


@cache
def choose_cache_folder() -> None:
    """Have numba, which is imported here, keep machine code where this user can write; say so once if that is nowhere.

    A folder that the user has chosen by NUMBA_CACHE_DIR stays.
    """
    from numba import config

    settings: Any = config
    if settings.CACHE_DIR or _usable(Path(__file__).parent / "__pycache__") or _usable(_user_cache()):
        return
    folder = _temporary()
    if folder is None:
        logger.warning(
            "machine code cannot be kept: no folder can be written to, so that every start compiles anew for about "
            "half a minute; set NUMBA_CACHE_DIR to a folder that can be written to"
        )
        return
    settings.CACHE_DIR = str(folder)


def _user_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(home) / "numba"


def _usable(folder: Path) -> bool:
    """Tell whether files can be made in a folder, which is made where it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _temporary() -> Path | None:
    """Return a folder of this user's own among temporary files: what is kept in it is run, so nobody else may write."""
    number = os.getuid() if hasattr(os, "getuid") else 0
    try:
        folder = Path(tempfile.gettempdir()) / f"diarize-{number}"
        folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.lstat()
    except OSError:
        return None
    own = stat.S_ISDIR(state.st_mode) and (os.name != "posix" or (state.st_uid, state.st_mode & 0o077) == (number, 0))
    return folder if own and _usable(folder) else None
