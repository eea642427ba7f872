"""What to look at next, on small results whose disputes and doubts are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from diarize import Annotation, Check, Config, Diarization, Hints, Turn, checks
from diarize.grid import FrameGrid
from diarize.model import builtin_model
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.detection import Detection
from diarize.stages.rounds import Outcome

STEP, N_BLOCKS = 0.1, 60  # blocks of a second, ten frames each


def result(labels: list[int], *candidates: list[int], n_named: int = 0, confidence: float = 0.9) -> Diarization:
    """Return a diarization of a minute in which the labels of each two seconds are given."""
    numbers, speech = np.repeat(labels, 2), np.ones(600, bool)
    blocks = SpeechBlocks(
        speech, np.zeros((600, 1), np.float32), (), np.full(N_BLOCKS, 10), np.zeros(N_BLOCKS, np.intp), STEP
    )
    posterior = np.eye(numbers.max() + 1)[numbers]
    others = tuple(np.repeat(candidate, 2) for candidate in candidates) or (numbers,)
    outcome = Outcome(posterior, numbers, candidates=others, n_named=n_named)
    turns = [Turn(2.0 * k, 2.0 * k + 2, f"speaker{label}", confidence) for k, label in enumerate(labels)]
    model, frames = builtin_model(), FrameGrid(600, STEP, duration=60.0)
    names = tuple(f"speaker{label}" for label in range(max(labels) + 1))
    annotation, band = Annotation(turns, "minute"), model.bands["wide"]
    return Diarization(annotation, frames, Detection(speech), band, model, Config(), names, blocks, outcome)


TWO = [0, 1] * 15


def test_a_group_that_may_be_somebody_else_comes_first() -> None:
    """Of three outcomes, two say that the second speaker's turns of the last half minute are a third person's."""
    other = TWO[:15] + [2 if label == 1 else 0 for label in TWO[15:]]
    first = checks(result(TWO, other, other, TWO, n_named=2))[0]
    assert first.speaker == "speaker1"
    assert first.start >= 30
    assert first.reason == "disputed"
    seconds = 2.0 * TWO[15:].count(1)
    assert first.gain == pytest.approx(2 / 3 * seconds * (2 / 3) ** 0.5 + 0.3 * 2 * 0.1)


def test_what_was_settled_is_not_asked_again_at_once() -> None:
    """Two groups are disputed, one a little larger: each is asked about before either is a second time."""
    other = [2 if k % 2 == 1 and k < 12 else 3 if k % 2 == 0 and k >= 14 else label for k, label in enumerate(TWO)]
    ordered = checks(result(TWO, other, n_named=2))
    assert [check.speaker for check in ordered[:2]] == ["speaker0", "speaker1"]
    gains = [check.gain for check in ordered]
    assert gains == sorted(gains, reverse=True)


def test_a_voice_that_nobody_named_yet() -> None:
    long, short = [0] * 20, [1] * 10
    ordered = checks(result(long + short))
    assert (ordered[0].speaker, ordered[0].reason) == ("speaker0", "unnamed")
    assert "speaker1" in [check.speaker for check in ordered[:5]]
    assert {check.reason for check in checks(result(long + short, n_named=2))} == {"doubtful"}


def test_what_is_unsure_comes_first_where_nothing_else_is_open() -> None:
    plain = result(TWO, n_named=2)
    turns = [replace(turn, confidence=0.5 if turn.start == 22.0 else 0.95) for turn in plain.annotation]
    first = checks(replace(plain, annotation=Annotation(turns, "minute")))[0]
    assert (first.start, first.end, first.reason) == (22.0, 24.0, "doubtful")
    assert first.gain == pytest.approx(0.3 * 2 * 0.5)


def test_what_is_fixed_is_not_asked() -> None:
    hints = Hints([Turn(0.0, 21.0, "speaker0")])
    asked = checks(result(TWO, n_named=2), hints, most=100)
    assert min(check.start for check in asked) == 21.0
    assert sum(check.end - check.start for check in asked) == pytest.approx(39.0)
    assert not checks(result(TWO), Hints([Turn(0.0, 60.0, "speaker0")]))


def test_long_turns_are_asked_in_parts() -> None:
    asked = checks(result([0] * 30), most=100)
    assert len(asked) == 6
    assert {round(check.end - check.start, 6) for check in asked} == {10.0}


def test_as_many_as_wanted() -> None:
    assert len(checks(result(TWO), most=3)) == 3
    assert all(isinstance(check, Check) for check in checks(result(TWO), most=1))


def test_nothing_to_look_at() -> None:
    empty = replace(result(TWO), annotation=Annotation((), "minute"))
    assert checks(empty) == []
    assert checks(replace(result(TWO), blocks=None, outcome=None)) == []
