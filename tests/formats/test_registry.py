"""The table of formats: which one a file is in, and what happens where a format cannot do what is asked."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from diarize import Annotation, FormatError, Segment, Turn
from diarize.formats import registry
from diarize.formats.registry import FORMATS, Format, by_ending, by_name, format_of, read_all, read_regions, validate

ANNOTATION = Annotation([Turn(0.0, 1.5, "anna", 0.5), Turn(1.0, 2.0, "ben")], "my call")
SAMPLES = {"rttm": ANNOTATION.to_rttm(), "uem": "talk 1 0.000 3.000\n", "lab": "0.0 2.0 anna\n"}


def test_names_and_endings_are_taken_once() -> None:
    names, endings = [item.name for item in FORMATS], [ending for item in FORMATS for ending in item.endings]
    assert len(set(names)) == len(names)
    assert len(set(endings)) == len(endings)
    assert all(ending == ending.lower() and ending.startswith(".") for ending in endings)


def test_every_format_has_a_sample_here_and_a_section_in_the_documentation() -> None:
    assert {item.name for item in FORMATS} == set(SAMPLES)
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert all(f"## {name.upper()}" in page for name in SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_is_seen_by_ending_and_by_content(tmp_path: Path, name: str) -> None:
    for ending in (f".{name}", f".{name.upper()}", ".txt", ""):
        path = tmp_path / f"file{ending}"
        path.write_text(f"; a comment\n\n{SAMPLES[name]}")
        assert format_of(path).name == name


@pytest.mark.parametrize("name", [item.name for item in FORMATS if item.validate])
def test_checks_find_nothing_in_the_samples_and_something_in_rubbish(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"file.{name}"
    path.write_text(SAMPLES[name])
    assert validate(path) == []
    path.write_text("{}\n")
    assert [(problem.line, problem.fatal) for problem in validate(path)] == [(1, True)]


@pytest.mark.parametrize("name", [item.name for item in FORMATS if item.read and item.write])
def test_what_is_written_reads_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"file.{name}"
    ANNOTATION.write(path)
    assert Annotation.read(path) == ANNOTATION
    path.rename(tmp_path / "file")
    assert Annotation.read(tmp_path / "file") == ANNOTATION
    assert Annotation.read(tmp_path / "file", name, uri="my call") == ANNOTATION
    stream = io.StringIO()
    ANNOTATION.write(stream, name)
    assert stream.getvalue().encode() == (tmp_path / "file").read_bytes()


def test_regions_of_each_format(tmp_path: Path) -> None:
    regions = {}
    for name, content in SAMPLES.items():
        path = tmp_path / f"file.{name}"
        path.write_text(content)
        regions[name] = read_regions(path)
    assert regions == {
        "rttm": {"my call": [Segment(0, 2)]},
        "uem": {"talk": [Segment(0, 3)]},
        "lab": {"": [Segment(0, 2)]},
    }
    assert {name for name, own in regions.items() if "" in own} == {item.name for item in FORMATS if item.anonymous}


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_text("\n; nothing\n")
    assert read_all(path) == {}
    assert read_regions(path) == {}


def test_unknown_content(tmp_path: Path) -> None:
    path = tmp_path / "what.txt"
    path.write_text("; a comment\n{" + "x" * 10**6 + "}\n")
    words = r"what\.txt:2: a line of none of the known formats \(rttm, uem, lab\)"
    with pytest.raises(FormatError, match=words) as caught:
        read_all(path)
    assert len(str(caught.value)) < 200 + len(str(path))


@pytest.mark.parametrize("name", [item.name for item in FORMATS if not item.read])
def test_a_format_that_names_no_speakers(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"file.{name}"
    path.write_text(SAMPLES[name])
    with pytest.raises(FormatError, match=f"{name} says where speech is, not who speaks"):
        Annotation.read(path)


@pytest.mark.parametrize("target", ["out.srt", "out", "out.uem", "out.rttm.txt"])
def test_a_file_whose_ending_cannot_be_written(tmp_path: Path, target: str) -> None:
    with pytest.raises(FormatError, match=rf"{target}: not a format that can be written; .* end in \.rttm"):
        ANNOTATION.write(tmp_path / target)
    assert list(tmp_path.iterdir()) == []


def test_unknown_names_and_streams_without_a_name(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"unknown format 'srt' \(known: rttm, uem, lab\)"):
        ANNOTATION.write(tmp_path / "out.rttm", "srt")
    with pytest.raises(FormatError, match="unknown format 'RTTM'"):
        Annotation.read(tmp_path / "out.rttm", "RTTM")
    with pytest.raises(FormatError, match="uem: not a format that can be written"):
        ANNOTATION.write(io.StringIO(), "uem")
    with pytest.raises(FormatError, match="a stream: not a format that can be written; name one"):
        ANNOTATION.write(io.StringIO())


def test_a_new_format_is_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_names(path: registry.FilePath) -> dict[str, Annotation]:
        names = Path(path).read_text().removeprefix("NAMES ").split()
        return {"call": Annotation([Turn(n, n + 1, name) for n, name in enumerate(names)], "call")}

    row = Format(name="names", endings=(".names",), recognise=lambda line: line.startswith("NAMES "), read=read_names)
    monkeypatch.setattr(registry, "FORMATS", (*FORMATS, row))
    path = tmp_path / "call.txt"
    path.write_text("NAMES ben anna\n")
    assert Annotation.read(path).labels == ["anna", "ben"]
    assert read_regions(path) == {"call": [Segment(0, 2)]}
    assert by_ending("call.NAMES") is by_name("names") is row
    with pytest.raises(FormatError, match="names files cannot be checked"):
        validate(path)
