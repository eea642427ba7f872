"""Turns: names in the order of first words, second speakers and pauses on examples written out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from diarize.annotation import Annotation, Turn
from diarize.errors import ConfigError
from diarize.grid import FrameGrid
from diarize.stages.turns import bridged, make_turns, name_speakers, numbered

GRID = FrameGrid(60, 0.1)
NAMES = ("speaker2", "speaker3", "speaker1")
Spans = list[tuple[str, float, float]]


@pytest.fixture
def labels() -> npt.NDArray[np.intp]:
    """Return labels of three speakers in two stretches of speech."""
    labels = np.full(60, -1, np.intp)
    labels[10:20], labels[20:30], labels[40:50], labels[50:60] = 2, 0, 0, 1
    return labels


def spans(annotation: Annotation) -> Spans:
    return [(turn.speaker, round(turn.start, 9), round(turn.end, 9)) for turn in annotation]


@pytest.mark.parametrize("silent", [True, False])
def test_speakers_are_named_in_the_order_of_their_first_words(labels: npt.NDArray[np.intp], silent: bool) -> None:
    given = labels if silent else labels[labels >= 0]
    assert name_speakers(given) == NAMES
    assert name_speakers(given, lambda number: "ABC"[number - 1]) == ("B", "C", "A")
    assert name_speakers(np.full(5, -1, np.intp)) == ()


@pytest.mark.parametrize("seed", range(5))
def test_names_by_going_through_the_frames(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.concatenate([rng.permutation(6), rng.integers(-1, 6, 40)])[:: 1 - 2 * (seed % 2)]
    numbers: dict[int, int] = {}
    for label in labels:
        if label >= 0:
            numbers.setdefault(int(label), len(numbers) + 1)
    assert name_speakers(labels) == tuple(numbered(numbers[label]) for label in range(6))


def test_each_run_of_a_label_is_a_turn(labels: npt.NDArray[np.intp]) -> None:
    annotation = make_turns(labels, np.full(60, 0.75), None, GRID, NAMES)
    assert spans(annotation) == [
        ("speaker1", 1.0, 2.0),
        ("speaker2", 2.0, 3.0),
        ("speaker2", 4.0, 5.0),
        ("speaker3", 5.0, 6.0),
    ]
    assert [turn.confidence for turn in annotation] == pytest.approx([0.75] * 4)


def test_confidence_is_the_mean_over_the_turn(labels: npt.NDArray[np.intp]) -> None:
    confidence = np.linspace(0, 1, 60)
    annotation = make_turns(labels, confidence, None, GRID, NAMES)
    expected = [sum(confidence[start : start + 10]) / 10 for start in (10, 20, 40, 50)]
    assert [turn.confidence for turn in annotation] == pytest.approx(expected)


def test_a_second_speaker_is_the_nearest_other_and_both_have_turns(labels: npt.NDArray[np.intp]) -> None:
    overlap = np.zeros(60)
    overlap[16:24], overlap[55:60] = 0.6, 0.8  # from one turn into the next; at the end
    annotation = make_turns(labels, np.full(60, 0.75), overlap, GRID, NAMES)
    assert spans(annotation) == [
        ("speaker1", 1.0, 2.4),
        ("speaker2", 1.6, 3.0),
        ("speaker2", 4.0, 5.0),
        ("speaker3", 5.0, 6.0),
        ("speaker2", 5.5, 6.0),
    ]
    plain = make_turns(labels, np.full(60, 0.75), None, GRID, NAMES)
    assert make_turns(labels, np.full(60, 0.75), np.zeros(60), GRID, NAMES) == plain


def test_nobody_makes_no_turns() -> None:
    assert make_turns(np.full(60, -1), np.zeros(60), np.zeros(60), GRID, ()) == Annotation(())


def test_pauses_of_the_same_speaker_are_bridged() -> None:
    turns = [Turn(0, 1, "a", 0.9), Turn(1.3, 2, "a", 0.5), Turn(2.2, 3, "b"), Turn(3.1, 4, "a"), Turn(5, 6, "a")]
    joined = bridged(Annotation(turns, "x"), 0.3 + 1e-9)
    assert spans(joined) == [("a", 0, 2), ("b", 2.2, 3), ("a", 3.1, 4), ("a", 5, 6)]
    assert joined.uri == "x"
    assert bridged(Annotation(turns, "x"), 0.0) == Annotation(turns, "x")


def test_pauses_beside_overlap_are_bridged() -> None:
    """A pause is where nobody speaks; who speaks on both sides of it goes on, whoever else does."""
    turns = [Turn(0, 1, "a"), Turn(0.6, 1, "b"), Turn(1.2, 3, "a"), Turn(1.5, 1.8, "c"), Turn(2, 2.5, "b")]
    joined = bridged(Annotation(turns, "x"), 0.3)
    assert spans(joined) == [("a", 0, 3), ("b", 0.6, 1), ("c", 1.5, 1.8), ("b", 2, 2.5)]


@pytest.mark.parametrize("name", [lambda number: "same", lambda number: "", lambda number: number])
def test_names_that_do_not_tell_speakers_apart(name: Any) -> None:
    with pytest.raises(ConfigError, match="names of speakers must be texts that all differ"):
        name_speakers(np.array([0, 1, -1]), name)
