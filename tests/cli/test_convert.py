"""`diarize convert`: formats, standard streams, folders, shapes, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from diarize import Annotation, Turn
from diarize.cli import main
from diarize.formats.format import Format
from diarize.formats.registry import FORMATS, read_all, write_all

ONE = Annotation([Turn(0.5, 2.0, "Anna B", 0.9), Turn(1.5, 3.0, "ben", 0.6), Turn(3.2, 4.0, "ben", 0.6)], "my call")
TWO = Annotation([Turn(0.0, 1.0, "carl")], "../two")


@pytest.fixture
def convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command in a folder with one.rttm, about one recording, and both.rttm."""
    monkeypatch.chdir(tmp_path)
    write_all([ONE], "one.rttm")
    write_all([ONE, TWO], "both.rttm")

    def run(*arguments: str, input: bytes | None = None) -> Result:
        return CliRunner().invoke(main, ["convert", *arguments], input=input)

    return run


def test_from_ending_to_ending(convert: Callable[..., Result]) -> None:
    result = convert("one.rttm", "one.json")
    assert (result.exit_code, result.output) == (0, "")
    assert convert("one.json", "again.rttm").exit_code == 0
    assert Path("again.rttm").read_bytes() == Path("one.rttm").read_bytes()


def test_standard_streams(convert: Callable[..., Result]) -> None:
    result = convert("-", "-", "--to", "csv", input=Path("both.rttm").read_bytes())
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:2] == ["recording,start,end,speaker,confidence", "../two,0.000,1.000,carl,"]
    back = convert("-", "-", "--from", "csv", "--to", "rttm", input=result.stdout_bytes)
    assert back.stdout == Path("both.rttm").read_text()


def test_a_file_each_in_a_folder(convert: Callable[..., Result], tmp_path: Path) -> None:
    assert convert("both.rttm", "out", "--to", "textgrid").exit_code == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["%2E.%2Ftwo.TextGrid", "my call.TextGrid"]
    assert read_all("out/%2E.%2Ftwo.TextGrid") == {"../two": TWO}
    assert convert("both.rttm", "out", "--to", "rttm").exit_code == 0  # it exists by now
    assert read_all("out/my call.rttm") == {"my call": ONE}


def test_several_recordings_in_one_file_or_one_kaldi_folder(convert: Callable[..., Result]) -> None:
    assert convert("both.rttm", "all.jsonl").exit_code == 0
    assert set(read_all("all.jsonl")) == {"my call", "../two"}
    result = convert("both.rttm", "data/train", "--to", "kaldi")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("diarize: warning: data/train: wav.scp is left out")
    assert set(read_all("data/train")) == {"my call", "../two"}


def test_the_sound_is_linked(convert: Callable[..., Result], tmp_path: Path) -> None:
    Path("sounds").mkdir()
    Path("sounds/my call.wav").touch()
    Path("sounds/my call.rttm").touch()
    assert convert("one.rttm", "data", "--to", "kaldi", "--audio", "sounds").stderr == ""
    assert Path("data/wav.scp").read_text() == f"my%20call {tmp_path}/sounds/my call.wav\n"
    assert convert("one.rttm", "one.json", "--audio", "sounds/my call.wav").exit_code == 0
    assert json.loads(Path("one.json").read_text())["source"] == "sounds/my call.wav"
    assert "no sound file for '../two'" in convert("both.rttm", "all.kaldi", "--audio", "sounds").stderr
    assert convert("both.rttm", "all.kaldi", "--audio", "sounds/my call.wav").exit_code == 2
    assert "no such file" in convert("one.rttm", "one.eaf", "--audio", "nowhere").stderr


@pytest.mark.parametrize("item", [item for item in FORMATS if item.write], ids=lambda item: item.name)
def test_sound_is_refused_where_it_would_not_be_linked(convert: Callable[..., Result], item: Format) -> None:
    Path("my call.wav").touch()
    target = Path(f"out{item.ending}")
    outcome = convert("one.rttm", str(target), "--audio", "my call.wav")
    files = target.iterdir() if target.is_dir() else [target]
    if outcome.exit_code == 0:
        assert any("my%20call.wav" in file.read_text() or "my call.wav" in file.read_text() for file in files)
    else:
        assert (outcome.exit_code, target.exists()) == (2, False)
        assert f"files in {item.name} do not say where the sound is" in outcome.stderr
    assert (outcome.exit_code == 0) == (item.name in ("json", "eaf", "kaldi"))


def test_shapes(convert: Callable[..., Result]) -> None:
    result = convert("one.rttm", "-", "--to", "lab", "--merge-gap", "0.2", "--exclusive", "--max-turn", "1")
    assert result.stdout.splitlines() == [
        "0.500 1.249 Anna B",
        "1.250 2.000 Anna B",
        "2.000 2.999 ben",
        "3.000 4.000 ben",
    ]
    assert convert("one.rttm", "-", "--to", "lab", "--min-turn", "1.5").stdout.splitlines() == [
        "0.500 2.000 Anna B",
        "1.500 3.000 ben",
    ]


def test_a_file_without_turns_is_about_what_it_is_named_after(convert: Callable[..., Result]) -> None:
    Path("silence.rttm").touch()
    assert convert("silence.rttm", "x.json").exit_code == 0
    assert read_all("x.json") == {"silence": Annotation((), "silence")}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["one.rttm", "one.xyz"], 2, "one.xyz: in which format? Name it by --to"),
        (["one.rttm", "-"], 2, "in which format?"),
        (["one.rttm", "-", "--to", "kaldi"], 2, "cannot go to standard output"),
        (["one.rttm", "one.json", "--to", "xyz"], 2, "unknown format 'xyz'"),
        (["one.rttm", "one.rttm", "--to", "json"], 2, "one.rttm is named like a file in rttm, not in json"),
        (["one.rttm", "one.flac", "--to", "json"], 2, "one.flac is named like a recording"),
        (["one.rttm", "one.json", "--from", "xyz"], 2, "unknown format 'xyz'"),
        (
            ["both.rttm", "both.srt"],
            1,
            "both.rttm holds 2 recordings (../two, my call), and a file in srt is about one",
        ),
        (["both.rttm", "-", "--to", "vtt"], 1, "about one"),
        (["one.rttm", "one.csv", "--from", "json"], 1, "one.rttm:1: no JSON"),
        (["none.rttm", "one.csv"], 1, "none.rttm: cannot read the file"),
        (["one.rttm", "none/one.csv"], 1, "none/one.csv: cannot write the file"),
        (["one.rttm", "one.csv", "--max-turn", "0"], 2, "'--max-turn': 0.0 is not in the range"),
    ],
)
def test_refused(convert: Callable[..., Result], arguments: list[str], code: int, words: str) -> None:
    before = sorted(Path().rglob("*"))
    result = convert(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in " ".join(result.stderr.split())
    assert sorted(Path().rglob("*")) == before
