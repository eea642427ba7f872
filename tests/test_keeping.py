"""Diarizations that are kept in files: corrections come out the same, and what is damaged or foreign is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from diarize import Annotation, Diarization, Diarizer, FormatError, Hints, ModelError, Segment, Turn
from diarize.model import Model
from diarize.spooling import Spooled, spooled
from diarize.stages import blocks
from diarize.stages.detection import Detection

SAMPLES = Path(__file__).resolve().parents[1] / "audio_samples"
RATE = 16000
HINTS = Hints([Turn(2.0, 3.0, "anna"), Turn(8.0, 9.5, "ben")], [Segment(5.0, 5.5)])
Arrays = dict[str, Any]
Change = Callable[[Arrays], object]


@pytest.fixture(scope="module")
def plain() -> Diarization:
    """Return that of 25 s with two speakers."""
    samples = soundfile.read(SAMPLES / "dialogue.flac", frames=25 * RATE, dtype="float32")[0]
    return Diarizer("default").diarize((samples, RATE), uri="a talk/ü")


@pytest.fixture(scope="module")
def kept(plain: Diarization, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kept") / "talk.npz"
    plain.save(path)
    return path


def test_everything_comes_back(plain: Diarization, kept: Path) -> None:
    loaded = Diarization.load(kept)
    assert loaded.annotation == plain.annotation
    assert (loaded.frames, loaded.names, loaded.config) == (plain.frames, plain.names, plain.config)
    assert (loaded.channel, loaded.layout, loaded.about()) == (plain.channel, plain.layout, plain.about())
    assert np.array_equal(loaded.posterior, plain.posterior)
    assert np.array_equal(loaded.overlap_probability, plain.overlap_probability)
    assert np.array_equal(loaded.detection.speech, plain.detection.speech)
    assert np.allclose(loaded.speech_probability, plain.speech_probability, atol=5e-4)
    for one, other in zip(loaded.statistics, plain.statistics, strict=True):
        assert np.allclose(one.counts, other.counts, rtol=1e-3, atol=0.01)
        assert np.allclose(one.projected, other.projected, rtol=1e-3, atol=0.1)


def test_a_correction_is_the_same_to_the_last_bit(plain: Diarization, kept: Path) -> None:
    diarizer = Diarizer(plain.config)
    first, second = (diarizer.correct(one, HINTS) for one in (plain, Diarization.load(kept)))
    assert first.annotation == second.annotation != plain.annotation
    assert np.array_equal(first.posterior, second.posterior)


def test_of_a_correction_the_beginning_is_kept(plain: Diarization, kept: Path, tmp_path: Path) -> None:
    Diarizer(plain.config).correct(plain, HINTS).save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == kept.read_bytes()


def test_long_recordings_stay_on_disk(
    plain: Diarization, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "spooled", partial(spooled, limit=1000))
    loaded = Diarization.load(kept)
    assert loaded.blocks is not None
    assert isinstance(loaded.blocks.cepstra, Spooled)
    loaded.save(tmp_path / "again.npz")
    assert np.array_equal(Diarization.load(tmp_path / "again.npz").posterior, plain.posterior)
    assert Diarizer(plain.config).correct(loaded, HINTS).annotation == (
        Diarizer(plain.config).correct(plain, HINTS).annotation
    )


@pytest.fixture(scope="module")
def call() -> Diarization:
    """Return that of two legs, each with half of a talk."""
    samples, rate = soundfile.read(SAMPLES / "dialogue.flac", frames=12 * RATE, dtype="float32")
    quiet = np.random.default_rng(0).normal(scale=1e-3, size=(len(samples), 2)).astype(np.float32)
    halves = np.stack([samples, np.zeros_like(samples)], axis=1)
    halves[len(samples) // 2 :] = halves[len(samples) // 2 :, ::-1]
    return Diarizer("fast").diarize((halves + quiet, rate), channels="separate", uri="call")


def test_legs_come_back(call: Diarization, tmp_path: Path) -> None:
    assert len(call.legs) == 2
    call.save(tmp_path / "call.npz")
    loaded = Diarization.load(tmp_path / "call.npz")
    assert loaded.annotation == call.annotation
    assert [(leg.channel, leg.channel_name) for leg in loaded.legs] == [(1, "channel1"), (2, "channel2")]
    assert loaded.about().channels == call.about().channels
    assert np.array_equal(loaded.posterior, call.posterior)


def test_a_damaged_leg_is_an_error(call: Diarization, tmp_path: Path) -> None:
    call.save(tmp_path / "call.npz")
    with np.load(tmp_path / "call.npz") as archive:
        arrays = dict(archive)
    for damage in (without("leg1_labels"), shorter("leg0_detected"), filled("leg1_posterior", np.nan)):
        bad = dict(arrays)
        damage(bad)
        np.savez(tmp_path / "bad.npz", **bad)
        with pytest.raises(FormatError, match=r"bad\.npz: not a diarization that was kept"):
            Diarization.load(tmp_path / "bad.npz")


def test_without_speech_there_is_little_to_keep(plain: Diarization, tmp_path: Path) -> None:
    silent = Detection(np.zeros(plain.frames.n_frames, bool))
    nothing = Diarization(Annotation((), "x"), plain.frames, silent, plain.band, plain.model, plain.config)
    nothing.save(tmp_path / "x.npz")
    loaded = Diarization.load(tmp_path / "x.npz")
    assert (loaded.annotation, loaded.blocks, loaded.outcome) == (nothing.annotation, None, None)
    assert not loaded.speech_probability.any()


def test_another_model_is_refused(plain: Diarization, kept: Path) -> None:
    wide = plain.model.bands["wide"]
    one_less = Model({"wide": replace(wide, voices=wide.voices[:1])}, plain.model.filters)
    with pytest.raises(ModelError, match=r"talk\.npz: made with another model than the one that was given; give"):
        Diarization.load(kept, one_less)
    again = Model(plain.model.bands, plain.model.filters)
    assert Diarization.load(kept, again).annotation == plain.annotation


def test_a_model_and_its_file_have_one_fingerprint(plain: Diarization, tmp_path: Path) -> None:
    plain.model.save(tmp_path / "model.npz")
    assert Model.load(tmp_path / "model.npz").fingerprint() == plain.model.fingerprint()


def shorter(name: str) -> Change:
    return lambda arrays: arrays.update({name: arrays[name][:-1]})


def without(name: str) -> Change:
    return lambda arrays: arrays.pop(name)


def deeper(name: str) -> Change:
    return lambda arrays: arrays.update({name: arrays[name][:, None]})


def filled(name: str, value: float) -> Change:
    return lambda arrays: arrays.update({name: np.full_like(arrays[name], value)})


def said(old: bytes, new: bytes) -> Change:
    def change(arrays: Arrays) -> None:
        text = arrays["about"].tobytes()
        assert old in text
        arrays["about"] = np.frombuffer(text.replace(old, new, 1), np.uint8)

    return change


@pytest.mark.parametrize(
    "damage",
    [
        *map(shorter, ("detected", "probability", "speech", "lengths", "labels", "posterior", "cepstra_0_bytes")),
        *map(shorter, ("cepstra_0_there", "cepstra_0_exponents", "model0_counts_0_bytes", "model2_projected_0_there")),
        *map(without, ("about", "detected", "lengths", "labels", "candidates", "cepstra_0_there", "frame_step")),
        filled("model0_counts_0_bytes", 255),
        without("model2_projected_0_bytes"),
        filled("posterior", 2.0),
        filled("lengths", 0),
        filled("labels", -1),
        filled("candidates", 10**6),
        said(b'"n_frames": ', b'"n_frames": 9'),
        said(b'"turns": [[', b'"turns": [["a", '),
        said(b'"legs": 0', b'"legs": "x"'),
        said(b"diarize-kept-2", b"diarize-kept-1"),
        said(b"{", b"["),
        said(b'"ratios": {}', b'"ratios": [1]'),
        *map(deeper, ("speech", "labels", "overlap")),
        lambda arrays: arrays.update(about=np.frombuffer(b"[]", np.uint8)),
    ],
)
def test_damage_is_an_error_in_one_line(kept: Path, tmp_path: Path, damage: Change) -> None:
    with np.load(kept) as archive:
        arrays = dict(archive)
    damage(arrays)
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(FormatError, match=r"bad\.npz: ") as caught:
        Diarization.load(tmp_path / "bad.npz")
    assert "\n" not in str(caught.value)


def test_what_is_no_kept_diarization(tmp_path: Path, plain: Diarization) -> None:
    with pytest.raises(FormatError, match="cannot read the file: No such file"):
        Diarization.load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("SPEAKER")
    with pytest.raises(FormatError, match="not a diarization that was kept"):
        Diarization.load(tmp_path / "text.npz")
    with pytest.raises(FormatError, match="cannot write the file"):
        plain.save(tmp_path / "no folder" / "talk.npz")
