"""From sound to vectors: log mel energies, cepstra, derivatives, normalisation.

The only module that knows librosa. It takes librosa's mel filter bank, mel scale and window; the other parts have numba
compile for ten seconds when they are imported first, so they are left out, and tests hold the results equal to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.fft import dct, rfft
from scipy.special import ndtri

from diarize.annotation import FrameGrid
from diarize.config import FeatureConfig
from diarize.errors import ConfigError

Samples = npt.NDArray[np.float32]
Features = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

FLOOR = 1e-12  # of the power of a full-scale sine: under the rounding noise of 16 bit sound, so only silence meets it
_CHUNK = 500  # frames; a fixed number makes the result independent of the blocks the samples come in
_METHODS = ("none", "mean", "mean_variance", "warping")
_MIN_SHARE = 0.25  # of the frames of a window that must be usable for statistics of its own
_MIN_DEVIATION = 1e-3  # relative to the whole recording
_NO_CONTENT = np.log(10**4.0)  # 40 dB
_WARP_CHUNK = 1000  # frames; what is compared at a time stays in the cache


def log_mel(blocks: Iterable[Samples], config: FeatureConfig) -> Features:
    """Return the natural logarithm of the power in mel bands, frame by frame.

    Frame i covers the samples from i * step to i * step + length, with a Hann window. The power of a full-scale sine
    is 1 at the top of its band; powers under `FLOOR` are raised to it. How the samples are cut into blocks changes
    nothing, and only one block is held at a time.

    Parameters
    ----------
    blocks : iterable of array, each (n_samples,)
        Mono sound at `config.sample_rate`.
    config : FeatureConfig
        Frame sizes and filter bank.

    Returns
    -------
    array of shape (n_frames, config.n_mels)
        One row at least where there is any sample: less than a frame is filled up with zeros.

    Raises
    ------
    ConfigError
        When the filter bank would have bands without any FFT bin.

    References
    ----------
    Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition in continuously
    spoken sentences", IEEE Trans. ASSP 28(4), 1980. https://doi.org/10.1109/TASSP.1980.1163420

    Examples
    --------
    >>> log_mel([np.zeros(16000, np.float32)], FeatureConfig()).shape
    (98, 40)
    """
    from librosa.filters import get_window

    length, step, n_fft = _sizes(config)
    bank = np.ascontiguousarray(mel_bank(config).T)
    window = get_window("hann", length)
    window = (window * 2 / window.sum()).astype(np.float32)
    padded = np.zeros((_CHUNK, n_fft), np.float32)
    rows: list[Features] = []
    for samples in _chunks(blocks, length, step):
        frames = np.lib.stride_tricks.sliding_window_view(samples, length)[::step]
        n_frames = len(frames)
        np.multiply(frames, window, out=padded[:n_frames, :length])
        spectrum = rfft(padded[:n_frames], axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        rows.append(np.log(np.maximum(power @ bank, np.float32(FLOOR))))
    return _stacked(rows, config.n_mels)


def mel_bank(config: FeatureConfig) -> Features:
    """Return the triangular mel filters, shape (n_mels, n_fft // 2 + 1), each with height 1.

    Raises
    ------
    ConfigError
        When a band holds no FFT bin.
    """
    from librosa.core.convert import mel_frequencies
    from librosa.filters import mel

    n_fft = _sizes(config)[2]
    edges = mel_frequencies(config.n_mels + 2, fmin=config.f_min, fmax=config.f_max)
    lines = np.arange(n_fft // 2 + 1) * (config.sample_rate / n_fft)
    inside = np.searchsorted(lines, edges[2:], "left") - np.searchsorted(lines, edges[:-2], "right")
    if n_empty := int(np.count_nonzero(inside <= 0)):
        raise ConfigError(
            f"setting 'n_mels' ({config.n_mels}) is too large: {n_empty} bands between {config.f_min:g} and "
            f"{config.f_max:g} Hz would be empty, because a 'frame_length' of {config.frame_length:g} s gives a "
            f"spectrum with lines {lines[1]:.1f} Hz apart; ask for fewer bands or longer frames"
        )
    # librosa's other norms import what numba compiles; the areas of 1 of this one are turned into heights of 1
    bank: Features = mel(
        sr=config.sample_rate, n_fft=n_fft, n_mels=config.n_mels, fmin=config.f_min, fmax=config.f_max, norm="slaney"
    )
    bank *= (edges[2:, None] - edges[:-2, None]) / 2
    return bank


def mfcc(log_mel: Features, config: FeatureConfig) -> Features:
    """Return cepstral coefficients 1 to `config.n_mfcc`, with c0 before them when `config.c0` is set.

    Parameters
    ----------
    log_mel : array of shape (n_frames, n_mels)
        As from the function of that name.
    config : FeatureConfig
        How many coefficients.

    Returns
    -------
    array of shape (n_frames, n_mfcc) or (n_frames, n_mfcc + 1)
        Of the orthonormal DCT-II of each row.
    """
    first = 0 if config.c0 else 1
    basis = dct(np.eye(log_mel.shape[1]), type=2, norm="ortho", axis=1)[:, first : config.n_mfcc + 1]
    cepstra: Features = log_mel @ basis.astype(np.float32)
    return cepstra


def add_deltas(x: Features, order: int, width: int = 9) -> Features:
    """Append time derivatives, each the slope of a line fitted to `width` frames of the one before.

    Parameters
    ----------
    x : array of shape (n_frames, n_features)
        The first and the last row go on beyond the ends.
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
        parts.append(_slope(parts[-1], width // 2))
    return np.concatenate(parts, axis=1)


def _slope(x: Features, reach: int) -> Features:
    if not len(x):
        return x
    padded = np.pad(x, ((reach, reach), (0, 0)), mode="edge")
    slope = np.zeros_like(x)
    for k in range(1, reach + 1):
        ahead, behind = padded[reach + k :][: len(x)], padded[reach - k :][: len(x)]
        slope += np.float32(k) * (ahead - behind)
    slope /= np.float32(2 * sum(k * k for k in range(1, reach + 1)))
    return slope


def normalise(x: Features, method: str, window: int = 0, mask: Mask | None = None) -> Features:
    """Take out of every column what is constant in the recording, or in a window that slides over it.

    Parameters
    ----------
    x : array of shape (n_frames, n_features)
        One row a frame.
    method : {"none", "mean", "mean_variance", "warping"}
        "mean" subtracts the mean, "mean_variance" also divides by the standard deviation, "warping" maps the ranks to
        those of a standard normal distribution.
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


def voice_features(log_mel: Features, speech: Mask, config: FeatureConfig) -> Features:
    """Return what the speaker models see of a recording: cepstra of its speech, normalised over it.

    Parameters
    ----------
    log_mel : array of shape (n_frames, n_mels), float32
    speech : array of bool, shape (n_frames,)
        Frames with speech.
    config : FeatureConfig

    Returns
    -------
    array of shape (n_speech_frames, n_features), float32
    """
    cepstra = add_deltas(mfcc(log_mel, config), config.deltas)
    window = round(config.window / config.frame_step)
    normal = normalise(cepstra, config.normalisation, window, speech)
    return np.ascontiguousarray(normal[speech], dtype=np.float32)


def narrowed(config: FeatureConfig, f_max: float) -> FeatureConfig:
    """Return the settings that give only the bands below `f_max` (Hz): the first columns of the same spectrum.

    Raises
    ------
    ConfigError
        No more than `n_mfcc` bands are left.
    """
    from librosa.core.convert import mel_frequencies

    edges = mel_frequencies(config.n_mels + 2, fmin=config.f_min, fmax=config.f_max)
    n_mels = int(np.count_nonzero(edges <= f_max)) - 2
    if n_mels <= config.n_mfcc:
        raise ConfigError(
            f"{max(n_mels, 0)} of the {config.n_mels} mel bands lie below {f_max:g} Hz, too few for 'features.n_mfcc' "
            f"{config.n_mfcc}; raise 'features.n_mels'"
        )
    return config.with_(n_mels=n_mels, f_max=float(edges[n_mels + 1]))


def effective_band(log_mel: Features, config: FeatureConfig) -> float:
    """Return the frequency (Hz) up to which a recording has content: about 4000 for telephone sound at 16 kHz.

    The level of a band is that of its loudest frames, so that fricatives count although they are rare. A band has
    content when its level is at most 40 dB under that between 800 and 2500 Hz: nearly all speech recorded at 16 kHz
    stays within 35 dB, sound that was sampled at 8 kHz is 65 dB down above 4 kHz. Only three bands in a row without
    content end it, so that neither a notch nor a whistle counts; the end is then put where the level falls by 20 dB.

    Parameters
    ----------
    log_mel : array of shape (n_frames, n_mels)
        As from the function of that name.
    config : FeatureConfig
        The settings it was made with.

    Returns
    -------
    float
        `config.f_max` when the content reaches the top, and for silence.
    """
    from librosa.core.convert import mel_frequencies

    if not len(log_mel):
        return config.f_max
    centres = mel_frequencies(config.n_mels + 2, fmin=config.f_min, fmax=config.f_max)[1:-1]
    levels = np.percentile(log_mel[:: len(log_mel) // 20000 + 1], 98, axis=0)
    middle = (centres > 800) & (centres < 2500)
    middle[0] |= not middle.any()
    depth = np.median(levels[middle]) - levels
    missing = np.append(depth > _NO_CONTENT, [True, True])
    missing[: int(np.flatnonzero(middle)[-1]) + 1] = False
    ends = np.flatnonzero(missing[:-2] & missing[1:-1] & missing[2:])
    if not len(ends):
        return config.f_max
    return float(centres[: ends[0]][depth[: ends[0]] <= _NO_CONTENT / 2][-1])


def grid(n_frames: int, config: FeatureConfig, duration: float) -> FrameGrid:
    """Return the time grid of frames: each stands for a cell of one step about the centre of its window."""
    length, step, _ = _sizes(config)
    offset = max(length - step, 0) / 2 / config.sample_rate
    return FrameGrid(n_frames, step / config.sample_rate, offset, duration)


def _sizes(config: FeatureConfig) -> tuple[int, int, int]:
    """Return the frame length, the frame step and the FFT length in samples."""
    length = round(config.frame_length * config.sample_rate)
    step = round(config.frame_step * config.sample_rate)
    return length, step, 1 << (length - 1).bit_length()


def _chunks(blocks: Iterable[Samples], length: int, step: int) -> Iterator[Samples]:
    """Cut a stream into stretches of exactly `_CHUNK` frames and a last one with the rest."""
    size, advance = (_CHUNK - 1) * step + length, _CHUNK * step
    buffer = np.zeros(max(size, advance), np.float32)
    filled, first = 0, True
    for block in blocks:
        taken = 0
        while taken < len(block):
            n_samples = min(len(block) - taken, len(buffer) - filled)
            buffer[filled : filled + n_samples] = block[taken : taken + n_samples]
            filled, taken = filled + n_samples, taken + n_samples
            if filled == len(buffer):
                yield buffer[:size]
                filled, first = len(buffer) - advance, False
                buffer[:filled] = buffer[advance:].copy()
    if first and 0 < filled < length:
        filled = length  # the buffer was made of zeros
    if filled >= length:
        yield buffer[: (filled - length) // step * step + length]


def _stacked(rows: list[Features], n_columns: int) -> Features:
    """Stack arrays, dropping each as it is copied: hours of features are not held twice."""
    stacked = np.empty((sum(map(len, rows)), n_columns), np.float32)
    end = len(stacked)
    while rows:
        part = rows.pop()
        stacked[end - len(part) : end] = part
        end -= len(part)
    return stacked
