"""`diarize report`: a page for a recording and its turns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from diarize.cli import main

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
AUDIO, TURNS = SAMPLES / "dialogue.flac", SAMPLES / "dialogue.rttm"


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command inside an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, [str(word) for word in arguments])


def document(path: Path) -> Any:
    match = re.search(r'id="document">(.*?)</script>', path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert match
    return json.loads(match.group(1))


def test_a_page_with_all_that_can_be_in_it(invoke: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "words.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n", encoding="utf-8")
    more = ["--reference", TURNS, "--transcript", "words.srt", "--title", "A talk", "--sound", "none"]
    result = invoke("report", AUDIO, TURNS, "-o", "page.html", *more)
    assert (result.exit_code, result.output) == (0, "")
    content = document(tmp_path / "page.html")
    assert content["recording"]["title"] == "A talk"
    assert content["recording"]["name"] == "dialogue.flac"
    assert content["transcript"][0]["text"] == "Hello"
    assert content["reference"]["errors"] == []
    assert len(content["turns"]) == len(TURNS.read_text(encoding="utf-8").splitlines())


def test_an_empty_file_of_turns_is_nobody_talking(invoke: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "empty.rttm").write_bytes(b"")
    assert invoke("report", AUDIO, "empty.rttm", "-o", "page.html", "--sound", "none").exit_code == 0
    assert document(tmp_path / "page.html")["turns"] == []
    (tmp_path / "empty.srt").write_bytes(b"")
    more = ["--transcript", "empty.srt", "--sound", "none"]
    assert invoke("report", AUDIO, TURNS, "-o", "page.html", *more).exit_code == 0
    assert document(tmp_path / "page.html")["transcript"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gone.wav", TURNS, "-o", "page.html"], 1, "gone.wav: cannot be opened"),
        ([AUDIO, "gone.rttm", "-o", "page.html"], 1, "gone.rttm: "),
        ([AUDIO, SAMPLES / "dialogue.flac", "-o", "page.html"], 1, "dialogue.flac"),
        ([AUDIO, TURNS, "-o", "no/page.html"], 2, "the folder of no/page.html does not exist"),
        ([AUDIO, TURNS], 2, "Missing option '-o'"),
        ([AUDIO, TURNS, "-o", AUDIO], 2, "would overwrite"),
        ([AUDIO, TURNS, "-o", "-"], 2, "a page is a file"),
        ([AUDIO, TURNS, "-o", "page.html", "--sound", "loud"], 2, "'loud' is not one of"),
    ],
)
def test_what_cannot_be_done_is_said(
    invoke: Callable[..., Result], tmp_path: Path, arguments: list[Any], code: int, message: str
) -> None:
    result = invoke("report", *arguments)
    assert result.exit_code == code
    assert message in result.output
    assert not list(tmp_path.iterdir())


def test_run_writes_a_page_beside_its_result(invoke: Callable[..., Result], tmp_path: Path) -> None:
    result = invoke("run", SAMPLES / "call.flac", "--config", "fast", "--quiet", "--report", "page.html")
    assert result.exit_code == 0
    content = document(tmp_path / "page.html")
    assert len(content["turns"]) == len(result.stdout.splitlines()) > 2
    assert all(0 < turn["confidence"] <= 1 for turn in content["turns"])
    assert content["recording"]["sound"] == {"kind": "embed", "link": None}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([AUDIO, SAMPLES / "call.flac", "-o", "out", "--report", "page.html"], "a page is about one recording"),
        ([AUDIO, "--report", "no/page.html"], "the folder of no/page.html does not exist"),
        ([AUDIO, "--report", AUDIO], "would overwrite"),
        ([AUDIO, "--report", "-"], "a page is a file"),
        ([AUDIO, "--speech", TURNS, "--report", TURNS], "would overwrite"),
        ([AUDIO, "-o", "x.rttm", "--report", "./x.rttm"], "would overwrite"),
        ([AUDIO, "--plot", "x.svg", "--report", "x.svg"], "would overwrite"),
    ],
)
def test_run_refuses_a_page_before_any_work(
    invoke: Callable[..., Result], tmp_path: Path, arguments: list[Any], message: str
) -> None:
    result = invoke("run", *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert not list(tmp_path.iterdir())


def test_standard_input_is_embedded_and_never_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("diarize.report.page.EMBEDDED_SECONDS", 1.0)
    words = ["report", "-", str(TURNS), "-o", "page.html"]
    assert CliRunner().invoke(main, words, input=AUDIO.read_bytes()).exit_code == 0
    assert document(tmp_path / "page.html")["recording"]["sound"] == {"kind": "embed", "link": None}
    refused = CliRunner().invoke(main, [*words, "--sound", "link"], input=AUDIO.read_bytes())
    assert refused.exit_code == 2
    assert "what comes from a pipe cannot be linked" in refused.output


def test_a_page_of_a_channel_and_of_a_track(invoke: Callable[..., Result], tmp_path: Path) -> None:
    for options, channel in ((["--channels", "1"], 1), (["--channels", "mix", "--track", "1"], None)):
        result = invoke("report", AUDIO, TURNS, "-o", "page.html", *options)
        assert (result.exit_code, result.output) == (0, "")
        recording = document(tmp_path / "page.html")["recording"]
        assert (recording["channel"], recording["name"], recording["sound"]["kind"]) == (channel, AUDIO.name, "embed")
    result = invoke("report", AUDIO, TURNS, "-o", "page.html", "--track", "9")
    assert result.exit_code == 1
    assert "there is no track 9" in result.stderr
    result = invoke("report", AUDIO, TURNS, "-o", "page.html", "--track", "1", "--sound", "link")
    assert result.exit_code == 2
    assert "a browser plays the first track of what is linked" in result.stderr


@pytest.mark.parametrize("name", ["page.txt", "page"])
def test_a_page_has_the_ending_of_one(invoke: Callable[..., Result], tmp_path: Path, name: str) -> None:
    for words in (["report", AUDIO, TURNS, "-o"], ["run", AUDIO, "--report"]):
        result = invoke(*words, name)
        assert (result.exit_code, result.stdout, list(tmp_path.iterdir())) == (2, "", [])
        assert f"{name}: a page ends in .html or .htm" in " ".join(result.stderr.split())


def test_progress_is_shown_where_it_is_asked_for(invoke: Callable[..., Result]) -> None:
    shown = invoke("report", AUDIO, TURNS, "-o", "page.html", "--sound", "none", "--progress", "json")
    lines = [json.loads(line) for line in shown.stderr.splitlines()]
    assert [line["stage"] for line in lines[-2:]] == ["page", "done"]
    assert {line["file"] for line in lines} == {"dialogue.flac"}
    quiet = invoke("report", AUDIO, TURNS, "-o", "page.html", "--sound", "none", "--progress", "json", "--quiet")
    assert quiet.output == ""
