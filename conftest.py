"""How tests are collected: by each process of a run, so that what it costs is paid as often."""

from __future__ import annotations

import gc
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parent / "diarize"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out modules without examples: to search one is to import it, and to import kernels compiles them."""
    if PACKAGE in collection_path.parents and collection_path.suffix == ".py":
        return ">>>" not in collection_path.read_text(encoding="utf-8") or None
    return None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what is collected: all of it stays until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each process whole files, in the order of their folders: fixtures of a file are made once, not in each."""
    if config.getvalue("dist") != "load":  # somebody has asked for another way
        return None
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # the last files are short
    return LoadScopeScheduling(config, log)
