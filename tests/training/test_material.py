"""Training folders: who is found in them, and what is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize.errors import AudioError, ModelError
from diarize.training.material import Material, Person, load_sounds, people_in, session_of

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
    people = people_in(speech)
    assert [person.name for person in people] == ["anna", "ben"]
    assert [path.name for path in people[0].files] == ["a.wav", "2.FLAC"]


def test_recordings_of_media_are_taken_for_sound(speech: Path) -> None:
    for name in ("film.mp4", "memo.M4A", "call.webm"):
        (speech / "anna" / name).write_bytes(b"")
    assert [path.name for path in people_in(speech)[0].files] == [
        "a.wav",
        "2.FLAC",
        "call.webm",
        "film.mp4",
        "memo.M4A",
    ]


def test_recordings_are_resampled_and_joined(speech: Path) -> None:
    anna = people_in(speech)[0]
    (samples,) = anna.sessions(RATE).values()
    assert len(samples) == 0.75 * RATE
    assert len(anna.sessions(8000)[""]) == pytest.approx(0.75 * 8000, abs=2)
    assert [len(load()) for load in anna.loaders(RATE)] == [0.25 * RATE, 0.5 * RATE]
    joined = np.concatenate([soundfile.read(path)[0] for path in anna.files])
    np.testing.assert_allclose(samples, joined, atol=1e-6)


def test_what_stands_before_two_underscores_is_the_session(tmp_path: Path) -> None:
    names = ["phone__2.wav", "home__1.wav", "phone__1.wav", "plain_name.wav", "other.wav"]
    files = tuple(write(tmp_path / name, 0.1 * (1 + index)) for index, name in enumerate(names))
    sessions = Person("x", files).sessions(RATE)
    seconds = {name: round(len(samples) / RATE, 3) for name, samples in sessions.items()}
    assert seconds == {"phone": 0.4, "home": 0.2, "": 0.9}
    assert session_of("some/where/2002-01-06-speaker__002.opus") == "2002-01-06-speaker"
    assert session_of("words.opus") == session_of("more.opus") == ""


def test_folders_that_are_missing_or_have_too_few_speakers(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        people_in(tmp_path / "none")
    with pytest.raises(ModelError, match=r"two speakers at least.*found 0"):
        people_in(tmp_path)
    write(tmp_path / "anna" / "1.wav")
    with pytest.raises(ModelError, match="found 1"):
        people_in(tmp_path)


def test_a_recording_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"no sound at all")
    with pytest.raises(AudioError, match="broken"):
        Person("x", (tmp_path / "broken.wav",)).sessions(RATE)


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


def test_hidden_files_and_folders_are_ignored(speech: Path) -> None:
    (speech / "anna" / "._a.wav").write_bytes(b"what macOS puts beside a file")
    write(speech / "anna" / ".cache" / "old.wav")
    write(speech / ".trash" / "1.wav")
    people = people_in(speech)
    assert [person.name for person in people] == ["anna", "ben"]
    assert [path.name for path in people[0].files] == ["a.wav", "2.FLAC"]
    assert [len(sound) for sound in load_sounds(speech / "anna", RATE)] == [0.25 * RATE, 0.5 * RATE]


def test_speakers_without_utterances_are_an_error() -> None:
    with pytest.raises(ModelError, match="no speech to train"):
        Material(RATE, [[], []])


def test_seconds_are_rounded_to_samples() -> None:
    material = Material(11025, [[lambda: np.zeros(1, np.float32)]])
    assert [material.n_samples(seconds) for seconds in (0.0, 1.0, 0.01)] == [0, 11025, 110]
