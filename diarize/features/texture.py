"""How spectrum and level change within two seconds: music, crowds and machines do not change as speech does."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

Features = npt.NDArray[np.float32]

TEXTURE_STEP = 10  # frames that share a row of texture
N_TEXTURE = 29  # columns

_WINDOW = 21  # rows over which the texture is taken: about two seconds
_PERSISTENCE = 3  # rows through which harmonics of sustained tones stay in place, those of a voice do not
_LAGS = (2, 5, 10)  # frames between the spectra whose difference is the flux
_MODULATION = ((5, 13), (9, 25), (17, 51))  # frames; widths of averages whose difference passes 8, 4 and 2 Hz


def texture(bands: Features, cepstra: Features) -> Features:
    """Return how spectrum and level change within two seconds around each step, and how the spectrum is shaped.

    Parameters
    ----------
    bands : array of shape (n_frames, n_mels)
        Log-mel energies.
    cepstra : array of shape (n_frames, 13)
        The mean of the bands, and 12 cepstra.

    Returns
    -------
    array of shape (n_steps, 29), float32
        A row for each `TEXTURE_STEP` frames begun: deviations of level and cepstra, flux, modulation of the level, mean
        cepstra, ripple of the spectrum.
    """
    level, low = cepstra[:, 0], 3 * bands.shape[1] // 10  # the bands up to about 800 Hz resolve harmonics
    mean = moving_average(_steps(cepstra), _WINDOW)
    variance = moving_average(_steps(cepstra**2), _WINDOW) - mean**2
    flux = np.stack([_flux(bands, lag) for lag in _LAGS], axis=1)
    passed = [moving_average(level, short) - moving_average(level, long) for short, long in _MODULATION]
    modulation = np.stack(passed, axis=1)
    curvature = np.diff(bands, n=2, axis=1)
    ripples = [_steps(np.abs(curvature)), np.abs(moving_average(_steps(curvature), _PERSISTENCE))]
    halves = [half.mean(axis=1) for ripple in ripples for half in (ripple[:, :low], ripple[:, low:])]
    columns = [
        np.log(np.sqrt(np.maximum(variance, 0)) + 0.05),  # running sums round to below 0
        np.log(moving_average(_steps(flux), _WINDOW) + 0.05),
        np.log(np.sqrt(np.maximum(moving_average(_steps(modulation**2), _WINDOW), 0)) + 0.02),
        mean[:, 1:7],
        np.log(moving_average(np.stack(halves, axis=1), _WINDOW) + 0.02),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def moving_average(x: Features, width: int) -> Features:
    """Return the mean of the `width` rows around each; the first and the last row are repeated beyond the ends."""
    means: Features = uniform_filter1d(x, width, axis=0, mode="nearest")
    return means


def _flux(bands: Features, lag: int) -> Features:
    """Return the mean difference between the spectra `lag` frames apart, level aside."""
    change = bands[lag:] - bands[:-lag]
    change -= change.mean(axis=1, keepdims=True)
    flux = np.zeros(len(bands), np.float32)
    flux[lag // 2 : lag // 2 + len(change)] = np.abs(change).mean(axis=1)
    return flux


def _steps(x: Features) -> Features:
    """Return the mean of each `TEXTURE_STEP` rows; the last row is repeated to the end of the last step."""
    padded = np.pad(x, ((0, -len(x) % TEXTURE_STEP), (0, 0)), mode="edge")
    means: Features = padded.reshape(-1, TEXTURE_STEP, x.shape[1]).mean(axis=1)
    return means
