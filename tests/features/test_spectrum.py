"""Log mel energies against librosa at whole-file settings, any cut of the samples against one piece; clicks in time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import scipy.signal

from diarize.audio import open_audio, read_audio
from diarize.config import FeatureConfig
from diarize.errors import ConfigError
from diarize.features import FLOOR, Spectrum, grid, harmonicity, log_mel, mel_bank, mel_spectrum, mfcc

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "recordings" / "dev"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings in ../shared")

WIDE = FeatureConfig()
NARROW = FeatureConfig(sample_rate=8000, f_max=3800.0, n_mels=30)
ODD = FeatureConfig(sample_rate=22050, frame_length=0.032, frame_step=0.0137, n_mels=24, f_min=0.0, f_max=11025.0)
GAPS = FeatureConfig(frame_length=0.01, frame_step=0.025, n_mels=20)

Floats = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]
Sound = Callable[..., npt.NDArray[np.float32]]


def librosa_log_mel(samples: Samples, config: FeatureConfig) -> Floats:
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
def test_log_mel_equals_librosa(config: FeatureConfig, speechlike: Sound) -> None:
    samples = speechlike(3 * config.sample_rate + 123)
    got = log_mel([samples], config)
    assert got.dtype == np.float32
    expected = librosa_log_mel(samples, config)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, atol=2e-4)


@pytest.mark.parametrize("config", [WIDE, NARROW, ODD, GAPS])
@pytest.mark.parametrize("seed", range(3))
def test_any_partition_gives_the_same(config: FeatureConfig, seed: int, speechlike: Sound) -> None:
    rng = np.random.default_rng(seed)
    samples = speechlike(25 * config.sample_rate + int(rng.integers(5000)), seed)
    cuts = np.sort(rng.integers(0, len(samples), int(rng.integers(1, 400))))
    parts = [np.zeros(0, np.float32), *np.split(samples, cuts)]
    np.testing.assert_array_equal(log_mel(parts, config), log_mel([samples], config))


def test_frames_do_not_depend_on_what_comes_later(speechlike: Sound) -> None:
    samples = speechlike(16000 * 12)
    np.testing.assert_allclose(
        log_mel([samples[: 16000 * 7]], WIDE), log_mel([samples], WIDE)[:698], atol=1e-6, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(0, 0), (1, 1), (399, 1), (400, 1), (559, 1), (560, 2), (16000, 98), (800, 3)]
)
def test_number_of_frames(n_samples: int, n_frames: int, speechlike: Sound) -> None:
    assert log_mel([speechlike(n_samples)], WIDE).shape == (n_frames, 40)
    assert mfcc(log_mel([speechlike(n_samples)], WIDE), WIDE).shape == (n_frames, 16)


def test_no_blocks() -> None:
    assert log_mel([], WIDE).shape == (0, 40)


def test_less_than_a_frame_is_filled_up_with_zeros(speechlike: Sound) -> None:
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
def test_empty_bands_are_an_error_that_names_the_setting(n_mels: int, speechlike: Sound) -> None:
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


@pytest.mark.parametrize("config", [WIDE, NARROW, ODD])
def test_one_pass_gives_energies_and_harmonicity(config: FeatureConfig, speechlike: Sound) -> None:
    """Power spectra by numpy, a frame at a time, over more frames than are transformed at once."""
    samples = speechlike(int(7.3 * config.sample_rate))
    spectrum = mel_spectrum(np.split(samples, [1000, 50_000]), config)
    length, step = round(config.frame_length * config.sample_rate), round(config.frame_step * config.sample_rate)
    window, n_fft = scipy.signal.get_window("hann", length), 2 ** int(np.ceil(np.log2(length)))
    starts = range(0, len(samples) - length + 1, step)
    power = [np.abs(np.fft.rfft(samples[t : t + length] * window / window.sum() * 2, n_fft)) ** 2 for t in starts]
    np.testing.assert_array_equal(spectrum.log_mel, log_mel([samples], config))
    expected = harmonicity(np.array(power, np.float32), config.sample_rate)
    np.testing.assert_allclose(spectrum.harmonicity, expected, atol=1e-3)


def test_a_spectrum_of_no_sound_has_no_frames() -> None:
    spectrum = mel_spectrum([], WIDE)
    assert (len(spectrum), spectrum.n_mels, spectrum.harmonicity.shape) == (0, 40, (0,))


@pytest.mark.parametrize("n_mels", [1, 25, 40])
def test_the_lowest_bands_are_the_first_columns_without_a_copy(n_mels: int) -> None:
    rng = np.random.default_rng(0)
    whole = Spectrum(rng.normal(size=(9, 40)).astype(np.float32), rng.random(9).astype(np.float32))
    lowest = whole.lowest(n_mels)
    assert (len(lowest), lowest.n_mels) == (9, n_mels)
    for frame in range(9):
        for band in range(n_mels):
            assert lowest.log_mel[frame, band] == whole.log_mel[frame, band]
    np.testing.assert_array_equal(lowest.harmonicity, whole.harmonicity)
    assert np.shares_memory(lowest.log_mel, whole.log_mel)


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
def test_grid_of_very_short_audio(config: FeatureConfig, speechlike: Sound) -> None:
    for n_samples in (1, 100, 800):
        duration = n_samples / 16000
        n_frames = len(log_mel([speechlike(n_samples)], config))
        (segment,) = grid(n_frames, config, duration).segments(np.ones(n_frames, np.bool_))
        assert (segment.start, segment.end) == (0.0, duration)


@needs_recordings
def test_real_recording_blockwise_equals_whole() -> None:
    path = RECORDINGS / "ami" / "AMI_EN2001a_000-030.flac"
    with open_audio(path, 16000, block_seconds=1.7) as stream:
        blockwise = log_mel(stream, WIDE)
    np.testing.assert_allclose(blockwise, log_mel([read_audio(path, 16000)], WIDE), atol=1e-6, rtol=0)


def test_memory_is_that_of_the_features(speechlike: Sound) -> None:
    block = speechlike(16000 * 10)

    def ten_minutes() -> Iterator[Samples]:
        for _ in range(60):
            yield block

    tracemalloc.start()
    try:
        features = log_mel(ten_minutes(), WIDE.with_(n_mels=20, n_mfcc=12))
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(features) == 59998
    assert held < 1.2 * features.nbytes
    assert peak < 2.5 * features.nbytes  # the samples would be 38 MB, the spectra 123 MB
    assert peak < 13e6


@pytest.mark.parametrize("exponent", [-14, -20, -40])
def test_quiet_sound_is_made_louder_by_a_power_of_two(speechlike: Sound, exponent: int) -> None:
    samples = speechlike(16000 * 5)
    quiet = log_mel([samples * np.float32(2.0**exponent)], WIDE)
    louder = [log_mel([samples * np.float32(2.0**up)], WIDE) for up in range(-6, 3)]
    assert min(np.abs(quiet - each).max() for each in louder) < 1e-4
    assert np.sort(quiet.max(axis=1))[-100] == pytest.approx(np.log(1e-4), abs=np.log(2) + 0.01)


@pytest.mark.parametrize("decibels", [0, -10, -25])
def test_the_usual_range_of_levels_is_left_alone(speechlike: Sound, decibels: int) -> None:
    samples = speechlike(16000 * 5) * np.float32(10 ** (decibels / 20))
    np.testing.assert_allclose(log_mel([samples], WIDE), librosa_log_mel(samples, WIDE), atol=2e-4)


def test_one_loud_second_keeps_the_level(speechlike: Sound) -> None:
    samples = speechlike(16000 * 10) * np.float32(1e-5)
    samples[16000:34000] = speechlike(18000)
    np.testing.assert_allclose(log_mel([samples], WIDE), librosa_log_mel(samples, WIDE), atol=2e-4)


@pytest.mark.parametrize("offset", [0.02, -0.1, 0.5])
def test_an_offset_hides_nothing(speechlike: Sound, offset: float) -> None:
    samples = 0.1 * speechlike(16000 * 12)
    plain, moved = log_mel([samples], WIDE), log_mel([samples + np.float32(offset)], WIDE)
    np.testing.assert_allclose(moved[:, 3:], plain[:, 3:], atol=0.2)
    assert np.corrcoef(moved[:, 0], plain[:, 0])[0, 1] > 0.99


def test_a_small_offset_is_left_alone(speechlike: Sound) -> None:
    samples = speechlike(16000 * 5) + np.float32(0.005)
    np.testing.assert_allclose(log_mel([samples], WIDE), librosa_log_mel(samples, WIDE), atol=2e-4)
