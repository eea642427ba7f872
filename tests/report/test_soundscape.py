"""Peaks, spectrogram and copy of sounds whose content is known."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest

from diarize.report.soundscape import MOST_COLUMNS, listen


def tone(frequency: float, seconds: float = 2.0, rate: int = 16000, level: float = 0.5) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def test_peaks_are_lowest_and_highest_of_each_hundredth() -> None:
    sound = np.zeros(16000 + 80, np.float32)
    sound[1605], sound[1610], sound[-1] = 0.5, -0.25, 0.125
    found = listen((sound, 16000))
    assert found.peaks.shape == (101, 2)
    assert found.loudest == 0.5
    assert found.peaks[10].tolist() == [-64, 127]  # round(63.5) to even
    assert found.peaks[-1].tolist() == [0, 32]
    assert np.count_nonzero(found.peaks) == 3


def test_silence_has_flat_peaks() -> None:
    assert not listen((np.zeros(8000, np.float32), 16000)).peaks.any()


def test_the_spectrogram_shows_a_tone_where_it_is() -> None:
    image = pytest.importorskip("PIL.Image")
    sound = np.concatenate([tone(3000), tone(300)])
    found = listen((sound, 16000))
    with image.open(BytesIO(found.tiles[0])) as picture:
        shades = np.asarray(picture).astype(float)
    half = round(2 / found.column_seconds)
    assert shades.shape[1] == pytest.approx(4 / found.column_seconds, abs=4)
    high, low = shades[:, 5 : half - 5].mean(axis=1).argmax(), shades[:, half + 5 :].mean(axis=1).argmax()
    assert high < low  # high frequencies are at the top

    def mel(frequency: float) -> float:
        """Return Slaney's mel scale: linear to 1 kHz, logarithmic above."""
        linear = frequency * 3 / 200
        return linear if frequency < 1000 else 15 + np.log(frequency / 1000) * 27 / np.log(6.4)

    for row, frequency in ((high, 3000), (low, 300)):
        place = (mel(frequency) - mel(60)) / (mel(8000) - mel(60))
        assert 1 - (row + 0.5) / shades.shape[0] == pytest.approx(place, abs=0.03)


def test_telephone_sound_has_no_empty_upper_half() -> None:
    narrow, wide = listen((tone(300, rate=8000), 8000)), listen((tone(300), 16000))
    assert narrow.edges[-1] == pytest.approx(4000, rel=0.03)
    assert wide.edges[-1] == pytest.approx(8000, rel=0.01)


def test_there_are_never_too_many_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diarize.report.soundscape.MOST_COLUMNS", 30)
    found = listen((tone(300), 16000))
    assert 2 / found.column_seconds <= 31
    assert MOST_COLUMNS > 10_000


def test_a_sound_longer_than_wanted_is_given_up() -> None:
    assert listen((tone(300), 16000), longest=1.0).sound is None
    found = listen((tone(300), 16000), longest=2.0).sound
    assert found is not None
    found.close()
    assert listen((tone(300), 16000)).sound is None
