"""Speech or not: Gaussian mixtures over cepstra, level and texture, adapted to the recording at hand.

Frame by frame, two mixtures over cepstra and level tell speech from background. Everything is relative to the
recording: cepstra to their mean over its louder half, the level to its quiet and to its loud moments. What is left
does not depend on microphone and gain. Harmonicity, which noise lowers but cannot make, tells quiet words from what
they are buried in. Music, crowds and machines have sounds like speech, but do not change as speech
does: two small mixtures over the texture of two seconds find them. They can only speak against speech, so that they
bridge no pause and blur no boundary.

The model gives log-likelihoods; the path through them, with its minimum durations, is found by the HMM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.fft import dct
from scipy.ndimage import uniform_filter1d

from diarize.config import SpeechConfig
from diarize.errors import ModelError
from diarize.gmm import MixtureParameters, log_likelihood, map_adapt

Features = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

BLOCK = 10  # frames for which the texture is found at once

_N_CEPSTRA = 12
_SMOOTHING = 11  # frames; the level is smoothed before its quantiles are taken
_SLOPE = 4  # frames on each side of the one whose slope is estimated
_QUIET, _LOUD = 0.10, 0.95  # quantiles of the level that stand for background and foreground
_DECIBEL = np.log(10.0) / 10
_RANGE = 50 * _DECIBEL  # nats under the loud moments where the bands are cut off: what lies below is the recorder's
_SILENCE = 80 * _DECIBEL  # nats under the loudest moment: digital silence, which says nothing about the foreground
_DELTA_GAIN = 3.0  # brings slopes to the scale of the cepstra
_CEPSTRA_GAIN = 1 / 3
_RELEVANCE = 300.0  # frames; neighbours hang together, so a component moves only after seconds of sound
_VOICING = (5, 31)  # frames over which harmonicity is averaged: a sound, a word
_N_COLUMNS = 2 * _N_CEPSTRA + 3 + len(_VOICING)
_VOICING_GAIN = np.float32(6.0)  # brings it to the scale of the cepstra
_WINDOW = 21  # blocks over which the texture is taken: about two seconds
_PERSISTENCE = 3  # blocks through which harmonics of sustained tones stay in place, those of a voice do not
_LAGS = (2, 5, 10)  # frames between the spectra whose difference is the flux
_MODULATION = ((5, 13), (9, 25), (17, 51))  # frames; widths of averages whose difference passes 8, 4 and 2 Hz
_DOUBT = 8.0  # nats by which the texture must favour the background before it counts
_MIXTURES = ("background", "speech", "background_texture", "speech_texture")


class SpeechFeatures(NamedTuple):
    """What the mixtures describe: (n_frames, 29) of each frame, and the texture (n_blocks, 29) of each `BLOCK`."""

    frames: Features
    texture: Features


@dataclass(frozen=True, slots=True, eq=False)
class SpeechModel:
    """What speech and everything else sound like.

    Parameters
    ----------
    background, speech : MixtureParameters
        Of frames.
    background_texture, speech_texture : MixtureParameters
        Of textures.
    n_mels : int
        Bands of the log-mel spectra that the model was trained on.
    """

    background: MixtureParameters
    speech: MixtureParameters
    background_texture: MixtureParameters
    speech_texture: MixtureParameters
    n_mels: int

    def features(self, log_mel: Features, harmonicity: Features) -> SpeechFeatures:
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
        return speech_features(log_mel, harmonicity)

    def log_likelihood(self, features: SpeechFeatures, settings: SpeechConfig | None = None) -> Features:
        """Return the evidence for each class in each frame.

        Parameters
        ----------
        features : SpeechFeatures
            As `features` returns them.
        settings : SpeechConfig, optional
            The weight of the evidence and its bias.

        Returns
        -------
        array of shape (n_frames, 2), nats
            Column 0 for background, column 1 for speech.
        """
        settings = settings or SpeechConfig()
        frames, texture = features
        columns = [log_likelihood(frames, mixture) for mixture in (self.background, self.speech)]
        evidence: Features = np.stack(columns, axis=1)
        favour = log_likelihood(texture, self.speech_texture) - log_likelihood(texture, self.background_texture)
        veto = np.minimum(favour + np.float32(_DOUBT), 0)
        evidence[:, 1] += np.repeat(veto, BLOCK)[: len(frames)] + np.float32(settings.bias)
        return evidence * np.float32(settings.acoustic_scale)

    def adapt(self, features: SpeechFeatures, speech: Mask) -> SpeechModel:
        """Return the model moved towards this recording, given a first decision on it.

        The means of both mixtures of frames follow what was taken for their class (MAP; Reynolds et al. 2000).

        Parameters
        ----------
        features : SpeechFeatures
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
            background=_adapted(self.background, features.frames[~speech]),
            speech=_adapted(self.speech, features.frames[speech]),
        )

    def arrays(self, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
        """Return plain arrays, as `numpy.savez` takes them, to be read back by `from_arrays`."""
        found = {f"{prefix}n_mels": np.array(self.n_mels)}
        for name in _MIXTURES:
            found |= getattr(self, name).arrays(f"{prefix}{name}_")
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> SpeechModel:
        """Build a model from what `arrays` gave.

        Raises
        ------
        ModelError
            When an array is missing or is no part of a speech model.
        """
        try:
            found = [MixtureParameters.from_arrays(arrays, f"{prefix}{name}_").astype(np.float32) for name in _MIXTURES]
            background, speech, background_texture, speech_texture = found
            n_mels = int(arrays[f"{prefix}n_mels"])
            return cls(background, speech, background_texture, speech_texture, n_mels)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"no speech model under {prefix!r}: {error}; train it again") from error


