"""Blocks: resampled, checked, counted, whatever their length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

from diarize.audio import open_audio, read_audio, resample
from diarize.errors import AudioError


def tone(seconds: float, rate: int, frequency: float = 440.0, level: float = 0.5) -> npt.NDArray[np.float32]:
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def noise(n_samples: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return (0.1 * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    path = tmp_path / "a meeting.wav"
    soundfile.write(path, noise(16000), 16000, subtype="PCM_16")
    return path


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("wanted", [8000, 16000])
def test_streamed_resampling_equals_resampling_at_once(rate: int, wanted: int) -> None:
    samples = noise(2 * rate + 17)
    with open_audio((samples, rate), wanted, block_seconds=0.13) as stream:
        got = np.concatenate(list(stream))
    expected = soxr.resample(samples, rate, wanted)
    assert abs(len(got) - len(expected)) <= 1
    np.testing.assert_allclose(got[: len(expected)], expected[: len(got)], atol=1e-6)
    np.testing.assert_array_equal(resample(samples, rate, wanted), expected if rate != wanted else samples)


def test_resampling_keeps_a_tone_in_time_and_level() -> None:
    got = read_audio((tone(3.0, 44100, 1000.0), 44100), 16000)
    expected = tone(3.0, 16000, 1000.0)
    assert abs(len(got) - len(expected)) <= 1
    np.testing.assert_allclose(got[1000:-1000], expected[1000 : len(got) - 1000], atol=1e-3)


def test_block_length_changes_nothing(wav: Path) -> None:
    whole = read_audio(wav, 8000)
    for seconds in (0.001, 0.0371, 0.5, 100.0):
        with open_audio(wav, 8000, block_seconds=seconds) as stream:
            np.testing.assert_array_equal(np.concatenate(list(stream)), whole)


def test_blocks_are_not_overwritten_by_the_next(wav: Path) -> None:
    with open_audio(wav, 16000, block_seconds=0.1) as stream:
        np.testing.assert_array_equal(np.concatenate(list(stream)), soundfile.read(wav, dtype="float32")[0])


def test_duration_and_clipping_are_counted_from_the_samples() -> None:
    samples = tone(2.0, 44100)
    samples[:441] = 1.0
    with open_audio((samples, 44100), 16000, block_seconds=0.3) as stream:
        assert stream.duration == 0
        for _ in stream:
            pass
    assert stream.duration == pytest.approx(2.0, abs=1e-12)
    assert stream.clipped_share == pytest.approx(441 / 88200)
    assert stream.native_sample_rate == 44100


def test_clipped_share_counts_the_used_channels_only() -> None:
    both = np.stack([np.ones(100), np.zeros(100)], axis=1)
    shares = []
    for channel in (None, 1, 2):
        with open_audio((both, 16000), 16000, channel=channel) as stream:
            list(stream)
        shares.append(stream.clipped_share)
    assert shares == [0.5, 1.0, 0.0]


def test_clipped_audio_is_read(tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    soundfile.write(path, np.clip(20 * tone(0.5, 16000), -1, 1), 16000)
    with open_audio(path, 16000) as stream:
        assert np.abs(np.concatenate(list(stream))).max() == pytest.approx(1.0, abs=1e-4)
    assert stream.clipped_share > 0.9


def test_a_stream_is_read_once(wav: Path) -> None:
    with open_audio(wav, 16000) as stream:
        list(stream)
        with pytest.raises(AudioError, match="read already"):
            iter(stream)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("block_seconds", [0.1, 30.0])
def test_samples_that_are_not_finite_are_named_with_their_time(
    tmp_path: Path, value: float, block_seconds: float
) -> None:
    samples = np.stack([noise(44100), noise(44100, 1)], axis=1)
    samples[[22050, 40000], 1] = value
    path = tmp_path / "bad.wav"
    soundfile.write(path, samples, 44100, subtype="FLOAT")
    with (
        pytest.raises(AudioError, match=r"bad\.wav: the sample at 0\.500 s is"),
        open_audio(path, 16000, block_seconds=block_seconds) as stream,
    ):
        list(stream)
    assert len(read_audio(path, 16000, channel=1)) == 16000  # the other channel is sound


def test_float64_beyond_float32_is_an_error_too() -> None:
    with pytest.raises(AudioError, match=r"the sample at 0\.000 s is inf"):
        read_audio((np.full(10, 1e300), 16000), 16000)
