"""How much a spectrum looks like that of a voiced sound: lines at equal distances, as far apart as voices have them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft

Features = npt.NDArray[np.float32]

_TOP = 4000.0  # Hz; above, the harmonics of a voice drown in noise, and telephone sound has nothing
_BOTTOM = 60.0  # Hz; below lie hum and rumble
_PITCH = (80.0, 400.0)  # Hz


def harmonicity(power: Features, sample_rate: int) -> Features:
    """Return the highest peak of the generalised autocorrelation at the periods of voices, relative to lag zero.

    The fourth root of the power stands for the power itself: it flattens the formants, so that weak harmonics count
    beside strong ones; in noise only a few are left.

    Parameters
    ----------
    power : array of shape (n_frames, n_lines), float32
        Power spectra, the last line at half the sample rate.
    sample_rate : int
        Hz.

    Returns
    -------
    array of shape (n_frames,), float32
        About 0.03 in noise, 0.1 to 0.3 in vowels, at most 1.

    References
    ----------
    Tolonen and Karjalainen, "A computationally efficient multipitch analysis model", IEEE Trans. Speech and Audio
    Processing 8(6), 2000. https://doi.org/10.1109/89.876309

    Examples
    --------
    >>> power = np.full((2, 257), 1e-6, np.float32)
    >>> power[1, 5:120:5] = 1.0  # every 156 Hz
    >>> harmonicity(power, 16000).round(2)
    array([0.01, 0.8 ], dtype=float32)
    """
    spacing = sample_rate / 2 / (power.shape[1] - 1)
    n_lines = min(int(_TOP / spacing), power.shape[1] - 1)
    lines = np.sqrt(np.sqrt(power[:, :n_lines]))
    lines[:, : int(_BOTTOM / spacing) + 1] = 0
    correlation = irfft(lines, 2 * n_lines, axis=1)
    rate = 2 * n_lines * spacing  # Hz, of the lags
    shortest, longest = int(rate / _PITCH[1]), int(rate / _PITCH[0])
    peak: Features = correlation[:, shortest : longest + 1].max(axis=1)
    peak /= np.maximum(correlation[:, 0], np.float32(1e-12))
    return peak
