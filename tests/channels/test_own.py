"""Whose speech it is: the excess decides where the detector hears the same in leak and voice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from diarize import Diarizer
from diarize.audio import read_audio
from diarize.channels.own import own_speech

Mask = npt.NDArray[np.bool_]


@pytest.fixture(scope="module")
def diarizer() -> Diarizer:
    return Diarizer("fast")


def test_leaks_are_nobody_s_and_voices_are(diarizer: Diarizer, dialogue_path: str) -> None:
    sound = read_audio(dialogue_path, 16000)
    analysis = diarizer.analyse((sound, 16000))
    speech = diarizer.detect(analysis).speech
    early = np.arange(len(speech)) < len(speech) // 2
    excess = np.where(speech & early, 9.0, 0.7)  # all speech of the second half is somebody else's
    found = own_speech(analysis.recording, excess, analysis.band.speech, diarizer.config.speech)
    assert (found.speech[early] == speech[early]).mean() > 0.9
    assert found.speech[~early].mean() < 0.1
    assert found.probability.shape == speech.shape
    assert ((found.probability > 0.5) == found.speech).mean() > 0.9


def test_nothing_is_nobody_s(diarizer: Diarizer) -> None:
    analysis = diarizer.analyse((np.zeros(32000), 16000))
    n_frames = analysis.recording.frames.n_frames
    found = own_speech(analysis.recording, np.zeros(n_frames), analysis.band.speech, diarizer.config.speech)
    assert not found.speech.any()


@pytest.mark.parametrize(("decibels", "faint"), [(0, False), (-10, False), (-60, True)])
def test_what_is_far_below_the_voice_is_hardly_speech(
    diarizer: Diarizer, dialogue_path: str, decibels: int, faint: bool
) -> None:
    sound = read_audio(dialogue_path, 16000)
    speech = diarizer.detect(diarizer.analyse((sound, 16000))).speech
    late = np.arange(len(speech)) >= len(speech) // 2
    sound[len(sound) // 2 :] *= np.float32(10 ** (decibels / 20))
    analysis = diarizer.analyse((sound, 16000))
    found = own_speech(analysis.recording, np.where(speech, 9.0, 0.0), analysis.band.speech, diarizer.config.speech)
    assert found.evidence is not None
    early, later = (float(np.median(found.evidence[speech & part, 1])) for part in (~late, late))
    assert early > 0.6  # the excess alone is worth 0.8 nats a frame, the detector's word at most 0.12
    assert (later < 0.3) == faint  # 60 dB and more below 30 dB under the loud frames cost 0.6
