"""Many channels to one: their mean, with the sign turned of channels that would cancel the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.audio.readers import Samples

_OPPOSITE = -0.8  # correlation under which a channel is taken for a reversed one; of ordinary stereo it is above 0
_CHANGE = 1e-12  # mean square of the change between samples under which a channel is silent


class Mixer:
    """Mixes blocks of a recording of several channels, of shape (n_samples, n_channels).

    Channels of opposite sign come from cables with two wires that were recorded as stereo, and from one reversed
    microphone; their mean is silence. Each channel is compared with the loudest, over all blocks so far. The changes
    from one sample to the next are compared, not the samples: offsets and hum do not count then.

    Attributes
    ----------
    reversed : set of int
        Channels whose sign was turned in any block, counted from 1.
    """

    def __init__(self, n_channels: int) -> None:
        self.reversed: set[int] = set()
        self._mean = np.full(n_channels, 1 / n_channels, np.float32)
        self._power = np.zeros(n_channels)
        self._product = np.zeros(n_channels)
        self._loudest: int | None = None

    def __call__(self, block: Samples) -> Samples:
        """Return the mix of a block, (n_samples,)."""
        opposite = self._opposite(block)
        if not opposite.any():
            # sums over rows are slow along a short axis; a product is not
            return block @ self._mean
        self.reversed |= {int(channel) + 1 for channel in np.flatnonzero(opposite)}
        return block @ np.where(opposite, -self._mean, self._mean)

    def _opposite(self, block: Samples) -> npt.NDArray[np.bool_]:
        """Return which channels have the opposite sign of the loudest, (n_channels,)."""
        change = np.diff(np.ascontiguousarray(block.T), axis=1)
        power = np.einsum("ij,ij->i", change, change)
        if self._loudest is None and power.max(initial=0) > _CHANGE * change.shape[1]:
            self._loudest = int(np.argmax(power))
        if self._loudest is None:
            return np.zeros(len(power), bool)
        self._power += power
        self._product += change @ change[self._loudest]
        limit = _OPPOSITE * np.sqrt(self._power * self._power[self._loudest])
        opposite: npt.NDArray[np.bool_] = self._product < limit
        return opposite
