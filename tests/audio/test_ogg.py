"""Ogg files that hold several streams, and one with a hole."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
import soundfile

from diarize.audio import decoders, read_audio
from diarize.audio.ogg import loses_pages, ogg_parts
from diarize.errors import DiarizeWarning

RATE = 16000


@cache  # to encode takes longer than all that is done with it
def ogg(subtype: str, seconds: float = 40.0, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    samples = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * rate))
    soundfile.write(file, samples.astype(np.float32), rate, format="OGG", subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_chained_files_are_read_to_the_end(subtype: str) -> None:
    content = ogg(subtype, 8.0)
    single = read_audio(io.BytesIO(content), RATE)
    assert len(single) == pytest.approx(8 * RATE, abs=1)
    assert ogg_parts(io.BytesIO(content)) == []
    assert not loses_pages(io.BytesIO(content))
    np.testing.assert_array_equal(read_audio(io.BytesIO(3 * content), RATE), np.tile(single, 3))


def test_another_rate_in_the_chain_ends_it() -> None:
    chain = ogg("VORBIS", 3.0) + ogg("VORBIS", 3.0, 8000)
    with pytest.warns(DiarizeWarning, match=r"another sample rate .*\(8000 Hz, 1, before .*first 3\.000 s"):
        assert len(read_audio(io.BytesIO(chain), RATE)) == 3 * RATE


def test_streams_side_by_side_are_one_part() -> None:
    """First pages that follow each other belong to one multiplexed file."""
    content = ogg("VORBIS", 1.0)
    page_end = content.index(b"OggS", 4)
    assert ogg_parts(io.BytesIO(content[:page_end] + content)) == []


def test_the_name_of_a_page_in_the_sound_is_no_page() -> None:
    content = ogg("VORBIS", 5.0)
    assert ogg_parts(io.BytesIO(content + b"OggS" + bytes(100))) == []


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_missing_pages_are_reported_with_their_length(subtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "pyav", lambda: None)
    monkeypatch.setattr(decoders, "ffmpeg", lambda: None)
    content = ogg(subtype)
    start = len(content) // 2
    with pytest.warns(DiarizeWarning, match=r"damaged: \d\.\d{3} s are missing, and times .* too early") as caught:
        heard = read_audio(io.BytesIO(content[:start] + bytes(2000) + content[start + 2000 :]), RATE)
    missing = float(str(caught[0].message).split("damaged: ")[1].split(" s")[0])
    assert len(heard) / RATE + missing == pytest.approx(40.0, abs=0.01)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("middle", [b"", bytes(2000)])  # missing, damaged behind the header of a page
def test_missing_pages_become_silence_by_another_decoder(subtype: str, middle: bytes) -> None:
    pytest.importorskip("av", reason="PyAV is not installed")
    content = ogg(subtype)
    whole, start = read_audio(io.BytesIO(content), RATE), len(content) // 2
    with pytest.warns(DiarizeWarning, match=r"it is damaged at 1\d\.\d{3} s; \d\.\d{3} s are replaced by silence"):
        heard = read_audio(io.BytesIO(content[:start] + middle + content[start + (len(middle) or 9000) :]), RATE)
    assert len(heard) == pytest.approx(40 * RATE, abs=160)
    for place in (slice(5 * RATE, 6 * RATE), slice(30 * RATE, 31 * RATE)):
        assert np.corrcoef(heard[place], whole[place])[0, 1] > 0.9


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_a_cut_part_in_a_chain_is_reported_with_its_place(subtype: str) -> None:
    content = ogg(subtype)
    whole = read_audio(io.BytesIO(content), RATE)
    with pytest.warns(DiarizeWarning, match=r"it is damaged at 2\d\.\d{3} s; what is lost there is left out"):
        heard = read_audio(io.BytesIO(content[: len(content) * 2 // 3] + content), RATE)
    np.testing.assert_array_equal(heard[-len(whole) :], whole)
    assert 25 < len(heard) / RATE - 40 < 28


BEHIND = {
    "tag": b"TAG".ljust(128, b"x"),
    "zeros": bytes(5000),
    "junk": np.random.default_rng(1).bytes(5000),
}


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("name", BEHIND)
def test_what_follows_the_last_page_is_no_damage(subtype: str, name: str) -> None:
    content = ogg(subtype, 5.0)
    expected = read_audio(io.BytesIO(content), RATE)
    np.testing.assert_array_equal(read_audio(io.BytesIO(content + BEHIND[name]), RATE), expected)
    twice = read_audio(io.BytesIO(2 * (content + BEHIND[name])), RATE)
    np.testing.assert_array_equal(twice, np.tile(expected, 2))
    with pytest.warns(DiarizeWarning, match="cut short or damaged"):  # without its last page
        read_audio(io.BytesIO(content[: content.rindex(b"OggS")] + BEHIND[name]), RATE)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_a_tag_in_front(subtype: str) -> None:
    content = ogg(subtype, 5.0)
    tagged = b"ID3\4\0\0\0\0\2\0" + bytes(256) + content
    np.testing.assert_array_equal(read_audio(io.BytesIO(tagged), RATE), read_audio(io.BytesIO(content), RATE))
