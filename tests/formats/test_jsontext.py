"""JSON: faults with their place, and characters that UTF-8 cannot hold."""

from __future__ import annotations

import json

import pytest

from diarize.formats.jsontext import SyntaxFault, as_seconds, dumps, is_number, loads


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True]}, "Zoë 😀", "\udcff", "a\u2028b\n"])
def test_values_come_back_from_utf8(value: object) -> None:
    text = dumps(value).encode("utf-8").decode("utf-8")
    assert "\n" not in text
    assert loads(text) == json.loads(text) == value


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{\n"a": }', 2, "no JSON: Expecting value in column 6"),
        ("[" * 100_000, 0, "nested too deeply"),
        ("9" * 10_000, 0, "too many digits"),
    ],
)
def test_faults(text: str, line: int, words: str) -> None:
    with pytest.raises(SyntaxFault, match=words) as caught:
        loads(text)
    assert caught.value.line == line
    with pytest.raises(SyntaxFault) as caught:
        loads(text.replace("\n", ""), line=7)
    assert caught.value.line == 7


def test_true_is_no_number() -> None:
    assert [is_number(value) for value in (1, 1.5, True, "1", None)] == [True, True, False, False, False]
    assert as_seconds(3, "x") == 3.0
