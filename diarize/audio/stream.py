"""One pass over a recording: mixed down, resampled, checked, counted."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np
import soxr

from diarize.audio.mixing import Mixer
from diarize.audio.readers import Reader, Samples
from diarize.errors import AudioError, DiarizeWarning

_MAX_LEVEL = 1e9  # squares of larger samples leave the range of float32 in a power spectrum
_FULL_SCALE = 0.99  # 8 bit sound ends at 127 / 128
_BLOCK_VALUES = 1 << 22  # samples times channels held at once: 16 MiB


class AudioStream:
    """One pass over a recording in mono blocks; made by `open_audio`, closed by leaving its `with` block.

    Attributes
    ----------
    uri : str
        Name of the recording: the stem of its file name, "audio" for arrays.
    sample_rate : int
        Hz, of the blocks.
    native_sample_rate : int
        Hz, of the source.
    n_channels : int
        Channels of the source.
    start : float
        Seconds of the recording that lie before the first block.
    duration : float
        Seconds read so far, counted from the samples and not from a header; the whole length after the last block.
    clipped_share : float
        Share of the samples read so far that reach full scale, between 0 and 1.
    """

    def __init__(
        self, reader: Reader, uri: str, sample_rate: int, channel: int | None, block_seconds: float, start: float
    ) -> None:
        self.uri = uri
        self.start = start
        self.sample_rate = sample_rate
        self.native_sample_rate = reader.sample_rate
        self.n_channels = reader.n_channels
        self._reader = reader
        self._channel = channel
        wanted = int(block_seconds * reader.sample_rate)
        self._size = max(1, min(wanted, _BLOCK_VALUES // reader.n_channels))
        self._n_read = 0
        self._n_clipped = 0
        self._started = False

    @property
    def duration(self) -> float:
        return self._n_read / self.native_sample_rate

    @property
    def clipped_share(self) -> float:
        n_used = self._n_read * (self.n_channels if self._channel is None else 1)
        return self._n_clipped / n_used if n_used else 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file behind the stream; a file object given by the caller stays open."""
        self._reader.close()

    def __iter__(self) -> Iterator[Samples]:
        if self._started:
            raise AudioError(f"{self._reader.name}: this stream has been read already; open the audio again")
        self._started = True
        return self._resampled()

    def _resampled(self) -> Iterator[Samples]:
        if self.native_sample_rate == self.sample_rate:
            yield from self._mono()
        else:
            stream = soxr.ResampleStream(self.native_sample_rate, self.sample_rate, 1, dtype="float32", quality="HQ")
            for block in self._mono():
                resampled = stream.resample_chunk(block)
                if len(resampled):
                    yield resampled
            rest = stream.resample_chunk(np.zeros(0, np.float32), last=True)
            if len(rest):
                yield rest

    def _mono(self) -> Iterator[Samples]:
        mixer = Mixer(self.n_channels, self.native_sample_rate)
        for block in self._reader.blocks(self._size):
            used = block if self._channel is None else block[:, self._channel - 1 : self._channel]
            self._check(used)
            self._n_read += len(used)
            yield mixer(used) if used.shape[1] > 1 else used[:, 0].copy()
        for remark in self._reader.remarks:
            warnings.warn(f"{self._reader.name}: {remark}", DiarizeWarning, stacklevel=2)
        if mixer.first is not None:
            channels = ", ".join(map(str, sorted(mixer.reversed)))
            seconds = self.start + mixer.first / self.native_sample_rate
            warnings.warn(
                f"{self._reader.name}: the channels cancel each other (from {seconds:.3f} s on), so the sign of "
                f"channel {channels} was turned before they were mixed; to use one channel alone, name it "
                "(--channel N)",
                DiarizeWarning,
                stacklevel=2,
            )
        if not self._n_read:
            raise AudioError(f"{self._reader.name}: holds no audio samples; check the file or record again")

    def _check(self, used: Samples) -> None:
        peak = max(-float(used.min()), float(used.max()))
        if not peak <= _MAX_LEVEL:  # true for NaN as well
            bad = ~(np.abs(used) <= _MAX_LEVEL)
            row = int(np.argmax(bad.any(axis=1)))
            value = float(used[row][bad[row]][0])
            time = self.start + (self._n_read + row) / self.native_sample_rate
            raise AudioError(
                f"{self._reader.name}: the sample at {time:.3f} s is {value:g}; audio must be finite, with full scale "
                "at 1; export the recording again"
            )
        if peak >= _FULL_SCALE:
            self._n_clipped += int(np.count_nonzero(np.abs(used) >= _FULL_SCALE))


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Return `samples` of shape (n_samples,), taken at `from_rate` (Hz), at `to_rate` (Hz)."""
    if from_rate == to_rate:
        return samples
    resampled: Samples = soxr.resample(samples, from_rate, to_rate, quality="HQ")
    return resampled
