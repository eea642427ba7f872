"""`diarize combine` from files to RTTM; the vote itself is checked in test_combination.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from diarize.cli import main
from diarize.formats.rttm import read_rttm

EARLY = (0, 4, "a"), (4, 9, "b")
LATE = (0, 6, "x"), (6, 9, "y")
Turns = tuple[tuple[float, float, str], ...]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["combine", *map(str, arguments)])


def rttm(path: Path, **recordings: Turns) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text(**recordings))
    return path


def text(**recordings: Turns) -> str:
    return "".join(
        f"SPEAKER {uri} 1 {start:.3f} {end - start:.3f} <NA> <NA> {who} <NA> <NA>\n"
        for uri, turns in sorted(recordings.items())
        for start, end, who in turns
    )


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """Return files of three systems, of which two agree on each recording."""
    return [
        rttm(tmp_path / "one.rttm", call=EARLY, talk=EARLY),
        rttm(tmp_path / "two.rttm", call=LATE, talk=EARLY),
        rttm(tmp_path / "three.rttm", call=LATE, talk=LATE),
    ]


def test_the_majority_of_each_recording_on_standard_output(three: list[Path]) -> None:
    result = run(*three)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == text(call=((0, 6, "a"), (6, 9, "b")), talk=EARLY)
    assert run(*three, "-o", "-").stdout == result.stdout


def test_file(three: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "out.rttm"
    result = run(*three, "--output", target)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert target.read_text() == run(*three).stdout


def test_one_file_comes_out_as_it_is(three: list[Path]) -> None:
    assert run(three[0]).stdout == three[0].read_text()


@pytest.mark.parametrize(
    "options", [["--weight", "1,1,3"], ["--weight", "1", "--weight=1, 3"], ["--weight", "2,2,4.1"]]
)
def test_weights(three: list[Path], options: list[str]) -> None:
    result = run(*three, *options)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == text(call=((0, 6, "a"), (6, 9, "b")), talk=((0, 6, "a"), (6, 9, "b")))


def test_a_recording_that_is_missing_is_a_warning_and_the_others_vote(tmp_path: Path) -> None:
    paths = [
        rttm(tmp_path / "one.rttm", talk=LATE),
        rttm(tmp_path / "two.rttm", call=EARLY, talk=EARLY),
        rttm(tmp_path / "three.rttm", call=LATE),
    ]
    result = run(*paths, "--weight", "1,2,5")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        f"diarize: warning: {paths[0]}: no recording 'call'; the others vote without it",
        f"diarize: warning: {paths[2]}: no recording 'talk'; the others vote without it",
    ]
    # each weight stays with its file: 5 beats 2 in the one, 2 beats 1 in the other
    assert result.stdout == text(call=((0, 6, "a"), (6, 9, "b")), talk=((0, 4, "x"), (4, 9, "y")))


def test_folders_in_which_an_empty_file_is_a_vote_for_silence(tmp_path: Path) -> None:
    rttm(tmp_path / "one" / "talk.rttm", talk=EARLY)
    rttm(tmp_path / "one" / "calm.rttm", calm=EARLY)
    rttm(tmp_path / "two" / "talk.rttm", talk=EARLY)
    rttm(tmp_path / "two" / "calm.rttm")
    rttm(tmp_path / "three" / "both.rttm", talk=LATE)
    rttm(tmp_path / "three" / "calm.rttm")
    result = run(tmp_path / "one", tmp_path / "two", tmp_path / "three", "-o", tmp_path / "out.rttm")
    assert (result.exit_code, result.stderr) == (0, "")
    assert list(read_rttm(tmp_path / "out.rttm")) == ["talk"]
    assert (tmp_path / "out.rttm").read_text() == text(talk=EARLY)


@pytest.mark.parametrize("options", [[], ["-o", "out.rttm"]])
def test_where_all_are_empty_so_is_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*(rttm(tmp_path / name) for name in ("one.rttm", "two.rttm")), *options)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "diarize: warning: there are no turns in any input, so the result is empty\n"
    assert not options or (tmp_path / "out.rttm").read_bytes() == b""


def test_a_file_without_an_ending(three: list[Path], tmp_path: Path) -> None:
    assert run(*three, "-o", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out").read_text() == run(*three).stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["a.rttm", "-o", "out.md"], "out.md: the known endings of files are .rttm"),
        ([], "Missing argument 'RTTM...'"),
        (["a.rttm", "b.rttm", "--weight", "1"], "--weight takes one number for each RTTM: 2 are needed, got 1"),
        (["a.rttm", "b.rttm", "--weight", "1,2", "--weight", "3"], "2 are needed, got 3"),
        (
            ["a.rttm", "b.rttm", "--weight", "1,x"],
            "could not convert string to float: 'x'; give numbers, such as 2,1,1",
        ),
        (["a.rttm", "b.rttm", "--weight", "1,0"], "weights are numbers above 0, got 1,0"),
        (["a.rttm", "b.rttm", "--weight", "1,nan"], "weights are numbers above 0, got 1,nan"),
    ],
)
def test_wrong_usage(options: list[str], words: str) -> None:
    result = run(*options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["one.rttm", "none.rttm"], "none.rttm: cannot read the file: No such file or directory"),
        (["one.rttm", "bad.rttm"], "bad.rttm:1: an RTTM line begins with SPEAKER"),
        (["one.rttm", "empty"], "empty: no .rttm files in this folder"),
        (["one.rttm", "other.rttm"], "no recording is in two inputs, so there is nothing to combine"),
    ],
)
def test_errors(tmp_path: Path, names: list[str], words: str) -> None:
    rttm(tmp_path / "one.rttm", call=EARLY)
    rttm(tmp_path / "other.rttm", talk=EARLY)
    rttm(tmp_path / "empty.rttm")
    (tmp_path / "bad.rttm").write_text("{}\n")
    (tmp_path / "empty").mkdir()
    result = run(*(tmp_path / name for name in names), "-o", tmp_path / "out.rttm")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("diarize: error: ")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out.rttm").exists()


def test_speakers_are_not_lost(three: list[Path], tmp_path: Path) -> None:
    result = run(*three, "-o", tmp_path / "out.uem")
    assert (result.exit_code, (tmp_path / "out.uem").exists()) == (2, False)
    assert "out.uem: a file in uem does not say who speaks; take one of .rttm, .json," in result.stderr


def test_quiet(three: list[Path], tmp_path: Path) -> None:
    other = rttm(tmp_path / "four.rttm", call=EARLY)
    assert "no recording 'talk'" in run(*three, other).stderr
    result = run(*three, other, "--quiet")
    assert (result.exit_code, result.stderr, result.stdout) == (0, "", run(*three, other).stdout)
