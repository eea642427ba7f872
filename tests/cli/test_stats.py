"""`diarize stats`: numbers in three formats, lengths from three sources, and what cannot be used."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from diarize import Annotation, Turn
from diarize.cli import main

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["stats", *map(str, words)])


@pytest.fixture
def call(tmp_path: Path) -> Path:
    path = tmp_path / "call.rttm"
    Annotation([Turn(0, 60, "anna"), Turn(59, 90, "ben"), Turn(62, 62.5, "anna")], "call").write(path)
    return path


def test_table(call: Path) -> None:
    outcome = run(call, "--duration", 100)
    assert outcome.exit_code == 0
    assert outcome.output.splitlines() == [
        "call",
        "  1:40.0 in all, 2 speakers, speech 90 %, overlap 2 %, silence 10 %",
        "  longest silence 0:10.0, 3 turns, 1 backchannel, 1 interruption",
        "  speaker    talk  share  turns  longest  overlap  cuts in  ratio  reply",
        "  anna     1:00.5   66 %      2   1:00.0      2 %      0/1   2.05      -",
        "  ben      0:31.0   34 %      1   0:31.0      5 %      1/0   0.53  -1.00",
    ]


def test_table_fits_the_terminal_and_long_names_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, name = tmp_path / "long.rttm", "A" * 70
    Annotation([Turn(0, 40000, name), Turn(40000, 80000, "b")], "r" * 90).write(path)
    monkeypatch.setenv("COLUMNS", "80")
    lines = run(path).output.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("  AAAAAA") and "A… " in line for line in lines)
    assert name in run(path, "--format", "csv").output
    assert name in run(path, "--format", "json").output


def test_csv_has_rows_for_speakers_recordings_and_all(call: Path) -> None:
    rows = list(csv.DictReader(StringIO(run(call, "--duration", 100, "--format", "csv").output)))
    assert [(row["recording"], row["speaker"]) for row in rows] == [
        ("call", "anna"),
        ("call", "ben"),
        ("call", ""),
        ("", ""),
    ]
    assert [row["talk"] for row in rows] == ["60.5", "31.0", "91.5", "91.5"]
    assert (rows[0]["response"], rows[1]["response"], rows[2]["silence"]) == ("", "-1.0", "10.0")


def test_json_goes_to_a_file(call: Path, tmp_path: Path) -> None:
    target = tmp_path / "talk.json"
    outcome = run(call, SAMPLES / "meeting.rttm", "--format", "json", "-o", target)
    assert (outcome.exit_code, outcome.output) == (0, "")
    content = json.loads(target.read_text(encoding="utf-8"))
    one, two = content["recordings"]
    assert (one["recording"], one["duration"], one["speakers"][0]["interrupted"]) == ("call", 90, 1)
    assert content["total"]["talk"] == pytest.approx(one["talk"] + two["talk"], abs=0.002)
    assert one["speakers"][0]["response"] is None


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["--duration", 5, "--uem", SAMPLES / "meeting.uem"], 2, "give one of them"),
        (["--duration", 0], 2, "--duration"),
        (["--format", "xml"], 2, "--format"),
        (["-o", "missing/talk.csv"], 2, "the folder of"),
        (["--audio", SAMPLES / "call.flac", "--audio", SAMPLES / "meeting.flac"], 1, "no file of --audio has its name"),
        (["--audio", SAMPLES / "meeting.flac", "--audio", SAMPLES / "meeting.flac"], 1, "both have its name"),
        ([SAMPLES / "meeting.rttm"], 1, "is in"),
        ([SAMPLES / "meeting.uem"], 1, "not who speaks"),
        ([SAMPLES / "nothing.rttm"], 1, "nothing.rttm"),
    ],
)
def test_what_cannot_be_used(words: list[object], code: int, reason: str, tmp_path: Path) -> None:
    turns = tmp_path / "meeting.rttm" if reason == "no file of --audio has its name" else SAMPLES / "meeting.rttm"
    Annotation([Turn(0, 1, "a")], "other").write(tmp_path / "meeting.rttm")
    outcome = run(turns, *words)
    assert outcome.exit_code == code
    assert reason in outcome.stderr
    assert outcome.stdout == ""


@pytest.mark.parametrize("option", [None, "--audio", "--uem"])
def test_nothing_that_is_read_is_written_over(option: str | None, call: Path, tmp_path: Path) -> None:
    source = call if option is None else tmp_path / "source"
    if option is not None:
        source.write_bytes(b"what nobody has twice")
    before = source.read_bytes()
    outcome = run(call, "-o", source, *([] if option is None else [option, source]))
    assert outcome.exit_code == 2
    assert "would overwrite" in outcome.stderr
    assert source.read_bytes() == before


@pytest.mark.parametrize("name", ["call.eaf", "call.TextGrid", "call.json", "call.kaldi"])
@pytest.mark.filterwarnings("ignore:.*wav.scp is left out")
def test_folders_in_any_format(call: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    Annotation.read(call).write(folder / name)
    outcome = run(folder / name if name.endswith("kaldi") else folder, "--duration", 100)
    assert outcome.exit_code == 0
    assert outcome.output == run(call, "--duration", 100).output
