"""How much of what each channel hears is explained neither by its noise nor by the other channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from diarize.channels.relation import level_split, smoothed
from diarize.spooling import Rows, parts

Floats = npt.NDArray[np.float64]

_LOWEST = 3  # mel bands below about 100 Hz, which telephones do not carry
_LAGS = range(-5, 31)  # frames by which a voice may come later in the other channel: echoes, and recorders that are off
_LEVEL = 25  # frames; over this the levels are compared
_BELOW = 5.0  # dB under the middle at which the other one is taken to be the louder
_LOUD = 20.0  # dB under the loud frames of a channel from which its leaks are measured
_FEW = 50  # frames
_MANY = 20_000  # frames from which the leak in each band is estimated at most
_QUIET = 0.1  # quantile of the power that stands for the noise
_BREADTH = 5  # frames within which a leak may come
_TAIL = 0.14  # nats a frame by which the echo of a leak decays: 60 dB a second
_CLIP = 25.0  # dB


@dataclass(frozen=True, slots=True, eq=False)
class Leak:
    """How the voices of one channel are heard in another one.

    Parameters
    ----------
    source : int
        The channel they belong to, counted from 0.
    lag : int
        Frames by which they come later.
    gain : array of shape (n_bands,)
        By power.
    """

    source: int
    lag: int
    gain: Floats


def excesses(spectra: Sequence[Rows]) -> list[Floats]:
    """Return for each channel how far each frame is above what is explained, in dB, averaged over the bands.

    It is near 0 where there is noise or a leak, and large where somebody speaks into this very microphone.

    Parameters
    ----------
    spectra : sequence of rows, each (n_frames, n_bands), nats
        Log-mel energies of the channels; only the bands that all have are used.

    Returns
    -------
    list of array, each (n_frames,)
    """
    n_bands = min(rows.shape[1] for rows in spectra)
    levels = [frame_levels(rows, n_bands) for rows in spectra]
    noises = [_noise(rows, n_bands) for rows in spectra]
    others = [[k for k in range(len(spectra)) if k != own] for own in range(len(spectra))]
    return [
        _excess(spectra, own, noises[own], [_leak(spectra, levels, noises[own], own, k) for k in others[own]])
        for own in range(len(spectra))
    ]


def frame_levels(rows: Rows, n_bands: int) -> Floats:
    """Return the level of each frame over the first bands, (n_frames,), dB."""
    power = [np.exp(rows[part][:, _LOWEST:n_bands]).mean(axis=1, dtype=np.float64) for part in parts(len(rows))]
    level: Floats = 10 * np.log10(np.concatenate(power or [np.zeros(0)]))
    return level


def _noise(rows: Rows, n_bands: int) -> Floats:
    """Return the power of the noise in each band: what is seldom underrun for a fifth of a second."""
    step = max(1, len(rows) // _MANY)
    taken = [
        uniform_filter1d(np.exp(rows[part][:, _LOWEST:n_bands]), 20, axis=0, mode="nearest")[::step]
        for part in parts(len(rows))
    ]
    return np.asarray(np.quantile(np.concatenate(taken), _QUIET, axis=0), np.float64)


def _leak(spectra: Sequence[Rows], levels: Sequence[Floats], noise: Floats, own: int, other: int) -> Leak:
    """Estimate how `other` is heard in `own`, from frames in which `other` is the louder one.

    The lag is that at which the levels follow each other best. Where hardly anything is heard, what is taken for a leak
    is the noise, and does no harm.
    """
    split = level_split(*(smoothed(levels[k], _LEVEL) for k in (own, other)))
    here, there = levels[own] - (split.middle if split else 0.0), levels[other]
    loud = np.quantile(there, 0.95) - _LOUD
    best, lag = -1.0, 0
    chosen = np.zeros(len(here), np.bool_)
    for candidate in _LAGS:
        late = _later(there, candidate)
        louder = (late > loud) & (late - here > _BELOW)
        if louder.sum() >= _FEW:
            alike = _correlation(here[louder], late[louder])
            if alike > best:
                best, lag, chosen = alike, candidate, louder
    gain = np.zeros(len(noise))
    if best > -1.0:
        frames = np.flatnonzero(chosen)
        frames = frames[:: max(1, len(frames) // _MANY)]
        heard = np.maximum(np.exp(_rows(spectra[own], frames, len(noise))) - noise, 0.0)
        gain = np.median(heard / np.exp(_rows(spectra[other], frames - lag, len(noise))), axis=0)
    return Leak(other, lag, gain)


def _correlation(left: Floats, right: Floats) -> float:
    """Return how alike two levels move; -1 where one does not move, since digital silence follows nothing."""
    if np.ptp(left) == 0 or np.ptp(right) == 0:
        return -1.0
    return float(np.corrcoef(left, right)[0, 1])


def _later(values: Floats, lag: int) -> Floats:
    """Return values moved back by some frames; the ends are repeated."""
    return values[np.clip(np.arange(len(values)) - lag, 0, len(values) - 1)]


def _rows(rows: Rows, frames: npt.NDArray[np.intp], n_bands: int) -> Floats:
    """Return the log energies of some frames in their order, (n, n_bands)."""
    frames = np.clip(frames, 0, len(rows) - 1)
    taken = []
    for part in parts(len(rows)):
        inside = frames[(frames >= part.start) & (frames < part.stop)]
        if len(inside):
            taken.append(np.asarray(rows[part], np.float64)[inside - part.start, _LOWEST : _LOWEST + n_bands])
    return np.concatenate(taken)


def _excess(spectra: Sequence[Rows], own: int, noise: Floats, leaks: Sequence[Leak]) -> Floats:
    excess = np.zeros(len(spectra[own]))
    stop = _LOWEST + len(noise)
    heard = [_tails(spectra[leak.source], leak, len(excess)) for leak in leaks]
    for part in parts(len(excess)):
        explained = noise + sum(next(tail) for tail in heard)
        log_power = np.asarray(spectra[own][part][:, _LOWEST:stop], np.float64)
        above = (log_power - np.log(explained)) * (10 / np.log(10))
        excess[part] = np.clip(above, 0.0, _CLIP).mean(axis=1)
    return excess


def _tails(rows: Rows, leak: Leak, n_frames: int) -> Iterator[Floats]:
    """Yield the power that a leak may have in each frame, part by part, (n, n_bands): each sound with its echo."""
    stop, before = _LOWEST + len(leak.gain), np.full(len(leak.gain), -np.inf)
    margin = _BREADTH // 2
    for part in parts(n_frames):
        wanted = np.clip(np.arange(part.start - margin, part.stop + margin) - leak.lag, 0, n_frames - 1)
        piece = np.asarray(rows[wanted[0] : wanted[-1] + 1][:, _LOWEST:stop], np.float64)[wanted - wanted[0]]
        widest = maximum_filter1d(piece, _BREADTH, axis=0, mode="nearest")[margin : len(piece) - margin]
        fall = _TAIL * np.arange(1, len(widest) + 1)[:, None]
        echo = np.maximum(np.maximum.accumulate(widest + fall, axis=0), before) - fall
        before = echo[-1]
        yield leak.gain * np.exp(echo)
