"""`diarize run --keep`, then `diarize correct` and `diarize checks`: the same as in one go, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from diarize import Annotation, Diarizer, Segment
from diarize.cli import main
from diarize.model import Model, builtin_model

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
HINTS = """SPEAKER talk 1 2.000 1.000 <NA> <NA> anna <NA> <NA>
NON-SPEECH talk 1 5.000 0.500 <NA> other <NA> <NA> <NA>
"""
Invoke = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with 20 s of a dialogue, and what was kept of it."""
    made = tmp_path_factory.mktemp("kept")
    samples, rate = soundfile.read(SAMPLES / "dialogue.flac", frames=20 * 16000, dtype="float32")
    soundfile.write(made / "talk.flac", samples, rate)
    Diarizer("fast").diarize(made / "talk.flac").save(made / "talk.npz")
    return made


@pytest.fixture
def invoke(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run commands in a folder that holds the recording, what was kept, and hints."""
    for path in folder.iterdir():
        shutil.copy(path, tmp_path)
    (tmp_path / "some.rttm").write_text(HINTS)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, list(map(str, arguments)))


def test_in_two_steps_or_in_one(invoke: Invoke) -> None:
    kept = invoke("run", "talk.flac", "--config", "fast", "--keep", "new/kept", "-o", "plain.rttm", "--quiet")
    assert (kept.exit_code, kept.output) == (0, "")
    assert Path("new/kept/talk.npz").read_bytes() == Path("talk.npz").read_bytes()
    corrected = invoke("correct", "new/kept/talk.npz", "--hints", "some.rttm")
    at_once = invoke("run", "talk.flac", "--config", "fast", "--hints", "some.rttm", "--quiet")
    assert (corrected.exit_code, at_once.exit_code) == (0, 0)
    assert corrected.stdout == at_once.stdout != Path("plain.rttm").read_text()
    assert " anna " in corrected.stdout


def test_what_is_written_are_hints_again(invoke: Invoke) -> None:
    assert invoke("correct", "talk.npz", "--hints", "some.rttm", "-o", "out", "--format", "json,rttm").exit_code == 0
    document = json.loads(Path("out/talk.json").read_text())
    assert document["silence"] == [{"start": 5.0, "end": 5.5}]
    checked = [(turn["start"], turn["end"], turn["speaker"]) for turn in document["turns"] if "checked" in turn]
    assert checked == [(2.0, 3.0, "anna")]
    again = invoke("correct", "talk.npz", "--hints", "out/talk.json")
    assert again.stdout == Path("out/talk.rttm").read_text()


def test_results_have_a_shape(invoke: Invoke) -> None:
    result = invoke("correct", "talk.npz", "--hints", "some.rttm", "--max-turn", 1, "-o", "x.rttm")
    assert result.exit_code == 0
    assert max(turn.duration for turn in Annotation.read("x.rttm")) <= 1


def test_checks_as_table_and_json(invoke: Invoke) -> None:
    table = invoke("checks", "talk.npz", "-n", 2).stdout.splitlines()
    assert table[0].split() == ["start", "end", "speaker", "settles", "why"]
    assert len(table) == 3
    result = json.loads(invoke("checks", "talk.npz", "--hints", "some.rttm", "--json").stdout)
    assert result["recording"] == "talk"
    for check in result["checks"]:
        assert set(check) == {"start", "end", "speaker", "gain", "reason"}
        assert check["end"] <= 2 or check["start"] >= 3
    gains = [check["gain"] for check in result["checks"]]
    assert gains == sorted(gains, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["correct", "talk.npz"], 2, "Missing option '--hints'"),
        (["correct", "talk.npz", "--hints", "talk.npz"], 1, "error"),
        (["correct", "talk.npz", "--hints", "some.rttm", "-o", "some.rttm"], 2, "would overwrite"),
        (["correct", "some.rttm", "--hints", "some.rttm"], 1, "not a diarization that was kept"),
        (["correct", "talk.npz", "--hints", "other.rttm"], 1, "no hints for recording 'talk' (there are some for: x)"),
        (["correct", "talk.npz", "--hints", "two.txt", "--num-speakers", "1"], 1, "the hints name 2 people"),
        (["run", "talk.flac", "--hints", "two.txt", "--max-speakers", "1"], 1, "the hints name 2 people"),
        (["run", "talk.flac", "--hints", "other.rttm"], 1, "no hints for recording 'talk'"),
        (["run", "talk.flac", "--hints", "marks.uem"], 1, "says where speech is, not who speaks"),
        (["run", "talk.flac", "b.flac", "-o", "out", "--hints", "two.txt"], 2, "can hold hints for only one"),
        (["run", "talk.flac", "b.flac", "-o", "out", "--keep", "all.npz"], 2, "give a folder: --keep KEPT"),
        (["run", "talk.flac", "--keep", "some.rttm"], 2, "the known endings of files are .npz"),
        (["checks", "none.npz"], 1, "cannot read the file"),
        (["checks", "talk.npz", "--model", "some.rttm"], 1, "some.rttm"),
    ],
)
def test_what_is_refused(invoke: Invoke, arguments: list[str], code: int, words: str) -> None:
    Path("other.rttm").write_text("SPEAKER x 1 2.000 1.000 <NA> <NA> anna <NA> <NA>\n")
    Path("two.txt").write_text("1\t2\tanna\n3\t4\tben\n")
    Path("marks.uem").write_text("talk 1 0 3\n")
    result = invoke(*arguments)
    assert result.exit_code == code
    assert words in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_hints_behind_the_end_are_a_warning(invoke: Invoke) -> None:
    Path("late.txt").write_text("1\t2\tanna\n30\t40\tanna\n")
    result = invoke("correct", "talk.npz", "--hints", "late.txt")
    assert result.exit_code == 0
    [line] = result.stderr.splitlines()
    assert line.startswith("diarize: warning: talk: hints reach to 40.000 s, the recording ends at 20.000 s")


def test_a_file_without_hints_is_a_warning(invoke: Invoke) -> None:
    Path("none.rttm").write_text(";; nobody looked yet\n")
    invoke("run", "talk.flac", "--config", "fast", "-o", "plain.rttm", "--quiet")
    result = invoke("correct", "talk.npz", "--hints", "none.rttm")
    assert (result.exit_code, result.stdout) == (0, Path("plain.rttm").read_text())
    assert result.stderr == "diarize: warning: none.rttm: there are no hints in it, so nothing changes\n"


def test_a_model_of_ones_own_is_named_or_given(invoke: Invoke) -> None:
    """The settings name the file; where it has moved, it is given, and another one is refused."""
    shipped = builtin_model()
    wide = shipped.bands["wide"]
    Model({"wide": replace(wide, voices=wide.voices[:1])}, shipped.filters).save("own.npz")
    shipped.save("other.npz")
    Path("own.toml").write_text('model = "own.npz"\n[clustering]\nstarts = 1\n')
    made = invoke("run", "talk.flac", "--config", "own.toml", "--keep", "kept.npz", "--quiet")
    assert (made.exit_code, made.stderr) == (0, "")
    known = invoke("correct", "kept.npz", "--hints", "some.rttm")
    assert known.exit_code == 0
    Path("own.npz").rename("moved.npz")
    lost = invoke("checks", "kept.npz")
    assert lost.exit_code == 1
    [line] = lost.stderr.splitlines()
    assert line.startswith("diarize: error: kept.npz: made with a model that cannot be read any more: own.npz")
    assert "give the one it was made with (--model FILE" in line
    given = invoke("correct", "kept.npz", "--hints", "some.rttm", "--model", "moved.npz")
    assert (given.exit_code, given.stdout) == (0, known.stdout)
    assert invoke("checks", "kept.npz", "--model", "moved.npz").exit_code == 0
    wrong = invoke("checks", "kept.npz", "--model", "other.npz")
    assert wrong.exit_code == 1
    assert "made with another model than the one that was given; give the one" in wrong.stderr


def test_the_page_marks_what_hints_fixed(invoke: Invoke) -> None:
    options = ("--config", "fast", "--hints", "some.rttm", "--quiet")
    assert invoke("run", "talk.flac", *options, "-o", "talk.json", "--report", "run.html").exit_code == 0
    assert invoke("report", "talk.flac", "talk.json", "-o", "json.html", "--quiet").exit_code == 0
    for page in ("run.html", "json.html"):
        text = Path(page).read_text(encoding="utf-8")
        match = re.search(r'id="document">(.*?)</script>', text, flags=re.DOTALL)
        assert match
        document = json.loads(match.group(1))
        names = {speaker["id"]: speaker["name"] for speaker in document["speakers"]}
        checked = [
            (turn["start"], turn["end"], names[turn["speaker"]]) for turn in document["turns"] if "checked" in turn
        ]
        assert checked == [(2.0, 3.0, "anna")], page
        assert document["silence"] == [{"start": 5.0, "end": 5.5}]


def test_a_call_of_two_legs(invoke: Invoke) -> None:
    """What is written is hints again, with the channel of each speaker."""
    sound, rate = soundfile.read("talk.flac", dtype="float32")
    ends = 1e-3 * np.random.default_rng(0).standard_normal((len(sound), 2)).astype(np.float32)
    reference = Annotation.read(SAMPLES / "dialogue.rttm").crop(Segment(0.0, len(sound) / rate))
    for turn in reference:
        part = slice(round(turn.start * rate), round(turn.end * rate))
        ends[part, reference.labels.index(turn.speaker)] += sound[part]
    soundfile.write("talk.wav", ends, rate)
    options = ("--config", "fast", "--channels", "separate", "--quiet")
    assert invoke("run", "talk.wav", *options, "--keep", "call.npz", "-o", "plain.rttm").exit_code == 0
    start = next(turn.start for turn in reference if turn.speaker == reference.labels[1])
    Path("mine.rttm").write_text(f"SPEAKER talk 1 {start + 0.5} 1.0 <NA> <NA> Ben <NA> <NA>\n")
    corrected = invoke("correct", "call.npz", "--hints", "mine.rttm")
    at_once = invoke("run", "talk.wav", *options, "--hints", "mine.rttm")
    assert (corrected.exit_code, corrected.stdout) == (0, at_once.stdout)
    fields = {(line.split()[2], line.split()[7]) for line in corrected.stdout.splitlines()}
    assert fields == {("1", "channel1"), ("2", "Ben")}
    asked = json.loads(invoke("checks", "call.npz", "--hints", "mine.rttm", "--json").stdout)["checks"]
    assert {check["speaker"] for check in asked} == {"channel1", "Ben"}
    for name in ("out.ctm", "out.json"):
        assert invoke("correct", "call.npz", "--hints", "mine.rttm", "-o", name).exit_code == 0
    assert json.loads(Path("out.json").read_text())["channels"] == {"channel1": 1, "Ben": 2}
    assert {(row.split()[1], row.split()[7]) for row in Path("out.ctm").read_text().splitlines()} == fields
    again = invoke("correct", "call.npz", "--hints", "out.json")
    assert again.stdout == corrected.stdout
