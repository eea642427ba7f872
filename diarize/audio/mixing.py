"""Many channels to one: their mean, with the sign turned of channels that would cancel the others."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from diarize.audio.readers import Samples

_OPPOSITE = -0.8  # correlation under which a channel is taken for a reversed one; of ordinary stereo it is above 0
_ALIKE = 0.5  # correlation over which it is taken for an upright one; between the two it stays what it was
_STRETCH = 0.5  # s, judged at once
_ROW = 4  # stretches in a row that must agree: one vowel alone may reach two microphones with opposite signs
_CHANGE = 1e-12  # mean square of the change between samples under which a channel is silent
_KEPT = 0.9  # of the loudest stretch, from each stretch to the next in later blocks
_QUIET = 1e-5  # share of the loudest stretch under which hum and noise count for more than speech


class Mixer:
    """Mixes blocks of a recording of several channels, of shape (n_samples, n_channels).

    Channels of opposite sign come from cables with two wires that were recorded as stereo, and from one reversed
    microphone; their mean is silence. Each channel is compared with the loudest, stretch by stretch, since a jingle in
    front may be in both channels alike. The changes from one sample to the next are compared, not the samples: offsets
    and hum do not count then.

    Attributes
    ----------
    reversed : set of int
        Channels whose sign was turned anywhere, counted from 1.
    first : int or None
        The first sample at which the sign of a channel was turned.
    """

    def __init__(self, n_channels: int, sample_rate: int) -> None:
        self.reversed: set[int] = set()
        self.first: int | None = None
        self._mean = np.full(n_channels, 1 / n_channels, np.float32)
        self._stretch = max(1, int(_STRETCH * sample_rate))
        self._opposite = np.zeros(n_channels, bool)
        self._loudest: int | None = None
        self._level = 0.0  # mean square of the changes in the loudest stretch, forgotten little by little
        self._sums = np.zeros((2, n_channels))  # squares and products in the stretch that is under way
        self._n_summed = 0
        self._n_read = 0

    def __call__(self, block: Samples) -> Samples:
        """Return the mix of a block, (n_samples,)."""
        states = self._states(self._votes(block))
        starts = [0, *(int(i) for i in 1 + np.flatnonzero((states[1:] != states[:-1]).any(axis=1))), len(states)]
        # one product where nothing changes: sums over rows are slow along a short axis; a product is not
        mixed = [
            self._mix(block[begin * self._stretch : min(end * self._stretch, len(block))], states[begin])
            for begin, end in pairwise(starts)
        ]
        return mixed[0] if len(mixed) == 1 else np.concatenate(mixed)

    def _mix(self, block: Samples, opposite: npt.NDArray[np.bool_]) -> Samples:
        if opposite.any():
            self.reversed |= {int(channel) + 1 for channel in np.flatnonzero(opposite)}
            self.first = self._n_read if self.first is None else self.first
        self._n_read += len(block)
        return block @ np.where(opposite, -self._mean, self._mean)

    def _votes(self, block: Samples) -> npt.NDArray[np.float64]:
        """Return the correlation with the loudest channel, NaN where it is too quiet, (n_stretches, n_channels)."""
        change = np.diff(np.ascontiguousarray(block.T), axis=1)
        power = np.einsum("ij,ij->i", change, change)
        if self._loudest is None and power.max(initial=0) > _CHANGE * change.shape[1]:
            self._loudest = int(np.argmax(power))
        starts = range(0, len(block), self._stretch)
        correlation = np.full((len(starts), len(power)), np.nan)
        if self._loudest is None:
            return correlation
        levels = np.zeros_like(correlation)
        for row, start in enumerate(starts):
            part = change[:, start : start + self._stretch]
            if self._n_summed >= self._stretch - 1:
                self._sums[:], self._n_summed = 0, 0
            self._sums += np.einsum("ij,ij->i", part, part), part @ part[self._loudest]
            self._n_summed += part.shape[1]
            squares, products = self._sums
            geometric = np.sqrt(squares * squares[self._loudest])
            if self._n_summed >= self._stretch // 2:
                levels[row] = geometric / self._n_summed
                np.divide(products, geometric, out=correlation[row], where=geometric > 0)
        self._level = max(float(levels.max()), self._level * _KEPT ** len(starts))
        correlation[levels <= max(_QUIET * self._level, _CHANGE)] = np.nan
        return correlation

    def _states(self, correlation: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return which channels have the opposite sign of the loudest, (n_stretches, n_channels).

        A channel changes its state where several stretches in a row ask for it, or all in the block that are not
        quiet.
        """
        states = np.tile(self._opposite, (len(correlation), 1))
        for channel, column in enumerate(correlation.T):
            sounding = np.flatnonzero(~np.isnan(column))
            values = column[sounding]
            least = min(_ROW, len(sounding))
            for number, row in enumerate(sounding[: len(sounding) - least + 1]):
                ahead = values[number : number + least]
                if not states[row, channel] and (ahead < _OPPOSITE).all():
                    states[row:, channel] = True
                elif states[row, channel] and (ahead > _ALIKE).all():
                    states[row:, channel] = False
        self._opposite = states[-1].copy() if len(states) else self._opposite
        return states
