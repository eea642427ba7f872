"""How loops are compiled, and the types that they share.

Import this module inside functions only: importing it imports numba.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from numba.core import event
from numba.extending import intrinsic

from diarize.gmm.engine.cache import choose_cache_folder
from diarize.gmm.engine.turns import alone

logger = logging.getLogger(__name__)
choose_cache_folder()  # before the first function is compiled

Function = TypeVar("Function", bound=Callable[..., Any])
Integers: TypeAlias = npt.NDArray[np.int64]
Indices: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]

FUSED = frozenset({"contract", "nsz"})
"""Products and sums may become one operation; sums stay in their order."""
REORDERED = FUSED | {"reassoc"}
"""Sums in whatever order is fast; NaN and infinity keep their meaning."""


class _Notice(event.Listener):
    """Logs once that something is compiled: machine code that is kept is loaded instead, and tells nobody."""

    def __init__(self) -> None:
        self._logged = False

    def on_start(self, _: Any = None) -> None:
        """Log the first one."""
        if not self._logged:
            self._logged = True
            logger.info("compiling what is used for the first time on this machine; it may take half a minute")

    def on_end(self, _: Any) -> None:
        """Do nothing."""


_notice = _Notice()
event.register("numba:compile", _notice)  # type: ignore[no-untyped-call]


def compiled(signature: str = "", fast: frozenset[str] = frozenset()) -> Callable[[Function], Function]:
    """Compile now for one signature, or for the types of each first call.

    Machine code is cached on disk where numba finds a folder that it can write; of several processes one compiles.
    """
    jit: Any = numba.njit
    options = {"nogil": True, "fastmath": set(fast), "error_model": "numpy"}
    wanted = (signature,) if signature else ()

    def compile_(function: Function) -> Function:
        source = function.__code__.co_filename
        try:
            with alone(source, _notice.on_start):
                kernel = jit(*wanted, cache=True, **options)(function)
            if not signature:
                _compile_alone(kernel, source)
            return cast(Function, kernel)
        except (RuntimeError, OSError):  # nowhere to write, or a full disk
            return cast(Function, jit(*wanted, **options)(function))

    return compile_


def _compile_alone(kernel: Any, source: str) -> None:
    """Have a kernel compile, or load what is kept, while no other process does: for the types of each first call."""
    compile_ = getattr(kernel, "compile", None)
    if compile_ is None:  # numba is told to leave functions as they are
        return

    def compile_alone(signature: Any) -> Any:
        with alone(source, _notice.on_start):
            return compile_(signature)

    kernel.compile = compile_alone


def inner(fast: frozenset[str] = frozenset()) -> Callable[[Function], Function]:
    """Compile as part of the kernels that call it, in whose file it must be: these are what is cached."""

    def compile_(function: Function) -> Function:
        return cast(Function, numba.njit(nogil=True, fastmath=set(fast), error_model="numpy")(function))

    return compile_


def inline(function: Callable[..., Any]) -> Any:
    """Let numba put what a function generates, in LLVM's language, in place of each call."""
    return intrinsic(function)
