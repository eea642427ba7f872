"""Voiceprints: whose frames are summed up, in which bands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.fft import dct

from diarize.annotation import Annotation, Segment, Turn
from diarize.audio import Excerpt
from diarize.correction import corrected
from diarize.diarization import Diarization
from diarize.hints import Hints
from diarize.pipeline import Diarizer
from diarize.voices.prints import Voiceprint, voiceprints
from tests.voices.conftest import SAMPLES

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


def test_of_one_who_is_heard_in_two_legs_the_longer_print_is_kept(halves: Halves) -> None:
    one = halves[0].renamed({"anna": "ben", "duncan": "x"})
    long, short = (
        replace(one, annotation=one.annotation),
        replace(one, annotation=Annotation([one.annotation.turns[0]])),
    )
    short = short.renamed({short.annotation.labels[0]: "ben"})
    long_first, short_first = (voiceprints(replace(one, legs=legs))["ben"] for legs in ((long, short), (short, long)))
    assert long_first.seconds == short_first.seconds == voiceprints(long)["ben"].seconds
    assert voiceprints(short)["ben"].seconds < long_first.seconds


def test_a_diarization_that_was_kept_has_its_voices_without_the_sound(tmp_path: Path) -> None:
    found = Diarizer("fast").diarize(Excerpt(SAMPLES / "dialogue.flac", 0, 27), num_speakers=2)
    found.save(tmp_path / "kept.npz")
    loaded = Diarization.load(tmp_path / "kept.npz")
    _are_alike(voiceprints(loaded), voiceprints(found))
    first = found.annotation.turns[0]
    hints = Hints([Turn(first.start, first.end, "Anna")], [Segment(first.end, first.end + 1)])
    _are_alike(*(voiceprints(corrected(one, hints)) for one in (loaded, found)))
    assert "Anna" in voiceprints(corrected(loaded, hints))


def _are_alike(loaded: dict[str, Voiceprint], found: dict[str, Voiceprint]) -> None:
    assert loaded.keys() == found.keys()
    assert len(loaded) == 2
    for name, heard in loaded.items():
        assert heard.seconds == pytest.approx(found[name].seconds, abs=1e-9)
        assert list(heard.bands) == ["wide"]  # what a telephone would pass on was not kept
        for one, other in zip(heard.bands["wide"], found[name].bands["wide"], strict=True):
            assert one.counts == pytest.approx(other.counts, rel=0.02, abs=0.3)
            assert one.projected == pytest.approx(other.projected, rel=0.02, abs=2.0)


def _only(annotation: Annotation, name: str) -> Annotation:
    return Annotation([turn for turn in annotation if turn.speaker == name], annotation.uri)
