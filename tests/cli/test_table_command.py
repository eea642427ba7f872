"""What commands on tables share: columns, refusals, where results go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from diarize.cli import main
from diarize.formats.tables import read_table

ENGLISH = "name,x,y\nanna,1,2\nbert,2,4.5\ncarl,3,5.5\ndora,4,8\nemil,5,10.5\n"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("data.csv")
    path.write_text(ENGLISH, encoding="utf-8")
    return path


def call(*words: str) -> Result:
    return CliRunner().invoke(main, ["gmm", *words, "--quiet"])


def test_text_columns_are_refused_until_they_are_left_out(data: Path) -> None:
    result = call("anomalies", "data.csv")
    assert result.exit_code == 1
    assert result.stderr == (
        "diarize: error: data.csv:2: column 'name': 'anna' is no number; leave the column out or mend the cell\n"
    )
    assert result.stdout == ""
    result = call("anomalies", "data.csv", "--except", "name", "-o", "out.csv")
    assert (result.exit_code, result.output) == (0, "")
    table = read_table("out.csv")
    assert table.names[:3] == ("name", "x", "y")
    assert table.columns[0] == ["anna", "bert", "carl", "dora", "emil"]
    same = call("anomalies", "data.csv", "--columns", "x, y")
    assert same.stdout == Path("out.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--columns", "z"], "data.csv: no column 'z' (there are: name, x, y)"),
        (["--except", "name,x,y"], "data.csv: no column is left to work on"),
    ],
)
def test_wrong_columns(data: Path, words: list[str], message: str) -> None:
    result = call("cluster", "data.csv", *words)
    assert (result.exit_code, result.stderr) == (1, f"diarize: error: {message}\n")


def test_no_folder_for_the_result(data: Path) -> None:
    result = call("cluster", "data.csv", "-o", "none/out.csv")
    assert result.exit_code == 2
    assert "the folder of none/out.csv does not exist" in result.stderr


def test_a_picture_of_no_kind_that_exists(data: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    result = call("cluster", "data.csv", "--plot", "picture.xyz")
    assert result.exit_code == 2
    assert "a picture ends in one of" in result.stderr
    assert not Path("picture.xyz").exists()


def test_what_estimators_refuse_is_told_with_the_file(data: Path) -> None:
    data.write_text("x,y\n1,2\n", encoding="utf-8")
    for command in ("select", "cluster", "anomalies", "density", "features"):
        result = call(command, "data.csv")
        assert result.exit_code == 1, command
        assert result.stderr.startswith("diarize: error: data.csv: "), result.stderr
        assert result.stderr.count("\n") == 1


def test_nothing_is_written_over_columns_of_that_name(data: Path) -> None:
    data.write_text("group,y\n" + "".join(f"{i},{i % 2}\n" for i in range(30)), encoding="utf-8")
    table = read_table_of(call("cluster", "data.csv", "--components", "2", "--covariance", "tied"))
    assert table[0][:4] == ["group", "y", "group_", "ambiguity"]


def read_table_of(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return [line.split(",") for line in result.stdout.splitlines()]


def test_dash_is_standard_output(data: Path) -> None:
    arguments = ("cluster", "data.csv", "--except", "name", "--components", "2", "--covariance", "diag")
    before = sorted(Path().iterdir())
    assert read_table_of(call(*arguments, "-o", "-")) == read_table_of(call(*arguments))
    assert sorted(Path().iterdir()) == before


def test_parquet_in_and_out(data: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    assert call("anomalies", "data.csv", "--except", "name", "-o", "one.parquet").exit_code == 0
    assert call("anomalies", "one.parquet", "--columns", "x,y", "-o", "two.parquet").exit_code == 0
    table = read_table("two.parquet")
    assert {"score", "score_"} <= set(table.names)
    np.testing.assert_array_equal(table.numbers(["score"]), table.numbers(["score_"]))
