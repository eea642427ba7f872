"""What tells speech from everything else: level, shape, movement and harmonicity of each frame, and texture.

Everything is relative to the recording: cepstra to their mean over its louder half, the level to its quiet and to its
loud moments. What is left does not depend on microphone and gain. Harmonicity, which noise lowers but cannot make,
tells quiet words from the noise around them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diarize.features.cepstra import cosine_basis, slopes
from diarize.features.spectrum import Spectrum
from diarize.features.texture import N_TEXTURE, moving_average, texture

Features = npt.NDArray[np.float32]

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
_N_COLUMNS = 2 * _N_CEPSTRA + 3 + len(_VOICING)
SLOPES = slice(_N_CEPSTRA + 2, 2 * _N_CEPSTRA + 3)  # columns with the slopes of level and cepstra


class SpeechCues(NamedTuple):
    """What the speech detector sees.

    Parameters
    ----------
    frames : array of shape (n_frames, 29), float32
    texture : array of shape (n_steps, 29), float32
        A row for each `TEXTURE_STEP` frames begun.
    """

    frames: Features
    texture: Features


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
    level = moving_average(spectrum.log_mel.mean(axis=1), _SMOOTHING)
    heard = level > level.max() - _SILENCE
    bands = np.maximum(spectrum.log_mel, np.float32(np.quantile(level[heard], _LOUD) - _RANGE))
    basis = cosine_basis(spectrum.n_mels, _N_CEPSTRA) * _CEPSTRA_GAIN
    basis[:, 0] = 1 / spectrum.n_mels  # the level in place of c0
    cepstra: Features = bands @ basis.astype(np.float32)
    change = texture(bands, cepstra)
    level = moving_average(cepstra[:, 0], _SMOOTHING)
    quiet = np.float32(np.quantile(level, _QUIET))
    middle, loud = np.quantile(level[heard], (0.5, _LOUD)).astype(np.float32)
    cepstra[:, 1:] -= cepstra[heard & (level >= middle), 1:].mean(axis=0)
    columns = [cepstra[:, :1] - quiet, loud - cepstra[:, :1], cepstra[:, 1:], slopes(cepstra, _REACH, _SLOPE_GAIN)]
    columns += [_VOICING_GAIN * moving_average(spectrum.harmonicity, width)[:, None] for width in _VOICING]
    return SpeechCues(np.concatenate(columns, axis=1), change)
