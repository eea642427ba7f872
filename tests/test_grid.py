"""diarize.grid: frames and seconds."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from diarize.annotation import Segment, Turn
from diarize.grid import FrameGrid


class TestFrameGrid:
    def test_first_cell_reaches_back_and_last_to_the_end(self) -> None:
        grid = FrameGrid(3, step=0.01, offset=0.0075, duration=0.05)
        np.testing.assert_allclose(grid.edges, [0.0, 0.0175, 0.0275, 0.05])
        assert grid.segments([True, False, True]) == [Segment(0, 0.0175), Segment(grid.edges[2], 0.05)]

    def test_no_cell_reaches_beyond_the_audio(self) -> None:
        grid = FrameGrid(5, step=1.0, duration=2.5)
        np.testing.assert_array_equal(grid.edges, [0, 1, 2, 2.5, 2.5, 2.5])
        assert grid.segments(np.ones(5, dtype=bool)) == [Segment(0, 2.5)]
        assert grid.turns([0, 0, 0, 1, 1], ["a", "b"]) == [Turn(0, 2.5, "a")]

    def test_frame_is_in_when_its_centre_is(self) -> None:
        grid = FrameGrid(10, step=1.0)
        mask = grid.mask([Segment(1.4, 3.6), Segment(6.5, 7.5), Segment(8.6, 9.4), Segment(50.0, 60.0)])
        assert np.flatnonzero(mask).tolist() == [1, 2, 3, 6]

    @pytest.mark.parametrize("seed", range(5))
    def test_mask_round_trip(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        grid = FrameGrid(1000, step=0.01, offset=0.0075, duration=10.013)
        mask = np.repeat(rng.random(100) < 0.5, 10)
        segments = grid.segments(mask)
        np.testing.assert_array_equal(grid.mask(segments), mask)
        assert all(before.end < after.start for before, after in pairwise(segments))

    def test_turns(self) -> None:
        grid = FrameGrid(6, step=0.5)
        turns = grid.turns([1, 1, -1, 0, 0, 1], ["a", "b"], [0.5, 0.7, 0.0, 1.0, 1.0, 0.25])
        assert [(turn.start, turn.end, turn.speaker) for turn in turns] == [
            (0.0, 1.0, "b"),
            (1.5, 2.5, "a"),
            (2.5, 3.0, "b"),
        ]
        assert [turn.confidence for turn in turns] == pytest.approx([0.6, 1.0, 0.25])

    @pytest.mark.parametrize(
        ("labels", "confidence"), [([0, 1, 2], None), ([0, -2, 0], None), ([0, 0], None), ([0, 0, 0], [1.0])]
    )
    def test_bad_labels(self, labels: list[int], confidence: list[float] | None) -> None:
        with pytest.raises(ValueError, match=r"labels|shape"):
            FrameGrid(3, step=1.0).turns(labels, ["a", "b"], confidence)

    @pytest.mark.parametrize(
        "arguments", [(-1, 0.1), (1, 0.0), (1, math.nan), (1, 0.1, -1.0), (1, 0.1, 0.0, -1.0), (1, 0.1, 0.0, math.nan)]
    )
    def test_bad_grid(self, arguments: tuple[float, ...]) -> None:
        with pytest.raises(ValueError, match="frame grid"):
            FrameGrid(*arguments)  # type: ignore[arg-type]

    def test_no_frames(self) -> None:
        grid = FrameGrid(0, step=0.01, duration=0.004)
        assert grid.mask([Segment(0, 1)]).shape == (0,)
        assert grid.segments([]) == []
        assert grid.turns([], []) == []


def test_a_grid_that_begins_in_its_recording() -> None:
    frames = FrameGrid(4, 0.5, offset=0.1, duration=2.0, start=60.0)
    np.testing.assert_allclose(frames.edges, [60.0, 60.6, 61.1, 61.6, 62.0])
    assert frames.mask([Segment(60.5, 61.2)]).tolist() == [False, True, False, False]


def test_spans_are_the_frames_of_segments() -> None:
    """Cells of half a second have their centres at 0.25, 0.75, 1.25, 1.75."""
    grid = FrameGrid(4, step=0.5, duration=2.0)
    segments = [Segment(0.3, 1.3), Segment(0.3, 0.4), Segment(5, 6)]
    assert grid.spans(segments) == [(1, 3), (1, 1), (4, 4)]
    assert FrameGrid(0, step=0.5).spans(segments) == [(0, 0)] * 3
    assert grid.spans([]) == []
