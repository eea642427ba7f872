"""Pieces of sound at their times."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.audio.parts import Hole
from diarize.audio.timeline import Piece, Timeline, in_blocks

RATE = 1000


def piece(start: float | None, n_samples: int = 100) -> Piece:
    return Piece(start, np.arange(1, n_samples + 1, dtype=np.float32)[:, None])


def test_rounded_times_move_nothing() -> None:
    timeline = Timeline(RATE)
    rng = np.random.default_rng(0)
    for number in range(1000):
        silence, samples = timeline.place(piece(number * 0.1 + rng.uniform(-0.02, 0.02) * (number > 0)))
        assert (silence, len(samples)) == (0, 100)
    assert timeline.seconds == 100.0


def test_a_clock_that_runs_fast_is_followed() -> None:
    timeline = Timeline(RATE)
    for number in range(1000):
        timeline.place(piece(number * 0.1001))
    assert timeline.seconds == pytest.approx(100.1, abs=0.035)


def test_gaps_and_overlaps() -> None:
    timeline = Timeline(RATE)
    assert timeline.place(piece(2.0))[0] == 2000  # it begins late, which is no hole
    assert timeline.place(piece(2.6))[0] == 500
    silence, samples = timeline.place(piece(2.65))
    assert (silence, samples[0, 0], len(samples)) == (0, 51, 50)
    assert timeline.place(piece(None))[0] == 0
    assert timeline.holes == [Hole(2.1, 0.5)]


@pytest.mark.parametrize(
    ("start", "silence", "kept"), [(0.06, 0, 100), (0.2, 200, 100), (-0.05, 0, 50), (-7.0, 0, 100)]
)
def test_the_first_piece(start: float, silence: int, kept: int) -> None:
    found, samples = Timeline(RATE).place(piece(start))
    assert (found, len(samples)) == (silence, kept)


@pytest.mark.parametrize(
    ("leap", "joins", "end"), [(-5.0, False, None), (60.0, True, None), (60.0, False, 30.0), (1e6, False, None)]
)
def test_a_clock_that_is_set_anew(leap: float, joins: bool, end: float | None) -> None:
    timeline = Timeline(RATE, end, joins)
    for number in range(100):
        timeline.place(piece(number * 0.1))
    for number in range(100, 200):
        assert timeline.place(piece(number * 0.1 + leap))[0] == 0
    assert timeline.place(piece(20.5 + leap))[0] == 500  # by the new clock
    assert timeline.seconds == pytest.approx(20.6)


def test_full_blocks() -> None:
    pieces = [(3, np.ones((2, 2), np.float32)), (0, np.full((9, 2), 2, np.float32)), (6, np.zeros((0, 2), np.float32))]
    blocks = [block.copy() for block in in_blocks(pieces, np.empty((4, 2), np.float32))]
    assert [len(block) for block in blocks] == [4, 4, 4, 4, 4]
    np.testing.assert_array_equal(np.concatenate(blocks)[:, 1], [0, 0, 0, 1, 1, *9 * [2], *6 * [0]])


@pytest.mark.parametrize(("first", "begins"), [(0.0, None), (0.05, None), (0.3, 0.0)])
def test_what_an_encoder_put_in_front(first: float, begins: float | None) -> None:
    timeline = Timeline(RATE, begins=begins, n_primed=150)
    late = round(first * RATE) if begins == 0.0 else 0
    got = [timeline.place(piece(first + number * 0.1)) for number in range(4)]
    assert sum(silence + len(samples) for silence, samples in got) == 400 + late - 150
    assert timeline.seconds == pytest.approx((400 + late - 150) / RATE)
    assert got[-1][1].tolist() == piece(None).samples.tolist()
    assert timeline.holes == []
