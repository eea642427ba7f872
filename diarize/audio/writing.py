"""Write sound as it is made, block by block."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
import soundfile

from diarize.audio.readers import Samples
from diarize.errors import AudioError

CONTAINERS = ("wav", "flac")
_LARGEST = 1 - 2.0**-23  # the largest sample of 24 bits


@contextmanager
def sound_writer(file: BinaryIO, sample_rate: int, container: str = "wav") -> Iterator[Callable[[Samples], None]]:
    """Give a function that appends mono blocks to a sound file of 24 bits.

    Parameters
    ----------
    file : binary file object
        Open for writing, empty; it stays open.
    sample_rate : int
        Hz.
    container : {'wav', 'flac'}
        Kind of the file.

    Yields
    ------
    callable
        Takes arrays (n_samples,) with full scale at 1; what is beyond is cut off.

    Raises
    ------
    AudioError
        The kind is unknown, or the file cannot be written.

    Examples
    --------
    >>> import io
    >>> with sound_writer(file := io.BytesIO(), 16000) as write:
    ...     write(np.zeros(100, np.float32))
    >>> file.getvalue()[:4]
    b'RIFF'
    """
    if container not in CONTAINERS:
        raise AudioError(f"sound is written as {' or '.join(CONTAINERS)}, got {container!r}")
    try:
        sound = _opened(file, sample_rate, container)
        try:

            def write(samples: Samples) -> None:
                sound.write(np.clip(samples, -1.0, _LARGEST))

            yield write
        finally:
            sound.close()
    except (soundfile.LibsndfileError, AssertionError) as error:  # soundfile asserts that all was written
        raise AudioError(f"the sound cannot be written: {error or 'is the disk full?'}") from error


def _opened(file: BinaryIO, sample_rate: int, container: str) -> soundfile.SoundFile:
    settings = {"samplerate": sample_rate, "channels": 1, "format": container.upper(), "subtype": "PCM_24"}
    return soundfile.SoundFile(target(file), "w", closefd=False, **settings)


def target(file: BinaryIO) -> BinaryIO | int:
    """Return what soundfile writes to: the file's descriptor, as an error in a callback into Python would get lost."""
    try:
        return file.fileno() if os.name == "posix" else file
    except OSError:  # a file in memory
        return file
