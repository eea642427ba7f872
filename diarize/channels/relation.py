"""What the channels of a recording are to each other: one signal twice, silence, hum, legs of a call, a stereo room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from diarize.audio import AudioInput, Excerpt, open_channels

Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

RATE = 8000  # Hz; speech has all it needs for this below 4 kHz
MOST = 16  # channels that may be legs; more come from arrays of microphones

_STRETCH = 0.25  # s; levels are taken over it: longer than the delay of an echo in a call, shorter than a word or two
_FLOOR = 1e-10  # mean square of the changes between samples: under the rounding noise of 16 bits
_SAME = 0.97  # correlation over which two channels are one signal; codecs leave .98, two microphones .9 at best
_SAME_GAIN = 6.0  # dB by which their levels may differ now more and now less; noise of a codec is part of it
_LEAST_SAME = 0.9  # share of the sounding stretches for which that must hold
_HEARD = 10.0  # dB above its own floor at which a channel is taken to hold something
_MOVES = 8.0  # dB between the floor and the loud stretches of speech at least; hum and hiss move by 1 or 2
_RISES = 15.0  # dB over the floor to which somebody rises who says next to nothing; hum never does
_APART = 24.0  # dB between the two levels of difference, for legs; two microphones in a room have under 20
_RARE = 0.02  # share of the sounding time that the smaller leg has at least
_NEAR = 0.3  # of the way from one to the other: what is farther from both lies between
_BETWEEN = 0.25  # share that may lie between the two: both at once, or one person at both microphones


@dataclass(frozen=True, slots=True)
class Relation:
    """What was seen.

    Parameters
    ----------
    n_channels : int
        1 where nobody looked.
    kind : str
        "mono", "silent" (all of them), "one" (a single channel holds sound that moves), "twice" (one signal in all),
        "legs" (each channel has people of its own), or "room" (all else).
    sounding : tuple of int
        The channels that hold sound that moves, counted from 1.
    steady : tuple of int
        The channels that hold only hum or noise.
    opposite : tuple of int
        Of "twice": the channels with the sign turned.
    """

    n_channels: int = 1
    kind: str = "mono"
    sounding: tuple[int, ...] = ()
    steady: tuple[int, ...] = ()
    opposite: tuple[int, ...] = ()


def relation_of(audio: AudioInput) -> Relation:
    """Return what the channels of a recording are to each other; a file object is left where it was.

    Raises
    ------
    AudioError
        The audio cannot be used.
    """
    inner = audio.audio if isinstance(audio, Excerpt) else audio
    file: Any = inner if hasattr(inner, "tell") else None
    place = None if file is None else file.tell()
    with open_channels(audio, RATE) as stream:
        relation = relate(stream, stream.n_channels)
    if place is not None:
        file.seek(place)
    return relation


def relate(blocks: Iterable[Samples], n_channels: int) -> Relation:
    """Return what channels are to each other.

    Parameters
    ----------
    blocks : iterable of array, each (n_samples, n_channels)
        At `RATE`. Some numbers a quarter of a second are kept of it.
    n_channels : int

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> voice = rng.normal(size=(20, RATE)) * (rng.random((20, 1)) < 0.5)
    >>> sound = voice.reshape(-1, 1).astype(np.float32)
    >>> relate([sound * np.float32([1, -0.5])], 2)
    Relation(n_channels=2, kind='twice', sounding=(1, 2), steady=(), opposite=(2,))
    """
    if n_channels == 1:
        return Relation(1, "mono", (1,))
    powers, products = _measured(blocks, n_channels)
    sounding, steady = _kinds(powers)
    channels, held = tuple(int(k) + 1 for k in sounding), tuple(int(k) + 1 for k in steady)
    if len(sounding) < 2:
        return Relation(n_channels, "one" if len(sounding) else "silent", channels, held)
    correlation = _correlation(powers, products, sounding)
    if correlation is not None:
        opposite = tuple(int(k) + 1 for k, value in zip(sounding, correlation, strict=True) if value < 0)
        return Relation(n_channels, "twice", channels, held, opposite)
    pairs = combinations(sounding, 2)
    if len(sounding) <= MOST and all(are_legs(powers[:, a], powers[:, b]) for a, b in pairs):
        return Relation(n_channels, "legs", channels, held)
    return Relation(n_channels, "room", channels, held)


def _measured(blocks: Iterable[Samples], n_channels: int) -> tuple[Floats, Floats]:
    """Return for each stretch the mean squares of the changes, and their products with the first loud channel's.

    Changes from sample to sample weigh the voice and not the hum, and know no offset.
    """
    size = int(_STRETCH * RATE)
    powers, products = [], []
    rest = np.zeros((0, n_channels), np.float32)
    for block in blocks:
        rest = np.concatenate([rest, np.nan_to_num(block)])
        n_whole = len(rest) // size * size
        if n_whole:
            stretches = rest[:n_whole].reshape(-1, size, n_channels)
            changes = np.diff(stretches, axis=1).astype(np.float64)
            powers.append(np.mean(changes**2, axis=1))
            products.append(np.mean(changes * changes[:, :, :1], axis=1))
            rest = rest[n_whole:].copy()
    empty = np.zeros((0, n_channels))
    return np.concatenate([empty, *powers]), np.concatenate([empty, *products])


def _kinds(powers: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return which channels hold sound that moves, and which only steady sound, counted from 0."""
    if not len(powers):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    low, high, top = np.quantile(10 * np.log10(powers + _FLOOR), (0.1, 0.95, 1.0), axis=0)
    heard = powers.max(axis=0) > _FLOOR
    moving = heard & ((high - low >= _MOVES) | (top - low >= _RISES))
    if not moving.any():  # one long sound: nothing is known of it
        moving = heard
    return np.flatnonzero(moving), np.flatnonzero(heard & ~moving)


