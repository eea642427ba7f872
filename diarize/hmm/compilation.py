"""How the loops of this part are compiled, and the types they share.

Import this module inside functions only: importing it imports numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Function = TypeVar("Function", bound=Callable[..., Any])
Integers: TypeAlias = npt.NDArray[np.int64]
Indices: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]


def compiled(signature: str) -> Callable[[Function], Function]:
    """Compile now and for one signature; cached on disk where numba finds a folder that it can write."""

    def compile_(function: Function) -> Function:
        try:
            return cast(Function, numba.njit(signature, cache=True, nogil=True)(function))
        except (RuntimeError, OSError):  # nowhere to write, or a full disk
            return cast(Function, numba.njit(signature, nogil=True)(function))

    return compile_


def inner(function: Function) -> Function:
    """Compile as part of the kernels that call it, only when these are not in the cache."""
    return cast(Function, numba.njit(nogil=True)(function))
