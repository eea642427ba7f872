"""Short-time spectra and the way back, which gives the signal again to the last bit of rounding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]

OVERLAP = 4
"""Windows that each sample lies in."""


def window(size: int) -> Samples:
    """Return the root of a periodic Hann window, (size,): its squares, a quarter of the size apart, add up to 2."""
    return np.sin(np.pi * np.arange(size) / size).astype(np.float32)


def to_spectra(samples: Samples, hop: int) -> Spectra:
    """Return spectra (n_frames, 2 hop + 1) of windows of 4 hops, each a hop after the one before.

    Parameters
    ----------
    samples : array (n,)
        A whole number of hops, at least 4; the window of frame i begins at sample i x hop.
    hop : int
        Samples from a window to the next.

    Raises
    ------
    ValueError
        If the length is no such number.
    """
    if len(samples) % hop or len(samples) < OVERLAP * hop:
        raise ValueError(f"the length must be a multiple of {hop}, {OVERLAP} at least, got {len(samples)}")
    frames = np.lib.stride_tricks.sliding_window_view(samples, OVERLAP * hop)[::hop]
    spectra: Spectra = np.fft.rfft(frames * window(OVERLAP * hop), axis=1).astype(np.complex64)
    return spectra


def to_samples(spectra: Spectra, hop: int) -> Samples:
    """Return the signal of spectra by overlap and add, (n_frames + 3) x hop samples.

    Right except for the first and last three hops, which lie in fewer than four windows.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=64).astype(np.float32)
    >>> bool(np.allclose(to_samples(to_spectra(x, 4), 4)[12:-12], x[12:-12], atol=1e-6))
    True
    """
    pieces = np.fft.irfft(spectra, OVERLAP * hop, axis=1) * window(OVERLAP * hop)
    pieces = pieces.reshape(len(spectra), OVERLAP, hop)
    samples = np.zeros((len(spectra) + OVERLAP - 1, hop))
    for part in range(OVERLAP):
        samples[part : part + len(spectra)] += pieces[:, part]
    return (samples.ravel() * 2 / OVERLAP).astype(np.float32)
