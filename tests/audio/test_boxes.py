"""MP4 files that cannot be decoded."""

from __future__ import annotations

import io

import pytest

from diarize.audio.boxes import check_boxes
from diarize.errors import AudioError


def box(kind: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def entry(kind: bytes) -> bytes:
    return box(b"stsd", bytes(4) + b"\0\0\0\1" + box(kind, bytes(28)))


START = box(b"ftyp", b"isom")


def test_an_intact_file_and_others() -> None:
    wide = (1).to_bytes(4, "big") + b"mdat" + (24).to_bytes(8, "big") + bytes(8)
    check_boxes("a", io.BytesIO(START + wide + box(b"moov", entry(b"mp4a"))))
    check_boxes("a", io.BytesIO(START + box(b"moof") + box(b"mdat")))
    check_boxes("a", io.BytesIO(b"RIFF...."))


@pytest.mark.parametrize("rest", [b"", box(b"mdat", bytes(100)), b"\0\0\0\0mdat" + bytes(100), bytes(100)])
def test_without_an_index(rest: bytes) -> None:
    with pytest.raises(AudioError, match=r"a: is .* without its index \(moov\): the recording was not finished"):
        check_boxes("a", io.BytesIO(START + rest))


@pytest.mark.parametrize("kind", [b"enca", b"drms"])
def test_encryption(kind: bytes) -> None:
    with pytest.raises(AudioError, match="a: its sound is encrypted"):
        check_boxes("a", io.BytesIO(START + box(b"moov", entry(kind)) + box(b"mdat")))
    check_boxes("a", io.BytesIO(START + box(b"moov", entry(b"mp4a")) + box(b"mdat", entry(kind))))  # chance in sound
