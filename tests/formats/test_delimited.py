"""Tables of turns, against the csv module and tables of other programs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from diarize import Annotation, FormatError, Turn
from diarize.formats.registry import read_all, validate, write_all

TALK = Annotation([Turn(0.5, 2.0, 'Anna, "B"', 0.98765), Turn(1.25, 3.0, "ben\t😀")], "my call")


@pytest.mark.parametrize(("ending", "delimiter"), [(".csv", ","), (".tsv", "\t")])
def test_the_csv_module_reads_what_is_written(tmp_path: Path, ending: str, delimiter: str) -> None:
    write_all([TALK], tmp_path / f"x{ending}")
    with (tmp_path / f"x{ending}").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter=delimiter))
    assert table == [
        {"recording": "my call", "start": "0.500", "end": "2.000", "speaker": 'Anna, "B"', "confidence": "0.988"},
        {"recording": "my call", "start": "1.250", "end": "3.000", "speaker": "ben%09😀", "confidence": ""},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "speaker;end;start\nanna;2;0.5\n",
        '\ufeffStart,Duration,Speaker,Words\r\n0.5,1.5,anna,"so,\nthere"\r\n\r\n',
        "onset\toffset\tlabel\turi\n0.5\t2.0\tanna\tcall\n",
        '"start","end","speaker","confidence"\n"0.5","2","anna","unsure"\n',
    ],
    ids=["semicolons", "duration", "other-names", "quoted"],
)
def test_tables_of_others(tmp_path: Path, text: str) -> None:
    path = tmp_path / "call.csv"
    path.write_bytes(text.encode())
    assert read_all(path) == {"call": Annotation([Turn(0.5, 2.0, "anna")], "call")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", r"x\.csv:1: the first line names the columns start, end \(or duration\) and speaker; got a, b"),
        ("start,end,speaker\n0,1\n", r"x\.csv:2: 2 cells, but 3 columns"),
        ("start,end,speaker\n0,1,a\n0,x,a\n", r"x\.csv:3: the end must be a number of seconds .* got 'x'"),
        ("start,end,speaker\n2,1,a\n", r"x\.csv:2: the turn ends before it starts"),
        ("start,end,speaker\n0,1,\n", r"x\.csv:2: the speaker has no name"),
        ('start,end,speaker\n0,1,"a\n', r"x\.csv:2: unexpected end of data"),
        (f"start,end,speaker\n0,1,{'x' * 10**6}\n", r"x\.csv:2: field larger than field limit"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=words):
        read_all(path)
    assert any(problem.fatal for problem in validate(path))


def test_a_name_that_no_reader_would_take_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"the name 'x+\.\.\. has 200000 characters; .* at most 131072"):
        write_all([Annotation([Turn(0, 1, "x" * 200_000)])], tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []
