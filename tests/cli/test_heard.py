"""What of a recording is heard: times, tracks and channels as options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from diarize.audio import Excerpt
from diarize.cli import heard, options
from diarize.cli.heard import Part


@pytest.mark.parametrize(
    ("text", "seconds"), [("90.5", 90.5), ("1:30.5", 90.5), ("01:02:03", 3723.0), ("0", 0.0), ("90:00", 5400.0)]
)
def test_times(text: str, seconds: float) -> None:
    assert heard.Time().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1:", "1:2:3:4", "nan", "1:200", "1,5", "ten"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time; give seconds such as"):
        heard.Time().convert(text, None, None)


@click.command()
@options.all_of(heard.channels(), heard.part())
def whole(**given: Any) -> None:
    click.echo(repr(given))


@click.command()
@options.all_of(heard.one_channel(), heard.track())
def single(**given: Any) -> None:
    click.echo(repr(given))


def given(command: click.Command, *arguments: str) -> Any:
    outcome = CliRunner().invoke(command, arguments)
    assert outcome.exit_code == 0, outcome.stderr
    return eval(outcome.stdout, {"Part": Part})


def test_parts() -> None:
    assert given(whole)["part"] == Part()
    assert given(whole, "--start", "1:30", "--track", "2")["part"] == Part(90.0, None, 2)
    assert given(single, "--track", "2") == {"channel": None, "part": Part(track=2)}


def test_a_part_of_a_recording() -> None:
    path = Path("talk.mkv")
    assert Part().of(path) is path
    assert Part(1.0, 2.0, 3).of(path) == Excerpt(path, 1.0, 2.0, 3)
    assert Part(1.0, 2.0, 3).whole.of(path) == Excerpt(path, track=3)


@pytest.mark.parametrize(
    ("arguments", "channels", "channel", "names"),
    [
        ([], "auto", None, None),
        (["--channels", "mix"], "mix", None, None),
        (["--channels", "2"], "auto", 2, None),
        (["--channel", "2"], "auto", 2, None),
        (["--channel", "2", "--channels", "2"], "auto", 2, None),
        (["--channels", "separate", "--channel-names", "a, b"], "separate", None, ["a", "b"]),
    ],
)
def test_channels(arguments: list[str], channels: str, channel: int | None, names: list[str] | None) -> None:
    assert given(whole, *arguments)["channels"] == {"channels": channels, "channel": channel, "channel_names": names}


@pytest.mark.parametrize(
    ("arguments", "channel"),
    [([], None), (["--channels", "mix"], None), (["--channels", "2"], 2), (["--channel", "1"], 1)],
)
def test_one_channel(arguments: list[str], channel: int | None) -> None:
    assert given(single, *arguments)["channel"] == channel


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (whole, ["--start", "2", "--end", "2"]),
        (whole, ["--track", "0"]),
        (whole, ["--channels", "none"]),
        (whole, ["--channels", "separate", "--channel", "1"]),
        (whole, ["--channel", "1", "--channel-names", "a,b"]),
        (whole, ["--channel-names", "a,a"]),
        (single, ["--channels", "separate"]),
        (single, ["--channels", "2", "--channel", "1"]),
        (single, ["--channel", "0"]),
    ],
)
def test_wrong_usage(command: click.Command, arguments: list[str]) -> None:
    outcome = CliRunner().invoke(command, arguments)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
