"""`diarize validate`: problems on stdout, by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from diarize.cli import main

GOLDEN = Path(__file__).parents[1] / "golden" / "scoring"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["validate", *map(str, arguments)])


def test_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[speech]\nbias = 1.0\n")
    result = run(GOLDEN / "regions.uem", tmp_path / "own.toml")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_all_problems_of_all_files(tmp_path: Path) -> None:
    files = {
        "a.rttm": "SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\nSPEAKER a 1 zero 1 <NA> <NA> x <NA> <NA>\n\n",
        "b.uem": "b 1 0\n",
        "c.lab": "2 1 speech\n",
        "d.toml": "[speakers]\niteration = 5\n",
        "e.toml": "[speakers\n",
        "f.txt": "SPEAKER a 1 0 1 <NA>\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    result = run(*(tmp_path / name for name in files), tmp_path / "none.rttm", tmp_path / "none.txt", tmp_path)
    assert (result.exit_code, result.stderr) == (1, "")
    starts = ["a.rttm:2: ", "a.rttm:3: ", "b.uem:1: ", "c.lab:1: ", "d.toml: ", "e.toml: ", "f.txt:1: "]
    starts += ["none.rttm: cannot read", "none.txt: cannot read"]
    lines = result.stdout.splitlines()
    assert len(lines) == len(starts) + 1
    for line, start in zip(lines, starts, strict=False):
        assert line.startswith(f"{tmp_path}/{start}"), line
    assert lines[-1].startswith(f"{tmp_path}: a folder, but not Kaldi's")


@pytest.mark.parametrize("name", ["reference.rttm", "hypothesis.rttm"])
def test_self_overlap_is_the_only_fault_of_the_golden_files(name: str) -> None:
    result = run(GOLDEN / name)
    assert result.exit_code == 1
    assert all("is still talking until" in line for line in result.stdout.splitlines())


def test_no_file_is_wrong_usage() -> None:
    assert run().exit_code == 2
