"""How spectrum and level change within two seconds: music, crowds and machines do not change as speech does."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from diarize.spooling import Rows, parts

Features = npt.NDArray[np.float32]

TEXTURE_STEP = 10  # frames that share a row of texture
N_TEXTURE = 29  # columns

_WINDOW = 21  # rows over which the texture is taken: about two seconds
_PERSISTENCE = 3  # rows through which harmonics of sustained tones stay in place, those of a voice do not
_LAGS = (2, 5, 10)  # frames between the spectra whose difference is the flux
_MODULATION = ((5, 13), (9, 25), (17, 51))  # frames; widths of averages whose difference passes 8, 4 and 2 Hz


def texture(bands: Rows, cepstra: Rows, least: float = -np.inf) -> Features:
    """Return how spectrum and level change within two seconds around each step, and how the spectrum is shaped.

    Parameters
    ----------
    bands : rows of shape (n_frames, n_mels)
        Log-mel energies.
    cepstra : rows of shape (n_frames, 13)
        The mean of the bands, and 12 cepstra.
    least : float, nats
        Bands below it are raised to it.

    Returns
    -------
    array of shape (n_steps, 29), float32
        A row for each `TEXTURE_STEP` frames begun: deviations of level and cepstra, flux, modulation of the level, mean
        cepstra, ripple of the spectrum.
    """
    steps, level = [], np.empty(len(cepstra), np.float32)
    for part in parts(len(cepstra)):
        own = cepstra[part]
        level[part] = own[:, 0]
        steps.append([_steps(own), _steps(own**2), *_movement(bands, part, least)])
    means, squares, flux, ripple = map(np.concatenate, zip(*steps, strict=True))
    mean = moving_average(means, _WINDOW)
    variance = moving_average(squares, _WINDOW) - mean**2
    passed = [moving_average(level, short) - moving_average(level, long) for short, long in _MODULATION]
    modulation = np.concatenate([_steps(band[:, None] ** 2) for band in passed], axis=1)
    columns = [
        np.log(np.sqrt(np.maximum(variance, 0)) + 0.05),  # running sums round to below 0
        np.log(moving_average(flux, _WINDOW) + 0.05),
        np.log(np.sqrt(np.maximum(moving_average(modulation, _WINDOW), 0)) + 0.02),
        mean[:, 1:7],
        np.log(moving_average(ripple, _WINDOW) + 0.02),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _movement(bands: Rows, part: slice, least: float) -> tuple[Features, Features]:
    """Return flux and ripple of the steps of a part, (n_steps, 3) and (n_steps, 4); the part begins with a step."""
    first = max(0, part.start - TEXTURE_STEP)
    around = np.maximum(bands[first : part.stop + TEXTURE_STEP], least)  # a step more on either side
    inner = slice(part.start - first, part.stop - first)
    flux = np.zeros((len(around), len(_LAGS)), np.float32)
    for column, lag in enumerate(_LAGS):
        change = around[lag:] - around[:-lag]
        change -= change.mean(axis=1, keepdims=True)
        flux[lag // 2 : lag // 2 + len(change), column] = np.abs(change, out=change).mean(axis=1)
    curvature = np.diff(around, n=2, axis=1)
    lasting = np.abs(moving_average(_steps(curvature), _PERSISTENCE))
    ripples = [_steps(np.abs(curvature, out=curvature)), lasting]
    low = 3 * bands.shape[1] // 10  # the bands up to about 800 Hz resolve harmonics
    halves = [half.mean(axis=1) for ripple in ripples for half in (ripple[:, :low], ripple[:, low:])]
    first, last = inner.start // TEXTURE_STEP, -(-inner.stop // TEXTURE_STEP)
    return _steps(flux[inner]), np.stack(halves, axis=1)[first:last]


def moving_average(x: Features, width: int) -> Features:
    """Return the mean of the `width` rows around each; the first and the last row are repeated beyond the ends."""
    means: Features = uniform_filter1d(x, width, axis=0, mode="nearest")
    return means


def _steps(x: Features) -> Features:
    """Return the mean of each `TEXTURE_STEP` rows; the last row is repeated to the end of the last step."""
    padded = np.pad(x, ((0, -len(x) % TEXTURE_STEP), (0, 0)), mode="edge")
    means: Features = padded.reshape(-1, TEXTURE_STEP, x.shape[1]).mean(axis=1)
    return means
