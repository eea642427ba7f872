"""Turns, annotations against brute force on a grid of whole seconds."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from diarize.annotation import Annotation, Segment, Turn, union

BAD_TIMES = [(1.0, 1.0), (2.0, 1.0), (-1.0, 1.0), (math.nan, 1.0), (0.0, math.nan), (0.0, math.inf)]
LENGTH = 60


def random_turns(seed: int) -> list[Turn]:
    rng = np.random.default_rng(seed)
    starts, lengths = rng.integers(0, LENGTH - 10, 25), rng.integers(1, 10, 25)
    return [
        Turn(float(start), float(start + length), f"s{rng.integers(4)}")
        for start, length in zip(starts, lengths, strict=True)
    ]


def activity(turns: list[Turn], speaker: str | None = None) -> np.ndarray:
    """Who of the speakers talks in each whole second: counted without any of the code under test."""
    talks: dict[str, np.ndarray] = {}
    for turn in turns:
        cells = talks.setdefault(turn.speaker, np.zeros(LENGTH, dtype=bool))
        cells[int(turn.start) : int(turn.end)] = True
    return np.array([cells for name, cells in talks.items() if speaker in (None, name)])


def as_cells(segments: list[Segment]) -> np.ndarray:
    cells = np.zeros(LENGTH, dtype=int)
    for segment in segments:
        cells[int(segment.start) : int(segment.end)] += 1
    return cells


class TestSegment:
    @pytest.mark.parametrize("times", BAD_TIMES)
    def test_bad_times(self, times: tuple[float, float]) -> None:
        with pytest.raises(ValueError, match="0 <= start < end"):
            Segment(*times)

    def test_duration_and_order(self) -> None:
        assert Segment(1.0, 3.5).duration == 2.5
        assert sorted([Segment(2, 3), Segment(1, 4), Segment(1, 2)]) == [Segment(1, 2), Segment(1, 4), Segment(2, 3)]

    def test_overlap(self) -> None:
        assert Segment(0, 2).overlaps(Segment(1, 3))
        assert not Segment(0, 2).overlaps(Segment(2, 3))
        assert Segment(0, 2).intersection(Segment(2, 3)) is None
        assert Segment(0, 5).intersection(Segment(1, 2)) == Segment(1, 2)

    def test_numpy_numbers_become_plain(self) -> None:
        assert repr(Segment(np.float32(0.5), np.float64(1.5))) == "Segment(start=0.5, end=1.5)"  # type: ignore[arg-type]

    def test_union(self) -> None:
        assert union([Segment(4, 5), Segment(0, 2), Segment(2, 3), Segment(1, 2)]) == [Segment(0, 3), Segment(4, 5)]
        assert union([]) == []


class TestTurn:
    @pytest.mark.parametrize("times", BAD_TIMES)
    def test_bad_times(self, times: tuple[float, float]) -> None:
        with pytest.raises(ValueError, match="0 <= start < end"):
            Turn(*times, "anna")

    @pytest.mark.parametrize("confidence", [-0.1, 1.1, math.nan])
    def test_bad_confidence(self, confidence: float) -> None:
        with pytest.raises(ValueError, match="confidence"):
            Turn(0, 1, "anna", confidence)

    def test_empty_name(self) -> None:
        with pytest.raises(ValueError, match="speaker"):
            Turn(0, 1, "")

    def test_segment(self) -> None:
        assert Turn(1, 2.5, "anna").segment == Segment(1, 2.5)
        assert Turn(1, 2.5, "anna").duration == 1.5


class TestAnnotation:
    @pytest.mark.parametrize("seed", range(5))
    def test_against_brute_force(self, seed: int) -> None:
        turns = random_turns(seed)
        annotation = Annotation(turns)
        talks = activity(turns)
        assert annotation.duration == talks.sum()
        assert annotation.durations() == {name: activity(turns, name).sum() for name in annotation.labels}
        np.testing.assert_array_equal(as_cells(annotation.speech()), talks.any(axis=0))
        np.testing.assert_array_equal(as_cells(annotation.overlap()), talks.sum(axis=0) > 1)
        # merged as far as can be: one turn for each run of seconds
        assert len(annotation) == (np.diff(talks.astype(int), axis=1, prepend=0) == 1).sum()

    @pytest.mark.parametrize("seed", range(5))
    def test_crop_against_brute_force(self, seed: int) -> None:
        turns = random_turns(seed)
        cropped = Annotation(turns, uri="x").crop(Segment(13, 37))
        outside = np.r_[0:13, 37:LENGTH]
        expected = activity(turns)
        expected[:, outside] = False
        assert cropped.uri == "x"
        assert cropped.duration == expected.sum()
        np.testing.assert_array_equal(as_cells(cropped.overlap()), expected.sum(axis=0) > 1)

    def test_order_of_input_does_not_matter(self) -> None:
        turns = random_turns(1)
        assert Annotation(turns) == Annotation(turns[::-1])

    def test_sorted_by_start_end_speaker(self) -> None:
        annotation = Annotation([Turn(1, 2, "b"), Turn(0, 3, "c"), Turn(1, 2, "a"), Turn(0, 1, "d")])
        assert [turn.speaker for turn in annotation] == ["d", "c", "a", "b"]

    def test_touching_turns_are_joined_with_weighted_confidence(self) -> None:
        turns = [Turn(0, 1, "a", 0.4), Turn(1, 4, "a", 0.8), Turn(2, 3, "b"), Turn(4, 5, "a")]
        joined = Annotation(turns).turns[0]
        assert (joined.start, joined.end) == (0, 5)
        assert joined.confidence == pytest.approx((0.4 * 1 + 0.8 * 3) / 4)

    def test_full_confidence_stays_full(self) -> None:
        turns = [Turn(k / 10, (k + 1) / 10, "a", 1.0) for k in range(10)]
        assert Annotation(turns).turns == (Turn(0, 1, "a", 1.0),)

    def test_equal_by_value(self) -> None:
        assert Annotation([Turn(0, 1, "a")], "x") == Annotation([Turn(0, 1, "a")], "x")
        assert Annotation([Turn(0, 1, "a")], "x") != Annotation([Turn(0, 1, "a")], "y")
        assert Annotation([Turn(0, 1, "a")]) != Annotation([Turn(0, 1, "a", 0.5)])
        assert hash(Annotation([Turn(0, 1, "a")], "x")) == hash(Annotation([Turn(0, 1, "a")], "x"))

    @pytest.mark.parametrize("uri", [5, None, b"call", ["call"] * 1000])
    def test_an_id_that_is_no_text(self, uri: object) -> None:
        with pytest.raises(ValueError, match="uri must be the recording's id as text, got") as caught:
            Annotation([], uri)  # type: ignore[arg-type]
        assert len(str(caught.value)) < 200

    def test_cannot_be_changed(self) -> None:
        annotation = Annotation([Turn(0, 1, "a")])
        with pytest.raises(AttributeError):
            annotation.uri = "other"  # type: ignore[misc]

    def test_survives_pickling(self) -> None:
        annotation = Annotation(random_turns(2), "x")
        assert pickle.loads(pickle.dumps(annotation)) == annotation

    def test_rename_joins_speakers(self) -> None:
        annotation = Annotation([Turn(0, 1, "a"), Turn(1, 2, "b"), Turn(5, 6, "c")], "x")
        assert annotation.rename({"b": "a", "unheard": "z"}) == Annotation([Turn(0, 2, "a"), Turn(5, 6, "c")], "x")

    def test_empty(self) -> None:
        empty = Annotation()
        assert (len(empty), empty.labels, empty.duration, empty.durations()) == (0, [], 0, {})
        assert (empty.speech(), empty.overlap(), empty.to_rttm()) == ([], [], "")

    def test_to_pyannote(self) -> None:
        core = pytest.importorskip("pyannote.core")
        turns = random_turns(3)
        theirs = Annotation(turns, "x").to_pyannote()
        assert theirs.uri == "x"
        assert sorted(theirs.labels()) == Annotation(turns).labels
        for label in theirs.labels():
            assert theirs.label_duration(label) == activity(turns, label).sum()
        overlap = [Segment(*segment) for segment in theirs.get_overlap()]
        assert overlap == Annotation(turns).overlap()
        assert isinstance(theirs, core.Annotation)

    def test_to_pyannote_keeps_two_speakers_in_the_same_segment(self) -> None:
        pytest.importorskip("pyannote.core")
        assert len(list(Annotation([Turn(0, 1, "a"), Turn(0, 1, "b")]).to_pyannote().itertracks())) == 2
