"""Differences from a reference add up to the parts of the score."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.annotation import Annotation, Segment, Turn
from diarize.evaluation.differences import Difference, differences
from diarize.evaluation.scoring import score


def random_annotation(rng: np.random.Generator, n_speakers: int) -> Annotation:
    starts = rng.uniform(0, 100, 40).round(2)
    return Annotation(
        Turn(start, start + length, f"s{speaker}")
        for start, length, speaker in zip(
            starts, rng.uniform(0.5, 6, 40).round(2), rng.integers(n_speakers, size=40), strict=True
        )
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("uem", [None, [Segment(10, 30), Segment(50, 90)]])
def test_they_add_up_to_the_score(seed: int, uem: list[Segment] | None) -> None:
    rng = np.random.default_rng(seed)
    reference, hypothesis = random_annotation(rng, 4), random_annotation(rng, 3)
    parts, found = score(reference, hypothesis, uem), differences(reference, hypothesis, uem)
    for kind, seconds in (("missed", parts.missed), ("false alarm", parts.false_alarm), ("confusion", parts.confusion)):
        assert sum((item.end - item.start) * item.count for item in found if item.kind == kind) == pytest.approx(
            seconds
        )


def test_two_missed_at_once_are_one_stretch_of_two() -> None:
    reference = Annotation([Turn(0, 4, "a"), Turn(1, 4, "b")])
    found = differences(reference, Annotation())
    assert found == [Difference(0, 1, "missed", 1), Difference(1, 4, "missed", 2)]


def test_what_is_right_has_none() -> None:
    annotation = Annotation([Turn(0, 4, "a"), Turn(3, 6, "b")])
    assert differences(annotation, annotation.rename({"a": "x"})) == []
    assert differences(Annotation(), Annotation()) == []
