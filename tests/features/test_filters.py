"""The filter bank against its definition on the mel scale, and the window against librosa's."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from diarize.config import FeatureConfig
from diarize.errors import ConfigError
from diarize.features.filters import FilterBank, frame_sizes, hann_window, mel_bank, mel_edges


def mel(hertz: float) -> float:
    """Slaney's scale: linear up to 1000 Hz, logarithmic above."""
    return 3 * hertz / 200 if hertz < 1000 else 15 + 27 * np.log(hertz / 1000) / np.log(6.4)


CONFIGS = [
    FeatureConfig(),
    FeatureConfig(sample_rate=8000, f_max=3800.0, n_mels=30),
    FeatureConfig(f_min=0.0, n_mels=20),
]


@pytest.mark.parametrize("config", CONFIGS, ids=range(len(CONFIGS)))
def test_edges_are_equally_far_apart_in_mel(config: FeatureConfig) -> None:
    steps = np.diff([mel(edge) for edge in mel_edges(config)])
    np.testing.assert_allclose(steps, steps[0], rtol=1e-9)
    assert mel_edges(config)[[0, -1]] == pytest.approx([config.f_min, config.f_max])


@pytest.mark.parametrize("config", CONFIGS, ids=range(len(CONFIGS)))
def test_filters_are_triangles_of_height_one(config: FeatureConfig) -> None:
    bank = FilterBank.design(config)
    lines = np.arange(bank.weights.shape[1]) * config.sample_rate / frame_sizes(config)[2]
    for weights, low, peak, high in zip(bank.weights, bank.edges, bank.edges[1:], bank.edges[2:], strict=False):
        np.testing.assert_allclose(weights, np.interp(lines, [low, peak, high], [0, 1, 0]), atol=1e-5)
    assert bank.fits(config)
    assert not bank.fits(config.with_(n_mels=config.n_mels + 1))
    np.testing.assert_array_equal(mel_bank(config), bank.weights)


def test_a_band_without_a_line_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"'n_mels' \(128\) is too large"):
        FilterBank.design(FeatureConfig(n_mels=128, frame_length=0.01))


@pytest.mark.parametrize("length", [2, 400, 401, 1200])
def test_the_window_is_librosa_s(length: int) -> None:
    np.testing.assert_array_equal(hann_window(length), librosa.filters.get_window("hann", length))


@pytest.mark.parametrize(("length", "size"), [(0.025, 512), (0.032, 512), (0.033, 1024)])
def test_the_spectrum_is_the_next_power_of_two(length: float, size: int) -> None:
    assert frame_sizes(FeatureConfig(frame_length=length)) == (round(length * 16000), 160, size)
