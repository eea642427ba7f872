"""`diarize score` from files to figures; the figures themselves are checked in test_scoring.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from diarize.cli import main

GOLDEN = Path(__file__).parents[1] / "golden" / "scoring"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["score", *map(str, arguments)])


def rttm(path: Path, uri: str, *turns: tuple[float, float, str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    lines = [f"SPEAKER {uri} 1 {start:.3f} {end - start:.3f} <NA> <NA> {who} <NA> <NA>\n" for start, end, who in turns]
    path.write_text("".join(lines))
    return path


def test_table(tmp_path: Path) -> None:
    reference = rttm(tmp_path / "ref.rttm", "talk", (0, 6, "a"), (6, 10, "b"))
    hypothesis = rttm(tmp_path / "hyp.rttm", "talk", (0, 7, "x"), (7, 9.5, "y"), (9.5, 10.5, "z"))
    result = run(reference, hypothesis)
    assert result.exit_code == 0
    assert result.stderr == ""
    head, row = result.stdout.splitlines()
    assert head.split("  ")[0] == "recording"
    # confusion 1 s of b taken for x and 0.5 s for z; z talks 0.5 s after the end; JER: a 1/7, b 1.5/4
    assert row.split() == ["talk", "20.00", "0.00", "5.00", "15.00", "25.89", "3/2", "10.00"]


@pytest.mark.parametrize("golden", EXPECTED["md_eval"], ids=lambda g: f"{g['collar']}-{g['skip_overlap']}")
def test_json(golden: dict[str, Any]) -> None:
    options = ["--skip-overlap"] if golden["skip_overlap"] else []
    result = run(
        GOLDEN / "reference.rttm",
        GOLDEN / "hypothesis.rttm",
        "--uem",
        GOLDEN / "regions.uem",
        "--collar",
        golden["collar"],
        "--json",
        *options,
    )
    assert result.exit_code == 0
    assert result.stderr == "diarize: warning: recording 'silent' is not in the hypothesis, counted as empty\n"
    report = json.loads(result.stdout)
    assert (report["collar"], report["skip_overlap"]) == (golden["collar"], golden["skip_overlap"])
    rows = {**report["recordings"], "ALL": report["pooled"]}
    assert rows.keys() == golden["recordings"].keys()
    for uri, parts in golden["recordings"].items():
        assert {part: rows[uri][part] for part in parts} == pytest.approx(parts, abs=1e-6)
        error = parts["missed"] + parts["false_alarm"] + parts["confusion"]
        assert rows[uri]["der"] == pytest.approx(error / parts["total"])
    assert (rows["overlap"]["speakers_found"], rows["overlap"]["speakers_true"]) == (2, 3)


def test_pooled_row() -> None:
    result = run(GOLDEN / "reference.rttm", GOLDEN / "hypothesis.rttm", "--uem", GOLDEN / "regions.uem")
    rows = {line.split()[0]: line.split()[1] for line in result.stdout.splitlines()[1:]}
    assert list(rows)[-1] == "pooled"
    expected = {uri: f"{rates['der']:.2f}" for uri, rates in EXPECTED["dscore"].items() if uri != "ALL"}
    assert rows == {**expected, "pooled": f"{EXPECTED['dscore']['ALL']['der']:.2f}"}


def test_folders_and_empty_file(tmp_path: Path) -> None:
    rttm(tmp_path / "ref" / "one.rttm", "one", (0, 2, "a"))
    rttm(tmp_path / "ref" / "two.rttm", "two", (0, 2, "a"))
    rttm(tmp_path / "ref" / "calm.rttm", "calm")
    rttm(tmp_path / "hyp" / "one.rttm", "one", (0, 1, "a"))
    rttm(tmp_path / "hyp" / "two.rttm", "two")
    rttm(tmp_path / "hyp" / "calm.rttm", "calm")
    (tmp_path / "hyp" / "notes.txt").write_text("not RTTM")
    result = run(tmp_path / "ref", tmp_path / "hyp")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()[1:]}
    assert rows["calm"][:5] == ["-", "-", "-", "-", "-"]
    assert (rows["one"][0], rows["two"][0], rows["pooled"][0]) == ("50.00", "100.00", "75.00")


def test_an_id_of_two_lines_takes_one_line_of_the_table(tmp_path: Path) -> None:
    path = rttm(tmp_path / "ref.rttm", "two%0Alines%09%1B[31m", (0, 2, "a"))
    result = run(path, path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:]] == [[r"two\nlines\t\x1b[31m", "0.00"]]


def test_resource_forks_in_a_folder_are_left_out(tmp_path: Path) -> None:
    rttm(tmp_path / "ref" / "one.rttm", "one", (0, 2, "a"))
    (tmp_path / "ref" / "._one.rttm").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    assert run(tmp_path / "ref", tmp_path / "ref").exit_code == 0


def test_an_empty_file_of_a_channel_is_about_its_recording(tmp_path: Path) -> None:
    rttm(tmp_path / "ref" / "one.rttm", "one", (0, 2, "a"))
    rttm(tmp_path / "hyp" / "one.ch2.rttm", "one")
    result = run(tmp_path / "ref", tmp_path / "hyp")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1].split()[:2] == ["one", "100.00"]


@pytest.mark.parametrize("count", [1000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_more_speakers_than_a_table_of_pairs_could_hold(tmp_path: Path, count: int) -> None:
    turns = [(number, number + 1, f"s{number}") for number in range(count)]
    late = [(start + 0.25, end + 0.25, who) for start, end, who in turns]
    result = run(rttm(tmp_path / "ref.rttm", "a", *turns), rttm(tmp_path / "hyp.rttm", "a", *late), "--json")
    assert result.exit_code == 0
    pooled = json.loads(result.stdout)["pooled"]
    # each hypothesis speaker has 0.75 s of its own reference speaker and 0.25 s of the next
    assert (pooled["missed"], pooled["false_alarm"]) == pytest.approx((0.25, 0.25))
    assert (pooled["correct"], pooled["confusion"]) == pytest.approx((0.75 * count, 0.25 * count - 0.25))


def test_undefined_rates_are_null_in_json(tmp_path: Path) -> None:
    reference = rttm(tmp_path / "ref" / "a.rttm", "a").parent
    hypothesis = rttm(tmp_path / "hyp" / "a.rttm", "a", (0, 2, "x")).parent
    report = json.loads(run(reference, hypothesis, "--json").stdout)["recordings"]["a"]
    assert (report["der"], report["jer"], report["false_alarm"]) == (None, 1.0, 2.0)
    assert "inf" in run(reference, hypothesis).stdout


def test_only_what_the_uem_names_is_scored(tmp_path: Path) -> None:
    folder = tmp_path / "uem"
    folder.mkdir()
    (folder / "plain.uem").write_text("plain 1 0 16\n")
    (folder / "unheard.uem").write_text("unheard 1 0 16\n")
    result = run(GOLDEN / "reference.rttm", GOLDEN / "hypothesis.rttm", "--uem", folder)
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["recording", "plain"]
    assert "recording 'meeting' is not in the UEM, not scored" in result.stderr


@pytest.mark.parametrize(
    ("reference", "hypothesis", "words"),
    [
        ("none.rttm", "hyp.rttm", "none.rttm: cannot read the file: No such file or directory"),
        ("ref.rttm", "bad.rttm", "bad.rttm:1: an RTTM line begins with SPEAKER"),
        ("ref.rttm", "hyp.rttm", "no recording is in both: the reference has 'mine', the hypothesis 'theirs'"),
        ("empty", "hyp.rttm", "empty: no .rttm files in this folder"),
        ("twice", "hyp.rttm", "recording 'mine' is in"),
        ("twice", "hyp.rttm", "1.rttm already; results of several channels or systems need a folder each"),
        ("empty.rttm", "empty.rttm", "nothing to score"),
    ],
)
def test_errors(tmp_path: Path, reference: str, hypothesis: str, words: str) -> None:
    rttm(tmp_path / "ref.rttm", "mine", (0, 1, "a"))
    rttm(tmp_path / "hyp.rttm", "theirs", (0, 1, "a"))
    rttm(tmp_path / "twice" / "1.rttm", "mine", (0, 1, "a"))
    rttm(tmp_path / "twice" / "2.rttm", "mine", (0, 1, "a"))
    (tmp_path / "bad.rttm").write_text("{}\n")
    (tmp_path / "empty.rttm").write_text("")
    (tmp_path / "empty").mkdir()
    result = run(tmp_path / reference, tmp_path / hypothesis)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("diarize: error: ")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
