"""Speech or not: two Gaussian mixtures over cepstra and level, adapted to the recording at hand.

Everything is relative to the recording: cepstra to their mean over its louder half, the level to its quiet and to its
loud moments. What is left tells speech from background whatever microphone and gain there were. The model gives
log-likelihoods; the path through them, with its minimum durations, is found by the HMM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.fft import dct
from scipy.ndimage import uniform_filter1d

from diarize.config import SpeechConfig
from diarize.errors import ModelError
from diarize.gmm import MixtureParameters, log_likelihood, map_adapt

Features = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_N_CEPSTRA = 12
_SMOOTHING = 11  # frames; the level is smoothed before its quantiles are taken
_SLOPE = 4  # frames on each side of the one whose slope is estimated
_QUIET, _LOUD = 0.10, 0.95  # quantiles of the level that stand for background and foreground
_DECIBEL = np.log(10.0) / 10
_RANGE = 50 * _DECIBEL  # nats under the loud moments where the bands are cut off: what lies below is the recorder's
_SILENCE = 80 * _DECIBEL  # nats under the loudest moment: digital silence, which must not pass for a background
_DELTA_GAIN = 3.0  # brings slopes to the scale of the cepstra
_CEPSTRA_GAIN = 1 / 3
_RELEVANCE = 300.0  # frames; neighbours hang together, so a component moves only after seconds of sound


@dataclass(frozen=True, slots=True, eq=False)
class SpeechModel:
    """What speech and everything else sound like: one mixture each.

    Parameters
    ----------
    background, speech : MixtureParameters
        Diagonal mixtures of `speech_features`.
    n_mels : int
        Bands of the log-mel spectra that the model was trained on.
    """

    background: MixtureParameters
    speech: MixtureParameters
    n_mels: int

    def features(self, log_mel: Features) -> Features:
        """Return what the mixtures describe; see `speech_features`.

        Raises
        ------
        ModelError
            When the recording has been analysed with another filter bank than the model's.
        """
        if log_mel.shape[1] != self.n_mels:
            raise ModelError(
                f"the speech model was trained on {self.n_mels} mel bands, the recording has {log_mel.shape[1]}; "
                "use the model's own feature settings"
            )
        return speech_features(log_mel)

    def log_likelihood(self, features: Features, settings: SpeechConfig | None = None) -> Features:
        """Return the evidence for each class in each frame.

        Parameters
        ----------
        features : array of shape (n_frames, n_features)
            As `features` returns them.
        settings : SpeechConfig, optional
            The weight of the evidence and its bias.

        Returns
        -------
        array of shape (n_frames, 2), nats
            Column 0 for background, column 1 for speech.
        """
        settings = settings or SpeechConfig()
        columns = [log_likelihood(features, mixture) for mixture in (self.background, self.speech)]
        evidence: Features = np.stack(columns, axis=1)
        evidence[:, 1] += np.float32(settings.bias)
        return evidence * np.float32(settings.acoustic_scale)

    def adapt(self, features: Features, speech: Mask) -> SpeechModel:
        """Return the model moved towards this recording, given a first decision on it.

        The means of either mixture follow the frames taken for its class (MAP; Reynolds et al. 2000).

        Parameters
        ----------
        features : array of shape (n_frames, n_features)
            As `features` returns them.
        speech : array of shape (n_frames,)
            Where speech was found.

        References
        ----------
        Reynolds, Quatieri and Dunn, "Speaker verification using adapted Gaussian mixture models", Digital Signal
        Processing 10, 2000. https://doi.org/10.1006/dspr.1999.0361
        """
        return replace(
            self,
            background=_adapted(self.background, features[~speech]),
            speech=_adapted(self.speech, features[speech]),
        )

    def arrays(self, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
        """Return plain arrays, as `numpy.savez` takes them, to be read back by `from_arrays`."""
        return {
            f"{prefix}n_mels": np.array(self.n_mels),
            **self.background.arrays(f"{prefix}background_"),
            **self.speech.arrays(f"{prefix}speech_"),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> SpeechModel:
        """Build a model from what `arrays` gave.

        Raises
        ------
        ModelError
            When an array is missing or is no part of a speech model.
        """
        try:
            background = MixtureParameters.from_arrays(arrays, f"{prefix}background_").astype(np.float32)
            speech = MixtureParameters.from_arrays(arrays, f"{prefix}speech_").astype(np.float32)
            return cls(background, speech, int(arrays[f"{prefix}n_mels"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"no speech model under {prefix!r}: {error}; train it again") from error


def speech_features(log_mel: Features) -> Features:
    """Return level and spectral shape of each frame, relative to the recording.

    Parameters
    ----------
    log_mel : array of shape (n_frames, n_mels)
        Natural logarithm of the power in mel bands, a frame every 10 ms.

    Returns
    -------
    array of shape (n_frames, 27), float32
        Level above the quiet moments and below the loud ones (nats), 12 cepstra, the slopes of level and cepstra.

    Examples
    --------
    >>> quiet, loud = np.full((50, 40), -12.0, np.float32), np.full((50, 40), -6.0, np.float32)
    >>> speech_features(np.concatenate([quiet, loud]))[[0, -1], :2]
    array([[0., 6.],
           [6., 0.]], dtype=float32)
    """
    n_mels = log_mel.shape[1]
    if not len(log_mel):
        return np.zeros((0, 2 * _N_CEPSTRA + 3), np.float32)
    level = _smoothed(log_mel.mean(axis=1))
    heard = level > level.max() - _SILENCE
    bands = np.maximum(log_mel, np.float32(np.quantile(level[heard], _LOUD) - _RANGE))
    basis = dct(np.eye(n_mels), type=2, norm="ortho", axis=1)[:, : _N_CEPSTRA + 1]
    basis[:, 0] = 1 / n_mels
    basis[:, 1:] *= _CEPSTRA_GAIN
    cepstra: Features = bands @ basis.astype(np.float32)
    level = _smoothed(cepstra[:, 0])
    quiet, middle, loud = np.quantile(level[heard], (_QUIET, 0.5, _LOUD)).astype(np.float32)
    cepstra[:, 1:] -= cepstra[heard & (level >= middle), 1:].mean(axis=0)
    columns = [cepstra[:, :1] - quiet, loud - cepstra[:, :1], cepstra[:, 1:], _slopes(cepstra)]
    return np.concatenate(columns, axis=1)


def _smoothed(level: Features) -> Features:
    smooth: Features = uniform_filter1d(level, _SMOOTHING, mode="nearest")
    return smooth


def _slopes(x: Features) -> Features:
    """Return the slope of a line fitted to the frames around each one."""
    padded = np.pad(x, ((_SLOPE, _SLOPE), (0, 0)), mode="edge")
    slopes = np.zeros_like(x)
    for k in range(1, _SLOPE + 1):
        weight = np.float32(_DELTA_GAIN * k / (2 * sum(i * i for i in range(1, _SLOPE + 1))))
        ahead, behind = padded[_SLOPE + k :][: len(x)], padded[_SLOPE - k :][: len(x)]
        slopes += weight * (ahead - behind)
    return slopes


def _adapted(mixture: MixtureParameters, frames: Features) -> MixtureParameters:
    return map_adapt(mixture, frames, relevance=_RELEVANCE) if len(frames) else mixture
