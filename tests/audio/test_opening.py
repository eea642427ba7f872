"""Opening a recording, and everything that can be wrong with it."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.audio import audio_uri, open_audio, read_audio, rereadable
from diarize.errors import AudioError


def noise(n_samples: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return (0.1 * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    path = tmp_path / "a meeting.wav"
    soundfile.write(path, noise(16000), 16000, subtype="PCM_16")
    return path


@pytest.mark.parametrize("channel", [0, -1, 4, 1.0, "1"])
def test_missing_channel_says_how_many_there_are(channel: int) -> None:
    with pytest.raises(AudioError, match=rf"no channel {channel!r}; it has 3"):
        open_audio((np.zeros((100, 3)), 16000), 16000, channel=channel)


def test_file_objects_stay_open(wav: Path) -> None:
    memory = io.BytesIO(wav.read_bytes())
    np.testing.assert_array_equal(read_audio(memory, 16000), read_audio(wav, 16000))
    assert not memory.closed
    with wav.open("rb") as file, open_audio(file, 16000) as stream:
        assert stream.uri == "a meeting"


def test_names(wav: Path) -> None:
    assert audio_uri(wav) == audio_uri(str(wav)) == "a meeting"
    assert audio_uri("x/meeting.part1.flac") == "meeting.part1"
    assert audio_uri((np.zeros(3), 16000)) == audio_uri(io.BytesIO()) == "audio"


@pytest.mark.parametrize("n_samples", [1, 2, 800])
def test_very_short_audio_is_valid(tmp_path: Path, n_samples: int) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, noise(n_samples), 16000)
    assert len(read_audio(path, 16000)) == n_samples
    assert len(read_audio(path, 8000)) in {n_samples // 2, (n_samples + 1) // 2}


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"nothing\.wav: cannot be opened: No such file"):
        open_audio(tmp_path / "nothing.wav", 16000)


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="is a directory; name an audio file"):
        open_audio(tmp_path, 16000)


def test_sample_rate_under_8_khz(tmp_path: Path) -> None:
    path = tmp_path / "slow.wav"
    soundfile.write(path, noise(6000), 6000)
    with pytest.raises(AudioError, match=r"slow\.wav: the sample rate is 6000 Hz; speech needs at least 8000"):
        open_audio(path, 16000)
    with pytest.raises(AudioError, match="7999 Hz"):
        open_audio((noise(100), 7999), 16000)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (42, "must be a path"),
        ((np.zeros(10),), "tuple of the samples and the sample rate"),
        ((np.zeros(10), 16000.5), "whole Hz"),
        ((np.zeros(10), "16000"), "whole Hz"),
        ((np.zeros(10), None), "whole Hz"),
        ((np.zeros(10), np.nan), "whole Hz"),
        ((np.zeros((2, 3, 4)), 16000), r"shape must be .* got \(2, 3, 4\)"),
        ((np.zeros((2, 16000)), 16000), r"shape must be .* got \(2, 16000\)"),
        ((np.zeros(10, complex), 16000), "integers or floats, got complex128"),
        ((["a", "b"], 16000), "integers or floats"),
        (io.StringIO("RIFF and so on"), "open it in binary mode"),
    ],
)
def test_things_that_are_no_audio(source: object, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        open_audio(source, 16000)  # type: ignore[arg-type]


def test_what_can_be_opened_again_is_not_copied(wav: Path) -> None:
    for source in (wav, str(wav), (np.zeros(10), 16000), Path("none.wav")):
        with rereadable(source) as again:
            assert again is source


def test_file_objects_are_copied_once(wav: Path) -> None:
    with rereadable(io.BytesIO(wav.read_bytes())) as copy:
        np.testing.assert_array_equal(read_audio(copy, 16000), read_audio(wav, 16000))
        np.testing.assert_array_equal(read_audio(copy, 8000), read_audio(wav, 8000))
        assert audio_uri(copy) == "audio"
    assert not Path(str(copy)).exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_copied_once(wav: Path, tmp_path: Path) -> None:
    fifo = tmp_path / "line 1.wav"
    os.mkfifo(fifo)
    feeder = threading.Thread(target=lambda: fifo.write_bytes(wav.read_bytes()))
    feeder.start()
    with rereadable(fifo) as copy:
        feeder.join(10)
        assert audio_uri(copy) == "line 1"
        for _ in range(2):
            np.testing.assert_array_equal(read_audio(copy, 16000), read_audio(wav, 16000))


def test_text_cannot_be_copied() -> None:
    with pytest.raises(AudioError, match="audio file object: cannot be copied"), rereadable(io.StringIO("RIFF")):  # type: ignore[arg-type]
        pass
