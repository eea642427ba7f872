"""`diarize run`: what goes where, what is refused, what a failure leaves. The diarizer itself is a stand-in here."""

from __future__ import annotations

import errno
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from diarize.annotation import Annotation, Turn
from diarize.cli import main
from diarize.config import Config, load_config
from diarize.errors import AudioError, DiarizeWarning

Calls = list[tuple[Path, dict[str, Any]]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Put a stand-in for the pipeline in place; return what it was asked."""
    seen: Calls = []

    class Diarizer:
        configs: ClassVar[list[Config]] = []

        def __init__(self, config: Config) -> None:
            self.configs.append(config)

        def __call__(self, audio: Path, **options: Any) -> Annotation:
            seen.append((audio, options))
            if "bad" in audio.name:
                raise AudioError(f"{audio}: not audio;\nlibsndfile said nothing")
            if "crash" in audio.name:
                raise KeyboardInterrupt
            if "quiet" in audio.name:
                warnings.warn("no speech found", DiarizeWarning, stacklevel=2)
                return Annotation([], uri=options["uri"])
            return Annotation([Turn(0.5, 2.0, "S1", 0.9)], uri=options["uri"])

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
    assert options.pop("progress") is None
    assert options == {
        "num_speakers": None,
        "min_speakers": 2,
        "max_speakers": 5,
        "speech": Path("x.uem"),
        "channel": 2,
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
    result = invoke("quiet.wav", "two.wav", "-o", "out", "--quiet")
    assert result.exit_code == 0
    assert result.stderr == "diarize: warning: quiet.wav: no speech found\n"
    assert (tmp_path / "out/quiet.rttm").read_bytes() == b""


def test_the_output_folder_cannot_be_made(invoke: Callable[..., Result], calls: Calls, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = invoke("a.wav", "-o", "file/results")
    assert result.exit_code == 1
    assert "file/results: cannot create the output folder: Not a directory" in result.stderr
    assert calls == []


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


def test_a_reader_who_has_seen_enough_is_no_error(
    invoke: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: Annotation) -> str:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(Annotation, "to_rttm", closed)
    assert invoke("one.wav").stderr == ""
