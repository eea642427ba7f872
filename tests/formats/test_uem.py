"""UEM: regions to score."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from diarize.annotation import Segment
from diarize.errors import DiarizeWarning, FormatError
from diarize.formats.uem import read_uem, validate_uem, write_uem


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "some.uem"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_write_and_read(tmp_path: Path) -> None:
    regions = {"b": [Segment(5.0, 9.1234)], "a c": [Segment(2, 3), Segment(0.0006, 1), Segment(1, 1.5)]}
    write_uem(regions, tmp_path / "out.uem")
    assert (tmp_path / "out.uem").read_text() == "a%20c 1 0.001 1.500\na%20c 1 2.000 3.000\nb 1 5.000 9.123\n"
    assert read_uem(tmp_path / "out.uem") == {
        "a c": [Segment(0.001, 1.5), Segment(2, 3)],
        "b": [Segment(5.0, 9.123)],
    }
    assert validate_uem(tmp_path / "out.uem") == []


def test_stream_and_empty_region() -> None:
    stream = io.StringIO()
    write_uem({"a": [Segment(1.0001, 1.0002)], "b": []}, stream)
    assert stream.getvalue() == ""


def test_two_recordings_with_one_id() -> None:
    with pytest.raises(FormatError, match="same id"):
        write_uem({"": [], "recording": []}, io.StringIO())


@pytest.mark.parametrize("uris", [("a b", "a%20b"), (";a", "a"), ("#a", "%23a"), (";", "#")])
def test_ids_stay_apart(tmp_path: Path, uris: tuple[str, str]) -> None:
    regions = {uri: [Segment(number, number + 1)] for number, uri in enumerate(uris)}
    write_uem(regions, tmp_path / "out.uem")
    assert read_uem(tmp_path / "out.uem") == regions
    assert validate_uem(tmp_path / "out.uem") == []


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa 1 0 10\n",
        "a 1 0 10\r\n",
        "a\t1\t0.0\t10.00\n",
        "\n; comment\n# comment\na  1 0 10",
        "a A 0 10\n",
        "a 1 5 10\na 1 0 6\n",
    ],
    ids=["bom", "crlf", "tabs", "comments", "channel", "unsorted"],
)
def test_forgiven_but_listed(tmp_path: Path, content: str | bytes) -> None:
    path = write(tmp_path, content)
    assert read_uem(path) == {"a": [Segment(0, 10)]}
    problems = validate_uem(path)
    assert problems
    assert not any(problem.fatal for problem in problems)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a 1 0", "four fields"),
        ("a b 1 0 10", "four fields"),
        ("a 1 zero 10", "the start must be a number"),
        ("a 1 -1 10", "at least 0"),
        ("a 1 0 inf", "the end must be a number"),
        ("a 1 10 5", "ends before it starts: 10 to 5"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    path = write(tmp_path, f"b 1 0 1\n{line}\n")
    with pytest.raises(FormatError, match=rf"some\.uem:2: .*{words}"):
        read_uem(path)
    assert [(problem.line, problem.fatal) for problem in validate_uem(path)] == [(2, True)]


def test_empty_region_is_dropped_with_a_warning(tmp_path: Path) -> None:
    path = write(tmp_path, "a 1 3 3\nb 1 0 1\n")
    with pytest.warns(DiarizeWarning, match=r"some\.uem:1: the region is empty"):
        assert read_uem(path) == {"a": [], "b": [Segment(0, 1)]}
    assert [problem.line for problem in validate_uem(path)] == [1]


def test_pyannote_reads_it(tmp_path: Path) -> None:
    util = pytest.importorskip("pyannote.database.util")
    regions = {"a": [Segment(0.25, 1.5), Segment(2, 3)], "b": [Segment(5.0, 9.125)]}
    write_uem(regions, tmp_path / "out.uem")
    theirs = util.load_uem(tmp_path / "out.uem")
    assert {uri: [(part.start, part.end) for part in timeline] for uri, timeline in theirs.items()} == {
        uri: [(segment.start, segment.end) for segment in own] for uri, own in regions.items()
    }
