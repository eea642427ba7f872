"""All channels side by side: each comes out as it does alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import soxr

from diarize.audio import open_channels
from diarize.errors import AudioError


def noise(n_samples: int, n_channels: int) -> npt.NDArray[np.float32]:
    return (0.1 * np.random.default_rng(0).standard_normal((n_samples, n_channels))).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("n_channels", [1, 2, 6])
def test_channels_are_resampled_each_by_itself(rate: int, n_channels: int) -> None:
    samples = noise(7 * rate + 13, n_channels)  # longer than a block
    with open_channels((samples, rate), 8000) as stream:
        assert (stream.n_channels, stream.sample_rate) == (n_channels, 8000)
        got = np.concatenate(list(stream))
    expected = soxr.resample(samples, rate, 8000, quality="LQ").reshape(-1, n_channels)
    assert abs(len(got) - len(expected)) <= 1
    n = min(len(got), len(expected))
    np.testing.assert_allclose(got[:n], expected[:n], atol=1e-5)


def test_what_is_no_audio_is_refused() -> None:
    with pytest.raises(AudioError):
        open_channels(([], 16000), 8000)
