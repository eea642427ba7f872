"""What a page shows and plays of a recording, from one pass over the sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from diarize.audio import COMPRESSED_RATE, AudioInput, AudioStream, Samples, mp3_writer, open_audio
from diarize.audio.peaks import Peaks
from diarize.config import FeatureConfig
from diarize.features import log_mel
from diarize.features.filters import mel_edges
from diarize.report.pictures import Grey, png

PEAK_RATE = 100  # peaks a second
MOST_COLUMNS = 60_000  # of the spectrogram, whatever the length
TILE_COLUMNS = 2_048
_SPECTRUM = FeatureConfig(
    sample_rate=COMPRESSED_RATE, frame_length=0.064, frame_step=0.02, n_mels=64, f_min=60.0, f_max=8000.0
)
# seconds at which the first column begins: each stands for the middle of its window
COLUMN_OFFSET = round((_SPECTRUM.frame_length - _SPECTRUM.frame_step) / 2, 6)
_RANGE = 60.0  # dB between black and white, as in web/src/sound/mel.js

Heard = Callable[[float], object]  # takes the seconds that were heard so far


@dataclass(frozen=True, slots=True, eq=False)
class Soundscape:
    """A recording as a page shows it.

    Parameters
    ----------
    duration : float, seconds
    sample_rate : int, Hz
        Of the recording.
    peaks : array of shape (n_peaks, 2), int8
        Lowest and highest sample of each hundredth of a second; 127 is the loudest of all.
    loudest : float
        The largest sample, with full scale at 1.
    tiles : tuple of bytes
        The mel spectrogram as PNG files, low frequencies at the bottom, `TILE_COLUMNS` wide but for the last.
    column_seconds : float
        Time between two columns.
    edges : tuple of float, Hz
        Of its bands: band b rises from edge b to edge b + 1 and falls to edge b + 2.
    white : float, dB
        Power in a band that is the brightest shade; black is 60 dB below.
    sound : binary file or None
        The sound as MP3; None where it is longer than was asked for.
    """

    duration: float
    sample_rate: int
    peaks: npt.NDArray[np.int8]
    loudest: float
    tiles: tuple[bytes, ...]
    column_seconds: float
    edges: tuple[float, ...]
    white: float
    sound: BinaryIO | None


def listen(
    audio: AudioInput, channel: int | None = None, longest: float = 0.0, heard: Heard = lambda seconds: None
) -> Soundscape:
    """Read a recording once: peaks, spectrogram, and the sound itself where it is to be embedded.

    Parameters
    ----------
    audio : path, binary file object, or tuple of samples and sample rate
    channel : int or None
        Counted from 1; all channels mixed without it.
    longest : float, seconds
        Longest recording whose sound is kept; 0 for none.
    heard : callable
        Takes the seconds that were heard, after each block.

    Raises
    ------
    AudioError
        The recording cannot be read.
    """
    peaks = Peaks(COMPRESSED_RATE // PEAK_RATE)
    with open_audio(audio, COMPRESSED_RATE, channel) as stream, _Copy(longest) as copy:
        energies = log_mel(_heard(stream, peaks, copy, heard), _SPECTRUM)
    n_bands = _bands_of(stream.native_sample_rate)
    pooled = _pooled(energies[:, :n_bands])
    decibels = pooled * np.float32(10 / np.log(10))
    white = float(np.quantile(decibels[:: max(1, len(decibels) // 5000)], 0.998))
    shades = _shades(decibels, white).T[::-1]
    starts = range(0, shades.shape[1], TILE_COLUMNS)
    scaled, loudest = _scaled(peaks.all())
    return Soundscape(
        duration=stream.duration,
        sample_rate=stream.native_sample_rate,
        peaks=scaled,
        loudest=loudest,
        tiles=tuple(png(shades[:, start : start + TILE_COLUMNS]) for start in starts),
        column_seconds=_SPECTRUM.frame_step * _pooling(len(energies)),
        edges=tuple(mel_edges(_SPECTRUM)[: n_bands + 2].tolist()),
        white=white,
        sound=copy.file,
    )


def _heard(stream: AudioStream, peaks: Peaks, copy: _Copy, heard: Heard) -> Iterator[Samples]:
    for block in stream:
        peaks.add(block)
        copy.add(block)
        heard(stream.duration)
        yield block


def _scaled(peaks: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], float]:
    """Return peaks with the loudest at 127, and how loud that is."""
    loudest = float(np.abs(peaks).max(initial=0.0))
    return np.round(peaks * (127 / loudest if loudest else 0.0)).astype(np.int8), loudest


class _Copy:
    """The sound as MP3 in a temporary file, given up once it is longer than wanted."""

    def __init__(self, longest: float) -> None:
        self._left = longest * COMPRESSED_RATE
        self._stack = ExitStack()
        self.file: BinaryIO | None = None

    def __enter__(self) -> _Copy:
        if self._left > 0:
            self.file = TemporaryFile()
            self._write = self._stack.enter_context(mp3_writer(self.file))
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._stack.close()
        if kind is not None and self.file is not None:  # nobody else will have it
            self.file.close()

    def add(self, block: Samples) -> None:
        self._left -= len(block)
        if self.file is not None and self._left < 0:
            self._stack.close()
            self.file.close()
            self.file = None
        if self.file is not None:
            self._write(block)


def _bands_of(sample_rate: int) -> int:
    """Return how many of the bands lie within what a sample rate can hold."""
    upper = mel_edges(_SPECTRUM)[2:]
    return int(np.count_nonzero(upper <= max(sample_rate / 2, 4000) + 1))


def _pooling(n_frames: int) -> int:
    return max(1, -(-n_frames // MOST_COLUMNS))


def _pooled(energies: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the means over so many frames that there are at most `MOST_COLUMNS`."""
    size = _pooling(len(energies))
    edges = np.arange(0, len(energies), size)
    counts = np.diff(np.append(edges, len(energies)))[:, None]
    return (np.add.reduceat(energies, edges, axis=0) / counts).astype(np.float32)


def _shades(decibels: npt.NDArray[np.float32], white: float) -> Grey:
    """Return decibels as shades: 255 for what is white, which one cell in 500 surpasses, 0 for 60 dB below."""
    shades: Grey = np.clip((decibels - white + _RANGE) * (255 / _RANGE), 0, 255).round().astype(np.uint8)
    return shades
