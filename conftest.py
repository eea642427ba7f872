"""Which modules of the package are searched for examples."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent / "diarize"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out modules without examples: searching imports them, and importing kernels compiles them."""
    if PACKAGE in collection_path.parents and collection_path.suffix == ".py":
        return ">>>" not in collection_path.read_text(encoding="utf-8") or None
    return None
