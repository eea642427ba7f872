"""Two people who take turns, made of modulated noise: their levels move as those of speech do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

Samples = npt.NDArray[np.float32]

RATE = 8000


@pytest.fixture(scope="session")
def ends() -> Samples:
    """Return what two people say, (n_samples, 2): 40 s, each in turns of two seconds, syllables of a fifth."""
    rng = np.random.default_rng(0)
    seconds = 40
    time = np.arange(seconds * RATE) / RATE
    syllables = np.repeat(10 ** (rng.uniform(-20, 0, (seconds * 5, 2)) / 20), RATE // 5, axis=0)
    first = (time % 4 < 1.8)[:, None]
    turns = np.where(first, [1.0, 0.0], [0.0, 1.0]) * (time % 2 < 1.7)[:, None]
    return (0.1 * rng.standard_normal((len(time), 2)) * syllables * turns).astype(np.float32)


@pytest.fixture(scope="session")
def hiss() -> Samples:
    """Return the noise of two lines, 50 dB under the voices."""
    return (3e-4 * np.random.default_rng(1).standard_normal((40 * RATE, 2))).astype(np.float32)


@pytest.fixture(scope="session")
def dialogue_path() -> str:
    """Return a sample of two people."""
    return str(Path(__file__).resolve().parents[2] / "audio_samples" / "dialogue.flac")
