"""Read sound as a stream of mono float blocks: any libsndfile format, rate, bit depth and number of channels.

The only module that knows soundfile and soxr. Memory does not grow with the length of a recording.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from numbers import Real
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from diarize.errors import AudioError, DiarizeWarning

Samples = npt.NDArray[np.float32]
Source = str | os.PathLike[str] | BinaryIO | tuple[npt.ArrayLike, int]

_MIN_RATE = 8000
_MAX_CHANNELS = 1024
_MAX_LEVEL = 1e9  # squares of larger samples leave the range of float32 in a power spectrum
_FULL_SCALE = 0.99  # 8 bit sound ends at 127 / 128
_BLOCK_VALUES = 1 << 22  # samples times channels held at once: 16 MiB
_SHORTAGE = 0.1  # s; the lengths in compressed files are not exact
_TAG_BYTES = 4096  # less than that after the sound of an MP3 is a tag
_UNKNOWN_LENGTH = 1 << 62

# What libsndfile does not open but people have, told by the first bytes.
_CONTAINERS = (
    (4, b"ftyp", "an MP4 / M4A / MOV file"),
    (0, b"\x1aE\xdf\xa3", "a WebM / Matroska file"),
    (0, b"0&\xb2u", "a WMA / ASF file"),
    (0, b"\xff\xf1", "a raw AAC stream"),
    (0, b"\xff\xf9", "a raw AAC stream"),
    (0, b"#!AMR", "an AMR file"),
)


class _Reader(Protocol):
    """What `AudioStream` needs of a source: blocks of shape (n, n_channels), reused from one to the next."""

    name: str
    sample_rate: int
    n_channels: int

    def blocks(self, size: int) -> Iterator[Samples]: ...

    def close(self) -> None: ...


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
    duration : float
        Seconds read so far, counted from the samples and not from a header; the whole length after the last block.
    clipped_share : float
        Share of the samples read so far that reach full scale, between 0 and 1.
    """

    def __init__(self, reader: _Reader, uri: str, sample_rate: int, channel: int | None, block_seconds: float) -> None:
        self.uri = uri
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
        weights = np.full(self.n_channels, 1 / self.n_channels, np.float32)
        for block in self._reader.blocks(self._size):
            used = block if self._channel is None else block[:, self._channel - 1 : self._channel]
            self._check(used)
            self._n_read += len(used)
            # sums over rows are slow along a short axis; a product is not
            yield used @ weights if used.shape[1] > 1 else used[:, 0].copy()
        if not self._n_read:
            raise AudioError(f"{self._reader.name}: holds no audio samples; check the file or record again")

    def _check(self, used: Samples) -> None:
        peak = max(-float(used.min()), float(used.max()))
        if not peak <= _MAX_LEVEL:  # true for NaN as well
            bad = ~(np.abs(used) <= _MAX_LEVEL)
            row = int(np.argmax(bad.any(axis=1)))
            value = float(used[row][bad[row]][0])
            time = (self._n_read + row) / self.native_sample_rate
            raise AudioError(
                f"{self._reader.name}: the sample at {time:.3f} s is {value:g}; audio must be finite, with full scale "
                "at 1; export the recording again"
            )
        if peak >= _FULL_SCALE:
            self._n_clipped += int(np.count_nonzero(np.abs(used) >= _FULL_SCALE))


class _ArrayReader:
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


class _FileReader:
    """Blocks of a sound file; reads what is there of a damaged one and warns."""

    def __init__(self, name: str, file: BinaryIO, owned: bool) -> None:
        self.name = name
        self._file = file
        self._owned = owned
        self._sound = _open_sound(name, file)
        self.sample_rate = int(self._sound.samplerate)
        self.n_channels = int(self._sound.channels)
        if not self._sound.frames:
            raise AudioError(f"{name}: has a header but no audio samples; check how it was recorded or copied")

    def blocks(self, size: int) -> Iterator[Samples]:
        buffer = np.empty((min(size, self._sound.frames), self.n_channels), np.float32)
        n_read, more = 0, True
        while more:
            promised = n_read + self._sound.frames if _has_count(self._sound, self._file) else 0
            count, undamaged = self._fill(buffer)
            while count:
                n_read += count
                yield buffer[:count]
                count, undamaged = self._fill(buffer) if undamaged else (0, False)
            short = promised - n_read > _SHORTAGE * self.sample_rate
            intact = undamaged and not short and not _cut_short(self._sound.extra_info)
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
        rest = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the reader)
        shutil.copyfileobj(self._file, rest)
        n_bytes = rest.tell()
        rest.seek(0)
        try:
            sound = soundfile.SoundFile(rest) if n_bytes > _TAG_BYTES else None
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


