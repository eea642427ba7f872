"""Call-backs are told how far the work has come, and may end it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
import soundfile

from diarize import Cancelled, Diarizer
from diarize.corpus import diarize_corpus
from diarize.progress import checkpoint, watched

CALL = Path(__file__).resolve().parents[1] / "audio_samples" / "call.flac"


def test_reports_reach_the_call_back() -> None:
    told: list[tuple[str, float]] = []
    with watched(lambda stage, fraction: told.append((stage, fraction))) as report:
        report("one", 0.25)
        checkpoint()  # too soon to say the same again
        report("two", 0.5)
    checkpoint()
    assert told == [("one", 0.25), ("two", 0.5)]


def test_checkpoints_call_back_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, told = [0.0], []
    monkeypatch.setattr("diarize.progress.monotonic", lambda: now[0])
    with watched(lambda stage, fraction: told.append((stage, fraction))) as report:
        checkpoint()  # nothing has begun
        report("one", 0.25)
        for now[0] in (0.1, 0.25, 0.3, 0.5):
            checkpoint()
    assert told == [("one", 0.25)] * 3


def test_false_ends_the_work_and_nothing_else_does() -> None:
    for answer in (None, True, 0, ""):
        with watched(lambda stage, fraction, answer=answer: answer) as report:  # type: ignore[misc]
            report("speech", 0.5)
    with pytest.raises(Cancelled, match=r"speech, 50% done"), watched(lambda stage, fraction: False) as report:
        report("speech", 0.5)


def test_an_inner_watch_is_gone_afterwards() -> None:
    told: list[str] = []
    with watched(lambda stage, fraction: told.append(stage)) as outer:
        with watched(None) as inner:
            inner("inner", 0.0)
        outer("outer", 0.0)
    assert told == ["outer"]


def test_other_threads_are_not_watched() -> None:
    with watched(lambda stage, fraction: False):
        thread = threading.Thread(target=checkpoint)
        thread.start()
        thread.join()


@pytest.fixture(scope="module")
def fast() -> Diarizer:
    return Diarizer("fast")


def test_stages_come_in_order_and_end_at_one(fast: Diarizer) -> None:
    told: list[tuple[str, float]] = []
    fast(CALL, progress=lambda stage, fraction: told.append((stage, fraction)))
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == ["audio", "speech", "voices", "speakers", "overlap", "turns"]
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("stage", ["audio", "speech", "voices", "speakers", "overlap", "turns"])
def test_cancelled_in_any_stage_the_diarizer_stays_usable(fast: Diarizer, stage: str) -> None:
    samples, rate = soundfile.read(CALL, dtype="float32")
    sound, threads = (samples[: 15 * rate], rate), threading.active_count()
    before = fast(sound)
    files = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    with pytest.raises(Cancelled, match=stage):
        fast(sound, progress=lambda name, fraction: name != stage)
    assert fast(sound) == before
    assert threading.active_count() == threads
    assert not files or len(os.listdir("/proc/self/fd")) == files


def test_inference_is_cancelled_between_rounds(fast: Diarizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no interval between calls, the same share is told many times within one start."""
    monkeypatch.setattr("diarize.progress._INTERVAL", 0.0)
    told: list[float] = []

    def stop(stage: str, fraction: float) -> bool:
        told.append(fraction)
        return told.count(fraction) < 5 or stage != "speakers"

    with pytest.raises(Cancelled, match="speakers"):
        fast(CALL, progress=stop)


def test_what_a_call_back_raises_comes_through(fast: Diarizer) -> None:
    def fail(stage: str, fraction: float) -> None:
        raise KeyError(stage)

    with pytest.raises(KeyError, match="audio"):
        fast(CALL, progress=fail)


def test_many_recordings_end_too(fast: Diarizer) -> None:
    from contextlib import nullcontext

    results = diarize_corpus(fast, {CALL: None}, lambda path: nullcontext(lambda stage, fraction: stage == "audio"))
    with pytest.raises(Cancelled, match="speech"):
        list(results)
