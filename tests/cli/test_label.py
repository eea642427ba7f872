"""`diarize label`: options, formats, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import srt
from click.testing import CliRunner, Result

from diarize import Annotation, Turn
from diarize.audio import Excerpt
from diarize.cli import main

SRT = "1\n00:00:00,000 --> 00:00:04,000\nHow are you? Fine, thanks.\n"
RTTM = "SPEAKER call 1 0.000 2.000 <NA> <NA> S1 <NA> <NA>\nSPEAKER call 1 2.000 2.000 <NA> <NA> S2 <NA> <NA>\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "call.srt").write_text(SRT)
    (tmp_path / "turns.rttm").write_text(RTTM)
    (tmp_path / "notes.txt").write_text("call Anna\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(main, ["label", *arguments], input=input)


def test_subtitles_with_names(folder: Path) -> None:
    outcome = run("call.srt", "--turns", "turns.rttm", "--names", "S1=Anna B,S2=Ben")
    assert outcome.exit_code == 0, outcome.output
    cues = [(cue.content, cue.start.total_seconds()) for cue in srt.parse(outcome.stdout)]
    assert [text for text, _ in cues] == ["Anna B: How are you?", "Ben: Fine, thanks."]
    assert cues[1][1] == pytest.approx(1.77, abs=0.1)  # 10 of 22 characters that are no blanks


@pytest.mark.parametrize("ending", ["vtt", "srt", "json", "ctm", "stm", "tsv", "csv", "txt"])
def test_a_file_is_in_the_format_of_its_ending(folder: Path, ending: str) -> None:
    assert run("call.srt", "--turns", "turns.rttm", "-o", f"out.{ending}").exit_code == 0
    named = run("call.srt", "--turns", "turns.rttm", "--format", ending, "-o", "-")
    assert named.stdout_bytes == (folder / f"out.{ending}").read_bytes()
    assert "S2" in named.stdout


def test_either_may_be_standard_input(folder: Path) -> None:
    expected = run("call.srt", "--turns", "turns.rttm").stdout
    assert run("-", "--turns", "turns.rttm", input=SRT).stdout == expected
    assert run("call.srt", "--turns", "-", input=RTTM).stdout == expected
    outcome = run("-", "--turns", "-", input=RTTM)
    assert outcome.exit_code == 2
    assert "cannot be the transcript and say who speaks" in outcome.output


def test_json_stays_in_its_layout(folder: Path) -> None:
    source = {"segments": [{"start": 0.0, "end": 1.5, "text": " Hi", "tokens": [7]}], "language": "en"}
    (folder / "call.json").write_text(json.dumps(source))
    outcome = run("call.json", "--turns", "turns.rttm")
    source["segments"][0]["speaker"] = "S1"  # type: ignore[index]
    assert json.loads(outcome.stdout) == source


def test_the_recording_is_chosen_by_name(folder: Path) -> None:
    (folder / "turns.rttm").write_text(RTTM + RTTM.replace(" call ", " other ").replace("S1", "S9"))
    assert "S1: How" in run("call.srt", "--turns", "turns.rttm").stdout
    assert "S9: How" in run("call.srt", "--turns", "turns.rttm", "--uri", "other").stdout
    outcome = run("-", "--turns", "turns.rttm", input=SRT)
    assert outcome.exit_code == 1
    assert "the file holds: call, other" in outcome.output


def test_lines_of_a_length(folder: Path) -> None:
    outcome = run("call.srt", "--turns", "turns.rttm", "--line-length", "12")
    assert max(len(line) for cue in srt.parse(outcome.stdout) for line in cue.content.split("\n")) <= 12


def test_the_recording_may_be_diarized_first(folder: Path) -> None:
    import numpy as np
    import soundfile

    soundfile.write(folder / "silence.wav", np.zeros(16000), 16000)
    outcome = run("call.srt", "--audio", "silence.wav", "--quiet")
    assert outcome.exit_code == 0
    assert [cue.content for cue in srt.parse(outcome.stdout)] == ["How are you? Fine, thanks."]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "who speaks when? Name a file of turns by --turns, or the recording by --audio"),
        (["--turns", "turns.rttm", "--audio", "x.wav"], "who speaks when?"),
        (["--turns", "turns.rttm", "--num-speakers", "2"], "leave out --num-speakers"),
        (["--turns", "turns.rttm", "--config", "fast"], "leave out --config"),
        (["--turns", "turns.rttm", "--format", "docx"], "--format docx is no format of transcripts (known: vtt, srt"),
        (["--turns", "turns.rttm", "-o", "x.docx"], "the ending of x.docx is no format of transcripts"),
        (["--turns", "turns.rttm", "-o", "none/x.srt"], "the folder of none/x.srt does not exist"),
        (["--turns", "turns.rttm", "-o", "call.srt"], "call.srt would overwrite call.srt; choose another name"),
        (["--turns", "turns.rttm", "--names", "S1"], "names are OLD=NEW"),
        (["--turns", "turns.rttm", "--names", "S3=x"], "there is no speaker 'S3' (speakers: S1, S2)"),
    ],
)
def test_wrong_usage(folder: Path, arguments: list[str], words: str) -> None:
    outcome = run("call.srt", *arguments)
    assert outcome.exit_code == 2
    assert words in " ".join(outcome.output.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.srt"], "missing.srt: cannot read the file"),
        (["notes.txt"], "notes.txt: no transcript that is known (JSON of whisper,"),
        (["call.srt", "--format", "csv", "--line-length", "42"], "csv has no lines of a length"),
    ],
)
def test_errors(folder: Path, arguments: list[str], words: str) -> None:
    outcome = run(*arguments, "--turns", "turns.rttm")
    assert outcome.exit_code == 1
    assert words in outcome.output


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ([], {"channels": "auto", "channel": None, "channel_names": None}),
        (["--channels", "separate", "--channel-names", "a,b"], {"channels": "separate", "channel_names": ["a", "b"]}),
        (["--channel", "2", "--track", "3", "--start", "1:00", "--end", "90"], {"channel": 2}),
    ],
)
def test_what_is_diarized(
    folder: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], asked: dict[str, object]
) -> None:
    seen: list[tuple[object, dict[str, object]]] = []

    class Diarizer:
        def __init__(self, config: object) -> None: ...

        def __call__(self, audio: object, **options: object) -> Annotation:
            seen.append((audio, options))
            return Annotation([Turn(0.0, 4.0, "S1")])

    monkeypatch.setattr("diarize.pipeline.Diarizer", Diarizer)
    assert run("call.srt", "--audio", "call.mkv", *options).exit_code == 0
    ((audio, given),) = seen
    assert audio == (Excerpt(Path("call.mkv"), 60.0, 90.0, 3) if "--track" in options else Path("call.mkv"))
    assert given | asked == given


@pytest.mark.parametrize("option", [["--channels", "mix"], ["--track", "1"], ["--start", "1"], ["--end", "9"]])
def test_nothing_of_the_sound_is_chosen_where_turns_are_given(folder: Path, option: list[str]) -> None:
    outcome = run("call.srt", "--turns", "turns.rttm", *option)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert f"leave out {option[0]}" in outcome.stderr


def test_empty_turns_are_nobody_talking(folder: Path) -> None:
    (folder / "none.rttm").touch()
    outcome = run("call.srt", "--turns", "none.rttm", "--format", "txt")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert "How are you? Fine, thanks." in outcome.stdout
