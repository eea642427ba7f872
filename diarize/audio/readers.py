"""Where samples come from: an array in memory, or a file as far as it can be read."""

from __future__ import annotations

import io
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
import soundfile

from diarize.audio.headers import cut_short, decoder, has_count, open_sound
from diarize.errors import AudioError, DiarizeWarning

Samples = npt.NDArray[np.float32]

_MAX_CHANNELS = 1024
_SHORTAGE = 0.1  # s; the lengths in compressed files are not exact
_TAG_BYTES = 4096  # less than that after the sound of an MP3 is a tag


class Reader(Protocol):
    """What `AudioStream` needs of a source: blocks of shape (n, n_channels), reused from one to the next."""

    name: str
    sample_rate: int
    n_channels: int

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
        if samples.dtype.kind not in "iuf":
            raise AudioError(f"audio array: samples must be integers or floats, got {samples.dtype}")
        if not len(samples):
            raise AudioError("audio array: holds no audio samples; give at least one")
        self.sample_rate = sample_rate
        self.n_channels = samples.shape[1]
        self._samples = samples

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


class FileReader:
    """Blocks of a sound file; reads what is there of a damaged one and warns."""

    def __init__(self, name: str, file: BinaryIO, owned: bool) -> None:
        self.name = name
        self._file = file
        self._owned = owned
        self._sound = open_sound(name, file, direct=owned)
        self.sample_rate = int(self._sound.samplerate)
        self.n_channels = int(self._sound.channels)
        if not self._sound.frames:
            raise AudioError(f"{name}: has a header but no audio samples; check how it was recorded or copied")

    def blocks(self, size: int) -> Iterator[Samples]:
        buffer = np.empty((min(size, self._sound.frames), self.n_channels), np.float32)
        n_read, more = 0, True
        while more:
            promised = n_read + self._sound.frames if has_count(self._sound, self._file) else 0
            count, undamaged = self._fill(buffer)
            while count:
                n_read += count
                yield buffer[:count]
                count, undamaged = self._fill(buffer) if undamaged else (0, False)
            short = promised - n_read > _SHORTAGE * self.sample_rate
            intact = undamaged and not short and not cut_short(self._sound.extra_info)
            more = intact and self._open_rest()
        if not intact:
            seconds = n_read / self.sample_rate
            warnings.warn(
                f"{self.name}: the file is cut short or damaged; using the {seconds:.3f} s before that",
                DiarizeWarning,
                stacklevel=2,
            )

    def _fill(self, buffer: Samples) -> tuple[int, bool]:
        """Return how many samples were read, and whether libsndfile met no damage."""
        before = self._sound.tell()
        try:
            return len(self._sound.read(out=buffer)), True
        except soundfile.LibsndfileError:  # the samples before the damage are in the buffer all the same
            return min(max(self._sound.tell() - before, 0), len(buffer)), False

    def _open_rest(self) -> bool:
        """Open what follows in an MP3 that counts too few samples: joined files, a variable rate without a count."""
        if self._sound.format != "MP3":
            return False
        rest, n_bytes = _copied(self._file)
        try:
            sound = decoder(rest, direct=True) if n_bytes > _TAG_BYTES else None
        except soundfile.LibsndfileError:
            sound = None
        if sound is None or (sound.samplerate, sound.channels) != (self.sample_rate, self.n_channels):
            rest.close()
            return False
        self.close()
        self._file, self._owned, self._sound = rest, True, sound
        return True

    def close(self) -> None:
        self._sound.close()
        if self._owned:
            self._file.close()


def from_file(name: str, file: BinaryIO, owned: bool) -> FileReader:
    """Return a reader of a binary file, of a copy of it where it cannot seek; it closes what it owns, unbuffered."""
    try:
        if not file.seekable():  # a pipe: libsndfile must seek
            copy, _ = _copied(file)
            if owned:
                file.close()
            file, owned = copy, True
        return FileReader(name, file, owned)
    except BaseException:
        if owned:
            file.close()
        raise


def _copied(file: BinaryIO) -> tuple[BinaryIO, int]:
    """Return what is left of a file in an unbuffered temporary one, and the number of bytes."""
    copy = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (closed with the reader)
    writer = io.BufferedWriter(copy)
    shutil.copyfileobj(file, writer)
    writer.detach()  # writes what is in its buffer
    n_bytes = copy.tell()
    copy.seek(0)
    return copy, n_bytes
