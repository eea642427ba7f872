"""Take out what is constant: the microphone, the room, the line."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from diarize.errors import ConfigError

Features = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

_METHODS = ("none", "mean", "mean_variance", "warping")
_MIN_SHARE = 0.25  # of the frames of a window that must be usable for statistics of its own
_MIN_DEVIATION = 1e-3  # relative to the whole recording
_WARP_CHUNK = 1000  # frames; what is compared at a time stays in the cache


def normalise(x: Features, method: str, window: int = 0, mask: Mask | None = None) -> Features:
    """Take out of every column what is constant in the recording, or in a window that slides over it.

    Parameters
    ----------
    x : array of shape (n_frames, n_features)
        One row a frame.
    method : {"none", "mean", "mean_variance", "warping"}
        "mean" subtracts the mean, eq. (3), "mean_variance" also divides by the standard deviation, "warping" maps the
        ranks to those of a standard normal distribution.
    window : int
        Frames about each frame that give its statistics; 0, or more than there are, for the whole recording. At both
        ends of the recording the window stays inside it, so it is as long there but not centred.
    mask : bool array of shape (n_frames,), optional
        Frames that give the statistics, all without it; every row is normalised all the same. Windows that hold less
        than a quarter of such frames use the statistics of the whole recording.

    Returns
    -------
    array of shape (n_frames, n_features)
        Finite; a constant column becomes 0.

    References
    ----------
    Pelecanos and Sridharan, "Feature warping for robust speaker verification", Proc. Odyssey 2001, 213-218.
    """
    if method not in _METHODS:
        raise ConfigError(f"setting 'normalisation' must be one of {', '.join(_METHODS)}, got {method!r}")
    if method == "none" or not len(x):
        return x
    used = np.ones(len(x), np.bool_) if mask is None or not mask.any() else mask
    whole = _warped(x, x[used]) if method == "warping" else _standardised(x, x[used], method == "mean_variance")
    if not 0 < window < len(x):
        return whole
    starts = np.clip(np.arange(len(x)) - window // 2, 0, len(x) - window)
    counts = _window_sums(used[:, None], window, starts)
    if method == "warping":
        local = _warped_in_windows(x, used, window)
    else:
        local = _standardised_in_windows(x, used, window, starts, counts, method == "mean_variance")
    normalised: Features = np.where(counts >= _MIN_SHARE * window, local, whole)
    return normalised


def _standardised(x: Features, used: Features, divide: bool) -> Features:
    mean, deviation = used.mean(axis=0, dtype=np.float64), used.std(axis=0, dtype=np.float64)
    return _scaled(x, mean, deviation, deviation, divide)


def _scaled(x: Features, mean: Floats, deviation: Floats, typical: Floats, divide: bool) -> Features:
    """Return (x - mean) / deviation; a deviation that is tiny beside the `typical` one, or zero, is not divided by."""
    centred = x - mean
    if divide:
        smallest = np.maximum(_MIN_DEVIATION * typical, 1e-5 * np.abs(mean))
        centred /= np.where(deviation > smallest, deviation, np.where(typical > smallest, typical, 1.0))
    return centred.astype(np.float32)


def _standardised_in_windows(
    x: Features, used: Mask, window: int, starts: Indices, counts: Floats, divide: bool
) -> Features:
    centre = x[used].mean(axis=0, dtype=np.float64)  # sums of squares far from zero would cancel
    centred = np.where(used[:, None], x - centre, 0.0)
    n = np.maximum(counts, 1)
    mean = _window_sums(centred, window, starts) / n
    deviation = np.sqrt(np.maximum(_window_sums(centred**2, window, starts) / n - mean**2, 0.0))
    return _scaled(x, mean + centre, deviation, x[used].std(axis=0, dtype=np.float64), divide)


def _window_sums(values: npt.NDArray[Any], window: int, starts: Indices) -> Floats:
    sums = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=sums[1:])
    inside: Floats = sums[starts + window] - sums[starts]
    return inside


def _warped(x: Features, used: Features) -> Features:
    warped = np.empty_like(x)
    for column in range(x.shape[1]):
        ordered = np.sort(used[:, column])
        below = np.searchsorted(ordered, x[:, column], "left")
        up_to = np.searchsorted(ordered, x[:, column], "right")
        warped[:, column] = _normal_scores(below, up_to, len(ordered))
    return warped


def _warped_in_windows(x: Features, used: Mask, window: int) -> Features:
    before, n_inner = window // 2, len(x) - window + 1
    warped = np.empty_like(x)
    warped[:before] = _warped(x[:before], x[:window][used[:window]])
    warped[before + n_inner :] = _warped(x[before + n_inner :], x[-window:][used[-window:]])
    eligible = np.where(used[:, None], x, np.float32(np.nan))  # comparisons with NaN are false: not counted
    for first in range(0, n_inner, _WARP_CHUNK):
        last = min(first + _WARP_CHUNK, n_inner)
        values = x[before + first : before + last]
        below, up_to, n = np.zeros((3, *values.shape), np.int32)
        for k in range(window):
            other = eligible[first + k : last + k]
            below += other < values
            up_to += other <= values
            n += used[first + k : last + k, None]
        warped[before + first : before + last] = _normal_scores(below, up_to, n)
    return warped


def _normal_scores(below: Any, up_to: Any, n: Any) -> Any:
    """Return normal quantiles of mid-ranks (Pelecanos and Sridharan 2001; ties share their mean rank)."""
    n = np.maximum(n, 1)
    return ndtri(np.clip((below + up_to) / (2 * n), 0.5 / n, 1 - 0.5 / n))
