"""Where results go; wrong usage is checked in test_run.py, through the command."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from diarize.cli.targets import check_plot, check_report, check_speech, hints_for, kept_at, targets_of

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


def test_where_recordings_are_kept(tmp_path: Path) -> None:
    assert kept_at(None, {ONE: None}) == {}
    assert kept_at(Path("x.NPZ"), {ONE: None}) == {ONE: Path("x.NPZ")}
    assert kept_at(tmp_path, {ONE: None, TWO: None}) == {ONE: tmp_path / "one.npz", TWO: tmp_path / "two.npz"}
    with pytest.raises(click.UsageError, match="have the same name"):
        kept_at(tmp_path, {ONE: None, Path("one.mp3"): None})
    with pytest.raises(click.UsageError, match="would overwrite"):
        kept_at(tmp_path / "x.npz", {ONE: None}, tmp_path / "x.npz")


def test_recordings_without_hints_are_left_out_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "some.rttm"
    path.write_text("SPEAKER one 1 2.000 1.000 <NA> <NA> anna <NA> <NA>\n")
    hints = hints_for(path, {ONE: None, TWO: None})
    assert hints is not None
    assert {audio: given.names for audio, given in hints.items()} == {ONE: ("anna",)}
    assert "two.flac: there are no hints for this recording" in capsys.readouterr().err
    assert hints_for(None, {ONE: None}) is None