@dataclass(frozen=True, slots=True, eq=False)
class SpeechDetector:
    """Several models, each trained on scenes of its own, whose evidence is averaged: what one got wrong by chance goes.

    Parameters
    ----------
    members : tuple of SpeechModel
        One at least, all for the same bands.
    """

    members: tuple[SpeechModel, ...]

    def features(self, log_mel: Features, harmonicity: Features) -> SpeechFeatures:
        """Return what the models describe; see `SpeechModel.features`."""
        return self.members[0].features(log_mel, harmonicity)

    def log_likelihood(self, features: SpeechFeatures, settings: SpeechConfig | None = None) -> Features:
        """Return the mean evidence, (n_frames, 2); see `SpeechModel.log_likelihood`."""
        evidence = self.members[0].log_likelihood(features, settings)
        for member in self.members[1:]:
            evidence += member.log_likelihood(features, settings)
        return evidence / np.float32(len(self.members))

    def adapt(self, features: SpeechFeatures, speech: Mask) -> SpeechDetector:
        """Return the detector with every model moved towards the recording; see `SpeechModel.adapt`."""
        return SpeechDetector(tuple(member.adapt(features, speech) for member in self.members))

    def arrays(self, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
        """Return plain arrays, as `numpy.savez` takes them, to be read back by `from_arrays`."""
        found = {f"{prefix}members": np.array(len(self.members))}
        for number, member in enumerate(self.members):
            found |= member.arrays(f"{prefix}{number}_")
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> SpeechDetector:
        """Build a detector from what `arrays` gave.

        Raises
        ------
        ModelError
            An array is missing or is no part of a detector.
        """
        try:
            count = int(arrays[f"{prefix}members"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"no speech detector under {prefix!r}: {error}; train it again") from error
        if count < 1:
            raise ModelError(f"the speech detector under {prefix!r} has no models; train it again")
        return cls(tuple(SpeechModel.from_arrays(arrays, f"{prefix}{number}_") for number in range(count)))


def speech_features(log_mel: Features, harmonicity: Features) -> SpeechFeatures:
    """Return level, spectral shape, harmonicity and texture, relative to the recording.

    Parameters
    ----------
    log_mel : array of shape (n_frames, n_mels)
        Natural logarithm of the power in mel bands, a frame every 10 ms.
    harmonicity : array of shape (n_frames,)
        From the function of that name.

    Returns
    -------
    SpeechFeatures
        Of frames: level above the quiet moments and below the loud ones (nats), 12 cepstra, slopes of level and
        cepstra, mean harmonicity of 50 and of 310 ms. Of textures: deviations of level and cepstra, flux, modulation
        of the level, mean cepstra, ripple of the spectrum.

    Examples
    --------
    >>> quiet, loud = np.full((50, 40), -12.0, np.float32), np.full((50, 40), -6.0, np.float32)
    >>> found = speech_features(np.concatenate([quiet, loud]), np.zeros(100, np.float32))
    >>> found.frames[[0, -1], :2].round(3) + 0  # no -0
    array([[0., 6.],
           [6., 0.]], dtype=float32)
    """
    n_frames, n_mels = log_mel.shape
    if not n_frames:
        return SpeechFeatures(np.zeros((0, _N_COLUMNS), np.float32), np.zeros((0, 29), np.float32))
    level = _average(log_mel.mean(axis=1), _SMOOTHING)
    heard = level > level.max() - _SILENCE
    bands = np.maximum(log_mel, np.float32(np.quantile(level[heard], _LOUD) - _RANGE))
    basis = dct(np.eye(n_mels), type=2, norm="ortho", axis=1)[:, : _N_CEPSTRA + 1] * _CEPSTRA_GAIN
    basis[:, 0] = 1 / n_mels
    cepstra: Features = bands @ basis.astype(np.float32)
    texture = _texture(bands, cepstra)
    level = _average(cepstra[:, 0], _SMOOTHING)
    quiet = np.float32(np.quantile(level, _QUIET))
    middle, loud = np.quantile(level[heard], (0.5, _LOUD)).astype(np.float32)
    cepstra[:, 1:] -= cepstra[heard & (level >= middle), 1:].mean(axis=0)
    columns = [cepstra[:, :1] - quiet, loud - cepstra[:, :1], cepstra[:, 1:], _slopes(cepstra)]
    columns += [_VOICING_GAIN * _average(harmonicity, width)[:, None] for width in _VOICING]
    return SpeechFeatures(np.concatenate(columns, axis=1), texture)


def _slopes(x: Features) -> Features:
    """Return the slope of a line fitted to the frames around each one."""
    padded = np.pad(x, ((_SLOPE, _SLOPE), (0, 0)), mode="edge")
    slopes = np.zeros_like(x)
    for k in range(1, _SLOPE + 1):
        weight = np.float32(_DELTA_GAIN * k / (2 * sum(i * i for i in range(1, _SLOPE + 1))))
        ahead, behind = padded[_SLOPE + k :][: len(x)], padded[_SLOPE - k :][: len(x)]
        slopes += weight * (ahead - behind)
    return slopes


def _texture(bands: Features, cepstra: Features) -> Features:
    """Return how spectrum and level change within two seconds around each block, and how the spectrum is shaped."""
    level, low = cepstra[:, 0], 3 * bands.shape[1] // 10  # the bands up to about 800 Hz resolve harmonics
    mean = _average(_blocks(cepstra))
    variance = _average(_blocks(cepstra**2)) - mean**2
    flux = np.stack([_flux(bands, lag) for lag in _LAGS], axis=1)
    modulation = np.stack([_average(level, short) - _average(level, long) for short, long in _MODULATION], axis=1)
    curvature = np.diff(bands, n=2, axis=1)
    ripples = [_blocks(np.abs(curvature)), np.abs(_average(_blocks(curvature), _PERSISTENCE))]
    halves = [half.mean(axis=1) for ripple in ripples for half in (ripple[:, :low], ripple[:, low:])]
    columns = [
        np.log(np.sqrt(np.maximum(variance, 0)) + 0.05),  # running sums round to below 0
        np.log(_average(_blocks(flux)) + 0.05),
        np.log(np.sqrt(np.maximum(_average(_blocks(modulation**2)), 0)) + 0.02),
        mean[:, 1:7],
        np.log(_average(np.stack(halves, axis=1)) + 0.02),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _flux(bands: Features, lag: int) -> Features:
    """Return the mean difference between the spectra `lag` frames apart, level aside."""
    change = bands[lag:] - bands[:-lag]
    change -= change.mean(axis=1, keepdims=True)
    found = np.zeros(len(bands), np.float32)
    found[lag // 2 : lag // 2 + len(change)] = np.abs(change).mean(axis=1)
    return found


def _blocks(x: Features) -> Features:
    """Return the mean of each block of rows; the last row goes on to the end of the last block."""
    padded = np.pad(x, ((0, -len(x) % BLOCK), (0, 0)), mode="edge")
    means: Features = padded.reshape(-1, BLOCK, x.shape[1]).mean(axis=1)
    return means


def _average(x: Features, width: int = _WINDOW) -> Features:
    means: Features = uniform_filter1d(x, width, axis=0, mode="nearest")
    return means


def _adapted(mixture: MixtureParameters, frames: Features) -> MixtureParameters:
    return map_adapt(mixture, frames, relevance=_RELEVANCE) if len(frames) else mixture
