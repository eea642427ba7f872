"""Files that libsndfile does not know, by the program ffmpeg."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize.audio import Excerpt, decoders, open_audio, read_audio
from diarize.audio.ffmpeg import ffmpeg
from diarize.audio.libav import pyav
from diarize.errors import AudioError, DiarizeWarning
from tests.audio.media import RATE, clicks, lag, media

pytestmark = pytest.mark.skipif(ffmpeg() is None, reason="ffmpeg is not on PATH")


@pytest.fixture(autouse=True)
def without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "pyav", lambda: None)


@pytest.mark.parametrize("container", ["mp4", "matroska", "adts"])
def test_sound_stays_at_its_time(container: str) -> None:
    written = clicks()
    heard = read_audio(io.BytesIO(media(container, "aac", written)), RATE)
    late = [lag(heard, written, place) for place in (1.0, 6.0)]
    assert abs(late[0]) < (0.07 if container == "matroska" else 0.001)
    assert late[1] == late[0]


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("flv", "aac", 44100),
        ("mpegts", "mp2", 44100),
        ("asf", "wmav2", 44100),
        ("ipod", "aac", RATE),
        ("avi", "mp2", RATE),
    ],
)
def test_both_decoders_give_the_same(container: str, codec: str, rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    content = media(container, codec, clicks(rate=rate), rate=rate)
    heard = read_audio(io.BytesIO(content), rate)
    monkeypatch.setattr(decoders, "pyav", pyav)
    np.testing.assert_allclose(heard, read_audio(io.BytesIO(content), rate), atol=1e-4)


def test_a_container_says_how_much_is_missing() -> None:
    content = media("avi", "mp2", clicks())
    with pytest.warns(DiarizeWarning, match=r"using the [45]\.\d{3} s before that, where it should be 8\.\d{3} s long"):
        read_audio(io.BytesIO(content[: len(content) * 6 // 10]), RATE)


def test_a_pause_of_the_recorder_becomes_silence() -> None:
    written = clicks()
    heard = read_audio(io.BytesIO(media("matroska", "pcm_s16le", written, gap=(3.0, 5.0))), RATE)
    assert lag(heard, written, 1.0) == 0
    assert abs(lag(heard[5 * RATE :], written, 6.0)) <= 0.001
    assert not heard[round(3.5 * RATE) : round(7.5 * RATE)].any()


def test_tracks() -> None:
    first, second = clicks(seed=1), clicks(seed=2)
    content = media("matroska", "flac", first, second)
    np.testing.assert_allclose(read_audio(Excerpt(io.BytesIO(content), track=2), RATE), second, atol=1e-4)
    with pytest.warns(DiarizeWarning, match=r"1 \(flac.*\), 2 \(flac.*\); track 1 is used"):
        np.testing.assert_allclose(read_audio(io.BytesIO(content), RATE), first, atol=1e-4)
    with pytest.raises(AudioError, match=r"no track 3; its tracks are 1 \(flac"):
        open_audio(Excerpt(io.BytesIO(content), track=3), RATE)


def test_no_sound_and_no_recording() -> None:
    with pytest.raises(AudioError, match="holds no sound, only video"):
        open_audio(io.BytesIO(media("mp4", "aac", video=True)), RATE)
    with pytest.raises(AudioError, match="is a WebM / Matroska file: ffmpeg cannot open it"):
        open_audio(io.BytesIO(b"\x1aE\xdf\xa3" + bytes(2000)), RATE)


def test_damage_is_said() -> None:
    content = bytearray(media("mp4", "aac", clicks()))
    middle = content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2
    content[middle : middle + 1500] = np.random.default_rng(0).bytes(1500)
    with pytest.warns(DiarizeWarning, match="it is damaged, says ffmpeg: "):
        read_audio(io.BytesIO(content), RATE)


@pytest.mark.parametrize(("ending", "codec"), [("ts", "aac"), ("mpg", "mp2")])
def test_sound_that_begins_after_the_picture_keeps_its_time_in_broadcasts(
    tmp_path: Path, ending: str, codec: str
) -> None:
    written, path = clicks(), tmp_path / f"late.{ending}"
    soundfile.write(tmp_path / "sound.wav", written, RATE)
    picture = ["-f", "lavfi", "-i", "color=red:s=32x32:r=25:d=10", "-c:v", "mpeg2video"]
    command = [ffmpeg(), "-v", "error", "-itsoffset", "2", "-i", tmp_path / "sound.wav", *picture, "-c:a", codec, path]
    subprocess.run(command, check=True)
    heard = read_audio(path, RATE)
    assert abs(lag(heard[2 * RATE :], written, 1.0)) < 0.035


def test_late_sound_alone_is_not_called_short() -> None:  # warnings are errors
    heard = read_audio(io.BytesIO(media("matroska", "pcm_s16le", clicks(), late=2.0)), RATE)
    assert len(heard) / RATE == pytest.approx(8.0, abs=0.01)
