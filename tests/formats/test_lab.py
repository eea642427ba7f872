"""LAB: label tracks."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarize.annotation import Segment
from diarize.errors import DiarizeWarning, FormatError
from diarize.formats.registry import read_regions, validate


def speech(path: Path) -> list[Segment]:
    return read_regions(path)[""]


def write(folder: Path, content: str) -> Path:
    path = folder / "some.lab"
    path.write_bytes(content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "0.0 1.5 speech\n1.5 2.0 sil\n2.0 3.0 speech\n",
        "0.0\t1.5\tanna says hello\r\n2\t3\r\n",
        "\ufeff2 3 x\n0 1 a\n0.5 1.5 b\n\n# comment\n\\\t100.0\t2000.0\n",
        "0 1.5 spk1\n1.5 2 Non-Speech\n2 3 spk2\n3 4 MUSIC\n4 5 noise\n",
    ],
    ids=["speech-sil", "audacity", "untidy", "speakers"],
)
def test_read(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, content)
    assert speech(path) == [Segment(0, 1.5), Segment(2, 3)]
    assert validate(path) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1.0", "start, end and label"),
        ("speech 0 1", "the start must be a number of seconds such as 12.345, got 'speech'"),
        ("2 1 speech", "ends before it starts"),
        ("0 25000000 speech", "HTK counts units of 100 ns"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    path = write(tmp_path, f"0 1 speech\n{line}\n")
    with pytest.raises(FormatError, match=rf"some\.lab:2: .*{words}"):
        speech(path)
    assert [(problem.line, problem.fatal) for problem in validate(path)] == [(2, True)]


def test_label_without_duration(tmp_path: Path) -> None:
    path = write(tmp_path, "1 1 point\n2 3 speech\n")
    with pytest.warns(DiarizeWarning, match=r"some\.lab:1: the duration is zero"):
        assert speech(path) == [Segment(2, 3)]
    assert [problem.line for problem in validate(path)] == [1]


def test_all_problems_are_listed(tmp_path: Path) -> None:
    path = write(tmp_path, "x\n0 1 a\n1 1 b\n5 4 c\n")
    assert [problem.line for problem in validate(path)] == [1, 3, 4]


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="No such file"):
        speech(tmp_path / "none.lab")
