"""How long files say they are, by files that FFmpeg wrote."""

from __future__ import annotations

import io

import pytest

from diarize.audio.lengths import about_shortage, stated_seconds
from tests.audio.media import clicks, media


@pytest.mark.parametrize(("container", "codec"), [("avi", "mp2"), ("avi", "pcm_s16le"), ("asf", "wmav2")])
@pytest.mark.parametrize("share", [1.0, 0.4])
def test_a_header_keeps_the_length_of_a_file_that_is_cut(container: str, codec: str, share: float) -> None:
    content = media(container, codec, clicks())
    assert stated_seconds(io.BytesIO(content[: round(share * len(content))])) == pytest.approx(8.0, abs=0.1)


@pytest.mark.parametrize(
    "content", [b"", b"RIFF....AVI ", b"RIFF....AVI auds", b"RIFF....WAVEfmt ", b"0&\xb2u" + bytes(200)]
)
def test_what_says_nothing(content: bytes) -> None:
    assert stated_seconds(io.BytesIO(content)) is None


def test_it_is_said() -> None:
    assert "using the 1.000 s before that, where it should be 2.500 s long" in about_shortage(1.0, 2.5)
