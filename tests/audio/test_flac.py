"""FLAC of unknown length, joined and damaged, against the sound that was written."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.audio import open_audio, read_audio
from diarize.audio.flac import flac_parts, flac_rest
from diarize.errors import DiarizeWarning

RATE = 16000
Samples = npt.NDArray[np.float32]


def sound(seconds: float) -> Samples:
    return (0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE))).astype(np.float32)


def flac(seconds: float, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound(seconds), rate, format="FLAC")
    return file.getvalue()


def as_streamed(content: bytes) -> bytes:
    """Return a FLAC file as an encoder writes it to a pipe: it cannot go back to write the length and the sum."""
    return content[:21] + bytes([content[21] & 0xF0]) + bytes(20) + content[42:]


def read(content: bytes) -> Samples:
    return read_audio(io.BytesIO(content), RATE)


@pytest.mark.parametrize("seconds", [0.1, 10.0, 64.0])
def test_of_unknown_length(seconds: float) -> None:
    with pytest.warns(DiarizeWarning, match="header does not say how long it is; it is read to its end"):
        np.testing.assert_allclose(read(as_streamed(flac(seconds))), sound(seconds), atol=1 / 32768)


@pytest.mark.parametrize("counted", [1, 1000, 10 * RATE - 1])
def test_a_count_that_is_too_small(counted: int) -> None:
    content = flac(10.0)
    numbers = int.from_bytes(content[18:26], "big") >> 36 << 36 | counted
    stale = content[:18] + numbers.to_bytes(8, "big") + content[26:]
    with pytest.warns(DiarizeWarning, match=f"counts {counted} samples, but there are {10 * RATE}; it is read to its"):
        np.testing.assert_allclose(read(stale), sound(10.0), atol=1 / 32768)


@pytest.mark.filterwarnings("ignore:.*does not say how long it is")
def test_joined_files_are_read_to_the_end() -> None:
    content, samples = flac(40.0), sound(40.0)
    assert len(flac_parts(io.BytesIO(3 * content))) == 3
    assert flac_parts(io.BytesIO(content)) == []
    np.testing.assert_allclose(read(2 * content), np.tile(samples, 2), atol=1 / 32768)
    np.testing.assert_allclose(read(as_streamed(content) + content), np.tile(samples, 2), atol=1 / 32768)


def test_a_joined_file_of_another_rate_ends_it() -> None:
    with pytest.warns(DiarizeWarning, match=r"another sample rate .*\(8000 Hz, 1, before .*first 3\.000 s"):
        assert len(read(flac(3.0) + flac(3.0, 8000) + flac(3.0))) == 3 * RATE


@pytest.mark.filterwarnings("ignore:.*does not say how long it is")
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("kind", ["zeros", "noise", "removed"])
def test_damage_costs_what_it_covers_and_no_time(streamed: bool, kind: str) -> None:
    content, samples = flac(40.0), sound(40.0)
    start = len(content) // 2
    middle = {"zeros": bytes(20000), "noise": np.random.default_rng(1).bytes(20000), "removed": b""}[kind]
    content = content[:start] + middle + content[start + 20000 :]
    with pytest.warns(DiarizeWarning, match=r"it is damaged at \d+\.\d{3} s; \d\.\d{3} s are replaced") as caught:
        heard = read(as_streamed(content) if streamed else content)
    assert len(caught) == 1 + streamed  # which is said too
    assert len(heard) == len(samples)
    different = np.flatnonzero(np.abs(heard - samples) > 1e-4) / RATE
    assert different.min() > 19
    assert different.max() - different.min() < 20000 / len(content) * 40 + 1


def test_two_places_and_a_cut() -> None:
    content, samples = bytearray(flac(60.0)), sound(60.0)
    for part in (0.25, 0.5):
        start = round(part * len(content))
        content[start : start + 9000] = bytes(9000)
    with pytest.warns(DiarizeWarning) as caught:
        heard = read(bytes(content[: round(0.75 * len(content))]))
    assert "damaged at" in str(caught[0].message)
    assert "the file is cut short or damaged" in str(caught[1].message)
    assert len(heard) == pytest.approx(45 * RATE, abs=RATE)
    for second in (5, 20, 35, 43):
        np.testing.assert_allclose(
            heard[second * RATE : (second + 1) * RATE], samples[second * RATE : (second + 1) * RATE], atol=1e-4
        )


def test_nothing_behind_a_break() -> None:
    content = flac(3.0)
    assert flac_rest(io.BytesIO(content), range(len(content)), 0, 3 * RATE) is None


@pytest.mark.filterwarnings("ignore:.*does not say how long it is")
def test_the_numbers_of_frames_are_those_of_their_samples() -> None:
    """What is found behind each place begins at its sample: decoded from there it is the same sound."""
    content, samples = flac(5.0), sound(5.0)
    for sample in (0, 10000, 50000):
        rest = flac_rest(io.BytesIO(content), range(len(content)), 0, sample)
        assert rest is not None
        part, frame = rest
        assert sample < frame.sample <= sample + 8192
        bare = b"".join(
            content[piece.start : piece.stop] if isinstance(piece, range) else piece.content for piece in part.pieces
        )
        np.testing.assert_allclose(read(bare), samples[frame.sample :], atol=1 / 32768)


@pytest.mark.filterwarnings("ignore:.*does not say how long it is")
def test_block_length_changes_nothing() -> None:
    content = as_streamed(flac(5.0))
    with open_audio(io.BytesIO(content), RATE, block_seconds=0.01) as stream:
        np.testing.assert_array_equal(np.concatenate(list(stream)), read(content))


@pytest.mark.filterwarnings("ignore:.*does not say how long it is")
@pytest.mark.parametrize("behind", [b"TAG".ljust(128, b"x"), bytes(5000), np.random.default_rng(1).bytes(5000)])
def test_what_follows_the_sound_is_no_damage(behind: bytes) -> None:
    content, samples = flac(10.0), sound(10.0)
    np.testing.assert_allclose(read(content + behind), samples, atol=1 / 32768)
    np.testing.assert_allclose(read(2 * (content + behind)), np.tile(samples, 2), atol=1 / 32768)
    if behind.startswith(b"TAG"):
        np.testing.assert_allclose(read(as_streamed(content) + behind), samples, atol=1 / 32768)
    with pytest.warns(DiarizeWarning, match="cut short or damaged"):
        read(content[: len(content) // 2] + behind)
