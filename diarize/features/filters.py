"""The mel filter bank, designed by librosa: a trained model carries it along, so that a run need not import librosa."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.config import FeatureConfig
from diarize.errors import ConfigError
from diarize.gmm.engine.cache import choose_cache_folder

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FilterBank:
    """Triangular filters, equally far apart on the mel scale.

    Parameters
    ----------
    weights : array of shape (n_mels, n_fft // 2 + 1), float32
        Of the lines of a power spectrum; each filter has height 1.
    edges : array of shape (n_mels + 2,), Hz
        Filter b rises from edge b to edge b + 1 and falls to edge b + 2.
    """

    weights: Features
    edges: Floats

    @classmethod
    def design(cls, config: FeatureConfig) -> FilterBank:
        """Design the filters for an analysis.

        Raises
        ------
        ConfigError
            When a band holds no FFT bin.
        """
        choose_cache_folder()  # librosa cannot be imported where numba finds none
        from librosa.filters import mel

        edges, n_fft = mel_edges(config), frame_sizes(config)[2]
        lines = np.arange(n_fft // 2 + 1) * (config.sample_rate / n_fft)
        inside = np.searchsorted(lines, edges[2:], "left") - np.searchsorted(lines, edges[:-2], "right")
        if n_empty := int(np.count_nonzero(inside <= 0)):
            raise ConfigError(
                f"setting 'n_mels' ({config.n_mels}) is too large: {n_empty} bands between {config.f_min:g} and "
                f"{config.f_max:g} Hz would be empty, because a 'frame_length' of {config.frame_length:g} s gives a "
                f"spectrum with lines {lines[1]:.1f} Hz apart; ask for fewer bands or longer frames"
            )
        # librosa's other norms import what numba compiles; the areas of 1 of this one are turned into heights of 1
        weights: Features = mel(
            sr=config.sample_rate,
            n_fft=n_fft,
            n_mels=config.n_mels,
            fmin=config.f_min,
            fmax=config.f_max,
            norm="slaney",
        )
        weights *= (edges[2:, None] - edges[:-2, None]) / 2
        return cls(weights, edges)

    def fits(self, config: FeatureConfig) -> bool:
        """Tell whether the filters have the shape that this analysis needs."""
        shape = (config.n_mels, frame_sizes(config)[2] // 2 + 1)
        return self.weights.shape == shape and self.edges.shape == (config.n_mels + 2,)


def mel_bank(config: FeatureConfig) -> Features:
    """Return the weights of the filters, shape (n_mels, n_fft // 2 + 1); errors as in `FilterBank.design`."""
    return FilterBank.design(config).weights


def mel_edges(config: FeatureConfig) -> Floats:
    """Return the edges of the filters, shape (n_mels + 2,), Hz."""
    choose_cache_folder()
    from librosa.core.convert import mel_frequencies

    edges: Floats = mel_frequencies(config.n_mels + 2, fmin=config.f_min, fmax=config.f_max)
    return edges


def frame_sizes(config: FeatureConfig) -> tuple[int, int, int]:
    """Return the frame length, the frame step and the FFT length in samples."""
    length = round(config.frame_length * config.sample_rate)
    step = round(config.frame_step * config.sample_rate)
    return length, step, 1 << (length - 1).bit_length()


def hann_window(length: int) -> Floats:
    """Return a Hann window for spectra, shape (length,): its period is its length.

    Examples
    --------
    >>> hann_window(4)
    array([0. , 0.5, 1. , 0.5])
    """
    window: Floats = 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, length + 1))[:-1]
    return window
