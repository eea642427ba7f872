"""Open a recording, whatever it comes as: a path, a binary file or an array."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

import numpy as np

from diarize.audio.channels import ChannelStream
from diarize.audio.decoders import from_file
from diarize.audio.excerpts import Excerpt, ExcerptReader, Source
from diarize.audio.readers import ArrayReader, Reader, Samples
from diarize.audio.stream import AudioStream
from diarize.errors import AudioError

AudioInput = Source | Excerpt

_SOUND = "aif aifc aiff au bwf caf flac mp2 mp3 oga ogg opus rf64 snd sph voc w64 wav wave"
_MEDIA = (
    "3g2 3gp aac ac3 amr ape asf avi awb dts eac3 flv m2ts m4a m4b m4v mka mkv mov mp4 mpc mpeg mpg mts ra rm spx ts "
    "tta vob weba webm wma wmv wv"
)
SUFFIXES = frozenset(f".{ending}" for ending in f"{_SOUND} {_MEDIA}".split())
"""How names of recordings end, in lower case: what is taken for one where a folder is given."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # a path has lost the second slash

_MIN_RATE = 8000


def open_audio(
    source: AudioInput, sample_rate: int, channel: int | None = None, block_seconds: float = 30.0
) -> AudioStream:
    """Open a recording as a stream of mono float32 blocks.

    Parameters
    ----------
    source : path, binary file object, or tuple of array (n,) or (n, n_channels) and sample rate (Hz)
        Integer arrays are scaled by the range of their type, float arrays taken as they are. Or an `Excerpt` of these.
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
        if channel is not None and not (isinstance(channel, Integral) and 1 <= channel <= reader.n_channels):
            raise AudioError(
                f"{reader.name}: there is no channel {channel!r}; it has {reader.n_channels}, counted from 1"
            )
    except AudioError:
        reader.close()
        raise
    start = source.start if isinstance(source, Excerpt) else 0.0
    return AudioStream(reader, audio_uri(source), sample_rate, channel, block_seconds, start)


def read_audio(source: AudioInput, sample_rate: int, channel: int | None = None) -> Samples:
    """Return a whole recording as one array of shape (n_samples,); parameters and errors as in `open_audio`.

    Examples
    --------
    >>> read_audio((np.array([0, 16384, -32768], np.int16), 16000), 16000)
    array([ 0. ,  0.5, -1. ], dtype=float32)
    """
    with open_audio(source, sample_rate, channel) as stream:
        return np.concatenate(list(stream))


def open_channels(source: AudioInput, sample_rate: int) -> ChannelStream:
    """Open a recording as a stream of float32 blocks of all channels, (n_samples, n_channels).

    Parameters
    ----------
    source : path, binary file object, or tuple of array and sample rate (Hz)
        As for `open_audio`.
    sample_rate : int
        Hz, wanted for the blocks.

    Raises
    ------
    AudioError
        When there is nothing that can be read.

    Examples
    --------
    >>> with open_channels((np.zeros((16000, 2), np.int16), 16000), 8000) as stream:
    ...     stream.n_channels, sum(len(block) for block in stream)
    (2, 8000)
    """
    return ChannelStream(_open_reader(source), sample_rate)


def audio_uri(source: AudioInput) -> str:
    """Return the name of a recording: the stem of its file name, "audio" where it has none.

    Examples
    --------
    >>> audio_uri("calls/monday morning.flac")
    'monday morning'
    """
    if isinstance(source, Excerpt):
        return audio_uri(source.audio)
    name = source if isinstance(source, str | os.PathLike) else getattr(source, "name", None)
    return Path(name).stem if isinstance(name, str | os.PathLike) else "audio"


@contextmanager
def rereadable(source: AudioInput) -> Iterator[AudioInput]:
    """Give a recording that can be opened several times: itself, or a copy of a pipe or of a file object.

    The copy lies in a temporary folder, under the name of the recording, and is removed at the end.

    Raises
    ------
    AudioError
        It cannot be opened or copied.

    Examples
    --------
    >>> import io
    >>> with rereadable(io.BytesIO(b"sound")) as copy:
    ...     audio_uri(copy), Path(copy).read_bytes(), Path(copy).read_bytes()
    ('audio', b'sound', b'sound')
    """
    if isinstance(source, Excerpt):
        with rereadable(source.audio) as copy:
            yield replace(source, audio=cast(Source, copy))
        return
    if isinstance(source, str | os.PathLike):
        if not Path(source).exists() or Path(source).is_file() or Path(source).is_dir():
            yield source
            return
        opened: BinaryIO = _opened(Path(source))
    elif isinstance(source, tuple) or not hasattr(source, "read"):
        yield source
        return
    else:
        opened = source
    name = getattr(opened, "name", None)
    with TemporaryDirectory() as folder:
        target = Path(folder) / (Path(name).name if isinstance(name, str) else "audio")
        try:
            with target.open("wb") as file:
                shutil.copyfileobj(opened, file)
        except (OSError, TypeError) as error:  # TypeError: it gives text
            raise AudioError(f"{name or 'audio file object'}: cannot be copied: {error}") from error
        finally:
            if opened is not source:
                opened.close()
        yield target


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise AudioError(f"{path}: cannot be opened: {error.strerror}") from error


def _open_reader(source: Any, track: int | None = None) -> Reader:
    if isinstance(source, Excerpt):
        reader = _open_reader(source.audio, source.track)
        return ExcerptReader(reader, source.start, source.end) if source.start or source.end else reader
    if track not in (None, 1) and isinstance(source, tuple):
        raise AudioError(f"audio array: there is no track {track}; it has one")
    if isinstance(source, tuple):
        if len(source) != 2 or not isinstance(source[1], Real) or not float(source[1]).is_integer():
            raise AudioError("audio array: give a tuple of the samples and the sample rate in whole Hz")
        return ArrayReader(source[0], int(float(source[1])))
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if _ADDRESS.match(os.fspath(source)) and not path.exists():
            raise AudioError(f"{source}: is an address; download it and name the file: nothing is read from a network")
        if path.is_dir():
            raise AudioError(f"{path}: is a directory; name an audio file")
        return from_file(str(path), _opened(path), True, track)
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        return from_file(name if isinstance(name, str) else "audio file object", source, False, track)
    raise AudioError(f"audio must be a path, a binary file object or (array, sample rate), got {type(source).__name__}")
