"""VOC of several blocks, put together by its published description, against the sound in them."""

from __future__ import annotations

import io
import struct

import numpy as np
import numpy.typing as npt
import pytest

from diarize.audio import decoders, open_audio, read_audio
from diarize.audio.voc import voc_parts
from diarize.errors import AudioError, DiarizeWarning

RATE = 8000
HEAD = b"Creative Voice File\x1a" + struct.pack("<HHH", 26, 0x0114, 0x111F)


def sound(n_samples: int = 5000) -> npt.NDArray[np.int16]:
    return np.random.default_rng(0).integers(-3000, 3000, n_samples).astype("<i2")


def block(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + len(content).to_bytes(3, "little") + content


def new(content: bytes, rate: int = RATE, bits: int = 16, n_channels: int = 1, codec: int = 4) -> bytes:
    return block(9, struct.pack("<IBBH4x", rate, bits, n_channels, codec) + content)


def test_16_bits_in_blocks_with_marks_and_text_between() -> None:
    content = sound().tobytes()
    file = HEAD + new(content[:4000]) + block(4, b"\1\0") + block(5, b"text\0") + block(2, content[4000:6001])
    file += block(2, content[6001:]) + b"\0" + b"rest"
    np.testing.assert_array_equal(read_audio(io.BytesIO(file), RATE), sound() / np.float32(32768))


def test_stereo() -> None:
    samples = sound().reshape(-1, 2)
    file = HEAD + new(samples[:1000].tobytes(), n_channels=2) + new(samples[1000:].tobytes(), n_channels=2)
    for channel in (1, 2):
        heard = read_audio(io.BytesIO(file), RATE, channel=channel)
        np.testing.assert_array_equal(heard, samples[:, channel - 1] / np.float32(32768))


def test_8_bits_with_silence() -> None:
    """A divisor of 131 is 1 MHz / 125, so 8 kHz; a count of silence is one less than its samples."""
    content = np.random.default_rng(0).bytes(3000)
    file = HEAD + block(1, bytes([131, 0]) + content) + block(3, struct.pack("<HB", 799, 131)) + block(2, content)
    samples = (np.frombuffer(content + 800 * b"\x80" + content, np.uint8) / np.float32(128) - 1).astype(np.float32)
    with open_audio(io.BytesIO(file + b"\0"), RATE) as stream:
        assert stream.native_sample_rate == 8000
        np.testing.assert_array_equal(np.concatenate(list(stream)), samples)


def test_the_old_way_to_write_stereo() -> None:
    """256 MHz / (2 * (65536 - 49536)) is 8 kHz."""
    content = np.random.default_rng(0).bytes(3000)
    file = HEAD + block(8, struct.pack("<HBB", 49536, 0, 1)) + block(1, b"\0\0" + content) + b"\0"
    with open_audio(io.BytesIO(file), RATE) as stream:
        assert (stream.n_channels, stream.native_sample_rate) == (2, 8000)
        assert sum(len(samples) for samples in stream) == 1500


@pytest.mark.parametrize(("codec", "zero"), [(6, 0xD5), (7, 0xFF)])
def test_companded_sound(codec: int, zero: int) -> None:
    file = HEAD + 2 * new(bytes([zero]) * 2000, bits=8, codec=codec) + b"\0"
    np.testing.assert_allclose(read_audio(io.BytesIO(file), RATE), np.zeros(4000), atol=0.0003)


def test_another_rate_ends_it() -> None:
    file = HEAD + new(sound().tobytes()) + new(sound().tobytes(), rate=11025) + b"\0"
    with pytest.warns(DiarizeWarning, match=r"another sample rate .*\(11025 Hz"):
        assert len(read_audio(io.BytesIO(file), RATE)) == 5000


def test_a_cut_file() -> None:
    file = HEAD + new(sound().tobytes()) + new(sound().tobytes())
    with pytest.warns(DiarizeWarning, match="cut short or damaged"):
        assert len(read_audio(io.BytesIO(file[:-2000]), RATE)) == 9000


def test_compressed_blocks_are_left_to_other_decoders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "pyav", lambda: None)
    monkeypatch.setattr(decoders, "ffmpeg", lambda: None)
    file = HEAD + 2 * new(bytes(2000), bits=4, codec=1) + b"\0"
    assert voc_parts(io.BytesIO(file)) == []
    with pytest.raises(AudioError, match=r"convert it.*install PyAV"):
        read_audio(io.BytesIO(file), RATE)


def test_joined_files() -> None:
    file = HEAD + new(sound().tobytes()) + b"\0"
    np.testing.assert_array_equal(read_audio(io.BytesIO(3 * file), RATE), np.tile(sound(), 3) / np.float32(32768))
