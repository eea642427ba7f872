"""Tables: what CSV readers expect, and every fault named with its place."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarize.errors import FormatError
from diarize.formats.tables import read_table, write_table


def table_file(folder: Path, text: str, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n3,\n",
        "a;b\r\n1;2\r\n3;NA\r\n",
        "\ufeffa\tb\n1.0\t2e0\n+3\t?\n\n",
        '"a","b"\n"1","2"\n"3","nan"',
    ],
    ids=["commas", "semicolons", "tabs", "quotes"],
)
def test_read(tmp_path: Path, text: str) -> None:
    table = read_table(table_file(tmp_path, text))
    assert table.names == ("a", "b")
    np.testing.assert_array_equal(table.numbers(table.names), [[1, 2], [3, np.nan]])


def test_without_names(tmp_path: Path) -> None:
    table = read_table(table_file(tmp_path, "1,2\n3,4\n"))
    assert table.names == ("x0", "x1")
    np.testing.assert_array_equal(table.numbers(["x1"]), [[2], [4]])


def test_text_is_kept_and_can_be_left_out(tmp_path: Path) -> None:
    table = read_table(table_file(tmp_path, 'name,x\n"b, c",1\nd,2\n'))
    assert table.columns[0] == ["b, c", "d"]
    np.testing.assert_array_equal(table.numbers(table.chosen(but=["name"])), [[1], [2]])
    assert table.chosen(only=["x"]) == ("x",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no rows"),
        ("a,b\n", "no rows"),
        ("\n\n", "no rows"),
        ("a,b\n1,2\n3\n", r":3: 1 cell, but 2 in line 1"),
        ("a,a\n1,2\n", "column 'a' is there more than once"),
        ("a,b\n1,2\n3,x\n", r":3: column 'b': 'x' is no number"),
        ("a,b\n1,inf\n", r":2: column 'b': 'inf' is infinite"),
        ("a,b\n1,1e999\n", "is infinite"),
    ],
)
def test_faults_are_named_with_their_place(tmp_path: Path, text: str, words: str) -> None:
    path = table_file(tmp_path, text)
    with pytest.raises(FormatError, match=words) as caught:
        read_table(path).numbers(("a", "b"))
    assert str(caught.value).startswith(str(path))


def test_not_text_and_not_there(tmp_path: Path) -> None:
    (tmp_path / "bytes.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    with pytest.raises(FormatError, match="UTF-8"):
        read_table(tmp_path / "bytes.csv")
    with pytest.raises(FormatError, match="cannot read the file: No such file"):
        read_table(tmp_path / "none.csv")


def test_no_such_column(tmp_path: Path) -> None:
    table = read_table(table_file(tmp_path, "a,b\n1,2\n"))
    with pytest.raises(FormatError, match=r"no column 'c' \(there are: a, b\)"):
        table.chosen(only=["c"])
    with pytest.raises(FormatError, match="no column is left"):
        table.chosen(but=["a", "b"])


@pytest.mark.parametrize("count", [5000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_thousands_of_columns(tmp_path: Path, count: int) -> None:
    names = [f"c{number}" for number in range(count)]
    table = read_table(table_file(tmp_path, ",".join(names) + "\n" + ",".join(map(str, range(count))) + "\n"))
    assert table.chosen(only=names[::-1], but=names[1:]) == ("c0",)
    assert table.numbers(table.chosen(but=names[:5])).tolist() == [list(range(5, count))]
    with pytest.raises(FormatError, match=r"no column 'd' \(there are: c0, c1, c2, c3, c4, \.\.\.\)"):
        table.chosen(but=[*names, "d"])


def test_a_long_cell_makes_no_long_message(tmp_path: Path) -> None:
    path = table_file(tmp_path, f"a,b\n1,{'x' * 100_000}\n")
    with pytest.raises(FormatError, match="is no number") as caught:
        read_table(path).numbers(["b"])
    assert len(str(caught.value)) < len(str(path)) + 200


def test_what_is_written_reads_back_exactly(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=50) * 10.0 ** rng.integers(-300, 300, 50)
    values[3] = np.nan
    texts = ['quote "', "line\nend"] + ["x"] * 48
    columns: dict[str, Iterable[Any]] = {"name, with comma": texts, "value": values, "count": np.arange(50)}
    write_table(columns, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(columns)
    assert rows[1][0] == 'quote "'
    assert rows[2][0] == "line\nend"
    table = read_table(tmp_path / "out.csv")
    np.testing.assert_array_equal(table.numbers(["value", "count"]), np.stack([values, np.arange(50)], axis=1))


def test_parquet_reads_back_with_its_types(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    values = np.array([1.5, np.nan])
    columns: dict[str, Iterable[Any]] = {"name": ["a", "b"], "value": values, "group": np.array([3, 4])}
    write_table(columns, tmp_path / "out.parquet")
    table = read_table(tmp_path / "out.parquet")
    assert table.columns[0] == ["a", "b"]
    np.testing.assert_array_equal(table.numbers(["value", "group"]), [[1.5, 3], [np.nan, 4]])
    table_file(tmp_path, "a,b\n", "wrong.parquet")
    with pytest.raises(FormatError, match=r"wrong\.parquet"):
        read_table(tmp_path / "wrong.parquet")