def open_audio(
    source: Source, sample_rate: int, channel: int | None = None, block_seconds: float = 30.0
) -> AudioStream:
    """Open a recording as a stream of mono float32 blocks.

    Parameters
    ----------
    source : path, binary file object, or tuple of array (n,) or (n, n_channels) and sample rate (Hz)
        Integer arrays are scaled by the range of their type, float arrays taken as they are.
    sample_rate : int
        Hz, wanted for the blocks.
    channel : int, optional
        1-based channel to use; the mean of all channels without it.
    block_seconds : float
        Longest block; blocks of many channels at a high rate are shorter, which changes no sample.

    Returns
    -------
    AudioStream
        A context manager; iterating over it yields arrays of shape (n_samples,).

    Raises
    ------
    AudioError
        When there is nothing that can be read; also while iterating, for samples that are not finite.

    Examples
    --------
    >>> with open_audio((np.zeros(44100, np.int16), 44100), 16000) as stream:
    ...     sum(len(block) for block in stream), stream.duration
    (16000, 1.0)
    """
    reader = _open_reader(source)
    try:
        if reader.sample_rate < _MIN_RATE:
            raise AudioError(
                f"{reader.name}: the sample rate is {reader.sample_rate} Hz; speech needs at least {_MIN_RATE} Hz"
            )
        if channel is not None and not 1 <= channel <= reader.n_channels:
            raise AudioError(
                f"{reader.name}: there is no channel {channel}; it has {reader.n_channels}, counted from 1"
            )
    except AudioError:
        reader.close()
        raise
    return AudioStream(reader, audio_uri(source), sample_rate, channel, block_seconds)


def read_audio(source: Source, sample_rate: int, channel: int | None = None) -> Samples:
    """Return a whole recording as one array of shape (n_samples,); parameters and errors as in `open_audio`.

    Examples
    --------
    >>> read_audio((np.array([0, 16384, -32768], np.int16), 16000), 16000)
    array([ 0. ,  0.5, -1. ], dtype=float32)
    """
    with open_audio(source, sample_rate, channel) as stream:
        return np.concatenate(list(stream))


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Return `samples` of shape (n_samples,), taken at `from_rate` (Hz), at `to_rate` (Hz)."""
    if from_rate == to_rate:
        return samples
    resampled: Samples = soxr.resample(samples, from_rate, to_rate, quality="HQ")
    return resampled


def audio_uri(source: Source) -> str:
    """Return the name of a recording: the stem of its file name, "audio" where it has none.

    Examples
    --------
    >>> audio_uri("calls/monday morning.flac")
    'monday morning'
    """
    name = source if isinstance(source, str | os.PathLike) else getattr(source, "name", None)
    return Path(name).stem if isinstance(name, str | os.PathLike) else "audio"


def _open_reader(source: Any) -> _Reader:
    if isinstance(source, tuple):
        if len(source) != 2 or not isinstance(source[1], Real) or not float(source[1]).is_integer():
            raise AudioError("audio array: give a tuple of the samples and the sample rate in whole Hz")
        return _ArrayReader(source[0], int(float(source[1])))
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if path.is_dir():
            raise AudioError(f"{path}: is a directory; name an audio file")
        try:
            file: BinaryIO = path.open("rb")
        except OSError as error:
            raise AudioError(f"{path}: cannot be opened: {error.strerror}") from error
        return _from_file(str(path), file, owned=True)
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        return _from_file(name if isinstance(name, str) else "audio file object", source, owned=False)
    raise AudioError(f"audio must be a path, a binary file object or (array, sample rate), got {type(source).__name__}")


def _from_file(name: str, file: BinaryIO, owned: bool) -> _FileReader:
    try:
        if not file.seekable():  # a pipe: libsndfile must seek
            copy = tempfile.TemporaryFile()  # noqa: SIM115  (closed by the reader)
            shutil.copyfileobj(file, copy)
            copy.seek(0)
            if owned:
                file.close()
            file, owned = copy, True
        return _FileReader(name, file, owned)
    except BaseException:
        if owned:
            file.close()
        raise


def _open_sound(name: str, file: BinaryIO) -> Any:
    start = file.tell()
    head = file.read(16)
    file.seek(start)
    if not isinstance(head, bytes):
        raise AudioError(f"{name}: the file object gives text; open it in binary mode")
    if not head:
        raise AudioError(f"{name}: the file is empty; check how it was recorded or copied")
    try:
        return soundfile.SoundFile(file)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: headerless .raw
        for offset, mark, kind in _CONTAINERS:
            if head[offset:].startswith(mark):
                raise AudioError(
                    f"{name}: is {kind}, which cannot be read; convert it, for instance with: "
                    f"ffmpeg -i INPUT output.wav"
                ) from error
        raise AudioError(
            f"{name}: is not a sound file that can be read (WAV, FLAC, MP3, Ogg, Opus, AIFF, ...), or it is damaged; "
            "if other programs play it, convert it, for instance with: ffmpeg -i INPUT output.wav"
        ) from error


def _has_count(sound: Any, file: BinaryIO) -> bool:
    """Tell whether the number of samples stands in the file; for an MP3 without it libsndfile makes a guess."""
    if sound.format != "MP3":
        return bool(sound.frames < _UNKNOWN_LENGTH)
    position = file.tell()
    file.seek(0)
    head = file.read(10)
    size = 0
    if head.startswith(b"ID3"):  # a tag of 4 times 7 bits of length
        size = 10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
    file.seek(size)
    frame = file.read(256)
    file.seek(position)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))


def _cut_short(log: str) -> bool:
    """Tell from libsndfile's log whether a header promised more bytes than the file has."""
    for line in log.splitlines():
        if any(sign in line.lower() for sign in ("truncated file", "end-of-stream", "junk after the last page")):
            return True
        numbers = line.partition(":")[2].replace("(should be", "").replace(")", "").split()
        if "(should be" in line and len(numbers) == 2 and all(number.isdigit() for number in numbers):
            promised, present = int(numbers[0]), int(numbers[1])
            # recorders that write to a pipe put a huge size; some headers are a few bytes off
            if promised < 0x7FFFF000 and promised - present > 64:
                return True
    return False
