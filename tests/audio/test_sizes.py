"""WAV, AIFF and AU whose header counts too few bytes, and intact files with something behind the sound."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.audio import read_audio
from diarize.audio.parts import Fill
from diarize.audio.sizes import sized_parts
from diarize.errors import AudioError, DiarizeWarning

RATE = 16000
Samples = npt.NDArray[np.float32]


def sound() -> Samples:
    return (0.1 * np.random.default_rng(0).standard_normal(6 * RATE)).astype(np.float32)


def written(container: str, subtype: str = "PCM_16", endian: str = "FILE") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound(), RATE, format=container, subtype=subtype, endian=endian)
    return file.getvalue()


def with_size(content: bytes, mark: bytes, size: int, form: str = "<I", offset: int = 4) -> bytes:
    place = content.index(mark) + offset
    return content[:place] + struct.pack(form, size) + content[place + struct.calcsize(form) :]


STALE = {
    "WAV, one second": lambda: with_size(written("WAV"), b"data", 2 * RATE),
    "WAV, nothing": lambda: with_size(written("WAV"), b"data", 0),
    "WAV, both sizes": lambda: with_size(with_size(written("WAV"), b"data", 4000), b"RIFF", 4036),
    "WAV, 24 bits": lambda: with_size(written("WAV", "PCM_24"), b"data", 3 * RATE),
    "extensible": lambda: with_size(written("WAVEX"), b"data", 2 * RATE),
    "big endian": lambda: with_size(written("WAV", endian="BIG"), b"data", 2 * RATE, ">I"),
    "RF64": lambda: with_size(written("RF64"), b"ds64", 2 * RATE, "<Q", 16),
    "AIFF": lambda: with_size(written("AIFF"), b"SSND", 2 * RATE + 8, ">I"),
    "AU": lambda: with_size(written("AU"), b".snd", 2 * RATE, ">I", 8),
    "CAF": lambda: with_size(written("CAF"), b"data", 2 * RATE + 4, ">Q"),
    "CAF, nothing": lambda: with_size(written("CAF"), b"data", 4, ">Q"),
    "AU, nothing": lambda: with_size(written("AU"), b".snd", 0, ">I", 8),
}


@pytest.mark.parametrize("name", STALE)
def test_the_sound_is_read_to_the_end_of_the_file(name: str) -> None:
    with pytest.warns(DiarizeWarning, match=r"header counts \d+ bytes of sound, but \d+ follow; it is read to its end"):
        samples = read_audio(io.BytesIO(STALE[name]()), RATE)
    np.testing.assert_allclose(samples, sound(), atol=1 / 32768)


@pytest.mark.parametrize(("subtype", "correlation"), [("GSM610", 0.0), ("IMA_ADPCM", 0.9), ("ULAW", 0.99)])
def test_of_compressed_sound(subtype: str, correlation: float) -> None:
    content = written("WAV", subtype)
    whole = read_audio(io.BytesIO(content), RATE)
    assert np.corrcoef(whole[: 6 * RATE], sound()[: len(whole)])[0, 1] > correlation
    with pytest.warns(DiarizeWarning, match="it is read to its end"):
        samples = read_audio(io.BytesIO(with_size(content, b"data", 650)), RATE)
    np.testing.assert_array_equal(samples[: 6 * RATE], whole[: 6 * RATE])


BEHIND = {
    "a list": b"LIST" + struct.pack("<I", 4096) + b"INFO" + bytes(range(1, 201)) * 20 + bytes(92),
    "two chunks": b"bext" + struct.pack("<I", 1200) + b"\1" * 1200 + b"iXML" + struct.pack("<I", 8) + b"<BWFXML>",
    "an unknown chunk": b"PAD " + struct.pack("<I", 2000) + b"\1" * 2000,
    "a tag": b"ID3\3\0\0\0\0\x10\0" + b"\1" * 2048,
    "zeros": bytes(5000),
    "some bytes": b"\1" * 900,
}


@pytest.mark.parametrize("name", BEHIND)
@pytest.mark.parametrize("odd", [False, True])
def test_what_may_follow_the_sound_is_not_read(name: str, odd: bool) -> None:
    content = written("WAV", "PCM_U8") if odd else written("WAV")
    expected = read_audio(io.BytesIO(content), RATE)
    if odd:  # the sound has an odd number of bytes, and one more to fill up
        content = with_size(content[:-1], b"data", 6 * RATE - 1) + b"\0"
        expected = expected[:-1]
    np.testing.assert_array_equal(read_audio(io.BytesIO(content + BEHIND[name]), RATE), expected)


def test_an_empty_recording_stays_one() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(0), RATE, format="WAV")
    with pytest.raises(AudioError, match="no audio samples"):
        read_audio(io.BytesIO(file.getvalue() + BEHIND["a list"]), RATE)


def test_a_count_that_wrapped_at_4_gib(tmp_path: Path) -> None:
    """The file is as long as that, but holds hardly anything: it has holes."""
    n_bytes, content = 2**32 + 20000, written("WAV")[:44]
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(with_size(content, b"data", 20000))
        file.seek(44 + 20000)
        file.write(b"sound in the middle")
        file.truncate(44 + n_bytes)
    with path.open("rb", buffering=0) as file:
        (part,) = sized_parts(file)
    assert part.remark.startswith(f"its header counts 20000 bytes of sound, but {n_bytes} follow")
    assert part.pieces[-1] == range(44, 44 + n_bytes)
    header = b"".join(
        piece.content if isinstance(piece, Fill) else content[piece.start : piece.stop] for piece in part.pieces[:-1]
    )
    assert struct.unpack("<4sI4s4sIQQ", header[:36]) == (
        b"RF64", 0xFFFFFFFF, b"WAVE", b"ds64", 28, len(header) + n_bytes - 8, n_bytes
    )  # fmt: skip
    beginning = soundfile.SoundFile(io.BytesIO(header + written("WAV")[44:]))
    assert (beginning.samplerate, beginning.channels, beginning.subtype) == (RATE, 1, "PCM_16")
    np.testing.assert_allclose(beginning.read(1000, dtype="float32"), sound()[:1000], atol=1 / 32768)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0AVI LIST", bytes(100)])
def test_other_files_are_left_alone(content: bytes) -> None:
    assert sized_parts(io.BytesIO(content)) == []


def test_caf_of_unknown_length_and_cut() -> None:
    streamed = with_size(written("CAF"), b"data", -1, ">q")
    np.testing.assert_allclose(read_audio(io.BytesIO(streamed), RATE), sound(), atol=1 / 32768)
    with pytest.warns(DiarizeWarning, match=r"cut short: its header counts 192000 bytes of sound, but only \d+ are"):
        samples = read_audio(io.BytesIO(written("CAF")[:-RATE]), RATE)
    np.testing.assert_allclose(samples, sound()[: len(samples)], atol=1 / 32768)
    assert len(samples) == 5.5 * RATE


def test_what_follows_the_sound_of_caf_is_not_read() -> None:
    content = written("CAF") + b"uuid" + struct.pack(">Q", 4000) + b"\1" * 4000
    np.testing.assert_allclose(read_audio(io.BytesIO(content), RATE), sound(), atol=1 / 32768)


JOINED = {
    **{name: lambda name=name: written(name) for name in ("WAV", "WAVEX", "RF64", "AIFF", "AU", "CAF")},
    "big endian": lambda: written("WAV", endian="BIG"),
    "AIFF, floats": lambda: written("AIFF", "FLOAT"),
    "behind a list": lambda: written("WAV") + BEHIND["a list"],
    "WAV, streamed": lambda: with_size(written("WAV"), b"data", 0xFFFFFFFF),
    "AIFF, streamed": lambda: with_size(written("AIFF"), b"SSND", 0, ">I"),
    "CAF, streamed": lambda: with_size(written("CAF"), b"data", -1, ">q"),
}


@pytest.mark.filterwarnings("ignore:.*does not say how long it is")
@pytest.mark.parametrize("name", JOINED)
def test_joined_files_are_read_to_the_end(name: str) -> None:
    content = JOINED[name]()
    for file in (2 * content, b"ID3\4\0\0\0\0\1\0" + bytes(128) + 2 * content):
        np.testing.assert_allclose(read_audio(io.BytesIO(file), RATE), np.tile(sound(), 2), atol=1 / 32768)


def test_joined_files_of_which_one_is_damaged() -> None:
    with pytest.warns(DiarizeWarning, match=r"damaged at 5\.500 s; what is lost there is left out"):
        samples = read_audio(io.BytesIO(written("WAV")[:-RATE] + written("WAV")), RATE)
    np.testing.assert_allclose(samples[-6 * RATE :], sound(), atol=1 / 32768)
    with pytest.warns(DiarizeWarning, match=r"counts 32000 bytes of sound, but 192000 follow"):
        samples = read_audio(io.BytesIO(written("WAV") + STALE["WAV, one second"]()), RATE)
    np.testing.assert_allclose(samples, np.tile(sound(), 2), atol=1 / 32768)
