"""Trials of names: the sides share no sound and, where that is asked, no session; what is fitted is what was put in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from _battery_voices import Session, Voice
from names import Trials, fitted, pieces
from names_talk import halves_of, who_is_who

from diarize import Annotation, Turn


@pytest.mark.parametrize("other", [False, True])
def test_sides_share_nothing(other: bool) -> None:
    frames = np.arange(400.0, dtype=np.float32)[:, None]
    sessions = {"a": frames[:150], "b": frames[150:270], "c": frames[270:]}
    for seed in range(20):
        pair = pieces(sessions, (80, 30), other, np.random.default_rng(seed))
        assert pair is not None
        enrolled, heard = pair
        assert (sum(map(len, enrolled)), len(heard)) == (80, 30)
        assert not set(np.concatenate(enrolled).ravel()) & set(heard.ravel())
        owners = [
            {int(np.searchsorted([150, 270], value, "right")) for value in side.ravel()} for side in (*enrolled, heard)
        ]
        assert (owners[0] == owners[-1]) is not other
    assert pieces(sessions, (300, 150), other, np.random.default_rng(0)) is None


def test_a_calibration_that_scores_were_drawn_from_is_found() -> None:
    rng = np.random.default_rng(0)
    same = np.repeat([True, False], 20000)
    ratios = rng.normal(np.where(same, 2.0, -2.0), 2.0)  # normal log-likelihood ratios: half the variance is the mean
    groups = []
    for enrol, test in ((20.0, 5.0), (5.0, 2.0), (10.0, 5.0)):
        evidence = (ratios - 0.5 * np.log(test) + 0.25 * np.log(enrol) - 1.0) / 1.5 * np.sqrt(test)
        groups.append((Trials(evidence, same, np.zeros((len(same), 2), np.intp)), enrol, test))
    found = fitted(groups)
    assert [found.evidence, found.less, found.more, found.offset] == pytest.approx([1.5, 0.5, -0.25, 1.0], abs=0.06)


def test_halves_of_voices_and_who_is_who() -> None:
    sessions = [
        Session(name, (Path(f"{name}1"), Path(f"{name}2")), seconds) for name, seconds in (("a", 9.0), ("b", 20.0))
    ]
    voice = Voice("X_1", tuple(sessions))
    by_session, by_file = halves_of(voice, by_file=False), halves_of(voice, by_file=True)
    assert by_session is not None
    assert by_file is not None
    assert [[one.name for one in half.sessions] for half in by_session] == [["b"], ["a"]]
    assert [[str(path) for one in half.sessions for path in one.files] for half in by_file] == [
        ["a1", "b1"],
        ["a2", "b2"],
    ]
    assert halves_of(Voice("X_2", (sessions[0],)), by_file=False) is None
    found = Annotation([Turn(0.0, 6.0, "s1"), Turn(6.0, 7.0, "s2")])
    assert who_is_who(found, Annotation([Turn(0.0, 2.0, "anna"), Turn(2.0, 7.0, "ben")]), 2.0) == {"s1": "ben"}
