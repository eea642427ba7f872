"""Where somebody speaks: the models of speech give the evidence, an HMM with minimum durations decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize import hmm
from diarize.config import SpeechConfig
from diarize.errors import ModelError
from diarize.stages.recording import Recording
from diarize.stages.speech import SpeechDetector

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Detection:
    """Which frames hold speech.

    Parameters
    ----------
    speech : array of bool, shape (n_frames,)
    evidence : array of shape (n_frames, 2), nats, optional
        For background and for speech, from the adapted models; None where marks were given.
    chain : MinimumDuration, optional
        The chain of background and speech that decided; None where marks were given.
    dismissed : array of bool, shape (n_frames,), optional
        Frames that were taken for speech at first, and are no voice.
    stated : array of shape (n_frames,), optional
        How probable speech is, where that was kept in place of the evidence.
    certain : array of bool, shape (n_frames,), optional
        Frames of which a person said whether they hold speech.
    """

    speech: Mask
    evidence: npt.NDArray[np.floating] | None = None
    chain: hmm.MinimumDuration | None = None
    dismissed: Mask | None = None
    stated: Floats | None = None
    certain: Mask | None = None

    def told(self, speech: Mask, certain: Mask) -> Detection:
        """Return the same given what a person said of some frames; elsewhere stays what was heard.

        Parameters
        ----------
        speech, certain : array of bool, shape (n_frames,)
        """
        return replace(self, speech=speech, certain=certain)

    def dismiss(self, frames: Mask) -> Detection:
        """Return the same without the speech in some frames, (n_frames,)."""
        before = np.zeros_like(frames) if self.dismissed is None else self.dismissed
        return replace(self, speech=self.speech & ~frames, dismissed=before | frames)

    @cached_property
    def probability(self) -> Floats:
        """How probable speech is in each frame, (n_frames,): 0 or 1 where marks were given or a person said so."""
        heard = self._heard()
        return heard if self.certain is None else np.where(self.certain, self.speech, heard)

    def _heard(self) -> Floats:
        """Return how probable speech is by what was heard."""
        if self.stated is not None:
            return self.stated
        if self.evidence is None or self.chain is None or not len(self.speech):
            return self.speech.astype(np.float64)
        probability = np.asarray(hmm.forward_backward(self.evidence, self.chain).posterior[:, 1])
        return probability if self.dismissed is None else np.where(self.dismissed, 0.0, probability)

    def arrays(self, prefix: str = "") -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """Yield plain arrays with their names: the probability, to three digits, in place of the evidence."""
        yield f"{prefix}detected", self.speech
        if self.stated is not None or self.evidence is not None:
            yield f"{prefix}probability", self.probability.astype(np.float16)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> Detection:
        """Build a detection from what `arrays` gave.

        Raises
        ------
        KeyError, ValueError
            An array is missing, or the arrays do not fit together.
        """
        speech, name = np.asarray(arrays[f"{prefix}detected"], bool), f"{prefix}probability"
        stated = np.asarray(arrays[name], np.float64) if name in arrays else None
        if speech.ndim != 1 or not (stated is None or (stated.shape == speech.shape and _are_probable(stated))):
            raise ValueError(f"no probabilities for {len(speech)} frames")
        return cls(speech, stated=stated)


def _are_probable(values: Floats) -> bool:
    return bool(((values >= 0) & (values <= 1)).all())


def detect_speech(recording: Recording, detector: SpeechDetector, settings: SpeechConfig) -> Detection:
    """Find the frames with speech: once with the models as they are, once more with models adapted to the recording.

    Raises
    ------
    ModelError
        The recording was analysed with another filter bank than the models'.
    """
    if recording.spectrum.n_mels != detector.n_mels:
        raise ModelError(
            f"the speech model was trained on {detector.n_mels} mel bands, the recording has "
            f"{recording.spectrum.n_mels}; use the model's own feature settings"
        )
    change, step = 1 - settings.stay, recording.features.frame_step
    least = [max(1, round(seconds / step)) for seconds in (settings.min_silence, settings.min_speech)]
    evidence = detector.log_likelihood(recording.cues, settings)
    first, _ = hmm.viterbi(evidence, alternation(2 * change))  # no minimum durations: changes come easier
    evidence = detector.adapt(recording.cues, first == 1).log_likelihood(recording.cues, settings)
    chain = hmm.MinimumDuration(alternation(change), np.array(least))
    labels, _ = hmm.viterbi(evidence, chain)
    return Detection(np.asarray(labels == 1), evidence, chain)


def alternation(change: float) -> hmm.Ergodic:
    """Return the chain of two labels that take turns, each with probability `change` a step."""
    return hmm.Ergodic(np.full(2, 0.5), np.array([[1 - change, change], [change, 1 - change]]))
