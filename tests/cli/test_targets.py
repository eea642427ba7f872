"""Where results go; wrong usage is checked in test_run.py, through the command."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from diarize.cli.targets import check_plot, check_report, check_speech, targets_of

ONE, TWO = Path("a/one.wav"), Path("two.flac")


def test_standard_output() -> None:
    assert targets_of((ONE,), None, None, ()) == {ONE: None}
    assert targets_of((ONE,), Path("-"), 1, ("json",)) == {ONE: None}
    with pytest.raises(click.UsageError, match="needs a folder for the files"):
        targets_of((ONE,), None, None, ("kaldi",))


def test_files() -> None:
    assert targets_of((ONE,), Path("x.json"), 2, ()) == {ONE: (Path("x.json"),)}
    assert targets_of((ONE, TWO), Path("out"), None, ("rttm", "srt")) == {
        ONE: (Path("out/one.rttm"), Path("out/one.srt")),
        TWO: (Path("out/two.rttm"), Path("out/two.srt")),
    }
    assert targets_of((ONE,), Path("out"), 2, ()) == {ONE: (Path("out/one.ch2.rttm"),)}
    with pytest.raises(click.UsageError, match=r"x\.json is a file in json"):
        targets_of((ONE,), Path("x.json"), None, ("rttm",))


def test_what_is_about_one_recording(tmp_path: Path) -> None:
    one, several = {ONE: None}, {ONE: None, TWO: None}
    for check in (
        lambda targets: check_report(tmp_path / "page.html", targets, None, None),
        lambda targets: check_plot(tmp_path / "picture.svg", targets),
        lambda targets: check_speech(Path("marks.lab"), targets),
    ):
        check(one)
        with pytest.raises(click.UsageError):
            check(several)
    check_report(None, several, None, None)
    check_plot(None, several)
    check_speech(None, several)
