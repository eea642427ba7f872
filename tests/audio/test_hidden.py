"""Files with something in front of their sound."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from diarize.audio import read_audio
from diarize.audio.hidden import hidden_parts
from diarize.errors import DiarizeWarning
from tests.audio.media import RATE, clicks

FRONTS = {"zeros": bytes(5000), "junk": np.random.default_rng(1).bytes(3001), "text": b"HTTP/1.1 200 OK\r\n\r\n"}


@pytest.mark.parametrize("name", FRONTS)
@pytest.mark.parametrize(
    ("container", "subtype"),
    [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("AIFF", "PCM_16")],
)
def test_it_is_left_out(container: str, subtype: str, name: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, clicks(2.0), RATE, format=container, subtype=subtype)
    front = FRONTS[name]
    with pytest.warns(DiarizeWarning, match=f"it begins with {len(front)} bytes that are no sound"):
        heard = read_audio(io.BytesIO(front + file.getvalue()), RATE)
    np.testing.assert_array_equal(heard, read_audio(io.BytesIO(file.getvalue()), RATE))


def test_what_is_no_sound_with_something_in_front() -> None:
    wav = b"RIFF....WAVEfmt " + bytes(50)
    assert hidden_parts(io.BytesIO(wav)) == []
    assert hidden_parts(io.BytesIO(bytes(1 << 17) + wav)) == []
    assert hidden_parts(io.BytesIO(b"\x1aE\xdf\xa3" + bytes(50) + b"fLaC\0\0\0\x22" + bytes(50))) == []
