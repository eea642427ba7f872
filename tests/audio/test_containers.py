"""What files are by their first bytes."""

from __future__ import annotations

import pytest

from diarize.audio.containers import HEAD, kind_of

HEADS = [
    (b"\0\0\0\x18ftypqt  ", "MP4"),
    (b"\x1aE\xdf\xa3", "WebM"),
    (b"RIFF\0\0\0\0AVI LIST", "AVI"),
    (b"FLV\1\5", "FLV"),
    (b"\x0b\x77", "AC-3"),
    (b"wvpk", "WavPack"),
    (b"OggS".ljust(28, b"\0") + b"Speex   ", "Speex"),
    (b"G".ljust(188, b"\0") + b"G", "transport"),
    (b"\0\0\0\0G".ljust(196, b"\0") + b"G", "transport"),
]


@pytest.mark.parametrize(("head", "kind"), HEADS)
def test_kinds(head: bytes, kind: str) -> None:
    assert kind in (kind_of(head.ljust(HEAD, b"\0")) or "")


@pytest.mark.parametrize("head", [b"RIFF\0\0\0\0WAVEfmt ", b"fLaC", b"ID3", b"\xff\xfb\x90", b"OggS", b"GG", b""])
def test_what_libsndfile_reads(head: bytes) -> None:
    assert kind_of(head) is None
