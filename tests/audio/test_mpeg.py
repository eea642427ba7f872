"""MP3: frames, counts, joined files, and damage, against the same sound without it."""

from __future__ import annotations

import io
import struct
import warnings
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.audio import open_audio, read_audio
from diarize.audio.mpeg import hidden_mpeg_parts, mpeg_parts, parse_header
from diarize.errors import AudioError, DiarizeWarning

RATE = 44100
Samples = npt.NDArray[np.float32]


def sound(seconds: float, rate: int = RATE) -> Samples:
    """Return noise whose level changes, so that a variable rate varies."""
    n_samples = round(seconds * rate)
    level = 0.001 + 0.1 * (np.arange(n_samples) // (rate // 2) % 2)
    return (level * np.random.default_rng(0).standard_normal(n_samples)).astype(np.float32)


@cache  # to encode takes longer than most of what is done with it
def mp3(mode: str, seconds: float = 12.0, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound(seconds, rate), rate, format="MP3", bitrate_mode=mode, compression_level=0.5)
    return file.getvalue()


def without_count(content: bytes) -> bytes:
    """Return an MP3 without its first frame, which holds the count."""
    start = content.index(b"\xff")
    header = parse_header(content[start : start + 4])
    assert header is not None
    return content[start + header.length :]


def read(content: bytes, rate: int = RATE) -> Samples:
    return read_audio(io.BytesIO(content), rate)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        # layer III at 128 kbit/s and 44.1 kHz: 417 bytes, one more with padding
        ("fffb9064", (3, 417, 1152, 44100)),
        ("fffb9264", (3, 418, 1152, 44100)),
        # MPEG 2 at 64 kbit/s and 24 kHz: 72 x 64000 / 24000
        ("fff384c4", (3, 192, 576, 24000)),
        # MPEG 2.5 at 8 kbit/s and 8 kHz
        ("ffe318c4", (3, 72, 576, 8000)),
        # layer II at 192 kbit/s and 48 kHz: 144 x 192000 / 48000
        ("fffda400", (2, 576, 1152, 48000)),
        # layer I at 32 kbit/s and 32 kHz: 12 x 32000 / 32000 slots of four bytes
        ("ffff1800", (1, 48, 384, 32000)),
    ],
)
def test_headers_by_the_tables_of_the_standard(head: str, expected: tuple[int, ...]) -> None:
    header = parse_header(bytes.fromhex(head))
    assert header is not None
    assert (header.layer, header.length, header.n_samples, header.sample_rate) == expected


@pytest.mark.parametrize("head", ["", "fffb", "00000000", "fffb0064", "fffbf064", "fffb9c64", "ffeb9064", "fff99064"])
def test_no_headers(head: str) -> None:
    assert parse_header(bytes.fromhex(head)) is None


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_an_intact_file_is_read_as_it_is(mode: str) -> None:
    content = mp3(mode)
    assert mpeg_parts(io.BytesIO(content)) == []
    tagged = b"ID3\4\0\0\0\0\2\0" + bytes(256) + content + b"TAG" + bytes(125)
    assert mpeg_parts(io.BytesIO(tagged)) == []
    assert len(read(content)) == 12 * RATE


@pytest.mark.parametrize("rate", [16000, 44100])
def test_block_length_changes_nothing(rate: int) -> None:
    """At low rates a frame needs bytes of the one before, which a seek between the blocks would take away."""
    content = mp3("CONSTANT", 12.0, rate)
    with open_audio(io.BytesIO(content), rate, block_seconds=0.37) as stream:
        blocks = np.concatenate(list(stream))
    np.testing.assert_allclose(blocks, soundfile.read(io.BytesIO(content), dtype="float32")[0], atol=1e-6)


def test_joined_files_are_read_to_the_end() -> None:
    content = mp3("VARIABLE", 6.0)
    single = read(content)
    tag = b"TAG" + bytes(125) + b"ID3\4\0\0\0\0\2\0" + bytes(256)
    for between in (b"", tag):
        np.testing.assert_array_equal(read(content + between + content), np.concatenate([single, single]))


