"""Cells against counts on a grid of quarters of a second, and against all pairs of turns one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from diarize.annotation import Annotation, Segment, Turn
from diarize.errors import ConfigError
from diarize.evaluation import cells
from diarize.evaluation.cells import Cells, overlapping_turns

LENGTH = 80  # quarters of a second


def conversation(rng: np.random.Generator, prefix: str) -> Annotation:
    starts, lengths = rng.integers(0, LENGTH - 12, 15), rng.integers(1, 12, 15)
    return Annotation(
        Turn(start / 4, (start + length) / 4, f"{prefix}{rng.integers(5)}")
        for start, length in zip(starts, lengths, strict=True)
    )


def talks(annotation: Annotation, name: str) -> np.ndarray:
    grid = np.zeros(LENGTH, dtype=bool)
    for turn in annotation:
        if turn.speaker == name:
            grid[round(4 * turn.start) : round(4 * turn.end)] = True
    return grid


@pytest.fixture(params=range(6))
def pair(request: pytest.FixtureRequest) -> tuple[Annotation, Annotation]:
    rng = np.random.default_rng(request.param)
    return conversation(rng, "r"), conversation(rng, "h")


@pytest.mark.parametrize("uem", [[(0, 80)], [(7, 21), (40, 41), (60, 80)], [(79, 80)]], ids=["all", "three", "end"])
def test_seconds_against_the_grid(pair: tuple[Annotation, Annotation], uem: list[tuple[int, int]]) -> None:
    reference, hypothesis = pair
    scored = np.zeros(LENGTH, dtype=bool)
    for start, end in uem:
        scored[start:end] = True
    result = Cells(reference, hypothesis, [Segment(start / 4, end / 4) for start, end in uem])
    assert result.duration.sum() == scored.sum() / 4
    for annotation, talk in ((reference, result.reference), (hypothesis, result.hypothesis)):
        seconds = {name: (talks(annotation, name) & scored).sum() / 4 for name in annotation.labels}
        assert dict(zip(talk.names, talk.seconds.tolist(), strict=True)) == {n: s for n, s in seconds.items() if s}
        assert talk.count() @ result.duration == sum(seconds.values())
    shared = result.shared.toarray()
    for (row, own), (column, other) in product(enumerate(result.reference.names), enumerate(result.hypothesis.names)):
        both = talks(reference, own) & talks(hypothesis, other) & scored
        assert shared[row, column] == both.sum() / 4
        n_both = result.count_pairs(np.array([row]), np.array([column]))
        assert n_both @ result.duration == both.sum() / 4


def test_turns_that_overlap_against_all_pairs(pair: tuple[Annotation, Annotation]) -> None:
    reference, hypothesis = pair
    result = Cells(reference, hypothesis, None)
    expected = {
        (i, j)
        for (i, one), (j, other) in product(enumerate(reference), enumerate(hypothesis))
        if one.segment.overlaps(other.segment)
    }
    own, other_ = overlapping_turns(result.reference, result.hypothesis)
    listed = list(zip(own.tolist(), other_.tolist(), strict=True))
    assert len(listed) == len(expected)
    assert set(listed) == expected


def test_too_many_pairs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Annotation(Turn(0, 10, f"s{number}") for number in range(20))
    Cells(crowd, crowd, None)
    monkeypatch.setattr(cells, "MOST_PAIRS", 399)
    with pytest.raises(ConfigError, match=r"more than 399 pairs of turns overlap \(20 and 20 speakers\)"):
        Cells(crowd, crowd, None)


def test_nothing_at_all() -> None:
    result = Cells(Annotation(), Annotation(), None, collar=1.0)
    assert (result.duration.tolist(), result.shared.shape) == ([], (0, 0))
