"""Arrays as recordings."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.audio import open_audio, read_audio
from diarize.errors import AudioError


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16"])
def test_integer_arrays_are_scaled_by_their_type(dtype: str) -> None:
    limits = np.iinfo(dtype)
    middle = 0 if limits.min < 0 else limits.max // 2 + 1
    got = read_audio((np.array([limits.min, middle, limits.max], dtype), 16000), 16000)
    np.testing.assert_allclose(got, [-1.0, 0.0, 1.0], atol=1 / 127)
    assert got[1] == 0


def test_float_arrays_and_lists_are_taken_as_they_are() -> None:
    np.testing.assert_array_equal(read_audio((np.array([0.25, -1.5]), 16000), 16000), np.float32([0.25, -1.5]))
    np.testing.assert_array_equal(read_audio(([0.25, -0.5], 16000), 16000), np.float32([0.25, -0.5]))


@pytest.mark.parametrize("shape", [(0,), (0, 2)])
def test_array_without_samples(shape: tuple[int, ...]) -> None:
    with pytest.raises(AudioError, match="no audio samples"):
        open_audio((np.zeros(shape), 16000), 16000)
