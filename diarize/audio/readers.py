"""What a stream needs of a source of samples, and the simplest source: an array in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from diarize.errors import AudioError

Samples = npt.NDArray[np.float32]

_MAX_CHANNELS = 1024


class Undecodable(AudioError):
    """A file that the decoder at hand cannot read; another one may."""


class Reader(Protocol):
    """What decodes a source: blocks of shape (n, n_channels), reused from one to the next.

    They follow each other without a gap, so that the samples before a block say when it is: what is missing in the
    source is silence. `remarks` says what is wrong with the source, as far as it was read.
    """

    name: str
    sample_rate: int
    n_channels: int
    remarks: list[str]

    def skip(self, n_samples: int) -> int:
        """Prepare for blocks that are not needed before a sample; return how many samples are left out for that.

        No sample behind may be another than without it: most codecs carry something along, and must be decoded.
        """

    def blocks(self, size: int) -> Iterator[Samples]: ...

    def close(self) -> None: ...


class ArrayReader:
    """Blocks of an array in memory; integers are scaled by their type."""

    name = "audio array"

    def __init__(self, array: npt.ArrayLike, sample_rate: int) -> None:
        samples = np.asarray(array)
        if samples.ndim == 1:
            samples = samples[:, None]
        if samples.ndim != 2 or not 1 <= samples.shape[1] <= _MAX_CHANNELS:
            raise AudioError(
                f"audio array: its shape must be (n_samples,) or (n_samples, n_channels), got {np.shape(array)}"
            )
        self.remarks: list[str] = []
        if samples.dtype.kind not in "iuf":
            raise AudioError(f"audio array: samples must be integers or floats, got {samples.dtype}")
        if not len(samples):
            raise AudioError("audio array: holds no audio samples; give at least one")
        self.sample_rate = sample_rate
        self.n_channels = samples.shape[1]
        self._samples = samples

    def skip(self, n_samples: int) -> int:
        n_skipped = min(n_samples, len(self._samples))
        self._samples = self._samples[n_skipped:]
        return n_skipped

    def blocks(self, size: int) -> Iterator[Samples]:
        kind = self._samples.dtype
        scale, offset = np.float32(1), np.float32(0)
        if kind.kind in "iu":
            scale = np.float32(2.0 ** (1 - 8 * kind.itemsize))
            offset = np.float32(1 if kind.kind == "u" else 0)  # unsigned sound rests at half scale
        for start in range(0, len(self._samples), size):
            with np.errstate(over="ignore"):  # a float64 out of range becomes inf, which is reported with its time
                block = self._samples[start : start + size].astype(np.float32)
            yield block * scale - offset

    def close(self) -> None:
        pass
