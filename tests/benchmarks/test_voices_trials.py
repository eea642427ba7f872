"""Trials share no sound and keep to their condition; frames carry their own number here, so each is known again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from voices_trials import (
    Voice,
    cut,
    gather,
    list_people,
    make_trials,
    room_of,
    speech_frames,
    training_pieces,
    two_sides,
)

from diarize.model import builtin_model

Features = npt.NDArray[np.float32]


def numbered(lengths: Mapping[str, int], first: int = 0) -> dict[str, Features]:
    """Return sessions whose frames are the numbers from `first` on."""
    sessions = {}
    for name, length in lengths.items():
        sessions[name] = np.arange(first, first + length, dtype=np.float32)[:, None]
        first += length
    return sessions


def test_as_few_sessions_as_needed_and_the_most_similar_names_first() -> None:
    lengths = {"angry01": 50, "angry02": 50, "calm01": 50, "happy01": 500}
    for seed in range(20):
        chosen = gather(list(lengths), lengths, 80, np.random.default_rng(seed))
        if chosen[0] == "happy01":
            assert chosen == ["happy01"]
        if chosen[0].startswith("angry"):
            assert sorted(chosen) == ["angry01", "angry02"]
    assert gather(["angry01", "calm01"], lengths, 101, np.random.default_rng(0)) == []


def test_pieces_are_cut_from_different_places() -> None:
    starts = set()
    for seed in range(50):
        piece = cut([np.arange(10.0)[:, None], np.arange(100.0, 150.0)[:, None]], 20, np.random.default_rng(seed))[:, 0]
        np.testing.assert_array_equal(piece[:10], np.arange(10.0))
        np.testing.assert_array_equal(np.diff(piece[10:]), 1)
        starts.add(piece[10])
    assert len(starts) > 20


@pytest.mark.parametrize("other_session", [False, True])
def test_sides_share_no_frame_and_keep_to_the_condition(other_session: bool) -> None:
    near = numbered({"a1": 30, "a2": 45, "b1": 60, "c": 101})
    owner = np.concatenate([np.full(len(x), index) for index, x in enumerate(near.values())])
    for seed in range(50):
        sides = two_sides(near, near, 40, other_session, np.random.default_rng(seed))
        assert sides is not None
        left, right = (frames[:, 0].astype(int) for _, frames in sides)
        assert len(np.unique(left)) == len(np.unique(right)) == 40
        assert not set(left) & set(right)
        shared = set(owner[left]) & set(owner[right])
        assert bool(shared) != other_session
        assert (sides[0][0] == sides[1][0]) != other_session


def test_a_side_through_a_room_is_heard_there() -> None:
    near = numbered({"a": 50, "b": 50})
    far = {name: x + 1000 for name, x in near.items()}
    for other_session in (False, True):
        sides = two_sides(near, far, 20, other_session, np.random.default_rng(0))
        assert sides is not None
        assert sides[0][1].max() < 100
        assert sides[1][1].min() >= 1000


def test_who_speaks_too_little_is_left_out() -> None:
    near = numbered({"a": 50, "b": 10})
    assert two_sides(near, near, 20, True, np.random.default_rng(0)) is None
    assert two_sides(near, near, 31, False, np.random.default_rng(0)) is None
    assert two_sides(near, near, 20, False, np.random.default_rng(0)) is not None


def test_strangers_are_of_the_same_sex_as_far_as_it_is_known() -> None:
    sexes = ["F", "F", "M", "M", "M", ""]
    sides = []
    for number, sex in enumerate(sexes):
        sessions = numbered({"a": 100, "b": 100}, first=1000 * number)
        sides.append((Voice(str(number), "x", sex, 7600.0, {}), sessions, sessions))
    trials = make_trials(sides, 50, True, np.random.default_rng(0), n_each=8, n_others=10)
    assert trials.same.sum() == 8 * len(sexes)
    np.testing.assert_array_equal(trials.same, trials.speakers[:, 0] == trials.speakers[:, 1])
    for (left, right), (first, second) in zip(trials.pairs, trials.speakers, strict=True):
        assert trials.pieces[left].frames[0, 0] // 1000 == first
        assert trials.pieces[right].frames[0, 0] // 1000 == second
        assert "" in (sexes[first], sexes[second]) or sexes[first] == sexes[second]
    strangers = {tuple(pair) for pair in trials.speakers[~trials.same]}
    assert {(0, 1), (2, 3), (5, 0)} <= strangers


def test_trials_are_the_same_for_the_same_seed() -> None:
    sides = [(Voice(str(n), "x", "", 1.0, {}), *[numbered({"a": 60, "b": 70}, 500 * n)] * 2) for n in range(4)]
    first, again, other = (make_trials(sides, 30, True, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.pairs, again.pairs)
    frames = [np.concatenate([piece.frames for piece in trials.pieces]) for trials in (first, again, other)]
    np.testing.assert_array_equal(frames[0], frames[1])
    assert not np.array_equal(frames[0], frames[2])


def test_training_pieces_stay_within_a_session_and_lose_nothing() -> None:
    pieces = training_pieces([numbered({"a": 310, "b": 99}), numbered({"c": 120}, 1000)], 100)
    assert [(piece.speaker, piece.session, len(piece.frames)) for piece in pieces] == [
        (0, 0, 104),
        (0, 0, 103),
        (0, 0, 103),
        (1, 0, 120),
    ]
    np.testing.assert_array_equal(np.concatenate([piece.frames for piece in pieces[:3]])[:, 0], np.arange(310))


def write(path: Path, rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    loud = np.where(np.arange(32000) % 16000 < 8000, 0.1, 0.0)  # half a second of noise, half a second of silence
    soundfile.write(path, rng.normal(size=32000) * loud, 16000)


def test_folders_are_read_by_speaker_session_and_band(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("X_ann/calm__1", "X_ann/calm__2", "X_ann/angry__1", "Y_bob/calm__1"):
        write(tmp_path / f"{name}.wav", rng)
    (tmp_path / "MANIFEST.csv").write_text("speaker,corpus,sex\nX_ann,Songs,F\n", encoding="utf-8")
    people = list_people([tmp_path])
    assert [(person.name, corpus, sex) for person, corpus, sex in people] == [
        ("X_ann", "songs", "F"),
        ("Y_bob", "y", ""),
    ]
    assert [person.name for person, _, _ in list_people([tmp_path], ["y"])] == ["Y_bob"]
    model = builtin_model()
    reach, sessions = speech_frames(people[0][0].files, model)
    assert reach == model.bands["wide"].features.f_max
    for name, band in model.bands.items():
        assert {session: x.shape[1] for session, x in sessions[name].items()} == dict.fromkeys(
            ("angry", "calm"), band.features.n_mfcc
        )
        lengths = {session: len(x) for session, x in sessions[name].items()}
        assert lengths["angry"] == pytest.approx(100, abs=6)  # 2 x 0.5 s and what frames reach beyond
        assert lengths["calm"] == pytest.approx(200, abs=12)


def test_a_room_changes_the_sound_and_not_what_is_speech(tmp_path: Path) -> None:
    write(tmp_path / "calm__1.wav", np.random.default_rng(0))
    room = room_of("ann", (), 16000, seed=0)
    (_, dry), (_, wet) = (speech_frames([tmp_path / "calm__1.wav"], builtin_model(), heard) for heard in (None, room))
    assert dry["wide"]["calm"].shape == wet["wide"]["calm"].shape
    assert np.abs(dry["wide"]["calm"] - wet["wide"]["calm"]).mean() > 0.05
    assert not np.array_equal(room, room_of("bob", (), 16000, seed=0)[: len(room)])
    np.testing.assert_array_equal(room, room_of("ann", (), 16000, seed=0))