def _correlation(powers: Floats, products: Floats, sounding: npt.NDArray[np.intp]) -> Floats | None:
    """Return the correlation of each channel with the first, None where they are not all one signal."""
    if 0 not in sounding:
        return None
    loud = (powers[:, sounding] > np.quantile(powers[:, sounding], 0.5, axis=0)).any(axis=1)  # in whichever channel
    geometric = np.sqrt(powers[loud][:, sounding] * powers[loud][:, :1]) + 1e-30
    levels = 10 * np.log10(powers[loud][:, sounding] + _FLOOR)
    low, high = np.quantile(levels - levels[:, :1], (0.05, 0.95), axis=0)
    if (high - low).max(initial=0.0) > _SAME_GAIN:  # what leaks from one leg into another is like it as well
        return None
    correlation = products[loud][:, sounding] / geometric
    same = (np.abs(correlation) > _SAME).mean(axis=0)
    return np.median(correlation, axis=0) if len(correlation) and (same >= _LEAST_SAME).all() else None


def are_legs(first: Floats, second: Floats) -> bool:
    """Tell whether two channels have people of their own, by their powers in each stretch, (n_stretches,).

    The difference of their levels then has two values, one when the one talks and one when the other does; gains shift
    both alike. Noise is taken off, since it would bring the two together.
    """
    split = level_split(*(_cleaned(power) for power in (first, second)))
    return split is not None and split.apart >= _APART and split.between <= _BETWEEN


@dataclass(frozen=True, slots=True)
class Split:
    """The two levels of difference between two channels.

    Parameters
    ----------
    low, high : float, dB
        Mean difference where the second and where the first channel is the louder one.
    share : float
        Of the sounding time in which the second is.
    between : float
        Share of it that is near neither.
    """

    low: float
    high: float
    share: float
    between: float

    @property
    def apart(self) -> float:
        """How far they are apart, dB."""
        return self.high - self.low

    @property
    def middle(self) -> float:
        """The difference at which neither is the louder one, dB: how much more the first is amplified."""
        return (self.high + self.low) / 2


def _cleaned(power: Floats) -> Floats:
    """Return levels without the noise, dB; noise alone stays 10 dB under itself."""
    noise = max(float(np.quantile(power, 0.1)), _FLOOR)
    return 10 * np.log10(np.maximum(power - 1.3 * noise, 0.1 * noise))


def level_split(first: Floats, second: Floats) -> Split | None:
    """Divide the differences of two levels in two, so that two normal distributions fit best; None with too few.

    Parameters
    ----------
    first, second : array of shape (n,), dB

    References
    ----------
    Kittler and Illingworth, "Minimum error thresholding", Pattern Recognition 19, 1986.
    https://doi.org/10.1016/0031-3203(86)90030-0
    """
    loud = [level > np.quantile(level, 0.1) + _HEARD for level in (first, second)]
    difference = np.sort((first - second)[loud[0] | loud[1]])
    n = len(difference)
    if n < 4:
        return None
    count = np.arange(1, n)
    share, total, squares = count / n, np.cumsum(difference), np.cumsum(difference**2)
    low, high = total[:-1] / count, (total[-1] - total[:-1]) / (n - count)
    spread_low = np.maximum(squares[:-1] / count - low**2, 4.0)
    spread_high = np.maximum((squares[-1] - squares[:-1]) / (n - count) - high**2, 4.0)
    error = share * (np.log(spread_low) / 2 - np.log(share))
    error += (1 - share) * (np.log(spread_high) / 2 - np.log(1 - share))
    error[(share < _RARE) | (share > 1 - _RARE)] = np.inf
    best = int(np.argmin(error))
    if not np.isfinite(error[best]):
        return None
    bottom, top = np.quantile(difference[: best + 1], 0.25), np.quantile(difference[best + 1 :], 0.75)
    margin = _NEAR * (top - bottom)
    between = np.mean((difference > bottom + margin) & (difference < top - margin))
    return Split(float(low[best]), float(high[best]), float(share[best]), float(between))


def smoothed(level: npt.NDArray[np.floating], n_frames: int) -> Floats:
    """Return levels (dB) of frames as the levels of the mean power of so many frames around each."""
    power: Floats = uniform_filter1d(10 ** (np.asarray(level, np.float64) / 10), n_frames, mode="nearest")
    return np.asarray(10 * np.log10(np.maximum(power, 1e-30)), np.float64)
