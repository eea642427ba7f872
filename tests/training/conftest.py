"""Toy voices that several tests of training speak with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from diarize.training.material import Material

RATE = 16000


def buzz(pitch: float, seed: int, seconds: float = 4.0) -> npt.NDArray[np.float32]:
    """Return a buzz with its own pitch and its own, slowly changing colour, without pauses."""
    rng, time = np.random.default_rng(seed), np.arange(round(seconds * RATE)) / RATE
    sound, own = np.zeros(len(time)), rng.exponential(1.0, 60)
    for k in range(1, int(7000 / pitch)):
        syllables = np.interp(time, np.arange(0, seconds + 0.25, 0.25), rng.uniform(0.3, 1.0, int(seconds * 4) + 1))
        sound += own[k % 60] / np.sqrt(k) * syllables * np.sin(2 * np.pi * pitch * k * time)
    return (0.05 * sound).astype(np.float32)


@pytest.fixture(scope="session")
def buzzes() -> Material:
    """Return eight voices without pauses, an utterance each."""
    sounds = [buzz(80 + 23 * number, number) for number in range(8)]
    return Material(RATE, [[lambda sound=sound: sound] for sound in sounds])  # type: ignore[misc]
