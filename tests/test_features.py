"""Features against librosa and scipy at whole-file settings, block by block equality, normalisation by brute force."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import scipy.signal
from scipy.stats import norm, rankdata

from diarize.audio import open_audio, read_audio, resample
from diarize.config import FeatureConfig
from diarize.errors import ConfigError
from diarize.features import (
    FLOOR,
    add_deltas,
    effective_band,
    grid,
    log_mel,
    mel_bank,
    mfcc,
    narrowed,
    normalise,
    voice_features,
)

RECORDINGS = Path(__file__).resolve().parents[1].parent / "shared" / "recordings" / "dev"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings in ../shared")

WIDE = FeatureConfig()
NARROW = FeatureConfig(sample_rate=8000, f_max=3800.0, n_mels=30)
ODD = FeatureConfig(sample_rate=22050, frame_length=0.032, frame_step=0.0137, n_mels=24, f_min=0.0, f_max=11025.0)
GAPS = FeatureConfig(frame_length=0.01, frame_step=0.025, n_mels=20)

Floats = npt.NDArray[np.float64]


def speechlike(n_samples: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """Noise that falls by frequency and comes and goes."""
    rng = np.random.default_rng(seed)
    coloured = scipy.signal.lfilter([1.0], [1.0, -0.8], rng.standard_normal(n_samples))
    envelope = np.abs(np.sin(np.arange(n_samples) / 3000)) ** 2 + 0.01
    return (0.05 * coloured * envelope).astype(np.float32)


def librosa_log_mel(samples: npt.NDArray[np.float32], config: FeatureConfig) -> Floats:
    length = round(config.frame_length * config.sample_rate)
    n_fft = 2 ** int(np.ceil(np.log2(length)))
    side = (n_fft - length) // 2  # librosa puts the window into the middle of the FFT
    mel = librosa.feature.melspectrogram(
        y=np.pad(samples.astype(np.float64), (side, n_fft - length - side)),
        sr=config.sample_rate,
        n_fft=n_fft,
        win_length=length,
        hop_length=round(config.frame_step * config.sample_rate),
        center=False,
        n_mels=config.n_mels,
        fmin=config.f_min,
        fmax=config.f_max,
        norm=None,
        dtype=np.float64,
    )
    full_scale = (scipy.signal.get_window("hann", length).sum() / 2) ** 2
    decibels = librosa.power_to_db(mel / full_scale, amin=FLOOR, top_db=None)
    return decibels.T * np.log(10) / 10  # type: ignore[no-any-return]


@pytest.mark.parametrize("config", [WIDE, NARROW, ODD, GAPS])
def test_log_mel_equals_librosa(config: FeatureConfig) -> None:
    samples = speechlike(3 * config.sample_rate + 123)
    got = log_mel([samples], config)
    assert got.dtype == np.float32
    expected = librosa_log_mel(samples, config)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, atol=2e-4)


def test_mfcc_equals_librosa() -> None:
    energies = log_mel([speechlike(40000)], WIDE)
    expected = librosa.feature.mfcc(S=energies.T.astype(np.float64), n_mfcc=17, dct_type=2, norm="ortho").T
    np.testing.assert_allclose(mfcc(energies, WIDE), expected[:, 1:], atol=1e-4)
    np.testing.assert_allclose(mfcc(energies, WIDE.with_(c0=True)), expected, atol=1e-4)


@pytest.mark.parametrize("config", [WIDE, NARROW, ODD, GAPS])
@pytest.mark.parametrize("seed", range(3))
def test_any_partition_gives_the_same(config: FeatureConfig, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = speechlike(25 * config.sample_rate + int(rng.integers(5000)), seed)
    cuts = np.sort(rng.integers(0, len(samples), int(rng.integers(1, 400))))
    parts = [np.zeros(0, np.float32), *np.split(samples, cuts)]
    np.testing.assert_array_equal(log_mel(parts, config), log_mel([samples], config))


def test_frames_do_not_depend_on_what_comes_later() -> None:
    samples = speechlike(16000 * 12)
    np.testing.assert_allclose(
        log_mel([samples[: 16000 * 7]], WIDE), log_mel([samples], WIDE)[:698], atol=1e-6, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(0, 0), (1, 1), (399, 1), (400, 1), (559, 1), (560, 2), (16000, 98), (800, 3)]
)
def test_number_of_frames(n_samples: int, n_frames: int) -> None:
    assert log_mel([speechlike(n_samples)], WIDE).shape == (n_frames, 40)
    assert mfcc(log_mel([speechlike(n_samples)], WIDE), WIDE).shape == (n_frames, 16)


def test_no_blocks() -> None:
    assert log_mel([], WIDE).shape == (0, 40)


def test_less_than_a_frame_is_filled_up_with_zeros() -> None:
    samples = speechlike(250)
    np.testing.assert_array_equal(log_mel([samples], WIDE), log_mel([np.pad(samples, (0, 150))], WIDE))


def test_silence_and_full_scale() -> None:
    silence = log_mel([np.zeros(16000, np.float32)], WIDE)
    np.testing.assert_allclose(silence, np.log(FLOOR))
    square = np.sign(np.sin(np.arange(16000))).astype(np.float32)
    assert np.isfinite(log_mel([square], WIDE)).all()
    centre = float(librosa.mel_frequencies(42, fmin=20, fmax=7600)[21])
    sine = np.sin(2 * np.pi * centre * np.arange(16000) / 16000).astype(np.float32)
    peak = log_mel([sine], WIDE)[10]
    assert np.argmax(peak) == 20
    assert 0.3 < np.exp(peak[20]) < 2


@pytest.mark.parametrize("config", [WIDE, NARROW, ODD])
def test_filter_bank_has_no_empty_band(config: FeatureConfig) -> None:
    assert (mel_bank(config).max(axis=1) > 0.3).all()


@pytest.mark.parametrize("n_mels", [100, 128])
def test_empty_bands_are_an_error_that_names_the_setting(n_mels: int) -> None:
    config = FeatureConfig(sample_rate=8000, f_max=3800.0, n_mels=n_mels, frame_length=0.01)
    with pytest.raises(ConfigError, match=r"'n_mels' \(\d+\) is too large: \d+ bands between 20 and 3800 Hz"):
        log_mel([speechlike(8000)], config)


@pytest.mark.filterwarnings("ignore:Empty filters")
def test_bands_called_empty_are_those_librosa_finds_empty() -> None:
    for n_mels in range(20, 129, 4):
        config = FeatureConfig(sample_rate=8000, f_max=3800.0, n_mels=n_mels, frame_length=0.012)
        bank = librosa.filters.mel(sr=8000, n_fft=128, n_mels=n_mels, fmin=20, fmax=3800, norm=None)
        n_empty = int(np.sum(bank.max(axis=1) <= 0))
        if n_empty:
            with pytest.raises(ConfigError, match=f"{n_empty} bands"):
                mel_bank(config)
        else:
            assert mel_bank(config).shape == (n_mels, 65)


# -- deltas ---------------------------------------------------------------------------------------------------------


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


# -- normalisation --------------------------------------------------------------------------------------------------


def window_rows(n_frames: int, window: int, t: int) -> slice:
    start = min(max(t - window // 2, 0), n_frames - window)
    return slice(start, start + window)


def brute_force(x: Floats, method: str, window: int, mask: npt.NDArray[np.bool_]) -> Floats:
    """The definition, a frame at a time, with ranks by scipy."""
    result = np.empty_like(x)
    for t in range(len(x)):
        rows = window_rows(len(x), window, t) if 0 < window < len(x) else slice(None)
        used = x[rows][mask[rows]]
        if len(used) < 0.25 * window:
            used = x[mask]
        if method == "warping":
            for d in range(x.shape[1]):
                sample = used[:, d]
                below = np.sum(sample < x[t, d])
                rank = below + (np.sum(sample == x[t, d]) + 1) / 2
                if mask[t] and len(sample) == np.sum(mask[rows]):
                    position = int(np.flatnonzero(sample == x[t, d])[0])
                    assert rank == rankdata(sample)[position]
                n = len(sample)
                result[t, d] = norm.ppf(np.clip((rank - 0.5) / n, 0.5 / n, 1 - 0.5 / n))
        else:
            result[t] = x[t] - used.mean(axis=0)
            if method == "mean_variance":
                result[t] /= used.std(axis=0)
    return result


@pytest.mark.parametrize("method", ["mean", "mean_variance", "warping"])
@pytest.mark.parametrize("window", [0, 40, 41, 149, 150, 1000])
@pytest.mark.parametrize("masked", [False, True])
def test_normalisation_equals_its_definition(method: str, window: int, masked: bool) -> None:
    rng = np.random.default_rng(1)
    x = (50 + rng.standard_normal((150, 3)).cumsum(axis=0)).astype(np.float32)
    x[:, 2] = np.round(x[:, 2])  # ties
    mask = rng.random(150) < 0.6 if masked else np.ones(150, np.bool_)
    if masked:
        mask[60:110] = False  # windows without enough frames
    got = normalise(x, method, window, mask if masked else None)
    assert got.dtype == np.float32
    expected = brute_force(x.astype(np.float64), method, window, mask)
    np.testing.assert_allclose(got, expected, atol=2e-4, rtol=1e-4)


def test_whole_recording_warping_is_ranks_to_normal_scores() -> None:
    x = np.random.default_rng(0).exponential(size=(500, 2)).astype(np.float32)
    expected = norm.ppf((rankdata(x, axis=0) - 0.5) / len(x))
    np.testing.assert_allclose(normalise(x, "warping"), expected, atol=1e-5)


def test_the_channel_goes_out() -> None:
    """A constant in the cepstrum is a linear filter; a monotone map of a column is undone by warping alone."""
    x = np.random.default_rng(0).standard_normal((300, 4)).astype(np.float32)
    shifted = x + np.float32([3, -2, 0.5, 10])
    for method in ("mean", "mean_variance", "warping"):
        for window in (0, 100):
            np.testing.assert_allclose(normalise(shifted, method, window), normalise(x, method, window), atol=1e-2)
    np.testing.assert_allclose(normalise(np.exp(x), "warping"), normalise(x, "warping"), atol=1e-5)


@pytest.mark.parametrize("method", ["mean", "mean_variance", "warping"])
@pytest.mark.parametrize("window", [0, 30])
def test_constant_columns_become_zero(method: str, window: int) -> None:
    x = np.random.default_rng(0).standard_normal((100, 3)).astype(np.float32)
    x[:, 0] = -27.631021  # digital silence
    x[20:80, 1] = 5.1  # and a stretch of it
    got = normalise(x, method, window)
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got[:, 0], 0.0, atol=1e-5)
    if window:
        np.testing.assert_allclose(got[36:64, 1], 0.0, atol=1e-4)


@pytest.mark.parametrize("method", ["mean", "mean_variance", "warping"])
@pytest.mark.parametrize("window", [0, 5])
@pytest.mark.parametrize("n_frames", [0, 1, 2])
def test_short_input(method: str, window: int, n_frames: int) -> None:
    x = np.full((n_frames, 2), 3.0, np.float32)
    np.testing.assert_array_equal(normalise(x, method, window), np.zeros((n_frames, 2)))


def test_empty_mask_uses_all_frames() -> None:
    x = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32)
    np.testing.assert_array_equal(normalise(x, "mean", mask=np.zeros(50, np.bool_)), normalise(x, "mean"))


def test_input_is_left_alone() -> None:
    x = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32)
    copy = x.copy()
    for method in ("none", "mean", "mean_variance", "warping"):
        normalise(x, method, 20)
    np.testing.assert_array_equal(x, copy)
    np.testing.assert_array_equal(normalise(x, "none"), x)


def test_unknown_method() -> None:
    with pytest.raises(ConfigError, match="one of none, mean, mean_variance, warping, got 'cepstral'"):
        normalise(np.zeros((3, 2), np.float32), "cepstral")


# -- what the speaker models see ------------------------------------------------------------------------------------


def alternating(n_frames: int) -> npt.NDArray[np.bool_]:
    return (np.arange(n_frames) // 37) % 2 == 1


@pytest.mark.parametrize("deltas", [0, 2])
def test_voice_features_are_the_cepstra_of_the_speech_about_their_mean(deltas: int) -> None:
    """By librosa and scipy: derivatives run over the pauses, the mean is that of the speech alone."""
    energies = log_mel([speechlike(60000)], WIDE)
    speech = alternating(len(energies))
    parts = [librosa.feature.mfcc(S=energies.T.astype(np.float64), n_mfcc=17, dct_type=2, norm="ortho").T[:, 1:]]
    for _ in range(deltas):
        parts.append(scipy.signal.savgol_filter(parts[-1], 9, polyorder=1, deriv=1, axis=0, mode="nearest"))
    heard = np.hstack(parts)[speech]
    got = voice_features(energies, speech, WIDE.with_(deltas=deltas))
    assert got.dtype == np.float32
    assert got.flags.c_contiguous
    np.testing.assert_allclose(got, heard - heard.mean(axis=0), atol=1e-4)


def test_voice_features_have_a_window_in_seconds() -> None:
    energies = log_mel([speechlike(60000)], WIDE)
    speech = alternating(len(energies))
    cepstra = mfcc(energies, WIDE).astype(np.float64)
    expected = brute_force(cepstra, "mean_variance", 100, speech)[speech]  # 1 s of frames 10 ms apart
    got = voice_features(energies, speech, WIDE.with_(normalisation="mean_variance", window=1.0))
    np.testing.assert_allclose(got, expected, atol=2e-3)


def test_voice_features_do_not_hear_the_pauses_nor_a_fixed_filter() -> None:
    energies = log_mel([speechlike(60000)], WIDE)
    speech = alternating(len(energies))
    other = energies + np.linspace(-3, 3, 40, dtype=np.float32)
    other[~speech] = 7.0
    np.testing.assert_allclose(voice_features(other, speech, WIDE), voice_features(energies, speech, WIDE), atol=1e-4)


# -- grid -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [WIDE, NARROW, ODD])
def test_cells_lie_about_the_centres_of_the_frames(config: FeatureConfig) -> None:
    """A click is loudest in the frame whose cell it falls into."""
    rate = config.sample_rate
    for position in (0.4321, 1.0, 1.777):
        samples = np.zeros(2 * rate, np.float32)
        samples[round(position * rate)] = 1.0
        energies = log_mel([samples], config)
        loudest = int(np.argmax(energies.sum(axis=1)))
        edges = grid(len(energies), config, 2.0).edges
        assert edges[loudest] - 1.5 / rate <= position <= edges[loudest + 1] + 1.5 / rate


def test_grid_steps_are_whole_samples_and_end_with_the_audio() -> None:
    config = FeatureConfig(sample_rate=22050, f_max=8000.0)
    frames = grid(1000, config, 10.0)
    assert frames.step == 220 / 22050  # 10 ms would drift by 2 s in an hour
    assert frames.edges[0] == 0
    assert frames.edges[-1] == 10.0


@pytest.mark.parametrize("config", [WIDE, GAPS])
def test_grid_of_very_short_audio(config: FeatureConfig) -> None:
    for n_samples in (1, 100, 800):
        duration = n_samples / 16000
        n_frames = len(log_mel([speechlike(n_samples)], config))
        (segment,) = grid(n_frames, config, duration).segments(np.ones(n_frames, np.bool_))
        assert (segment.start, segment.end) == (0.0, duration)


# -- bandwidth ------------------------------------------------------------------------------------------------------


def low_passed(samples: npt.NDArray[np.float32], edge: float, rate: int = 16000) -> npt.NDArray[np.float32]:
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate) > edge] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


@pytest.mark.parametrize("edge", [3000, 3600, 4000, 5000])
@pytest.mark.parametrize("level", [1.0, 0.01])
def test_effective_band_of_band_limited_noise(edge: float, level: float) -> None:
    samples = (0.1 * np.random.default_rng(0).standard_normal(80000)).astype(np.float32)
    limited = np.float32(level) * low_passed(samples, edge)
    assert effective_band(log_mel([limited], WIDE), WIDE) == pytest.approx(edge, rel=0.08)  # a band


def test_effective_band_of_full_band_sound_is_the_top_of_the_bank() -> None:
    white = (0.1 * np.random.default_rng(0).standard_normal(80000)).astype(np.float32)
    for config, rate in ((WIDE, 16000), (NARROW, 8000)):
        assert effective_band(log_mel([white], config), config) == config.f_max
        samples = speechlike(5 * rate)
        assert effective_band(log_mel([samples], config), config) == config.f_max


def test_effective_band_of_sound_sampled_at_8_khz() -> None:
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


@needs_recordings
def test_real_recording_blockwise_equals_whole() -> None:
    path = RECORDINGS / "ami" / "AMI_EN2001a_000-030.flac"
    with open_audio(path, 16000, block_seconds=1.7) as stream:
        blockwise = log_mel(stream, WIDE)
    np.testing.assert_allclose(blockwise, log_mel([read_audio(path, 16000)], WIDE), atol=1e-6, rtol=0)


@pytest.mark.parametrize("config", [WIDE, WIDE.with_(n_mels=64, n_mfcc=20), ODD.with_(n_mfcc=12)])
@pytest.mark.parametrize("f_max", [4000.0, 5500.0])
def test_narrowed_settings_give_the_first_columns(config: FeatureConfig, f_max: float) -> None:
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


# -- cost -----------------------------------------------------------------------------------------------------------


def test_memory_is_that_of_the_features() -> None:
    block = speechlike(16000 * 10)

    def hour() -> Iterator[npt.NDArray[np.float32]]:
        for _ in range(360):
            yield block

    tracemalloc.start()
    try:
        features = log_mel(hour(), WIDE.with_(n_mels=20, n_mfcc=12))
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(features) == 359998
    assert held < 1.2 * features.nbytes
    assert peak < 2.5 * features.nbytes  # the samples would be 230 MB, the spectra 740 MB
    assert peak < 80e6


def test_numba_is_not_made_to_compile(tmp_path: Path) -> None:
    """Most parts of librosa compile for ten seconds when imported where nothing is cached yet."""
    code = (
        "import sys, numpy as np\n"
        "import diarize.features as f, diarize.config as c\n"
        "assert 'librosa' not in sys.modules\n"
        "config = c.FeatureConfig(deltas=2)\n"
        "x = f.log_mel([np.ones(16000, np.float32)], config)\n"
        "f.normalise(f.add_deltas(f.mfcc(x, config), 2), 'warping', 30)\n"
        "f.effective_band(x, config)\n"
        "assert 'librosa.filters' in sys.modules\n"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[1], env=environment)
    assert not list(tmp_path.rglob("*.nb?"))
