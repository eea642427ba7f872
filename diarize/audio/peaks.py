"""The outline of a sound: how far it reaches in each small stretch of time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.audio.readers import Samples


class Peaks:
    """Lowest and highest sample of each `step` samples, as blocks of mono sound come.

    Examples
    --------
    >>> peaks = Peaks(2)
    >>> for block in ([0.5, -0.25, 0.0], [1.0, -0.5]):
    ...     peaks.add(np.array(block, np.float32))
    >>> peaks.all().tolist()
    [[-0.25, 0.5], [0.0, 1.0], [-0.5, -0.5]]
    """

    def __init__(self, step: int) -> None:
        self._step = step
        self._rest = np.zeros(0, np.float32)
        self._rows = [np.zeros((0, 2), np.float32)]

    def add(self, block: Samples) -> None:
        """Take the next samples, shape (n_samples,)."""
        samples = np.concatenate([self._rest, block])
        n_whole = len(samples) // self._step * self._step
        self._rows.append(_extremes(samples[:n_whole].reshape(-1, self._step)))
        self._rest = samples[n_whole:]

    def all(self) -> npt.NDArray[np.float32]:
        """Return all peaks so far, shape (n_peaks, 2); a last stretch that is shorter counts as one."""
        last = [_extremes(self._rest[None])] if len(self._rest) else []
        return np.concatenate([*self._rows, *last])


def _extremes(stretches: Samples) -> npt.NDArray[np.float32]:
    return np.stack([stretches.min(axis=1), stretches.max(axis=1)], axis=1)
