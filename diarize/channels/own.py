"""Which frames hold speech of the people behind a channel: an HMM over what the detector and the other channels say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize import hmm
from diarize.channels.excess import frame_levels
from diarize.channels.relation import smoothed
from diarize.config import SpeechConfig
from diarize.stages.detection import Detection, alternation
from diarize.stages.recording import Recording
from diarize.stages.speech import SpeechDetector

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_FIRST = 2.5  # dB of excess that speaks for nobody and nothing, at the first decision
_REST = 0.75  # quantile of the excess where nobody speaks; the second decision begins from it
_ABOVE = 0.45  # dB above it
_SLOPE = 0.25  # nats a frame for each dB
_AGAINST, _FOR = -0.18, 0.8  # nats a frame at most: in a fifth of all speech there is a short pause
_SOUND = 0.2  # weight of the detector's evidence, which takes leaks for speech
_NO_VOICE, _VOICE = -0.6, 0.3  # nats a frame of it at most: what it says for a voice cannot outweigh a leak
_LOUD = 0.9  # quantile of the level where somebody speaks
_DEPTH = 30.0  # dB under it from which sound is too faint for this voice: breath, rustling, the room between words
_FAINT = 0.02  # nats a frame for each dB farther down
_TOO_FAINT = -0.6  # nats a frame at most
_LEVEL = 5  # frames; the level is that of so many
_STAY = 0.99  # probability that speech, or its absence, continues from frame to frame
_PAUSE, _SPEECH = 0.36, 0.15  # s; shortest of each


def own_speech(recording: Recording, excess: Floats, detector: SpeechDetector, settings: SpeechConfig) -> Detection:
    """Find the frames in which the people behind a channel speak: twice, as `detect_speech` does.

    At the second time it is known how loud they are, and what is far below is no speech.

    Parameters
    ----------
    recording : Recording
        Of that channel alone.
    excess : array of shape (n_frames,), dB
        From `excesses`.
    detector : SpeechDetector
    settings : SpeechConfig
        Bias and weight of the detector's evidence.
    """
    step = recording.features.frame_step
    least = np.array([max(1, round(seconds / step)) for seconds in (_PAUSE, _SPEECH)])
    chain = hmm.MinimumDuration(alternation(1 - _STAY), least)
    evidence = _evidence(excess, _FIRST, detector.log_likelihood(recording.cues, settings))
    first = hmm.viterbi(evidence, chain)[0] == 1
    rest = float(np.quantile(excess[~first], _REST)) + _ABOVE if (~first).any() else _FIRST
    adapted = detector.adapt(recording.cues, first).log_likelihood(recording.cues, settings)
    evidence = _evidence(excess, rest, adapted)
    evidence[:, 1] += _faintness(recording, first)
    return Detection(np.asarray(hmm.viterbi(evidence, chain)[0] == 1), evidence, chain)


def _faintness(recording: Recording, speech: Mask) -> Floats:
    """Return what speaks against speech in frames far below the loud ones with speech, (n_frames,), nats."""
    if not speech.any():
        return np.zeros(len(speech))
    spectrum = recording.spectrum
    level = smoothed(frame_levels(spectrum.log_mel, spectrum.n_mels), _LEVEL)
    below = np.quantile(level[speech], _LOUD) - _DEPTH - level
    return np.clip(-_FAINT * below, _TOO_FAINT, 0.0)


def _evidence(excess: Floats, neutral: float, sound: npt.NDArray[np.floating]) -> Floats:
    """Return the evidence for nobody and for the people behind the channel, (n_frames, 2), nats."""
    place = np.clip(_SLOPE * (excess - neutral), _AGAINST, _FOR)
    voice = np.clip(sound[:, 1].astype(np.float64) - sound[:, 0], _NO_VOICE, _VOICE)
    return np.stack([np.zeros(len(excess)), place + _SOUND * voice], axis=1)
