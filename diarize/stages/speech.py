"""The models of speech: Gaussian mixtures over the cues of frames and of texture, adapted to each recording.

Frame by frame, two mixtures over cepstra and level tell speech from background. Music, crowds and machines have sounds
like speech, but do not change as speech does: two small mixtures over the texture of two seconds detect them. These can
only count against speech, so they bridge no pause and blur no boundary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.config import SpeechConfig
from diarize.errors import ModelError
from diarize.features import TEXTURE_STEP, SpeechCues
from diarize.gmm import MixtureParameters, Statistics, accumulate, log_likelihood, map_adapt
from diarize.spooling import Rows, parts

Features = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_RELEVANCE = 300.0  # frames; neighbouring frames are alike, so a component moves only after seconds of sound
_DOUBT = 8.0  # nats by which the texture must favour the background before it counts
_MIXTURES = ("background", "speech", "background_texture", "speech_texture")


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

    def log_likelihood(self, cues: SpeechCues, settings: SpeechConfig | None = None) -> Features:
        """Return the evidence for each class in each frame.

        Parameters
        ----------
        cues : SpeechCues
            Of a recording with `n_mels` bands.
        settings : SpeechConfig, optional
            The weight of the evidence and its bias.

        Returns
        -------
        array of shape (n_frames, 2), nats
            Column 0 for background, column 1 for speech.
        """
        settings = settings or SpeechConfig()
        frames, texture = cues
        columns = [log_likelihood(frames[:], mixture) for mixture in (self.background, self.speech)]
        evidence: Features = np.stack(columns, axis=1)
        favour = log_likelihood(texture, self.speech_texture) - log_likelihood(texture, self.background_texture)
        veto = np.minimum(favour + np.float32(_DOUBT), 0)
        evidence[:, 1] += np.repeat(veto, TEXTURE_STEP)[: len(frames)] + np.float32(settings.bias)
        evidence *= np.float32(settings.acoustic_scale)
        return evidence

    def adapt(self, cues: SpeechCues, speech: Mask) -> SpeechModel:
        """Return the model moved towards this recording, given a first decision on it.

        The means of both mixtures of frames follow what was taken for their class (MAP; Reynolds et al. 2000).

        Parameters
        ----------
        cues : SpeechCues
            Of a recording with `n_mels` bands.
        speech : array of shape (n_frames,)
            The first decision.

        References
        ----------
        Reynolds, Quatieri and Dunn, "Speaker verification using adapted Gaussian mixture models", Digital Signal
        Processing 10, 2000. https://doi.org/10.1006/dspr.1999.0361
        """
        return replace(
            self,
            background=_adapted(self.background, cues.frames, ~speech),
            speech=_adapted(self.speech, cues.frames, speech),
        )

    def arrays(self, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
        """Return plain arrays, as `numpy.savez` takes them, to be read back by `from_arrays`."""
        arrays = {f"{prefix}n_mels": np.array(self.n_mels)}
        for name in _MIXTURES:
            arrays |= getattr(self, name).arrays(f"{prefix}{name}_")
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> SpeechModel:
        """Build a model from what `arrays` gave.

        Raises
        ------
        ModelError
            When an array is missing or is no part of a speech model.
        """
        try:
            mixtures = {
                name: MixtureParameters.from_arrays(arrays, f"{prefix}{name}_").astype(np.float32) for name in _MIXTURES
            }
            return cls(**mixtures, n_mels=int(arrays[f"{prefix}n_mels"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelError(f"no speech model under {prefix!r}: {error}; train it again") from error


@dataclass(frozen=True, slots=True, eq=False)
class SpeechDetector:
    """Several models, each trained on its own scenes. The mean of their evidence has fewer chance errors than each.

    Parameters
    ----------
    members : tuple of SpeechModel
        One at least, all for the same bands.
    """

    members: tuple[SpeechModel, ...]

    @property
    def n_mels(self) -> int:
        """Bands of the log-mel spectra that the models were trained on."""
        return self.members[0].n_mels

    def log_likelihood(self, cues: SpeechCues, settings: SpeechConfig | None = None) -> Features:
        """Return the mean evidence, (n_frames, 2); see `SpeechModel.log_likelihood`."""
        evidence = np.zeros((len(cues.frames), 2), np.float32)
        for part in parts(len(evidence)):
            piece = cues.during(part)
            for member in self.members:
                evidence[part] += member.log_likelihood(piece, settings)
        evidence /= np.float32(len(self.members))
        return evidence

    def adapt(self, cues: SpeechCues, speech: Mask) -> SpeechDetector:
        """Return the detector with every model moved towards the recording; see `SpeechModel.adapt`."""
        return SpeechDetector(tuple(member.adapt(cues, speech) for member in self.members))

    def arrays(self, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
        """Return plain arrays, as `numpy.savez` takes them, to be read back by `from_arrays`."""
        arrays = {f"{prefix}members": np.array(len(self.members))}
        for number, member in enumerate(self.members):
            arrays |= member.arrays(f"{prefix}{number}_")
        return arrays

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
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelError(f"no speech detector under {prefix!r}: {error}; train it again") from error
        if count < 1:
            raise ModelError(f"the speech detector under {prefix!r} has no models; train it again")
        return cls(tuple(SpeechModel.from_arrays(arrays, f"{prefix}{number}_") for number in range(count)))


def _adapted(mixture: MixtureParameters, frames: Rows, chosen: Mask) -> MixtureParameters:
    sums: Statistics | None = None
    for part in parts(len(frames)):
        if chosen[part].any():
            more = accumulate(frames[part][chosen[part]], mixture)
            sums = more if sums is None else sums + more
    return mixture if sums is None else map_adapt(mixture, sums, relevance=_RELEVANCE)