def test_a_joined_file_of_another_rate_ends_it() -> None:
    with pytest.warns(DiarizeWarning, match=r"another sample rate .*\(22050 Hz, 1, before 44100 Hz, 1\).* 6\.000 s"):
        assert len(read(mp3("CONSTANT", 6.0) + mp3("CONSTANT", 6.0, 22050))) == 6 * RATE


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_without_a_count_times_do_not_drift(mode: str) -> None:
    samples = sound(30.0)
    content = without_count(mp3(mode, 30.0))
    heard = read(content)
    for second in (1, 15, 28):  # the loud half of each
        start = round((second + 0.5) * RATE)
        piece = samples[start : start + RATE // 2]
        lags = np.correlate(heard[start - 2000 : start + RATE // 2 + 2000], piece, "valid")
        assert int(np.argmax(lags)) == 2000


@pytest.mark.parametrize("n_places", [1, 4])
def test_frames_of_other_sizes_are_lost(n_places: int) -> None:
    """What the count says goes before what the number of bytes lets expect."""
    content = mp3("VARIABLE", 20.0)
    whole = read(content)
    for number in range(n_places):
        content = damaged(content, "zeros", (number + 0.7) / 5, 4000)
    with pytest.warns(DiarizeWarning, match="it is damaged at"):
        heard = read(content)
    assert len(heard) == len(whole)
    np.testing.assert_allclose(heard[-RATE:], whole[-RATE:], atol=1e-4)


def damaged(content: bytes, kind: str, place: float, n_bytes: int = 4000) -> bytes:
    start = round(len(content) * place)
    middle = {"zeros": bytes(n_bytes), "noise": np.random.default_rng(1).bytes(n_bytes), "removed": b""}[kind]
    return content[:start] + middle + content[start + n_bytes :]


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("kind", ["zeros", "noise", "removed"])
@pytest.mark.parametrize("place", [0.2, 0.9])
def test_damage_costs_what_it_covers_and_no_time(mode: str, kind: str, place: float) -> None:
    content = mp3(mode)
    whole = read(content)
    with pytest.warns(DiarizeWarning, match=r"it is damaged at \d+\.\d{3} s; 0\.\d{3} s are replaced by silence"):
        heard = read(damaged(content, kind, place))
    assert len(heard) == len(whole)
    different = np.flatnonzero(np.abs(heard - whole) > 1e-4) / RATE
    assert different.max() - different.min() < 1.0
    assert np.abs(heard).max() <= 1.1 * np.abs(whole).max()


def test_the_place_of_damage_is_named() -> None:
    content = mp3("CONSTANT")
    with pytest.warns(DiarizeWarning, match="it is damaged") as caught:
        read(damaged(content, "zeros", 0.5))
    assert float(str(caught[0].message).split("damaged at ")[1].split(" s")[0]) == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize("kind", ["zeros", "noise"])
def test_damage_without_a_count(kind: str) -> None:
    content = without_count(mp3("CONSTANT"))
    with pytest.warns(DiarizeWarning, match="it is damaged at"):
        heard = read(damaged(content, kind, 0.5))
    assert len(heard) == pytest.approx(12 * RATE, abs=0.1 * RATE)


def test_many_places_are_counted() -> None:
    content = mp3("CONSTANT", 20.0)
    whole = read(content)
    for tenth in range(1, 9):
        content = damaged(content, "zeros", tenth / 10, 1500)
    with pytest.warns(DiarizeWarning, match=r"damaged at .* s, .* s, .* s, 5 more places; "):
        heard = read(content)
    assert len(heard) == len(whole)
    np.testing.assert_allclose(heard[-RATE:], whole[-RATE:], atol=1e-4)


def test_damage_in_a_file_that_is_cut_short_as_well() -> None:
    content = mp3("CONSTANT")
    whole = read(content)
    content = damaged(content, "zeros", 0.3)[: int(0.8 * len(content)) + 7]
    with pytest.warns(DiarizeWarning) as caught:
        heard = read(content)
    assert [str(each.message).split(": ")[1][:19] for each in caught] == ["it is damaged at 3.", "the file is cut sho"]
    assert len(heard) == pytest.approx(0.8 * len(whole), abs=0.1 * RATE)
    np.testing.assert_allclose(heard[6 * RATE : 9 * RATE], whole[6 * RATE : 9 * RATE], atol=1e-4)


def test_nothing_is_written_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    content = bytearray(mp3("CONSTANT"))
    for start in range(20000, len(content) - 3000, 5000):
        content[start : start + 40] = bytes(40)  # in frames: the chain of headers holds
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiarizeWarning)
        assert len(read(bytes(content))) == 12 * RATE
    assert capfd.readouterr().err == ""


IN_FRONT = {
    "zeros": (bytes(50000), 50000),
    "junk": (np.random.default_rng(1).bytes(50000), 50000),
    "APE": (b"APETAGEX" + struct.pack("<4I8x", 2000, 64, 0, 0xA0000000) + bytes(64), 0),
    "ID3 too long": (b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(100), 100),
}


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("name", IN_FRONT)
def test_what_stands_in_front_is_left_out(mode: str, name: str) -> None:
    content, (front, n_bytes) = mp3(mode), IN_FRONT[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        samples = read(front + content)
    np.testing.assert_array_equal(samples, read(content))
    # the decoder skips some junk by itself
    assert len(caught) <= (n_bytes > 0)
    assert all(f"begins with {n_bytes} bytes that are no sound" in str(warning.message) for warning in caught)
    if not any(front):
        assert caught


def test_some_frames_in_another_file_are_no_sound() -> None:
    rest = np.random.default_rng(1).bytes(300000)
    content = rest + mp3("CONSTANT")[:50000] + rest
    assert hidden_mpeg_parts(io.BytesIO(content)) == []
    with pytest.raises(AudioError, match="is not a sound file"):
        read(content)
