"""Many channels to one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.audio import open_audio, read_audio
from diarize.errors import DiarizeWarning


def noise(n_samples: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return (0.1 * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


def test_channels_are_mixed_or_picked(tmp_path: Path) -> None:
    channels = np.stack([noise(5000, seed) for seed in range(3)], axis=1)
    path = tmp_path / "three.wav"
    soundfile.write(path, channels, 16000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(path, 16000), channels.mean(axis=1), atol=1e-7)
    for index in range(3):
        np.testing.assert_array_equal(read_audio(path, 16000, channel=index + 1), channels[:, index])
    with open_audio(path, 16000) as stream:
        assert stream.n_channels == 3


def test_32_channels(tmp_path: Path) -> None:
    channels = np.stack([noise(16000, seed) for seed in range(32)], axis=1)
    path = tmp_path / "array.wav"
    soundfile.write(path, channels, 16000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(path, 16000), channels.mean(axis=1), atol=1e-6)
    np.testing.assert_array_equal(read_audio(path, 16000, channel=32), channels[:, 31])


@pytest.mark.parametrize("signs", [(1, -1), (-1, 1), (1, 1, -1, -1), (1, -1, 1)])
@pytest.mark.parametrize("block_seconds", [0.5, 30.0])
def test_channels_of_opposite_sign_do_not_cancel(signs: tuple[int, ...], block_seconds: float) -> None:
    speech = noise(80000)
    speech[:20000] = 0  # the start is silent
    channels = np.stack([sign * speech for sign in signs], axis=1)
    with (
        pytest.warns(DiarizeWarning, match=r"audio array: the channels cancel each other.*--channel"),
        open_audio((channels, 16000), 16000, block_seconds=block_seconds) as stream,
    ):
        mix = np.concatenate(list(stream))
    np.testing.assert_allclose(np.abs(mix), np.abs(speech), atol=1e-6)


def test_the_channels_that_were_turned_are_named() -> None:
    speech = noise(16000)
    channels = np.stack([speech, 0.5 * speech, -0.5 * speech], axis=1)
    with pytest.warns(DiarizeWarning, match="the sign of channel 3 was turned"):
        mix = read_audio((channels, 16000), 16000)
    np.testing.assert_allclose(mix, speech * 2 / 3, atol=1e-6)


def test_noise_and_offsets_do_not_hide_that_channels_cancel() -> None:
    speech = noise(160000)
    channels = np.stack([speech + 0.02 * noise(160000, 1) + 0.3, -speech + 0.02 * noise(160000, 2) + 0.3], axis=1)
    with pytest.warns(DiarizeWarning, match="the channels cancel"):
        mix = read_audio((channels, 16000), 16000)
    assert np.corrcoef(mix, speech)[0, 1] > 0.99


@pytest.mark.parametrize("weight", [1.0, 0.5, 0.0, -0.6])
def test_ordinary_stereo_is_the_mean(weight: float) -> None:
    """From two equal channels over independent ones to wide stereo; an offset of opposite sign is none of speech."""
    left, other = noise(48000), noise(48000, 1)
    right = weight * left + np.sqrt(1 - weight**2) * other
    channels = np.stack([left + 0.5, right - 0.5], axis=1).astype(np.float32)
    np.testing.assert_allclose(read_audio((channels, 16000), 16000), channels.mean(axis=1), atol=1e-6)


def test_hum_of_opposite_sign_is_not_taken_for_speech() -> None:
    hum = 0.3 * np.sin(2 * np.pi * 50 * np.arange(48000) / 16000)
    channels = np.stack([noise(48000) + hum, noise(48000) - hum], axis=1).astype(np.float32)
    np.testing.assert_allclose(read_audio((channels, 16000), 16000), channels.mean(axis=1), atol=1e-6)


def test_one_channel_alone_keeps_its_sign() -> None:
    channels = np.stack([noise(16000), -noise(16000)], axis=1)
    np.testing.assert_array_equal(read_audio((channels, 16000), 16000, channel=2), channels[:, 1])


def voice(seconds: float, seed: int = 0) -> npt.NDArray[np.float32]:
    """Return noise in bursts of 0.8 s with pauses of 0.4 s."""
    samples = noise(round(seconds * 16000), seed)
    samples[np.arange(len(samples)) % 19200 > 12800] *= 1e-3
    return samples


@pytest.mark.parametrize("level", [3.0, 0.03, 0.005])
def test_channels_that_cancel_behind_a_start_in_phase(level: float) -> None:
    jingle, call = noise(5 * 16000, 1), level * voice(70.0)
    channels = np.stack([np.concatenate([jingle, sign * call]) for sign in (1, -1)], axis=1)
    with pytest.warns(DiarizeWarning, match=r"cancel each other \(from 5\.000 s on\).* channel [12] was") as caught:
        mix = read_audio((channels, 16000), 16000)
    assert len(caught) == 1
    np.testing.assert_allclose(np.abs(mix), np.abs(channels[:, 0]), atol=1e-6)


def test_a_sign_that_turns_and_turns_back() -> None:
    speech = voice(60.0)
    signs = np.where(np.arange(len(speech)) // (20 * 16000) == 1, -1, 1)  # 20 to 40 s
    with pytest.warns(DiarizeWarning, match=r"from 20\.\d{3} s on"):
        mix = read_audio((np.stack([speech, signs * speech], axis=1), 16000), 16000)
    lost = np.abs(np.abs(mix) - np.abs(speech)) > 1e-6
    assert lost.sum() < 0.5 * 16000
    np.testing.assert_allclose(mix[50 * 16000 :], speech[50 * 16000 :], atol=1e-6)


def test_opposite_noise_in_pauses_turns_nothing() -> None:
    speech, hiss = voice(40.0), 3e-4 * noise(640000, 1)
    speech[np.abs(speech) < 1e-3] = 0
    channels = np.stack([speech + hiss, speech - hiss], axis=1)
    channels[10 * 16000 : 25 * 16000] = np.stack([hiss, -hiss], axis=1)[: 15 * 16000]
    np.testing.assert_allclose(read_audio((channels, 16000), 16000), channels.mean(axis=1), atol=1e-7)


def test_one_vowel_of_opposite_sign_turns_nothing() -> None:
    """Two microphones 17 cm apart hear 1 kHz with almost opposite signs, other sounds not."""
    speech = voice(20.0)
    vowel = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    channels = np.stack([speech, speech], axis=1)
    channels[160000:176000] = np.stack([vowel, -vowel], axis=1)
    np.testing.assert_allclose(read_audio((channels, 16000), 16000), channels.mean(axis=1), atol=1e-7)


def test_many_channels_in_short_blocks() -> None:
    speech = noise(48000)
    with (
        pytest.warns(DiarizeWarning, match=r"channel 2 was turned"),
        open_audio((np.stack([speech, -speech * 0.9], axis=1), 16000), 16000, block_seconds=0.01) as stream,
    ):
        mix = np.concatenate(list(stream))
    np.testing.assert_allclose(mix[8000:], 0.95 * speech[8000:], atol=1e-6)
