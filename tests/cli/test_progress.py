"""Progress on a terminal, in logs and for programs; estimates; nothing where nothing is wanted."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from diarize.cli import main
from diarize.cli.progress import Estimate, clock, progress_line

CALL = Path(__file__).resolve().parents[2] / "audio_samples" / "call.flac"


@pytest.fixture(autouse=True)
def patient() -> None:
    """Lines come as they do for a user: the clock is set by the tests."""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [100.0]
    monkeypatch.setattr("diarize.cli.progress.monotonic", lambda: time[0])
    return time


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr("diarize.cli.progress.sys", SimpleNamespace(stderr=stream))
    return stream


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr("diarize.cli.progress.sys", SimpleNamespace(stderr=stream))
    for name, value in (("COLUMNS", "100"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    return stream


def test_the_rest_is_in_proportion_to_what_is_done(now: list[float]) -> None:
    estimate = Estimate()
    now[0] = 104.0
    assert estimate.update(0.01) == (4.0, None)  # too little to tell
    now[0] = 110.0
    assert estimate.update(0.25) == (10.0, pytest.approx(30.0))
    now[0] = 115.0
    assert estimate.update(0.25) == (15.0, pytest.approx(25.0))
    now[0] = 128.0
    assert estimate.update(0.25) == (28.0, pytest.approx(15.0))
    now[0] = 130.0
    assert estimate.update(1.0) == (30.0, 0.0)


def test_where_the_share_falls_other_work_has_begun(now: list[float]) -> None:
    estimate = Estimate()
    now[0] = 150.0
    estimate.update(1.0)
    assert estimate.update(0.0) == (50.0, None)
    now[0] = 152.0
    assert estimate.update(0.5) == (52.0, pytest.approx(2.0))


@pytest.mark.parametrize(("seconds", "text"), [(6.6, "0:07"), (750, "12:30"), (3599.6, "1:00:00"), (7325, "2:02:05")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_plain_lines_for_stages_and_every_ten_seconds(log: io.StringIO, now: list[float]) -> None:
    with progress_line("call.wav", mode="plain") as show:
        assert show is not None
        for time, stage, fraction in [
            (100, "audio", 0.0),
            (105, "audio", 0.1),
            (111, "audio", 0.2),
            (112, "speech", 0.5),
        ]:
            now[0] = time
            show(stage, fraction)
    assert log.getvalue().splitlines() == [
        "diarize: call.wav: audio, 0% after 0:00",
        "diarize: call.wav: audio, 20% after 0:11, about 0:44 left",
        "diarize: call.wav: speech, 50% after 0:12, about 0:12 left",
    ]


def test_logs_stay_empty_where_all_is_done_soon(log: io.StringIO, now: list[float]) -> None:
    with progress_line("call.wav") as show:
        assert show is not None
        for time in range(100, 125):
            now[0] = float(time)
            show("audio", (time - 100) / 25)
            assert (log.getvalue() == "") == (time < 110)
    assert [line.split(",")[1] for line in log.getvalue().splitlines()] == [" 40% after 0:10", " 80% after 0:20"]


def test_json_lines(log: io.StringIO, now: list[float]) -> None:
    with progress_line("two\nlines.wav", mode="json") as show:
        assert show is not None
        for time, fraction in [(100, 0.0), (100.5, 0.005), (101, 0.25), (102.5, 0.25)]:
            now[0] = time
            show("audio", fraction)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [set(line) for line in lines] == [{"file", "stage", "fraction", "elapsed", "remaining"}] * 4
    assert [line["remaining"] for line in lines] == [None, 3.0, 1.5, 0.0]
    assert (lines[0]["file"], lines[-1]["stage"], lines[-1]["fraction"]) == ("two\\nlines.wav", "done", 1.0)


def test_json_does_not_say_done_after_an_error(log: io.StringIO) -> None:
    def failed() -> None:
        with progress_line("call.wav", mode="json") as show:
            assert show is not None
            show("audio", 0.0)
            raise KeyError

    with pytest.raises(KeyError):
        failed()
    assert len(log.getvalue().splitlines()) == 1


def test_a_bar_with_stage_share_and_estimate_that_goes_in_the_end(terminal: Terminal, now: list[float]) -> None:
    with progress_line("[b]all[/b] " + "x" * 60) as show:
        assert show is not None
        now[0] = 110.0
        show("speakers", 0.25)
    text = terminal.getvalue()
    for part in ("[b]all[/b] xxx", "…", "25%", "about 0:30 left", "speakers"):
        assert part in text
    assert text.endswith("\x1b[2K")  # the line is erased


def test_a_terminal_that_cannot_move_gets_lines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with progress_line("call.wav", mode="auto") as show:
        assert show is not None
        show("audio", 0.0)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(("quiet", "mode"), [(True, "rich"), (True, "json"), (False, "none")])
def test_nothing_when_quiet(terminal: Terminal, quiet: bool, mode: str) -> None:
    with progress_line("call.wav", quiet=quiet, mode=mode) as show:
        assert show is None
    assert terminal.getvalue() == ""


def test_run_tells_progress_as_json_beside_its_result() -> None:
    outcome = CliRunner().invoke(main, ["run", str(CALL), "--config", "fast", "--progress", "json"])
    lines = [json.loads(line) for line in outcome.stderr.splitlines()]
    assert outcome.stdout.startswith("SPEAKER call 1 ")
    assert {line["file"] for line in lines} == {"call.flac"}
    assert [line["stage"] for line in lines][-1] == "done"
    assert {"audio", "speech", "voices", "overlap"} <= {line["stage"] for line in lines}


def test_quiet_keeps_warnings_but_not_errors_from_being_shown(tmp_path: Path) -> None:
    import numpy as np
    import soundfile

    silent, broken = tmp_path / "silent.wav", tmp_path / "broken.wav"
    soundfile.write(silent, np.zeros(32000), 16000)
    broken.write_bytes(b"no sound")
    words = ["run", str(silent), str(broken), "--config", "fast", "-o", str(tmp_path / "out")]
    loud, quiet = (CliRunner().invoke(main, [*words, *more]) for more in ([], ["--quiet"]))
    assert "diarize: warning: " in loud.stderr
    assert "diarize: warning: " not in quiet.stderr
    assert [
        line for line in loud.stderr.splitlines() if not line.startswith("diarize: warning: ")
    ] == quiet.stderr.splitlines()
    assert "broken.wav" in quiet.stderr
    assert (loud.exit_code, quiet.exit_code) == (1, 1)
