"""Neighbours in time against plain searches from every place."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from diarize.stages.neighbours import neighbours, second_speakers

Labels = npt.NDArray[np.intp]


def conversation(seed: int, n_speakers: int, n_frames: int = 700) -> Labels:
    """Return labels with pauses."""
    rng = np.random.default_rng(seed)
    return np.repeat(rng.integers(-1, n_speakers, 60), rng.integers(8, 40, 60))[:n_frames].astype(np.intp)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("step", [-1, 1])
def test_neighbours_are_found_by_walking(seed: int, step: int) -> None:
    labels = conversation(seed, 2 + seed, 200)
    neighbour = neighbours(labels)[max(step, 0)]
    for place, own in enumerate(labels):
        if own < 0:
            continue
        walk = range(place, -1 if step < 0 else len(labels), step)
        others = [at for at in walk if labels[at] not in (-1, own)]
        assert neighbour.speaker[place] == (labels[others[0]] if others else -1)
        assert neighbour.distance[place] == (abs(others[0] - place) if others else np.inf)


@pytest.mark.parametrize("labels", [[], [-1, -1], [0, -1, 0], [2, 2]])
def test_without_others_there_is_nobody(labels: list[int]) -> None:
    for neighbour in neighbours(np.array(labels, np.intp)):
        np.testing.assert_array_equal(neighbour.speaker, np.full(len(labels), -1))
        np.testing.assert_array_equal(neighbour.distance, np.full(len(labels), np.inf))


def test_turned_round_in_time_before_is_after() -> None:
    labels = conversation(9, 4)
    before, after = neighbours(labels)
    before_backwards, after_backwards = neighbours(labels[::-1])
    spoken = labels >= 0
    np.testing.assert_array_equal(after_backwards.speaker[::-1][spoken], before.speaker[spoken])
    np.testing.assert_array_equal(before_backwards.distance[::-1][spoken], after.distance[spoken])


def nearest(labels: Labels, start: int, end: int) -> int:
    """Return who else than the speaker of [start, end) speaks nearest to it; the earlier one where two are as near."""
    own = labels[start]
    for distance in range(1, len(labels)):
        before, after = start - distance, end - 1 + distance
        if before >= 0 and labels[before] not in (-1, own):
            return int(labels[before])
        if after < len(labels) and labels[after] not in (-1, own):
            return int(labels[after])
    return -1


@pytest.mark.parametrize("seed", range(8))
def test_the_second_speaker_is_the_nearest_other(seed: int) -> None:
    labels = conversation(seed, 2 + seed % 3)
    rng = np.random.default_rng(seed)
    overlap = np.repeat(rng.random(140) < 0.3, 5)
    second = second_speakers(labels, overlap)
    main = np.where(overlap, labels, -1)
    np.testing.assert_array_equal(second[main < 0], -1)
    edges = [0, *(np.flatnonzero(np.diff(main)) + 1), len(main)]
    for start, end in pairwise(edges):
        if main[start] >= 0:
            assert set(second[start:end]) == {nearest(labels, start, end)}


def test_nobody_is_second_where_there_is_one_speaker_or_none() -> None:
    everywhere = np.ones(20, bool)
    np.testing.assert_array_equal(second_speakers(np.zeros(20, np.intp), everywhere), -1)
    np.testing.assert_array_equal(second_speakers(np.full(20, -1, np.intp), everywhere), -1)
    assert second_speakers(np.zeros(0, np.intp), np.zeros(0, bool)).shape == (0,)
