"""Peaks do not depend on how the sound comes."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.audio.peaks import Peaks


@pytest.mark.parametrize("sizes", [(1000,), (1, 999), (7,) * 143, (480, 520), (0, 160, 0, 840)])
def test_peaks_of_any_blocks(sizes: tuple[int, ...]) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 1000).astype(np.float32)
    peaks, place = Peaks(160), 0
    for size in sizes:
        peaks.add(samples[place : place + size])
        place += size
    by_hand = [samples[start : min(start + 160, place)] for start in range(0, place, 160)]
    assert peaks.all().tolist() == [[part.min(), part.max()] for part in by_hand]


def test_no_sound() -> None:
    assert Peaks(160).all().shape == (0, 2)
