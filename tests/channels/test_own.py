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
