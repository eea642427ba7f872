"""Sound as MP3: its length, its place in time, its frames."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize.audio import mp3_writer
from diarize.errors import AudioError


def test_another_reader_hears_the_same_at_the_same_time() -> None:
    rng = np.random.default_rng(0)
    sound = np.convolve(rng.normal(0, 0.2, 48000), np.ones(8) / 8, "same").astype(np.float32)
    with mp3_writer(file := BytesIO()) as write:
        for block in np.split(sound, [10, 20000, 20001]):
            write(block)
    heard, rate = soundfile.read(BytesIO(file.getvalue()), dtype="float32")
    assert rate == 16000
    assert len(heard) == len(sound)
    lags = range(-3, 4)
    best = max(lags, key=lambda lag: float(np.dot(np.roll(heard, lag)[5000:40000], sound[5000:40000])))
    assert best == 0
    assert np.corrcoef(heard, sound)[0, 1] > 0.9


def test_every_frame_has_the_same_size() -> None:
    with mp3_writer(file := BytesIO()) as write:
        write(np.random.default_rng(0).normal(0, 0.2, 160000).astype(np.float32))
    data = file.getvalue()
    places = [place for place in range(0, len(data) - 3, 180) if data[place : place + 2] == b"\xff\xf3"]
    assert len(places) == -(-len(data) // 180)


def test_what_is_beyond_full_scale_is_cut_off() -> None:
    with mp3_writer(file := BytesIO()) as write:
        write(np.full(16000, 40.0, np.float32))
    heard, _ = soundfile.read(BytesIO(file.getvalue()))
    assert np.abs(heard).max() < 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_full_disk_is_an_error() -> None:
    noise = np.random.default_rng(0).normal(0, 0.2, 1_600_000).astype(np.float32)
    with (
        Path("/dev/full").open("wb") as file,
        pytest.raises(AudioError, match="cannot be written as MP3"),
        mp3_writer(file) as write,
    ):
        write(noise)
