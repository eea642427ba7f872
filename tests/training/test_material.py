"""Training folders: who is found in them, what is read, and what is kept of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.config import FeatureConfig
from diarize.errors import AudioError, ModelError
from diarize.features import log_mel, narrowed
from diarize.training.augment import Augmenter
from diarize.training.material import Person, Spool, find_speakers, load_sounds, loud_frames

RATE = 16000


def write(path: Path, seconds: float = 0.5, level: float = 0.1, rate: int = RATE, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).normal(0, level, int(seconds * rate))
    soundfile.write(path, samples, rate)
    return path


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    folder = tmp_path / "speech"
    write(folder / "ben" / "1.wav")
    write(folder / "anna" / "b" / "2.FLAC")
    write(folder / "anna" / "a.wav", 0.25)
    (folder / "anna" / "notes.txt").write_text("no sound")
    (folder / "empty").mkdir()
    write(folder / "stray.wav")
    return folder


def test_speakers_are_folders_with_sound_in_the_order_of_their_names(speech: Path) -> None:
    people = find_speakers(speech)
    assert [person.name for person in people] == ["anna", "ben"]
    assert [path.name for path in people[0].files] == ["a.wav", "2.FLAC"]


def test_recordings_are_resampled_and_joined(speech: Path) -> None:
    anna = find_speakers(speech)[0]
    assert len(anna.speech(RATE)) == 0.75 * RATE
    assert len(anna.speech(8000)) == pytest.approx(0.75 * 8000, abs=2)
    assert [len(load()) for load in anna.loaders(RATE)] == [0.25 * RATE, 0.5 * RATE]
    joined = np.concatenate([soundfile.read(path)[0] for path in anna.files])
    np.testing.assert_allclose(anna.speech(RATE), joined, atol=1e-6)


def test_folders_that_are_missing_or_have_too_few_speakers(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        find_speakers(tmp_path / "none")
    with pytest.raises(ModelError, match=r"two speakers at least.*found 0"):
        find_speakers(tmp_path)
    write(tmp_path / "anna" / "1.wav")
    with pytest.raises(ModelError, match="found 1"):
        find_speakers(tmp_path)


def test_a_recording_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"no sound at all")
    with pytest.raises(AudioError, match="broken"):
        Person("x", (tmp_path / "broken.wav",)).speech(RATE)


def test_sounds_are_read_in_depth(tmp_path: Path) -> None:
    write(tmp_path / "b" / "c" / "deep.wav", 0.5)
    write(tmp_path / "a.wav", 0.1)
    assert [len(sound) for sound in load_sounds(tmp_path, RATE)] == [1600, 8000]
    assert load_sounds(None, RATE) == []


@pytest.mark.parametrize("name", ["none", "empty"])
def test_folders_without_sounds(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=f"{name}: no such folder or no audio files"):
        load_sounds(tmp_path / name, RATE)


def test_loud_frames_are_within_thirty_five_decibels() -> None:
    level = np.repeat([0.0, -30.0, -40.0, -100.0], 100) * np.log(10) / 10
    spectrum = (level[:, None] + np.zeros(40)).astype(np.float32)
    np.testing.assert_array_equal(loud_frames(spectrum), np.arange(400) < 200)
    np.testing.assert_array_equal(loud_frames(spectrum - 5), np.arange(400) < 200)


def test_no_frames_are_not_loud() -> None:
    assert loud_frames(np.zeros((0, 40), np.float32)).shape == (0,)


BANDS = FeatureConfig(), narrowed(FeatureConfig(), 3900.0)


def read(spool: Spool, band: int) -> list[list[npt.NDArray[np.float32]]]:
    return list(spool.speakers(band))


def test_the_spool_gives_back_every_copy_in_every_band(tmp_path: Path) -> None:
    spool = Spool(tmp_path, BANDS, 2)
    for number in range(2):
        path = write(tmp_path / f"{number}.wav", 1.5 + number, seed=number)
        spool.add(Person(str(number), (path,)), Augmenter(RATE), np.random.default_rng(number))
    assert spool.count == 2
    for band in range(2):
        found = read(spool, band)
        assert [len(copies) for copies in found] == [3, 3]
        assert [len(copies[0]) for copies in found] == [148, 248]
        assert {x.shape for x in found[0]} == {(148, BANDS[band].n_mfcc)}
        for x in found[0]:
            np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-4)  # eq. (3)
        assert np.abs(found[0][0] - found[0][1]).max() > 0.1
    assert np.abs(read(spool, 0)[0][0][:, :4] - read(spool, 1)[0][0][:, :4]).max() > 0.1
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(read(spool, 0), read(spool, 0), strict=True))


def test_frames_of_silence_are_not_kept(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE)
    samples = np.concatenate([noise, np.zeros(3 * RATE)])
    soundfile.write(tmp_path / "half.wav", samples, RATE)
    spool = Spool(tmp_path, BANDS, 1)
    spool.add(Person("x", (tmp_path / "half.wav",)), Augmenter(RATE), np.random.default_rng(0))
    loud = loud_frames(log_mel([samples.astype(np.float32)], BANDS[0])).sum()
    assert [len(x) for x in read(spool, 0)[0]] == [loud, loud]  # where the clean copy is loud
    assert 195 <= loud <= 205


def test_a_speaker_with_too_little_speech_is_left_out(tmp_path: Path) -> None:
    spool = Spool(tmp_path, BANDS, 1)
    spool.add(Person("x", (write(tmp_path / "short.wav", 0.9),)), Augmenter(RATE), np.random.default_rng(0))
    assert spool.count == 0
    assert read(spool, 0) == []
