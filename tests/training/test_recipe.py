"""Training from folders to a model that works, with very small settings and made-up voices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from scipy.signal import lfilter

from diarize import Diarizer
from diarize.annotation import Segment
from diarize.config import Config, TrainingConfig
from diarize.errors import ModelError
from diarize.model import Model
from diarize.training import learn_sessions, train

RATE = 16000
TINY = Config(
    training=TrainingConfig(n_components=8, n_voices=2, copies=1, detectors=1, scenes=10, ensemble=2, overlap_scenes=2)
)


def voice(seed: int, seconds: float) -> npt.NDArray[np.float64]:
    """Return a buzz through three resonances, with pauses."""
    rng, time = np.random.default_rng(seed), np.arange(int(seconds * RATE)) / RATE
    sound = np.sign(np.sin(2 * np.pi * (100 + 40 * seed) * time)) + rng.normal(0, 0.2, len(time))
    for formant in rng.uniform(300, 3500, 3):
        radius = np.exp(-np.pi * 120 / RATE)
        sound = lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * formant / RATE), radius**2], sound)
    syllables = np.sin(2 * np.pi * 1.3 * time + seed) > -0.5
    return np.asarray(0.1 * sound / np.abs(sound).max() * syllables)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speech")
    for seed in range(3):
        (folder / f"speaker{seed}").mkdir()
        soundfile.write(folder / f"speaker{seed}" / "all.wav", voice(seed, 6), RATE)
    return folder


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, float]]:
    return []


@pytest.fixture(scope="module")
def model(folder: Path, steps: list[tuple[str, float]]) -> Model:
    return train(folder, config=TINY, seed=1, progress=lambda step, fraction: steps.append((step, fraction)))


def test_both_bands_are_trained(model: Model) -> None:
    assert list(model.bands) == ["wide", "narrow"]
    assert model.bands["narrow"].features.f_max < 4000
    for band in model.bands.values():
        one, two = band.voices
        for member in (one, two):
            assert member.background.n_components == 8
            assert member.n_voices == 2
            assert np.isfinite(member.projection).all()
            assert member.sessions is None  # no speaker has two
        assert not np.array_equal(one.voices, two.voices)  # each from copies of its own


def test_progress_rises_to_one(model: Model, steps: list[tuple[str, float]]) -> None:
    told = list(dict.fromkeys(steps))  # the same is told again while a step takes long
    names = [step for step, _ in told]
    assert names == ["speech detectors", "voices", "voices", "overlap", "done"]  # two members of the ensemble
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)


def test_the_model_serves_a_diarizer_also_after_a_file(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "tiny.npz")
    conversation = np.concatenate([voice(0, 5), voice(2, 5)])
    everything = [Segment(0.0, 10.0)]
    annotation = Diarizer(model=model)((conversation, RATE), speech=everything, num_speakers=2)
    from_file = Diarizer(Config(model=str(tmp_path / "tiny.npz")))
    again = from_file((conversation, RATE), speech=everything, num_speakers=2)
    assert annotation.labels == again.labels == ["speaker1", "speaker2"]
    before = annotation.crop(Segment(0.0, 4.5)).durations()
    after = annotation.crop(Segment(5.5, 10.0)).durations()
    assert max(before, key=before.__getitem__) != max(after, key=after.__getitem__)


@pytest.mark.slow
def test_same_material_and_seed_same_model(model: Model, folder: Path) -> None:
    again = train(folder, config=TINY, seed=1)
    for name, band in model.bands.items():
        arrays, others = (
            one.voices[0].arrays("0_") | one.voices[1].arrays("1_") | one.speech.arrays("speech_")
            for one in (band, again.bands[name])
        )
        assert arrays.keys() == others.keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(array, others[key], err_msg=key)


@pytest.mark.slow
def test_several_folders(folder: Path, tmp_path: Path) -> None:
    for name in ("speaker0", "speaker7"):  # a name that is in the other folder as well is another speaker's
        (tmp_path / name).mkdir()
        soundfile.write(tmp_path / name / "day__1.wav", voice(len(name) + int(name[-1]), 3), RATE)
        soundfile.write(tmp_path / name / "night__1.wav", voice(len(name) + int(name[-1]), 3), RATE)
    training = TINY.training.with_(n_voices=10, ensemble=1, overlap_scenes=0, copies=0)
    model = train(folder, tmp_path, config=TINY.with_(training=training))
    (voices,) = model.bands["wide"].voices
    assert voices.n_voices == 4  # one less than speakers
    assert voices.sessions is not None


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three speakers, each in two sessions."""
    folder = tmp_path_factory.mktemp("days")
    for seed in range(3):
        (folder / f"speaker{seed}").mkdir()
        for number, day in enumerate(("monday", "friday")):
            path = folder / f"speaker{seed}" / f"{day}__1.wav"
            soundfile.write(path, voice(seed, 1.5 + 0.5 * number) * (1 + number), RATE)
    return folder


