"""Names in files: no white space, nothing taken for a missing value, ids come back as they were."""

from __future__ import annotations

import pytest

from diarize.formats.names import decode_uri, encode_speaker, encode_uri, is_missing, is_safe

URIS = ["plain", "with space", "tab\there", "line\nbreak", "no\u00a0break", "zero\u200bwidth", "ünïcode", "NA", "nan"]
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


@pytest.mark.parametrize("text", ["a%41", "%ff", "100%25", "a%2", "%20%41"])
def test_foreign_id_stays(text: str) -> None:
    assert decode_uri(text) == text
    assert encode_uri(text) == text


def test_empty_uri() -> None:
    assert encode_uri("") == "recording"


@pytest.mark.parametrize(
    ("name", "expected"), [("Anna B", "Anna_B"), (" ", "_"), ("NA", "NA_"), ("NaN", "NaN_"), ("Zoë", "Zoë")]
)
def test_speaker(name: str, expected: str) -> None:
    assert encode_speaker(name) == expected
    assert is_safe(expected)
