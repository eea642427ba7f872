"""From log mel energies to cepstra, their derivatives, and what the speaker models see."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.fft import dct

from diarize.config import FeatureConfig
from diarize.errors import ConfigError
from diarize.features.normalisation import normalise
from diarize.spooling import Rows, parts, spooled

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def voice_features(log_mel: Rows, speech: Mask, config: FeatureConfig) -> Rows:
    """Return what the speaker models see of a recording: cepstra of its speech, normalised over it.

    Parameters
    ----------
    log_mel : rows of shape (n_frames, n_mels), float32
    speech : array of bool, shape (n_frames,)
        Frames with speech.
    config : FeatureConfig

    Returns
    -------
    rows of shape (n_speech_frames, n_features), float32
        Where nothing but a mean is taken out, long recordings pass piece by piece and the rows lie on disk.
    """
    if not config.deltas and not config.window and config.normalisation in ("none", "mean"):
        return _mean_taken_out(log_mel, speech, config)
    cepstra = add_deltas(mfcc(np.asarray(log_mel), config), config.deltas)
    window = round(config.window / config.frame_step)
    normal = normalise(cepstra, config.normalisation, window, speech)
    return np.ascontiguousarray(normal[speech], dtype=np.float32)


def _mean_taken_out(log_mel: Rows, speech: Mask, config: FeatureConfig) -> Rows:
    """Return the cepstra of the speech, piece by piece, as `normalise` would."""
    width = config.n_mfcc + config.c0
    plain = spooled((mfcc(log_mel[part], config)[speech[part]] for part in parts(len(log_mel))), width)
    if config.normalisation == "none" or not len(plain):
        return plain
    total = np.zeros(width)
    for part in parts(len(plain)):
        total += plain[part].sum(axis=0, dtype=np.float64)
    mean = total / len(plain)
    return spooled(((plain[part] - mean).astype(np.float32) for part in parts(len(plain))), width)  # eq. (3)


def mfcc(log_mel: Features, config: FeatureConfig) -> Features:
    """Return cepstral coefficients 1 to `config.n_mfcc`, with c0 before them when `config.c0` is set.

    Parameters
    ----------
    log_mel : array of shape (n_frames, n_mels)
        From `diarize.features.log_mel`.
    config : FeatureConfig
        How many coefficients.

    Returns
    -------
    array of shape (n_frames, n_mfcc) or (n_frames, n_mfcc + 1)
        Of the orthonormal DCT-II of each row.
    """
    basis = cosine_basis(log_mel.shape[1], config.n_mfcc)[:, 0 if config.c0 else 1 :]
    cepstra: Features = log_mel @ basis.astype(np.float32)
    return cepstra


def cosine_basis(n_mels: int, order: int) -> Floats:
    """Return what turns a row of bands into cepstra 0 to `order` by a product, eq. (2): shape (n_mels, order + 1)."""
    basis: Floats = dct(np.eye(n_mels), type=2, norm="ortho", axis=1)[:, : order + 1]
    return basis


def add_deltas(x: Features, order: int, width: int = 9) -> Features:
    """Append time derivatives, each the slope of a line fitted to `width` frames of the one before.

    Parameters
    ----------
    x : array of shape (n_frames, n_features)
        The first and the last row are repeated beyond the ends.
    order : int
        How many derivatives; 0 returns `x`.
    width : int
        Frames, odd, at least 3.

    Returns
    -------
    array of shape (n_frames, (order + 1) * n_features)

    References
    ----------
    Furui, "Speaker-independent isolated word recognition using dynamic features of speech spectrum", IEEE Trans. ASSP
    34(1), 1986. https://doi.org/10.1109/TASSP.1986.1164788
    """
    if width < 3 or width % 2 == 0:
        raise ConfigError(f"the width of deltas must be an odd number of frames from 3, got {width}")
    parts = [x]
    for _ in range(order):
        parts.append(slopes(parts[-1], width // 2))
    return np.concatenate(parts, axis=1)


def slopes(x: Features, reach: int, gain: float = 1.0) -> Features:
    """Return the slope of a line fitted to the `reach` frames on each side of every frame, times `gain`.

    The first and the last row are repeated beyond the ends; the shape stays.
    """
    if not len(x):
        return x
    padded = np.pad(x, ((reach, reach), (0, 0)), mode="edge")
    slope = np.zeros_like(x)
    squares = 2 * sum(k * k for k in range(1, reach + 1))
    for k in range(1, reach + 1):
        ahead, behind = padded[reach + k :][: len(x)], padded[reach - k :][: len(x)]
        slope += np.float32(gain * k / squares) * (ahead - behind)
    return slope
