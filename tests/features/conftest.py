"""A sound for all tests of features."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import scipy.signal

Samples = npt.NDArray[np.float32]


def coloured_noise(n_samples: int, seed: int = 0) -> Samples:
    """Noise that falls by frequency and comes and goes."""
    rng = np.random.default_rng(seed)
    coloured = scipy.signal.lfilter([1.0], [1.0, -0.8], rng.standard_normal(n_samples))
    envelope = np.abs(np.sin(np.arange(n_samples) / 3000)) ** 2 + 0.01
    return (0.05 * coloured * envelope).astype(np.float32)


@pytest.fixture(scope="session")
def speechlike() -> Callable[..., Samples]:
    """Return a function of the number of samples and a seed."""
    return coloured_noise
