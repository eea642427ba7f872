"""What a file says beside who speaks."""

from __future__ import annotations

from importlib import metadata

import pytest

import diarize
from diarize.formats.about import package_version


def test_the_version_is_that_of_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    assert diarize.__version__ == package_version()

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert package_version() == "unknown"
