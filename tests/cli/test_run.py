"""`diarize run`: what goes where, what is refused, what a failure leaves. The diarizer itself is a stand-in here."""

from __future__ import annotations

import errno
import json
import shutil
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from diarize.annotation import Annotation, Segment, Turn
from diarize.cli import main
from diarize.config import Config, load_config
from diarize.errors import AudioError, DiarizeWarning
from diarize.formats.about import About
from diarize.formats.marks import read_speech_marks

Calls = list[tuple[Path, dict[str, Any]]]


@dataclass
class Found:
    """A diarization as far as results are made of it."""

    annotation: Annotation
    channel: int = 1
    layout: str = ""

    def about(self, source: str) -> About:
        return About(source, 4.0, self.channel)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Put a stand-in for the pipeline in place; return what it was asked."""
    seen: Calls = []

    class Diarizer:
        configs: ClassVar[list[Config]] = []

        def __init__(self, config: Config, voices: object = None) -> None:
            self.configs.append(config)

        def diarize(self, audio: Path, **options: Any) -> Found:
            seen.append((audio, options))
            if "bad" in audio.name:
                raise AudioError(f"{audio}: not audio;\nlibsndfile said nothing")
            if "remove" in audio.name or "block" in audio.name:
                shutil.rmtree("out")
            if "block" in audio.name:
                Path("out").write_text("in the way")
            if "crash" in audio.name:
                raise KeyboardInterrupt
            if "quiet" in audio.name:
                warnings.warn("no speech found", DiarizeWarning, stacklevel=2)
                return Found(Annotation([], uri=options["uri"]))
            layout = "two legs of a call" if "stereo" in audio.name else ""
            turns = [Turn(0.5, 2.0, "S1", 0.9)]
            return Found(Annotation(turns, uri=options["uri"]), options["channel"] or 1, layout)

    module = ModuleType("diarize.pipeline")
    module.Diarizer = Diarizer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "diarize.pipeline", module)
    return seen


@pytest.fixture
def invoke(calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command inside an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["run", *map(str, arguments)])


def test_one_recording_goes_to_standard_output(invoke: Callable[..., Result], tmp_path: Path) -> None:
    result = invoke("call.wav")
    assert result.exit_code == 0
    assert result.stdout == "SPEAKER call 1 0.500 1.500 <NA> <NA> S1 0.900 <NA>\n"
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_several_recordings_go_to_a_folder(invoke: Callable[..., Result], tmp_path: Path) -> None:
    result = invoke("one.wav", "sub/two.flac", "-o", "new/results")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert sorted(path.name for path in (tmp_path / "new/results").iterdir()) == ["one.rttm", "two.rttm"]
    assert (tmp_path / "new/results/two.rttm").read_text().startswith("SPEAKER two 1 ")


def test_one_recording_into_a_folder(invoke: Callable[..., Result], tmp_path: Path) -> None:
    assert invoke("one.wav", "-o", "results").exit_code == 0
    assert (tmp_path / "results/one.rttm").is_file()


def test_one_recording_into_a_named_file(invoke: Callable[..., Result], tmp_path: Path) -> None:
    assert invoke("one.wav", "-o", "mine.rttm").exit_code == 0
    assert (tmp_path / "mine.rttm").read_text().startswith("SPEAKER one 1 ")


def test_an_existing_folder_is_a_folder_whatever_its_name(invoke: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "odd.rttm").mkdir()
    assert invoke("one.wav", "-o", "odd.rttm").exit_code == 0
    assert (tmp_path / "odd.rttm/one.rttm").is_file()


@pytest.mark.parametrize("name", ["-", "out.xyz", "2024.05"])
def test_standard_output_and_files_make_no_folders(invoke: Callable[..., Result], tmp_path: Path, name: str) -> None:
    result = invoke("one.wav", "-o", name)
    assert list(tmp_path.iterdir()) == []
    assert (result.exit_code, result.stdout) == (0, invoke("one.wav").stdout) if name == "-" else (2, "")


def test_an_existing_folder_may_have_an_ending(invoke: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "2024.05").mkdir()
    assert invoke("one.wav", "two.wav", "-o", "2024.05").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "2024.05").iterdir()) == ["one.rttm", "two.rttm"]


def test_an_ending_in_capitals(invoke: Callable[..., Result], tmp_path: Path) -> None:
    assert invoke("one.wav", "-o", "mine.RTTM").exit_code == 0
    assert (tmp_path / "mine.RTTM").is_file()


def test_channels_have_files_and_fields_of_their_own(invoke: Callable[..., Result], tmp_path: Path) -> None:
    for channel in (1, 2):
        assert invoke("call.wav", "-o", "out", "--channel", channel).exit_code == 0
    assert invoke("call.wav", "-o", "out").exit_code == 0
    lines = {path.name: path.read_text().split()[:3] for path in (tmp_path / "out").iterdir()}
    assert lines == {
        "call.rttm": ["SPEAKER", "call", "1"],
        "call.ch1.rttm": ["SPEAKER", "call", "1"],
        "call.ch2.rttm": ["SPEAKER", "call", "2"],
    }
    assert invoke("call.wav", "--channel", 2).stdout == (tmp_path / "out/call.ch2.rttm").read_text()
    assert invoke("call.wav", "-o", "mine.rttm", "--channel", 2).exit_code == 0
    assert (tmp_path / "mine.rttm").read_text() == (tmp_path / "out/call.ch2.rttm").read_text()


def test_the_result_of_a_channel_can_be_scored_and_be_speech_marks(
    invoke: Callable[..., Result], tmp_path: Path
) -> None:
    for folder, options in (("ref", ()), ("hyp", ("--channel", "2"))):
        assert invoke("call.wav", "quiet.wav", "-o", folder, *options).exit_code == 0
    result = CliRunner().invoke(main, ["score", "ref", "hyp"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:]] == [
        ["call", "0.00"],
        ["quiet", "-"],
        ["pooled", "0.00"],
    ]
    assert read_speech_marks(tmp_path / "hyp/call.ch2.rttm", "call") == [Segment(0.5, 2.0)]


def test_names_with_percent_signs_stay_apart(invoke: Callable[..., Result], tmp_path: Path) -> None:
    names = ["my call", "my%20call", "my%2520call", "100%"]
    assert invoke(*(f"{name}.wav" for name in names), "-o", "out").exit_code == 0
    for name in names:
        assert read_speech_marks(tmp_path / f"out/{name}.rttm", name) == [Segment(0.5, 2.0)]
    result = CliRunner().invoke(main, ["score", "out", "out", "--json"])
    assert result.exit_code == 0
    assert set(json.loads(result.stdout)["recordings"]) == set(names)


def test_blanks_in_a_name(invoke: Callable[..., Result], tmp_path: Path) -> None:
    assert invoke("my call.wav", "-o", "results").exit_code == 0
    assert (tmp_path / "results/my call.rttm").read_text().startswith("SPEAKER my%20call 1 ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing argument"),
        (("a.wav", "b.wav"), "-o OUT"),
        (("a.wav", "b.wav", "-o", "both.rttm"), "cannot share the file both.rttm"),
        (("a/x.wav", "b/x.flac", "-o", "out"), "a/x.wav and b/x.flac would both be written to x.rttm"),
        (("a.wav", "-o", "out.xyz"), "out.xyz: the known endings of files are .rttm"),
        (("a.wav", "b.wav", "-o", "out.d"), "out.d: the known endings of files are .rttm"),
        (("a.wav", "-o", "out.md"), "out.md: the known endings of files are .rttm"),
        (("a.wav", "b.wav", "-o", "-"), "several recordings need a folder"),
        (("a.wav", "a.wav", "-o", "out"), "would both be written to a.rttm"),
        (("a.wav", "--num-speakers", "0"), "--num-speakers"),
        (("a.wav", "--min-speakers", "-1"), "--min-speakers"),
        (("a.wav", "--max-speakers", "two"), "--max-speakers"),
        (("a.wav", "--num-speakers", "2", "--max-speakers", "3"), "--num-speakers fixes the number"),
        (("a.wav", "--min-speakers", "4", "--max-speakers", "3"), "--min-speakers 4 is above --max-speakers 3"),
        (("a.wav", "--channel", "0"), "--channel"),
        (("a.wav", "--seed", "-1"), "--seed"),
        (("a.wav", "--speech", "a.rttm", "-o", "."), "would overwrite the speech marks a.rttm"),
        (("a.wav", "b.wav", "--speech", "a.lab", "-o", "out"), "can mark only one"),
    ],
)
def test_wrong_usage_is_refused_before_any_work(
    invoke: Callable[..., Result], calls: Calls, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""
    assert calls == []
    assert list(tmp_path.iterdir()) == []


def test_options_reach_the_diarizer(invoke: Callable[..., Result], calls: Calls) -> None:
    invoke("a.wav", "--min-speakers", "2", "--max-speakers", "5", "--speech", "x.uem", "--channel", "2")
    ((audio, options),) = calls
    assert audio == Path("a.wav")
    assert callable(options.pop("progress"))
    assert options == {
        "num_speakers": None,
        "min_speakers": 2,
        "max_speakers": 5,
        "speech": Path("x.uem"),
        "channels": "auto",
        "channel": 2,
        "channel_names": None,
        "uri": "a",
    }


def test_config_and_seed_reach_the_diarizer(invoke: Callable[..., Result]) -> None:
    invoke("a.wav", "--config", "telephone", "--seed", "7")
    invoke("a.wav", "--config", "telephone")
    seen = sys.modules["diarize.pipeline"].Diarizer.configs
    assert seen == [load_config("telephone").with_(seed=7), load_config("telephone")]


def test_an_unknown_config_is_an_error_before_any_work(invoke: Callable[..., Result], calls: Calls) -> None:
    result = invoke("a.wav", "--config", "metting", "-o", "out")
    assert result.exit_code == 1
    assert "metting: no such file and no configuration of that name" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert calls == []


def test_one_bad_file_among_many(invoke: Callable[..., Result], tmp_path: Path) -> None:
    result = invoke("one.wav", "bad.wav", "two.wav", "-o", "out")
    assert result.exit_code == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one.rttm", "two.rttm"]
    assert result.stderr.splitlines() == [
        "diarize: error: bad.wav: not audio; libsndfile said nothing",
        "diarize: 1 of 3 recordings failed",
    ]


def test_a_bad_file_alone_is_one_line(invoke: Callable[..., Result]) -> None:
    result = invoke("bad.wav")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1


def test_warnings_are_one_line_and_no_failure(invoke: Callable[..., Result], tmp_path: Path) -> None:
    result = invoke("quiet.wav", "two.wav", "-o", "out")
    assert result.exit_code == 0
    assert result.stderr == "diarize: warning: quiet.wav: no speech found\n"
    assert invoke("quiet.wav", "two.wav", "-o", "out", "--quiet").stderr == ""
    assert (tmp_path / "out/quiet.rttm").read_bytes() == b""


def test_the_output_folder_cannot_be_made(invoke: Callable[..., Result], calls: Calls, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = invoke("a.wav", "-o", "file/results")
    assert result.exit_code == 1
    assert "file/results: cannot create the output folder: Not a directory" in result.stderr
    assert calls == []


def test_a_folder_that_is_removed_on_the_way_is_made_again(invoke: Callable[..., Result], tmp_path: Path) -> None:
    result = invoke("one.wav", "remove.wav", "two.wav", "-o", "out")
    assert result.exit_code == 0
    message = "the folder out was removed and is made again; what was in it is gone"
    assert result.stderr == f"diarize: warning: remove.wav: {message}\n"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["remove.rttm", "two.rttm"]


def test_where_it_cannot_be_made_again_the_rest_is_not_computed(
    invoke: Callable[..., Result], calls: Calls, tmp_path: Path
) -> None:
    result = invoke("one.wav", "block.wav", "two.wav", "three.wav", "-o", "out")
    assert result.exit_code == 1
    assert [audio.name for audio, _ in calls] == ["one.wav", "block.wav"]
    assert [line.partition("create")[0] for line in result.stderr.splitlines()] == ["diarize: error: out: cannot "]


def test_a_full_disk_is_reported_and_leaves_nothing(
    invoke: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/one.rttm").write_text("what was there before\n")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    result = invoke("one.wav", "two.wav", "-o", "out")
    assert result.exit_code == 1
    assert result.stderr.count("No space left on device") == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one.rttm"]
    assert (tmp_path / "out/one.rttm").read_text() == "what was there before\n"


def test_an_interrupt_stops_at_once_and_keeps_what_is_done(invoke: Callable[..., Result], tmp_path: Path) -> None:
    result = invoke("one.wav", "crash.wav", "two.wav", "-o", "out")
    assert result.exit_code == 130
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one.rttm"]


@pytest.mark.parametrize("name", ["crash.wav", "bad.wav"])
@pytest.mark.parametrize("output", ["new/results", "new/one.rttm", "old/new/results"])
def test_no_empty_folder_is_left(invoke: Callable[..., Result], tmp_path: Path, name: str, output: str) -> None:
    (tmp_path / "old").mkdir()
    assert invoke(name, "-o", output).exit_code == (130 if "crash" in name else 1)
    assert list(tmp_path.rglob("*")) == [tmp_path / "old"]


def test_a_reader_who_has_seen_enough_is_no_error(
    invoke: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: Annotation, **__: Any) -> str:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(Annotation, "to_rttm", closed)
    assert invoke("one.wav").stderr == ""


def test_each_format_gets_a_file(invoke: Callable[..., Result], tmp_path: Path) -> None:
    result = invoke("one.wav", "two.wav", "-o", "out", "--format", "rttm,json,srt", "--format", "rttm,kaldi")
    assert (result.exit_code, result.stdout) == (0, "")
    endings = (".json", ".kaldi", ".rttm", ".srt")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"{name}{ending}" for name in ("one", "two") for ending in endings
    ]
    assert json.loads((tmp_path / "out/two.json").read_text())["source"] == "two.wav"


def test_one_format_goes_to_standard_output(invoke: Callable[..., Result], tmp_path: Path) -> None:
    result = invoke("call.wav", "--format", "json", "--channel", 2, "-o", "-")
    document = json.loads(result.stdout)
    assert [document[name] for name in ("recording", "channel", "duration", "source")] == ["call", 2, 4.0, "call.wav"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "xyz"], "unknown format 'xyz' (known: rttm, json"),
        (["--format", "rttm,json"], "--format rttm,json needs a folder"),
        (["--format", "kaldi", "-o", "-"], "--format kaldi needs a folder"),
        (["--format", "json", "-o", "x.csv"], "x.csv is a file in csv; for --format json name a folder"),
        (["--min-turn", "-1"], "not in the range"),
    ],
)
def test_formats_that_do_not_fit(
    invoke: Callable[..., Result], calls: Calls, tmp_path: Path, arguments: list[str], words: str
) -> None:
    result = invoke("one.wav", *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert (calls, list(tmp_path.iterdir())) == ([], [])


def test_results_have_the_shape_that_is_asked_for(invoke: Callable[..., Result]) -> None:
    assert invoke("one.wav", "--min-turn", "1.6").stdout == ""
    assert [line.split()[3:5] for line in invoke("one.wav", "--max-turn", 1).stdout.splitlines()] == [
        ["0.500", "0.749"],
        ["1.250", "0.750"],
    ]
    assert invoke("one.wav", "--min-turn", 2, "--max-turn", 1).exit_code == 2


def test_channels_are_handed_on_and_one_line_says_what_was_done(invoke: Callable[..., Result], calls: Calls) -> None:
    result = invoke("stereo.wav", "--channels", "separate", "--channel-names", "agent, customer")
    assert result.exit_code == 0
    assert result.stderr == "diarize: stereo.wav: two legs of a call\n"
    ((_, asked),) = calls
    assert (asked["channels"], asked["channel"], asked["channel_names"]) == ("separate", None, ["agent", "customer"])
    assert invoke("stereo.wav", "--quiet").stderr == ""


@pytest.mark.parametrize("option", ["--channel", "--channels"])
def test_a_channel_has_two_names_for_its_option(
    invoke: Callable[..., Result], calls: Calls, tmp_path: Path, option: str
) -> None:
    assert invoke("call.wav", option, 2, "-o", "out").exit_code == 0
    assert calls[0][1]["channel"] == 2
    assert (tmp_path / "out" / "call.ch2.rttm").read_text().startswith("SPEAKER call 2 ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--channels", "both"],
        ["--channels", "0"],
        ["--channels", "separate", "--channel", "1"],
        ["--channels", "1", "--channel", "2"],
        ["--channels", "mix", "--channel-names", "a,b"],
        ["--channel", "1", "--channel-names", "a,b"],
        ["--channel-names", "a,a"],
        ["--channel-names", "a,,b"],
    ],
)
def test_channels_that_make_no_sense_are_refused(
    invoke: Callable[..., Result], calls: Calls, arguments: list[str]
) -> None:
    assert invoke("call.wav", *arguments).exit_code == 2
    assert not calls
