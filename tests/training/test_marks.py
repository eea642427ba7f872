"""The energy rule on bursts with known edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from diarize.training.marks import MARKS, mark_speech

RATE = 16000
Samples = npt.NDArray[np.float32]


def bursts(*seconds: float) -> Samples:
    """Return pauses and bursts of noise in turn, of the given lengths, before a noise 60 dB below."""
    rng = np.random.default_rng(0)
    loud = np.repeat(np.arange(len(seconds)) % 2, [round(s * RATE) for s in seconds])
    return (rng.normal(size=len(loud)) * np.where(loud, 0.1, 0.0001)).astype(np.float32)


def edges(marks: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return where speech begins and ends, seconds."""
    return np.flatnonzero(np.diff(marks, prepend=False, append=False)) / RATE


def test_marks_lie_where_the_bursts_are() -> None:
    marks = mark_speech(bursts(1.0, 1.0, 0.6, 0.5, 1.0), RATE)
    np.testing.assert_allclose(edges(marks), [1.0, 2.0, 2.6, 3.1], atol=0.1)


def test_short_pauses_belong_to_speech_and_clicks_do_not() -> None:
    marks = mark_speech(bursts(1.0, 1.0, 0.15, 1.0, 1.0, 0.02, 1.0), RATE)
    np.testing.assert_allclose(edges(marks), [1.0, 3.15], atol=0.1)


def test_the_recipe_says_how_short_a_pause_may_be() -> None:
    marks = mark_speech(bursts(1.0, 1.0, 0.15, 1.0, 1.0), RATE, replace(MARKS, pause=2))
    np.testing.assert_allclose(edges(marks), [1.0, 2.0, 2.15, 3.15], atol=0.1)


def test_level_does_not_matter() -> None:
    sound = bursts(1.0, 1.0, 0.6, 0.5, 1.0)
    np.testing.assert_array_equal(mark_speech(sound * 0.1, RATE), mark_speech(sound, RATE))


@pytest.mark.parametrize("n_samples", [0, 1, 479, 16000])
def test_silence_holds_no_speech(n_samples: int) -> None:
    marks = mark_speech(np.zeros(n_samples, np.float32), RATE)
    assert marks.shape == (n_samples,)
    assert not marks.any()
