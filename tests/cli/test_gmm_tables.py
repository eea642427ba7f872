"""The commands on tables: each gives what its estimator gives, in a table that keeps what it was given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from diarize.cli import main
from diarize.formats.tables import Table, read_table, write_table

NAMES = ["a", "b", "c", "d"]
IRIS: npt.NDArray[np.float64] = load_iris().data


@pytest.fixture
def iris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_table(
        {"kind": [f"k{kind}" for kind in load_iris().target], **dict(zip(NAMES, IRIS.T, strict=True))}, "iris.csv"
    )
    return Path("iris.csv")


def call(*words: str) -> Table:
    result = CliRunner().invoke(main, ["gmm", *words, "--quiet", "-o", "out.csv"])
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    return read_table("out.csv")


def drawn(path: str) -> bool:
    return Path(path).read_bytes().startswith(b"\x89PNG") if Path(path).exists() else False


def test_select(iris: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    table = call("select", "iris.csv", "--except", "kind", "--components", "3", "--plot", "p.png")
    assert len(table) == 12
    chosen, bic, sizes = table.numbers(["chosen", "bic", "n_components"]).T
    assert chosen.sum() == 1
    assert bic[chosen == 1] == bic.min() == pytest.approx(574.018, abs=0.02)  # R mclust 6: VVV, 2
    assert sizes[chosen == 1] == 2
    assert drawn("p.png")


def test_cluster(iris: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    table = call(
        "cluster", "iris.csv", "--except", "kind", "--components", "2", "--covariance", "full", "--plot", "p.png"
    )
    group, ambiguity, *shares = table.numbers(["group", "ambiguity", "group_0", "group_1"]).T
    assert adjusted_rand_score(group, load_iris().target > 0) == 1
    np.testing.assert_allclose(sum(shares), 1)
    assert ambiguity.max() < 0.01
    assert table.columns[0][:2] == ["k0", "k0"]
    assert drawn("p.png")


def test_anomalies(iris: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    rows = np.vstack([IRIS[50:100], [[6.0, 2.8, 4.3, 9.0]]])
    write_table(dict(zip(NAMES, rows.T, strict=True)), "odd.csv")
    table = call("anomalies", "odd.csv", "--contamination", "0.02", "--plot", "p.png")
    score, outlier, p_value = table.numbers(["score", "outlier", "p_value"]).T
    assert outlier.tolist() == [0] * 50 + [1]
    assert score.argmin() == 50
    assert p_value[50] == p_value.min() <= 2 / 52
    assert table.columns[table.names.index("reason")][50] == "d"
    assert drawn("p.png")


@pytest.mark.parametrize("share", ["0.6", "-0.1", "x"])
def test_anomalies_wrong_share(iris: Path, share: str) -> None:
    result = CliRunner().invoke(main, ["gmm", "anomalies", "iris.csv", "--contamination", share])
    assert result.exit_code == 2
    assert "auto or a share from 0 to 0.5" in result.output


def test_impute(iris: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    text = iris.read_text(encoding="utf-8").splitlines()
    text[1] = "k0,5.10,,1.4,NA"  # 5.10: as it stands
    text[101] = "k2,6.3,3.3,?,2.5"
    iris.write_text("\n".join(text) + "\n", encoding="utf-8")
    table = call("impute", "iris.csv", "--except", "kind", "--plot", "p.png")
    lines = Path("out.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == text[0]
    assert lines[2:101] == text[2:101]
    assert lines[1].startswith("k0,5.10,")
    filled = table.numbers(NAMES)
    assert abs(filled[0] - IRIS[0]).max() < 0.3
    assert abs(filled[100] - IRIS[100]).max() < 0.8
    assert drawn("p.png")
    many = call("impute", "iris.csv", "--except", "kind", "--many", "3")
    assert len(many) == 450
    number, b = many.numbers(["imputation", "b"]).T
    assert number.tolist() == [1] * 150 + [2] * 150 + [3] * 150
    assert len({b[0], b[150], b[300]}) == 3
    assert b[1] == b[151] == 3.0


def test_density(iris: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    table = call("density", "iris.csv", "--except", "kind", "--components", "3", "--plot", "p.png")
    log_density, *below = table.numbers(["log_density", *(f"cdf_{name}" for name in NAMES)]).T
    assert np.isfinite(log_density).all()
    for cells, column in zip(below, IRIS.T, strict=True):
        ranks = np.array([(column < value).mean() + 0.5 * (column == value).mean() for value in column])
        assert abs(cells - ranks).max() < 0.12
    assert drawn("p.png")


def test_features(iris: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    table = call("features", "iris.csv", "--except", "kind", "--components", "3", "--plot", "p.png")
    shares = table.numbers([f"responsibility_{k}" for k in range(3)])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (table.numbers([f"mahalanobis_{k}" for k in range(3)]) >= 0).all()
    assert drawn("p.png")


@pytest.mark.parametrize("command", ["density", "features"])
def test_empty_cells_are_named(iris: Path, command: str) -> None:
    iris.write_text("a,b\n1,2\n,3\n4,5\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["gmm", command, "iris.csv"])
    assert result.exit_code == 1
    assert "iris.csv:3: column 'a' is empty; fill it in first" in result.stderr


@pytest.mark.parametrize("command", ["select", "cluster", "anomalies", "impute", "density", "features"])
def test_a_column_without_values_is_no_column(iris: Path, command: str) -> None:
    iris.write_text("a,b\n1,\n2,NA\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["gmm", command, "iris.csv"])
    assert result.exit_code == 1
    assert result.stderr == "diarize: error: iris.csv: column 'b' has no value; leave it out by --except b\n"
    assert result.stdout == ""
