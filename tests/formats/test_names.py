"""Names in files: no white space, nothing taken for a missing value, ids come back as they were."""

from __future__ import annotations

from itertools import product

import pytest

from diarize.formats.names import (
    decode_uri,
    encode_uri,
    is_missing,
    printable,
    result_stem,
    uri_of_stem,
)

URIS = ["plain", "with space", "tab\there", "line\nbreak", "no\u00a0break", "zero\u200bwidth", "ünïcode", "NA", "nan"]
URIS += [";first", "#first", "my%20call", "my%2520call", "my%252520call", "a b%20c", "%4EA", "%C3\u00a0", "%C3%C2%A0"]
URIS += ["null", "None", "100%", "a%zz", "\udcff broken name", "\ufefffirst", "a  b", "会议"]


@pytest.mark.parametrize("uri", URIS)
def test_uri_round_trip(uri: str) -> None:
    text = encode_uri(uri)
    assert text.split() == [text]
    assert text.isprintable()
    assert not is_missing(text)
    assert decode_uri(text) == uri


def test_white_space_as_in_addresses() -> None:
    assert encode_uri("a b\u3000c") == "a%20b%E3%80%80c"


@pytest.mark.parametrize("characters", ["%20 5", "%4ENA", "%3B;#2", "%C2A0\u00a0"])
def test_different_ids_give_different_texts(characters: str) -> None:
    pieces = [*characters, characters[:3], "%25"]  # letters, an escape or what looks like one, an escaped escape
    uris = sorted({"".join(some) for length in range(1, 5) for some in product(pieces, repeat=length)})
    texts = [encode_uri(uri) for uri in uris]
    assert len(set(texts)) == len(uris)
    assert list(map(decode_uri, texts)) == uris


@pytest.mark.parametrize("text", ["a%41", "%ff", "100%25", "a%2", "%20%41", ";a", "#a"])
def test_foreign_id_stays_when_it_is_read(text: str) -> None:
    assert decode_uri(text) == text


@pytest.mark.parametrize("text", ["a%41", "%ff", "a%2", "%20%41", "100%"])
def test_foreign_id_stays_when_it_is_written(text: str) -> None:
    assert encode_uri(text) == text


def test_a_long_id_comes_back() -> None:
    uri = "%2" + "5" * 1000 + "%25" * 100_000
    assert decode_uri(encode_uri(uri)) == uri


def test_empty_uri() -> None:
    assert encode_uri("") == "recording"


@pytest.mark.parametrize(("uri", "channel", "stem"), [("a.b", None, "a.b"), ("a.b", 1, "a.b.ch1"), ("a", 12, "a.ch12")])
def test_name_of_a_result(uri: str, channel: int | None, stem: str) -> None:
    assert result_stem(uri, channel) == stem
    assert uri_of_stem(stem) == uri


@pytest.mark.parametrize("stem", ["a.ch", "a.ch0", "a.chx", "ch1", "a.ch1.b"])
def test_names_that_name_no_channel(stem: str) -> None:
    assert uri_of_stem(stem) == stem


def test_printable_names_keep_to_one_line() -> None:
    text = printable("two\nlines\tand \u2028 \x1b[31m \udcff")
    assert text == r"two\nlines\tand \u2028 \x1b[31m \udcff"
    assert text.splitlines() == [text]
