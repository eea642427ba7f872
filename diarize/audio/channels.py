"""One pass over all channels of a recording, side by side and not mixed."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np
import soxr

from diarize.audio.readers import Reader, Samples

_BLOCK = 5.0  # s
_BLOCK_VALUES = 1 << 20  # samples times channels held at once


class ChannelStream:
    """One pass over a recording in blocks of shape (n_samples, n_channels); made by `open_channels`.

    Samples are not checked: who mixes them or takes one channel does that.

    Attributes
    ----------
    sample_rate : int
        Hz, of the blocks.
    n_channels : int
    """

    def __init__(self, reader: Reader, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.n_channels = reader.n_channels
        self._reader = reader

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    def __iter__(self) -> Iterator[Samples]:
        rate = self._reader.sample_rate
        size = max(1, min(int(_BLOCK * rate), _BLOCK_VALUES // self.n_channels))
        if rate == self.sample_rate:
            yield from self._reader.blocks(size)
            return
        stream = soxr.ResampleStream(rate, self.sample_rate, self.n_channels, dtype="float32", quality="LQ")
        for block in self._reader.blocks(size):
            yield stream.resample_chunk(np.ascontiguousarray(block)).reshape(-1, self.n_channels)
        yield stream.resample_chunk(np.zeros((0, self.n_channels), np.float32), last=True).reshape(-1, self.n_channels)
