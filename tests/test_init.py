"""What `import diarize` offers, and that it costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import diarize


@pytest.mark.parametrize("name", sorted({*diarize.__all__} - {"Diarizer", "__version__"}))
def test_names_are_what_they_say(name: str) -> None:
    assert getattr(diarize, name).__name__ == name
    assert name in dir(diarize)


def test_version() -> None:
    assert diarize.__version__ == "unknown" or diarize.__version__[0].isdecimal()


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Diarisator'"):
        _ = diarize.Diarisator


def test_nothing_heavy_is_imported() -> None:
    heavy = ("numpy", "scipy", "sklearn", "librosa", "numba", "soundfile", "hmmlearn")
    code = f"import sys, diarize, diarize.cli; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
