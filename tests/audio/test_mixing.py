"""Many channels to one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from diarize.audio import open_audio, read_audio


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
