"""Tables: CSV, and Parquet where pyarrow is installed; numbers to work on, everything else kept as it is."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isinf, isnan
from os import PathLike
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from diarize.errors import FormatError, counted, quoted, shortened, shortlist
from diarize.formats.files import atomic_file, write_text

Floats = npt.NDArray[np.float64]

MISSING = frozenset({"", "na", "nan", "n/a", "null", "none", "?"})
_DELIMITERS = ",;\t"
_NO_PYARROW = '{}: Parquet needs pyarrow: pip install "gmm-diarize[parquet]", or use CSV'


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows of cells under names.

    Parameters
    ----------
    path : str
        Where it came from, for messages.
    names : tuple of str
        One a column, all different.
    columns : tuple of list or array
        The cells: text as it stood in a CSV file, arrays from Parquet.
    lines : array of int, shape (n_rows,)
        Where in the file each row is, counted from 1.
    """

    path: str
    names: tuple[str, ...]
    columns: tuple[Any, ...]
    lines: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.lines)

    def chosen(self, only: Sequence[str] = (), but: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the names of some columns: all, `only` those named, all `but` those named.

        Raises
        ------
        FormatError
            There is no such column, or none is left.
        """
        known, left_out = set(self.names), set(but)
        for name in (*only, *but):
            if name not in known:
                raise FormatError(f"{self.path}: no column {quoted(name)} (there are: {shortlist(self.names)})")
        names = tuple(name for name in (only or self.names) if name not in left_out)
        if not names:
            raise FormatError(f"{self.path}: no column is left to work on")
        return names

    def numbers(self, names: Sequence[str]) -> Floats:
        """Return columns as numbers, (n_rows, n_names), NaN where a cell is empty or says that it is missing.

        Raises
        ------
        FormatError
            A cell is no number, or infinite; file, line and column are named.
        """
        columns = dict(zip(self.names, self.columns, strict=True))
        return np.stack([self._numbers(name, columns[name]) for name in names], axis=1)

    def _numbers(self, name: str, cells: Any) -> Floats:
        numbers = np.empty(len(self))
        for row, cell in enumerate(cells):
            numbers[row] = value = _number(cell)
            if isinf(value) or (isnan(value) and not _is_missing(cell)):
                wrong = "is infinite" if isinf(value) else "is no number; leave the column out or mend the cell"
                where = f"{self.path}:{self.lines[row]}: column {quoted(name)}"
                raise FormatError(f"{where}: {quoted(str(cell).strip())} {wrong}")
        return numbers


def _is_missing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING) or cell != cell


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")


def read_table(path: str | PathLike[str]) -> Table:
    """Read a table.

    Parameters
    ----------
    path : str or path
        Parquet where it ends in .parquet, else CSV: separated by commas, semicolons or tabs, in UTF-8. The first row
        names the columns unless it holds a number.

    Raises
    ------
    FormatError
        The file cannot be read, is empty, its rows differ in length, or a name occurs twice.
    """
    where = os.fspath(path)
    table = _read_parquet(where) if where.lower().endswith(".parquet") else _read_csv(where)
    doubles = sorted(name for name, count in Counter(table.names).items() if count > 1)
    if doubles:
        raise FormatError(f"{where}: column {quoted(doubles[0])} is there more than once")
    if not len(table) or not table.names:
        raise FormatError(f"{where}: the table has no rows")
    return table


def _read_csv(where: str) -> Table:
    try:
        text = Path(where).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FormatError(f"{where}: cannot read the file: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{where}: not text in UTF-8; save the file in that encoding") from error
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip() or lines):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise FormatError(f"{where}:{reader.line_num}: {error}") from error
    while rows and rows[-1] == [""]:  # blank lines at the end
        del rows[-1], lines[-1]
    if not rows:
        raise FormatError(f"{where}: the table has no rows")
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(rows[0]):
            raise FormatError(f"{where}:{line}: {counted(len(row), 'cell')}, but {len(rows[0])} in line {lines[0]}")
    named = all(isnan(_number(cell)) and not _is_missing(cell) for cell in rows[0])
    names = [cell.strip() for cell in rows[0]] if named else [f"x{number}" for number in range(len(rows[0]))]
    rows, lines = (rows[1:], lines[1:]) if named else (rows, lines)
    columns = tuple(list(cells) for cells in zip(*rows, strict=True))
    return Table(where, tuple(names), columns, np.array(lines, dtype=np.intp))


def _read_parquet(where: str) -> Table:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_table as read_arrow
    except ImportError as error:
        raise FormatError(_NO_PYARROW.format(where)) from error
    try:
        content = read_arrow(where)
    except OSError as error:
        raise FormatError(f"{where}: cannot read the file: {error.strerror or error}") from error
    except ArrowException as error:
        raise FormatError(f"{where}: no Parquet file: {shortened(error)}") from error
    columns = tuple(column.to_pylist() for column in content.columns)
    return Table(where, tuple(map(str, content.column_names)), columns, np.arange(1, content.num_rows + 1))


def write_table(columns: Mapping[str, Iterable[Any]], target: str | PathLike[str] | TextIO) -> None:
    """Write columns of equal length: Parquet where the name ends in .parquet, else CSV with commas.

    Numbers are written so that they read back as they were; a missing number is an empty cell.

    Raises
    ------
    FormatError
        The file cannot be written, or Parquet without pyarrow.
    """
    if isinstance(target, str | PathLike) and os.fspath(target).lower().endswith(".parquet"):
        _write_parquet(columns, os.fspath(target))
        return
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(map(_cell, cells) for cells in columns.values()), strict=True))
    write_text(target, buffer.getvalue())


def _cell(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else repr(float(value))
    return "" if value is None else str(value)


def _write_parquet(columns: Mapping[str, Iterable[Any]], where: str) -> None:
    try:
        import pyarrow
        from pyarrow.parquet import write_table as write_arrow
    except ImportError as error:
        raise FormatError(_NO_PYARROW.format(where)) from error
    arrays = {
        name: pyarrow.array(np.asarray(cells) if _plain(cells) else list(cells)) for name, cells in columns.items()
    }
    with atomic_file(where) as file:
        write_arrow(pyarrow.table(arrays), file)


def _plain(cells: Any) -> bool:
    return isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf"
