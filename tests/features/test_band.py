"""How far up a sound reaches: noise cut off at known frequencies; narrowed settings against the filters themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import scipy.signal

from diarize.audio import open_audio, read_audio, resample
from diarize.config import FeatureConfig
from diarize.errors import ConfigError
from diarize.features import effective_band, log_mel, mel_bank, narrowed

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "recordings" / "dev"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings in ../shared")

WIDE = FeatureConfig()
NARROW = FeatureConfig(sample_rate=8000, f_max=3800.0, n_mels=30)
ODD = FeatureConfig(sample_rate=22050, frame_length=0.032, frame_step=0.0137, n_mels=24, f_min=0.0, f_max=11025.0)

Samples = npt.NDArray[np.float32]
Sound = Callable[..., npt.NDArray[np.float32]]


def low_passed(samples: Samples, edge: float, rate: int = 16000) -> Samples:
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate) > edge] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


@pytest.mark.parametrize("edge", [3000, 3600, 4000, 5000])
@pytest.mark.parametrize("level", [1.0, 0.01])
def test_effective_band_of_band_limited_noise(edge: float, level: float) -> None:
    samples = (0.1 * np.random.default_rng(0).standard_normal(80000)).astype(np.float32)
    limited = np.float32(level) * low_passed(samples, edge)
    assert effective_band(log_mel([limited], WIDE), WIDE) == pytest.approx(edge, rel=0.08)  # a band


def test_effective_band_of_full_band_sound_is_the_top_of_the_bank(speechlike: Sound) -> None:
    white = (0.1 * np.random.default_rng(0).standard_normal(80000)).astype(np.float32)
    for config, rate in ((WIDE, 16000), (NARROW, 8000)):
        assert effective_band(log_mel([white], config), config) == config.f_max
        samples = speechlike(5 * rate)
        assert effective_band(log_mel([samples], config), config) == config.f_max


def test_effective_band_of_sound_sampled_at_8_khz(speechlike: Sound) -> None:
    narrow = resample(speechlike(8000 * 5), 8000, 16000)
    for samples in (narrow, np.round(narrow * 32768) / np.float32(32768)):  # also after 16 bit rounding
        assert 3500 < effective_band(log_mel([samples], WIDE), WIDE) < 4300


def test_effective_band_ignores_a_notch_and_a_whistle() -> None:
    time = np.arange(80000) / 16000
    white = (0.1 * np.random.default_rng(0).standard_normal(80000)).astype(np.float32)
    notched = scipy.signal.sosfilt(
        scipy.signal.butter(6, [4300, 4500], "bandstop", fs=16000, output="sos"), white
    ).astype(np.float32)
    assert effective_band(log_mel([notched], WIDE), WIDE) == WIDE.f_max
    whistling = low_passed(white, 3600) + (0.05 * np.sin(2 * np.pi * 6000 * time)).astype(np.float32)
    assert 3200 < effective_band(log_mel([whistling], WIDE), WIDE) < 4200


def test_effective_band_of_silence_and_nothing() -> None:
    assert effective_band(log_mel([np.zeros(16000, np.float32)], WIDE), WIDE) == WIDE.f_max
    assert effective_band(log_mel([], WIDE), WIDE) == WIDE.f_max


@needs_recordings
def test_effective_band_of_real_recordings() -> None:
    with open_audio(RECORDINGS / "voxconverse" / "VOX_aepyx.flac", 16000) as stream:  # from an 8 kHz source
        assert 3700 < effective_band(log_mel(stream, WIDE), WIDE) < 4300
    for path in sorted((RECORDINGS / "ami").glob("*.flac"))[:3]:
        samples = read_audio(path, 16000)
        assert effective_band(log_mel([samples], WIDE), WIDE) == WIDE.f_max
        narrow = resample(resample(samples, 16000, 8000), 8000, 16000)
        assert 3500 < effective_band(log_mel([narrow], WIDE), WIDE) < 4300


@pytest.mark.parametrize("config", [WIDE, WIDE.with_(n_mels=64, n_mfcc=20), ODD.with_(n_mfcc=12)])
@pytest.mark.parametrize("f_max", [4000.0, 5500.0])
def test_narrowed_settings_give_the_first_columns(config: FeatureConfig, f_max: float, speechlike: Sound) -> None:
    narrow = narrowed(config, f_max)
    samples = speechlike(2 * config.sample_rate)
    np.testing.assert_allclose(
        log_mel([samples], config)[:, : narrow.n_mels], log_mel([samples], narrow), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("f_max", [3000.0, 4000.0, 5500.0])
def test_narrowed_settings_keep_every_band_below_the_edge_and_no_other(f_max: float) -> None:
    wide, narrow = mel_bank(WIDE), mel_bank(narrowed(WIDE, f_max))
    lines = np.arange(wide.shape[1]) * 8000 / (wide.shape[1] - 1)
    tops = np.array([lines[band > 0].max() for band in wide])
    assert len(narrow) == np.sum(tops <= f_max)
    assert not narrow[:, lines > f_max].any()
    kept = narrowed(WIDE, f_max)
    assert kept.with_(n_mels=WIDE.n_mels, n_mfcc=WIDE.n_mfcc, f_max=WIDE.f_max) == WIDE
    assert abs(kept.n_mfcc / kept.n_mels - WIDE.n_mfcc / WIDE.n_mels) <= 0.5 / kept.n_mels  # as fine a resolution


def test_narrowing_to_nothing_above_is_no_change() -> None:
    narrow = narrowed(WIDE, 8000.0)
    assert (narrow.n_mels, narrow.f_max) == (WIDE.n_mels, pytest.approx(WIDE.f_max))


@pytest.mark.parametrize(("f_max", "left"), [(10.0, 0), (1000.0, 12)])  # 15 mel, edges 1.08 mel apart
def test_narrowing_to_too_few_bands_names_the_setting(f_max: float, left: int) -> None:
    with pytest.raises(ConfigError, match=rf"{left} of the 40 mel bands lie below {f_max:g} Hz.*'features.n_mfcc' 16"):
        narrowed(WIDE, f_max)
