"""What messages quote stays short."""

from __future__ import annotations

import pytest

from diarize.errors import quoted, shortened, shortlist

LONG = {
    "text": "x" * 10**6,
    "list": list(range(10**5)),
    "number": 10**5000,
    "mapping": {"a": "y" * 10**5},
    "tuple": ("z" * 10**6,),
}


@pytest.mark.parametrize("value", LONG.values(), ids=LONG)
def test_long_values_are_cut(value: object) -> None:
    assert 10 < len(quoted(value)) < 100


@pytest.mark.parametrize("value", ["12,5", 7, None, [1, 2], "line\nend", 2.5])
def test_short_values_are_quoted_whole(value: object) -> None:
    assert quoted(value) == repr(value)


def test_words_of_others_are_cut() -> None:
    assert shortened("no such file") == "no such file"
    assert len(shortened("x" * 10**6)) < 300


def test_lists_show_their_beginning() -> None:
    assert shortlist(["one"]) == "one"
    assert shortlist("abcde") == "a, b, c, d, e"
    assert shortlist("abcdef") == "a, b, c, d, e, ..."
    assert shortlist([]) == "none"
    assert len(shortlist(["x" * 10**6] * 10**4)) < 400
