"""What tells speech from everything else: level, shape, movement and harmonicity of each frame, and texture.

Everything is relative to the recording: cepstra to their mean over its louder half, the level to its quiet and to its
loud moments. What is left does not depend on microphone and gain. Harmonicity, which noise lowers but cannot make,
tells quiet words from the noise around them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diarize.features.cepstra import cosine_basis, slopes
from diarize.features.spectrum import Spectrum
from diarize.features.texture import N_TEXTURE, TEXTURE_STEP, moving_average, texture
from diarize.spooling import Rows, parts, spooled

Features = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_N_CEPSTRA = 12
_SMOOTHING = 11  # frames; the level is smoothed before its quantiles are taken
_REACH = 4  # frames on each side of the one whose slope is estimated
_QUIET, _LOUD = 0.10, 0.95  # quantiles of the level that stand for background and foreground
_DECIBEL = np.log(10.0) / 10
_RANGE = 50 * _DECIBEL  # nats under the loud moments where the bands are cut off: what lies below is the recorder's
_SILENCE = 80 * _DECIBEL  # nats under the loudest moment: digital silence, which says nothing about the foreground
_SLOPE_GAIN = 3.0  # brings slopes to the scale of the cepstra
_CEPSTRA_GAIN = 1 / 3
_VOICING = (5, 31)  # frames over which harmonicity is averaged: a sound, a word
_VOICING_GAIN = np.float32(6.0)  # brings it to the scale of the cepstra
_MARGIN = 20 * TEXTURE_STEP  # frames around a part, more than any window of the texture reaches
_N_COLUMNS = 2 * _N_CEPSTRA + 3 + len(_VOICING)
SLOPES = slice(_N_CEPSTRA + 2, 2 * _N_CEPSTRA + 3)  # columns with the slopes of level and cepstra


class SpeechCues(NamedTuple):
    """What the speech detector sees.

    Parameters
    ----------
    frames : rows of shape (n_frames, 29), float32
        Of long recordings on disk.
    texture : array of shape (n_steps, 29), float32
        A row for each `TEXTURE_STEP` frames begun.
    """

    frames: Rows
    texture: Features

    def during(self, part: slice) -> SpeechCues:
        """Return the cues of some frames, in memory; the part begins with a step of texture."""
        return SpeechCues(self.frames[part], self.texture[_steps(part)])


def _steps(part: slice) -> slice:
    """Return the steps of texture that a part of the frames has, which begins with a step."""
    return slice(part.start // TEXTURE_STEP, -(-part.stop // TEXTURE_STEP))


def speech_cues(spectrum: Spectrum) -> SpeechCues:
    """Return level, spectral shape, harmonicity and texture, relative to the recording.

    Parameters
    ----------
    spectrum : Spectrum
        A frame every 10 ms.

    Returns
    -------
    SpeechCues
        Of frames: level above the quiet moments and below the loud ones (nats), 12 cepstra, slopes of level and
        cepstra, mean harmonicity of 50 and of 310 ms. Of texture: see `diarize.features.texture.texture`.

    Examples
    --------
    >>> quiet, loud = np.full((50, 40), -12.0, np.float32), np.full((50, 40), -6.0, np.float32)
    >>> cues = speech_cues(Spectrum(np.concatenate([quiet, loud]), np.zeros(100, np.float32)))
    >>> cues.frames[[0, -1], :2].round(3) + 0  # no -0
    array([[0., 6.],
           [6., 0.]], dtype=float32)
    """
    if not len(spectrum):
        return SpeechCues(np.zeros((0, _N_COLUMNS), np.float32), np.zeros((0, N_TEXTURE), np.float32))
    each, log_mel = list(parts(len(spectrum))), spectrum.log_mel
    level = moving_average(np.concatenate([log_mel[part].mean(axis=1) for part in each]), _SMOOTHING)
    heard = level > level.max() - _SILENCE
    least = np.float32(np.quantile(level[heard], _LOUD) - _RANGE)
    basis = cosine_basis(spectrum.n_mels, _N_CEPSTRA) * _CEPSTRA_GAIN
    basis[:, 0] = 1 / spectrum.n_mels  # the level in place of c0
    weights = basis.astype(np.float32)
    changes = []

    def described() -> Iterator[Features]:
        for part in each:
            first = max(0, part.start - _MARGIN)
            bands = np.maximum(log_mel[first : part.stop + _MARGIN], least)
            rows: Features = bands @ weights
            inner = slice(part.start - first, part.stop - first)
            changes.append(texture(bands, rows)[_steps(inner)])
            yield rows[inner]

    cepstra = spooled(described(), weights.shape[1])
    level = moving_average(np.concatenate([cepstra[part][:, 0] for part in each]), _SMOOTHING)
    quiet = np.float32(np.quantile(level, _QUIET))
    middle, loud = np.quantile(level[heard], (0.5, _LOUD)).astype(np.float32)
    typical = _mean(cepstra, heard & (level >= middle))
    voicing = [_VOICING_GAIN * moving_average(spectrum.harmonicity, width)[:, None] for width in _VOICING]
    pieces = (
        [own[:, :1] - quiet, loud - own[:, :1], own[:, 1:], slope, *(column[part] for column in voicing)]
        for part, own, slope in _with_slopes(cepstra, typical)
    )
    return SpeechCues(
        spooled((np.concatenate(columns, axis=1) for columns in pieces), _N_COLUMNS), np.concatenate(changes)
    )


def _mean(cepstra: Rows, chosen: Mask) -> Features:
    """Return the mean of the chosen rows, that of the level, in the first column, left at 0."""
    total = np.zeros(cepstra.shape[1])
    for part in parts(len(cepstra)):
        total[1:] += cepstra[part][chosen[part], 1:].sum(axis=0, dtype=np.float64)
    return (total / np.count_nonzero(chosen)).astype(np.float32)


def _with_slopes(cepstra: Rows, typical: Features) -> Iterator[tuple[slice, Features, Features]]:
    """Yield which rows, their cepstra less the typical ones, and the slopes of these."""
    for part in parts(len(cepstra)):
        first = max(0, part.start - _REACH)
        around = cepstra[first : part.stop + _REACH] - typical
        inner = slice(part.start - first, part.stop - first)
        yield part, around[inner], slopes(around, _REACH, _SLOPE_GAIN)[inner]
