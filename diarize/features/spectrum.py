"""From sound to log mel energies, block by block, and the time axis of their frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft

from diarize.config import FeatureConfig
from diarize.features.filters import FilterBank, frame_sizes, hann_window
from diarize.features.harmonicity import harmonicity
from diarize.grid import FrameGrid
from diarize.spooling import Rows, Spooled, parts, spooled

Samples = npt.NDArray[np.float32]
Features = npt.NDArray[np.float32]

FLOOR = 1e-12  # of the power of a full-scale sine: under the rounding noise of 16 bit sound, so only silence meets it
_SILENT = 1e-35  # power; what is below cannot be told from nothing
_QUIET = 1e-6  # power; a recording that nowhere reaches it is made louder
_USUAL = 1e-4  # power of the loudest second of such a recording then
_OFFSET = 0.01  # mean of some seconds of sound; ordinary recordings stay under half of it
_CHUNK = 500  # frames; a fixed number makes the result independent of the blocks the samples come in


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """What one pass over the sound gives.

    Parameters
    ----------
    log_mel : rows of shape (n_frames, n_mels), float32
        Log-mel energies, eq. (1); of long recordings on disk.
    harmonicity : array of shape (n_frames,), float32
        How much each frame's spectrum looks like that of a voice.
    """

    log_mel: Rows
    harmonicity: Features

    def __len__(self) -> int:
        return len(self.log_mel)

    @property
    def n_mels(self) -> int:
        """How many bands there are."""
        return int(self.log_mel.shape[1])

    def lowest(self, n_mels: int) -> Spectrum:
        """Return the spectrum in the lowest bands only, without a copy."""
        log_mel = self.log_mel
        rows = log_mel.lowest(n_mels) if isinstance(log_mel, Spooled) else log_mel[:, :n_mels]
        return Spectrum(rows, self.harmonicity)


def mel_spectrum(blocks: Iterable[Samples], config: FeatureConfig, filters: FilterBank | None = None) -> Spectrum:
    """Return the log-mel energies of each frame, as `log_mel` does, and how much its spectrum looks like a voice's.

    Parameters
    ----------
    blocks, config, filters
        As for `log_mel`.

    Examples
    --------
    >>> sound = mel_spectrum([np.zeros(16000, np.float32)], FeatureConfig())
    >>> sound.log_mel.shape, sound.harmonicity.shape
    ((98, 40), (98,))
    """
    voicing = [np.zeros(0, np.float32)]

    def powers() -> Iterator[Features]:
        for power in _powers(blocks, config):
            voicing.append(harmonicity(power, config.sample_rate))
            yield power

    return Spectrum(_energies(powers(), config, filters), np.concatenate(voicing))


def log_mel(blocks: Iterable[Samples], config: FeatureConfig, filters: FilterBank | None = None) -> Features:
    """Return the natural logarithm of the power in mel bands, frame by frame.

    Frame i covers the samples from i * step to i * step + length, with a Hann window. The power of a full-scale sine
    is 1 at the top of its band; powers under `FLOOR` are raised to it. How the samples are cut into blocks changes
    nothing, and only one block is held at a time.

    Two faults that would hide speech are corrected. A recording whose loudest second stays
    under -60 dB in every band is made louder by a power of two, to about -40 dB. Some seconds with a mean beyond 0.01
    and a quarter of their deviation are moved to a mean of 0.

    Parameters
    ----------
    blocks : iterable of array, each (n_samples,)
        Mono sound at `config.sample_rate`.
    config : FeatureConfig
        Frame sizes and filter bank.
    filters : FilterBank, optional
        Designed from `config` if not given.

    Returns
    -------
    array of shape (n_frames, config.n_mels)
        One row at least where there is any sample: less than a frame is filled up with zeros.

    Raises
    ------
    ConfigError
        When the filter bank would have bands without any FFT bin.

    References
    ----------
    Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition in continuously
    spoken sentences", IEEE Trans. ASSP 28(4), 1980. https://doi.org/10.1109/TASSP.1980.1163420

    Examples
    --------
    >>> log_mel([np.zeros(16000, np.float32)], FeatureConfig()).shape
    (98, 40)
    """
    return np.asarray(_energies(_powers(blocks, config), config, filters))


def grid(n_frames: int, config: FeatureConfig, duration: float, start: float = 0.0) -> FrameGrid:
    """Return the time grid of frames: each stands for a cell of one step about the centre of its window.

    The sound is `duration` seconds long and begins at second `start` of its recording.
    """
    length, step, _ = frame_sizes(config)
    offset = max(length - step, 0) / 2 / config.sample_rate
    return FrameGrid(n_frames, step / config.sample_rate, offset, duration, start)


def _bank(config: FeatureConfig, filters: FilterBank | None) -> Features:
    return np.ascontiguousarray((filters or FilterBank.design(config)).weights.T)


def _powers(blocks: Iterable[Samples], config: FeatureConfig) -> Iterator[Features]:
    """Yield the power spectra of some hundred frames after the other, (n_frames, n_fft // 2 + 1)."""
    length, step, n_fft = frame_sizes(config)
    window = hann_window(length)
    window = (window * 2 / window.sum()).astype(np.float32)
    padded = np.zeros((_CHUNK, n_fft), np.float32)
    for samples in _chunks(blocks, length, step):
        frames = np.lib.stride_tricks.sliding_window_view(_centred(samples), length)[::step]
        n_frames = len(frames)
        np.multiply(frames, window, out=padded[:n_frames, :length])
        spectrum = rfft(padded[:n_frames], axis=1)
        yield spectrum.real**2 + spectrum.imag**2


def _energies(powers: Iterable[Features], config: FeatureConfig, filters: FilterBank | None) -> Rows:
    """Return the logarithms of the power in mel bands, of a recording that is too quiet everywhere made louder.

    A sum with the logarithms does what a product with the samples would have done.
    """
    bank, floor = _bank(config, filters), np.log(np.full(1, FLOOR, np.float32))
    loudest = [np.zeros(0, np.float32)]  # band of each frame

    def plain() -> Iterator[Features]:
        for power in powers:
            energies: Features = np.log(np.maximum(power @ bank, np.float32(_SILENT)))
            loudest.append(energies.max(axis=1))
            yield energies

    rows = spooled(plain(), config.n_mels)
    gain = _gain(np.concatenate(loudest), config)
    if isinstance(rows, Spooled):
        return spooled((np.maximum(rows[part] + gain, floor) for part in parts(len(rows))), config.n_mels)
    rows += gain
    return np.maximum(rows, floor, out=rows)


def _centred(samples: Samples) -> Samples:
    """Return samples without an offset that would hide the speech."""
    offset = samples.mean(dtype=np.float64)
    if abs(offset) <= _OFFSET or abs(offset) <= samples.std(dtype=np.float64) / 4:
        return samples
    return samples - np.float32(offset)


def _gain(loudest: Features, config: FeatureConfig) -> np.float32:
    """Return what is added to all logarithms (nats), given those of the loudest band of each frame, (n_frames,)."""
    second = np.sort(loudest)[-round(1 / config.frame_step) :]
    if len(second) and np.log(10 * _SILENT) < second[0] < np.log(_QUIET):
        return np.float32(np.log(4.0) * round((np.log(_USUAL) - second[0]) / np.log(4.0)))
    return np.float32(0)


def _chunks(blocks: Iterable[Samples], length: int, step: int) -> Iterator[Samples]:
    """Cut a stream into stretches of exactly `_CHUNK` frames and a last one with the rest."""
    size, advance = (_CHUNK - 1) * step + length, _CHUNK * step
    buffer = np.zeros(max(size, advance), np.float32)
    filled, first = 0, True
    for block in blocks:
        taken = 0
        while taken < len(block):
            n_samples = min(len(block) - taken, len(buffer) - filled)
            buffer[filled : filled + n_samples] = block[taken : taken + n_samples]
            filled, taken = filled + n_samples, taken + n_samples
            if filled == len(buffer):
                yield buffer[:size]
                filled, first = len(buffer) - advance, False
                buffer[:filled] = buffer[advance:].copy()
    if first and 0 < filled < length:
        filled = length  # the buffer was made of zeros
    if filled >= length:
        yield buffer[: (filled - length) // step * step + length]
