"""W64 with extended headers, put together by its published description, and joined W64."""

from __future__ import annotations

import io
import struct

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.audio import read_audio
from diarize.audio.w64 import w64_parts
from diarize.errors import DiarizeWarning

RATE = 16000
RIFF = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000")
REST = bytes.fromhex("f3acd3118cd100c04f8edb8a")
SUBFORMAT = bytes.fromhex("000000001000800000aa00389b71")


def sound() -> npt.NDArray[np.float64]:
    return 0.1 * np.random.default_rng(0).standard_normal(2 * RATE)


def chunk(name: bytes, content: bytes) -> bytes:
    return name + REST + struct.pack("<Q", 24 + len(content)) + content + bytes(-len(content) % 8)


def extended(kind: str, coding: int) -> bytes:
    """Return a W64 file of samples of a kind of numpy, whose coding stands in the subformat."""
    scale = 1 if kind[1] == "f" else 32767
    content = (scale * sound()).astype(kind).tobytes()
    width = np.dtype(kind).itemsize
    form = struct.pack("<HHIIHHHHIH", 0xFFFE, 1, RATE, RATE * width, width, 8 * width, 22, 8 * width, 4, coding)
    body = b"wave" + REST + chunk(b"fmt ", form + SUBFORMAT) + chunk(b"fact", bytes(8)) + chunk(b"data", content)
    return RIFF + struct.pack("<Q", 24 + len(body)) + body


@pytest.mark.parametrize(("kind", "coding"), [("<f4", 3), ("<f8", 3), ("<i2", 1)])
def test_the_subformat_says_how_samples_are_written(kind: str, coding: int) -> None:
    content = extended(kind, coding)
    np.testing.assert_allclose(read_audio(io.BytesIO(content), RATE), sound(), atol=1e-7 if coding == 3 else 7e-5)
    np.testing.assert_allclose(read_audio(io.BytesIO(3 * content), RATE), np.tile(sound(), 3), atol=7e-5)


def test_a_cut_file() -> None:
    with pytest.warns(DiarizeWarning, match="cut short or damaged"):
        samples = read_audio(io.BytesIO(extended("<f4", 3)[: -4 * RATE]), RATE)
    np.testing.assert_allclose(samples, sound()[:RATE], atol=1e-7)


def test_plain_files() -> None:
    file = io.BytesIO()
    soundfile.write(file, sound(), RATE, format="W64", subtype="FLOAT")
    assert w64_parts(file) == []
    np.testing.assert_allclose(read_audio(io.BytesIO(2 * file.getvalue()), RATE), np.tile(sound(), 2), atol=1e-7)


@pytest.mark.parametrize("content", [b"riff", RIFF + bytes(8), RIFF + bytes(200), extended("<f4", 3)[:80]])
def test_other_files_are_left_alone(content: bytes) -> None:
    assert w64_parts(io.BytesIO(content)) == []


@pytest.mark.parametrize("unknown", [0, 24, (1 << 63) - 1, (1 << 64) - 1])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_length_that_was_not_known(unknown: int, share: float) -> None:
    file = io.BytesIO()
    soundfile.write(file, sound(), RATE, format="W64", subtype="PCM_24")
    for plain in (file.getvalue(), extended("<f4", 3)):
        place = plain.index(b"data" + REST) + 16
        n_bytes = round(share * len(plain[place + 8 :]))
        whole = plain[:16] + struct.pack("<Q", (1 << 64) - 1) + plain[24:place] + struct.pack("<Q", unknown)
        with pytest.warns(DiarizeWarning, match="does not say how long it is"):
            samples = read_audio(io.BytesIO(whole + plain[place + 8 :][:n_bytes]), RATE)
        np.testing.assert_allclose(samples, sound()[: len(samples)], atol=3e-7)
        assert abs(len(samples) - share * 2 * RATE) <= 2
