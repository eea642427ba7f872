"""What files of sound and video are by their first bytes: those that libsndfile does not open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """Bytes at a place near the start of a file, and what a file that has them is."""

    offset: int
    content: bytes
    kind: str


HEAD = 400
"""Bytes at the start of a file that are looked at."""

_SYNC = 188  # bytes from one packet of an MPEG transport stream to the next

_MARKS = (
    Mark(4, b"ftyp", "an MP4 / M4A / MOV / 3GP file"),
    Mark(4, b"moov", "a MOV file"),
    Mark(4, b"mdat", "a MOV file"),
    Mark(4, b"wide", "a MOV file"),
    Mark(0, b"\x1aE\xdf\xa3", "a WebM / Matroska file"),
    Mark(0, b"0&\xb2u\x8ef\xcf\x11", "a WMA / ASF file"),
    Mark(8, b"AVI ", "an AVI file"),
    Mark(0, b"FLV\1", "an FLV file"),
    Mark(0, b"\0\0\1\xba", "an MPEG program stream"),
    Mark(0, b"\xff\xf1", "a raw AAC stream"),
    Mark(0, b"\xff\xf9", "a raw AAC stream"),
    Mark(0, b"\xff\xf0", "a raw AAC stream"),
    Mark(0, b"\xff\xf8\xff", "a raw AAC stream"),
    Mark(0, b"ADIF", "a raw AAC stream"),
    Mark(0, b"#!AMR", "an AMR file"),
    Mark(0, b"\x0b\x77", "an AC-3 / E-AC-3 stream"),
    Mark(0, b"\x7f\xfe\x80\x01", "a DTS stream"),
    Mark(0, b"wvpk", "a WavPack file"),
    Mark(0, b"TTA1", "a TTA file"),
    Mark(0, b"MAC ", "a Monkey's Audio file"),
    Mark(0, b"MPCK", "a Musepack file"),
    Mark(0, b"MP+", "a Musepack file"),
    Mark(0, b".RMF", "a RealMedia file"),
    Mark(0, b".ra\xfd", "a RealAudio file"),
    Mark(28, b"Speex   ", "an Ogg Speex file"),
)


def kind_of(head: bytes) -> str | None:
    """Return what a file is whose first bytes these are; None where libsndfile should have a look at it.

    Examples
    --------
    >>> kind_of(bytes(4) + b"ftypM4A ")
    'an MP4 / M4A / MOV / 3GP file'
    >>> kind_of(b"fLaC") is None
    True
    """
    if _has_packets(head, (0, _SYNC)) or _has_packets(head, (4, _SYNC + 8)):
        return "an MPEG transport stream"
    return next((mark.kind for mark in _MARKS if head[mark.offset :].startswith(mark.content)), None)


def _has_packets(head: bytes, places: Iterable[int]) -> bool:
    return all(head[place : place + 1] == b"G" for place in places)
