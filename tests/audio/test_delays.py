"""The delays of encoders, against sound that went through them."""

from __future__ import annotations

import io

import numpy as np
import pytest

from diarize.audio import read_audio
from diarize.audio.delays import silent_packets, usual_delay
from tests.audio.media import clicks, lag, media


@pytest.mark.parametrize(("codec", "rate"), [("mp2", 44100), ("ac3", 48000), ("aac", 44100), ("aac", 16000)])
def test_the_delay_of_an_encoder(codec: str, rate: int) -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed")
    written = clicks(rate=rate)
    with av.open(io.BytesIO(media("mpegts", codec, written, rate=rate))) as container:
        frames = list(container.decode(audio=0))
    heard = np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)
    assert round(lag(heard, written, 1.0, rate) * rate) == usual_delay(codec, rate, frames[0].samples)


def test_mp3_within_wav() -> None:
    written = clicks(rate=44100)
    content = media("wav", "libmp3lame", written, rate=44100)
    assert lag(read_audio(io.BytesIO(content), 44100), written, 1.0, 44100) == 0


@pytest.mark.parametrize(
    ("codec", "rate", "writer", "expected"),
    [
        ("wmav2", 44100, "Lavf59.27.100", 2048),
        ("wmav2", 44100, "", 4096),
        ("wmav1", 32000, "Lavf59.27.100", 1024),
        ("wmav2", 16000, "Lavf59.27.100", 512),
        ("opus", 48000, "", 0),
        ("pcm_s16le", 16000, "", 0),
    ],
)
def test_other_codecs(codec: str, rate: int, writer: str, expected: int) -> None:
    assert usual_delay(codec, rate, 960, writer) == expected
    assert silent_packets(codec) == 0