@pytest.fixture(scope="module")
def taught(model: Model, days: Path) -> Model:
    return learn_sessions(model, days, config=TINY, seed=3)


def arrays_of(model: Model, path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return all that the file of a model holds."""
    model.save(path)
    with np.load(path) as file:
        return dict(file)


def test_sessions_are_learnt_for_every_member_and_nothing_else_changes(
    model: Model, taught: Model, tmp_path: Path
) -> None:
    before, after = arrays_of(model, tmp_path / "before.npz"), arrays_of(taught, tmp_path / "after.npz")
    new = {f"{band}/voices_{k}_{name}" for band in model.bands for k in range(2) for name in ("between", "within")}
    assert len(new) == 8
    assert set(after) - set(before) == new
    for name, array in before.items():
        assert array.dtype == after[name].dtype
        assert array.tobytes() == after[name].tobytes(), name
    for name in new:
        assert after[name].shape == (2, 2)
        assert (np.linalg.eigvalsh(after[name]) > 0).all()
    assert len({after[name].tobytes() for name in new}) == 8  # each member from copies of its own, each band by itself
    assert all(voices.sessions is None for band in model.bands.values() for voices in band.voices)
    assert all(voices.sessions for band in Model.load(tmp_path / "after.npz").bands.values() for voices in band.voices)


@pytest.mark.slow
def test_same_seed_same_sessions(model: Model, taught: Model, days: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, float]] = []
    again = learn_sessions(
        model, days, config=TINY, seed=3, progress=lambda step, fraction: steps.append((step, fraction))
    )
    one, two = arrays_of(taught, tmp_path / "one.npz"), arrays_of(again, tmp_path / "two.npz")
    assert one.keys() == two.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name], err_msg=name)
    assert list(dict.fromkeys(steps)) == [("sessions", 0.0), ("sessions", 0.5), ("done", 1.0)]
    other = arrays_of(learn_sessions(model, days, config=TINY, seed=7), tmp_path / "other.npz")
    assert not np.array_equal(other["wide/voices_0_within"], one["wide/voices_0_within"])


def test_sessions_of_nobody(model: Model, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no speaker has two sessions"):
        learn_sessions(model, folder, config=TINY)
    with pytest.raises(ModelError, match="no such folder"):
        learn_sessions(model, tmp_path / "none", config=TINY)


def test_sessions_of_a_word_each(model: Model, tmp_path: Path) -> None:
    for seed in range(2):
        (tmp_path / f"speaker{seed}").mkdir()
        for day in ("monday", "friday"):
            soundfile.write(tmp_path / f"speaker{seed}" / f"{day}__1.wav", voice(seed, 0.3), RATE)
    with pytest.raises(ModelError, match="no speaker has two sessions with enough speech"):
        learn_sessions(model, tmp_path, config=TINY)


def test_too_little_speech(tmp_path: Path) -> None:
    for seed in range(2):
        (tmp_path / str(seed)).mkdir()
        soundfile.write(tmp_path / str(seed) / "short.wav", voice(seed, 0.3), RATE)
    once = TINY.with_(training=TINY.training.with_(scenes=1))
    with pytest.raises(ModelError, match="too few"):
        train(tmp_path, config=once)


def test_folders_that_are_not_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        train(tmp_path / "none")
    with pytest.raises(ModelError, match="no such folder or no audio"):
        train(folder, noise_dir=tmp_path / "none")
