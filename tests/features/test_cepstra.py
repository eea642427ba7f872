"""Cepstra and slopes against librosa, scipy and formulas; what the speaker models see against both and plain loops."""

from __future__ import annotations

from collections.abc import Callable

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import scipy.signal
from scipy.fft import dct

from diarize.config import FeatureConfig
from diarize.errors import ConfigError
from diarize.features import add_deltas, log_mel, mfcc, normalise, voice_features
from diarize.features.cepstra import cosine_basis, slopes
from diarize.spooling import spooled

WIDE = FeatureConfig()

Sound = Callable[..., npt.NDArray[np.float32]]


def test_mfcc_equals_librosa(speechlike: Sound) -> None:
    energies = log_mel([speechlike(40000)], WIDE)
    expected = librosa.feature.mfcc(S=energies.T.astype(np.float64), n_mfcc=17, dct_type=2, norm="ortho").T
    np.testing.assert_allclose(mfcc(energies, WIDE), expected[:, 1:], atol=1e-4)
    np.testing.assert_allclose(mfcc(energies, WIDE.with_(c0=True)), expected, atol=1e-4)


@pytest.mark.parametrize(("n_mels", "order"), [(40, 12), (40, 39), (5, 2), (1, 0)])
def test_the_cosine_basis_gives_the_dct_of_scipy(n_mels: int, order: int) -> None:
    bands = np.random.default_rng(0).normal(-8.0, 3.0, (7, n_mels))
    basis = cosine_basis(n_mels, order)
    assert basis.shape == (n_mels, order + 1)
    np.testing.assert_allclose(bands @ basis, dct(bands, type=2, norm="ortho", axis=1)[:, : order + 1], atol=1e-10)
    for k in range(order + 1):  # eq. (2) as it is written
        scale = np.sqrt((1 if k == 0 else 2) / n_mels)
        cosines = [scale * np.cos(np.pi * k * (band + 0.5) / n_mels) for band in range(n_mels)]
        np.testing.assert_allclose(basis[:, k], cosines, atol=1e-12)


@pytest.mark.parametrize("reach", [1, 4])
@pytest.mark.parametrize("gain", [1.0, 3.0, -0.5])
def test_slopes_are_those_of_fitted_lines_times_the_gain(reach: int, gain: float) -> None:
    x = np.random.default_rng(1).standard_normal((30, 2)).astype(np.float32)
    padded = np.concatenate([np.repeat(x[:1], reach, axis=0), x, np.repeat(x[-1:], reach, axis=0)]).astype(float)
    places = np.arange(-reach, reach + 1)
    expected = [np.polyfit(places, padded[t : t + 2 * reach + 1], 1)[0] * gain for t in range(30)]
    slope = slopes(x, reach, gain)
    assert slope.dtype == np.float32
    np.testing.assert_allclose(slope, expected, atol=1e-5)


def test_slopes_of_nothing_are_nothing() -> None:
    assert slopes(np.zeros((0, 3), np.float32), 4).shape == (0, 3)


@pytest.mark.parametrize("n_frames", [1, 2, 5, 8, 9, 100])
@pytest.mark.parametrize("width", [3, 9])
def test_deltas_equal_a_fitted_line(n_frames: int, width: int) -> None:
    x = np.random.default_rng(0).standard_normal((n_frames, 3)).astype(np.float32)
    got = add_deltas(x, 2, width)
    first = scipy.signal.savgol_filter(x, width, polyorder=1, deriv=1, axis=0, mode="nearest")
    second = scipy.signal.savgol_filter(first, width, polyorder=1, deriv=1, axis=0, mode="nearest")
    np.testing.assert_allclose(got, np.hstack([x, first, second]), atol=1e-5)
    np.testing.assert_allclose(
        add_deltas(x, 1, width)[:, 3:], librosa.feature.delta(x, width=width, axis=0, mode="nearest"), atol=1e-5
    )


def test_no_deltas() -> None:
    x = np.ones((4, 2), np.float32)
    np.testing.assert_array_equal(add_deltas(x, 0), x)
    assert add_deltas(x[:0], 2).shape == (0, 6)
    with pytest.raises(ConfigError, match="odd number of frames"):
        add_deltas(x, 1, width=4)


def alternating(n_frames: int) -> npt.NDArray[np.bool_]:
    return (np.arange(n_frames) // 37) % 2 == 1


@pytest.mark.parametrize("deltas", [0, 2])
def test_voice_features_are_the_cepstra_of_the_speech_about_their_mean(deltas: int, speechlike: Sound) -> None:
    """By librosa and scipy: derivatives run over the pauses, the mean is that of the speech alone."""
    energies = log_mel([speechlike(60000)], WIDE)
    speech = alternating(len(energies))
    parts = [librosa.feature.mfcc(S=energies.T.astype(np.float64), n_mfcc=17, dct_type=2, norm="ortho").T[:, 1:]]
    for _ in range(deltas):
        parts.append(scipy.signal.savgol_filter(parts[-1], 9, polyorder=1, deriv=1, axis=0, mode="nearest"))
    heard = np.hstack(parts)[speech]
    got = voice_features(energies, speech, WIDE.with_(deltas=deltas))
    assert got.dtype == np.float32
    assert isinstance(got, np.ndarray)
    assert got.flags.c_contiguous
    np.testing.assert_allclose(got, heard - heard.mean(axis=0), atol=1e-4)


@pytest.mark.parametrize("normalisation", ["none", "mean", "mean_variance"])
def test_voice_features_of_rows_on_disk_are_those_of_an_array(normalisation: str, speechlike: Sound) -> None:
    energies, config = log_mel([speechlike(60000)], WIDE), WIDE.with_(normalisation=normalisation)
    speech, rows = alternating(len(energies)), spooled([energies], 40, limit=0)
    expected = normalise(mfcc(energies, config), normalisation, 0, speech)[speech]
    np.testing.assert_allclose(voice_features(rows, speech, config), expected, atol=1e-5)
    assert len(voice_features(rows, np.zeros(len(speech), np.bool_), config)) == 0


def test_voice_features_have_a_window_in_seconds(speechlike: Sound) -> None:
    energies = log_mel([speechlike(60000)], WIDE)
    speech = alternating(len(energies))
    cepstra = mfcc(energies, WIDE).astype(np.float64)
    expected = []
    for t in np.flatnonzero(speech):
        start = min(max(t - 50, 0), len(speech) - 100)  # 1 s of frames 10 ms apart
        heard = cepstra[start : start + 100][speech[start : start + 100]]
        assert len(heard) >= 25  # a window of its own
        expected.append((cepstra[t] - heard.mean(axis=0)) / heard.std(axis=0))
    got = voice_features(energies, speech, WIDE.with_(normalisation="mean_variance", window=1.0))
    np.testing.assert_allclose(got, expected, atol=2e-3)


def test_voice_features_do_not_hear_the_pauses_nor_a_fixed_filter(speechlike: Sound) -> None:
    energies = log_mel([speechlike(60000)], WIDE)
    speech = alternating(len(energies))
    other = energies + np.linspace(-3, 3, 40, dtype=np.float32)
    other[~speech] = 7.0
    np.testing.assert_allclose(voice_features(other, speech, WIDE), voice_features(energies, speech, WIDE), atol=1e-4)
