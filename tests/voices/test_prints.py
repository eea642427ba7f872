"""Voiceprints: whose frames are summed up, in which bands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.fft import dct

from diarize.annotation import Annotation, Turn
from diarize.diarization import Diarization
from diarize.voices.prints import voiceprints

Halves = tuple[Diarization, Diarization]


def test_the_sums_are_those_of_the_frames_in_which_one_speaks_alone(halves: Halves) -> None:
    diarization = halves[0]
    turns = [*diarization.annotation, Turn(0.0, 8.0, "noise")]
    both = replace(diarization, annotation=Annotation(turns))
    prints = voiceprints(both)
    frames = diarization.frames
    centres = (frames.edges[:-1] + frames.edges[1:]) / 2
    talks = np.zeros(frames.n_frames, bool)
    for turn in turns:
        if turn.speaker == "anna":
            talks |= (turn.start <= centres) & (centres < turn.end)
    talks &= (centres >= 8.0) & diarization.detection.speech
    for turn in turns:
        if turn.speaker == "duncan":
            talks &= ~((turn.start <= centres) & (centres < turn.end))
    assert prints["anna"].seconds == pytest.approx(talks.sum() * 0.01)
    spectrum = np.asarray(diarization.recording.spectrum.log_mel)[talks]  # type: ignore[union-attr]
    cepstra = dct(spectrum, norm="ortho", axis=1)[:, 1:17]
    cepstra -= cepstra.mean(axis=0)
    background = diarization.model.bands["wide"].voices[0].background
    distance = ((cepstra[:, None] - background.means) ** 2 / background.covariances).sum(axis=2)
    log = np.log(background.weights) - 0.5 * (distance + np.log(background.covariances).sum(axis=1))
    shares = np.exp(log - log.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    assert prints["anna"].bands["wide"][0].counts[0] == pytest.approx(shares.sum(axis=0), rel=0.02, abs=0.5)


def test_a_recording_of_full_band_is_heard_as_a_telephone_would_pass_it_on(halves: Halves) -> None:
    prints = voiceprints(halves[0])
    assert sorted(prints) == ["anna", "duncan"]
    assert list(prints["anna"].bands) == ["wide", "narrow"]
    narrow = replace(halves[0], recording=halves[0].recording.within(halves[0].model.bands["narrow"].features))  # type: ignore[union-attr]
    assert list(voiceprints(narrow)["anna"].bands) == ["narrow"]


def test_who_is_hardly_heard_alone_has_no_print(halves: Halves) -> None:
    turns = [*halves[0].annotation, Turn(0.0, 27.0, "echo")]
    assert voiceprints(replace(halves[0], annotation=Annotation(turns))) == {}
    assert voiceprints(replace(halves[0], recording=None)) == {}


def test_legs_have_their_own_sound(halves: Halves) -> None:
    anna, duncan = (
        replace(half, annotation=_only(half.annotation, name))
        for half, name in zip(halves, ("anna", "duncan"), strict=True)
    )
    call = replace(halves[0], recording=None, legs=(anna, duncan))
    assert voiceprints(call)["duncan"].seconds == voiceprints(duncan)["duncan"].seconds


def _only(annotation: Annotation, name: str) -> Annotation:
    return Annotation([turn for turn in annotation if turn.speaker == name], annotation.uri)
