"""Parts that are put together from stretches of a file, and patterns across the edges of what is read at once."""

from __future__ import annotations

import io
import re

import pytest

from diarize.audio.parts import Fill, Part, behind_tags, composed, copied, places


def test_pieces_in_their_order() -> None:
    file = io.BytesIO(bytes(range(100)))
    part = Part((Fill(b"ab", 2), range(10, 13), Fill(b""), range(90, 200), range(1)))
    with composed(file, part, "a.wav") as copy:
        assert copy.read() == b"abab" + bytes(range(10, 13)) + bytes(range(90, 100)) + b"\0"


def test_a_copy_is_of_what_is_left() -> None:
    file = io.BytesIO(b"head and rest")
    file.seek(9)
    with copied(file, "a.wav") as copy:
        assert (copy.tell(), copy.read()) == (0, b"rest")


@pytest.mark.parametrize("shift", range(-6, 3))
def test_places_across_the_edges_of_reading(shift: int) -> None:
    place = (1 << 20) + shift
    content = bytearray(3 << 20)
    for start in (0, place, len(content) - 4):
        content[start : start + 4] = b"mark"
    file, mark = io.BytesIO(content), re.compile(b"mark")
    assert list(places(file, mark, 4)) == [0, place, len(content) - 4]
    assert list(places(file, mark, 4, range(1, place + 4))) == [place]
    assert list(places(file, mark, 4, range(1, place + 3))) == []


def test_who_takes_a_place_may_read_elsewhere() -> None:
    file = io.BytesIO(b"mark" + bytes(1 << 21) + b"mark")
    assert [file.seek(0) or place for place in places(file, re.compile(b"mark"), 4)] == [0, 4 + (1 << 21)]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", 0),
        (b"sound", 0),
        (b"ID3\4\0\0\0\0\0\5" + b"title" + b"sound", 15),
        (2 * (b"ID3\4\0\0\0\0\1\0" + bytes(128)) + b"sound", 276),
        (b"ID3\4\0\0\0\0\0\x7f" + b"sound", 0),  # longer than the file
    ],
)
def test_tags_in_front(content: bytes, place: int) -> None:
    assert behind_tags(io.BytesIO(content)) == place
