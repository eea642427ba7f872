"""Which decoder reads a file."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from diarize.audio import decoders, read_audio
from diarize.audio.decoders import from_file
from diarize.audio.decoding import FileReader
from diarize.audio.libav import LibavReader
from diarize.errors import AudioError
from tests.audio.media import RATE, clicks, media


def sound(container: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, clicks(2.0), RATE, format=container)
    return file.getvalue()


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
def test_soundfile_comes_first(container: str) -> None:
    assert isinstance(from_file("a", io.BytesIO(sound(container)), owned=False), FileReader)


@pytest.mark.parametrize(("container", "codec"), [("mp4", "libmp3lame"), ("avi", "libmp3lame"), ("matroska", "flac")])
def test_a_container_is_no_sound_with_junk_in_front(container: str, codec: str) -> None:
    reader = from_file("a", io.BytesIO(media(container, codec, clicks(2.0))), owned=False)
    assert isinstance(reader, LibavReader)
    reader.close()


@pytest.mark.parametrize("name", ["a.dat", "a.mp3", "a.mp4", "a.ts", "a.aac"])
def test_noise_is_no_recording(name: str) -> None:
    file = io.BytesIO(np.random.default_rng(0).bytes(200000))
    file.name = name
    with pytest.raises(AudioError, match=f"{name}: is not a sound file that can be read"):
        read_audio(file, RATE)


def test_without_decoders_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "pyav", lambda: None)
    monkeypatch.setattr(decoders, "ffmpeg", lambda: None)
    install = r'install PyAV \(pip install "gmm-diarize\[media\]"\) or the program ffmpeg'
    with pytest.raises(AudioError, match=f"x.avi: is an AVI file: to read it, {install}"):
        from_file("x.avi", io.BytesIO(b"RIFF\0\0\0\0AVI LIST" + bytes(2000)), owned=False)
    with pytest.raises(AudioError, match=f"x: is not a sound file .*; or {install}"):
        from_file("x", io.BytesIO(b"something else" + bytes(2000)), owned=False)


def test_an_id3_tag_in_front_of_aac() -> None:
    content = media("adts", "aac", clicks(2.0))
    tagged = b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + content
    np.testing.assert_array_equal(read_audio(io.BytesIO(tagged), RATE), read_audio(io.BytesIO(content), RATE))
