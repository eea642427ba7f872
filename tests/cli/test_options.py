"""Options that commands share."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from diarize.cli import main, options


@click.command()
@options.all_of(
    [options.output("OUT", "Where."), options.config(), options.seed(), options.quiet(), options.num_speakers()],
    [options.channel(), *options.columns(), options.components(3), options.covariance("diag")],
)
def command(**given: Any) -> None:
    click.echo("\n".join(f"{name}={value!r}" for name, value in sorted(given.items())))


DEFAULTS = {
    "channel": None,
    "columns": "",
    "components": 3,
    "config": "default",
    "covariance": "diag",
    "left_out": "",
    "num_speakers": None,
    "output": None,
    "quiet": False,
    "seed": None,
}


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        ([], {}),
        (["-o", "x", "--seed", "0", "--quiet"], {"output": Path("x"), "seed": 0, "quiet": True}),
        (["--num-speakers", "2", "--channel", "1"], {"num_speakers": 2, "channel": 1}),
        (["--columns", "a,b", "--except", "c"], {"columns": "a,b", "left_out": "c"}),
        (["--components", "9", "--covariance", "tied"], {"components": 9, "covariance": "tied"}),
    ],
)
def test_values(arguments: list[str], changed: dict[str, object]) -> None:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"{name}={value!r}" for name, value in sorted((DEFAULTS | changed).items())]


@pytest.mark.parametrize(
    "arguments",
    [["--seed", "-1"], ["--seed", "9" * 5000], ["--channel", "0"], ["--num-speakers", "0"], ["--components", "0"]]
    + [["--covariance", "round"], ["-o", "."]],
)
def test_refused(arguments: list[str]) -> None:
    result = CliRunner().invoke(command, arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_help_keeps_the_order_of_the_list() -> None:
    lines = CliRunner().invoke(command, ["--help"]).stdout.splitlines()
    names = [line.split("--")[1].split()[0] for line in lines if line.startswith("  -")]
    assert names[:6] == ["output", "config", "seed", "quiet", "num-speakers", "channel"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90.5", 90.5), ("1:30.5", 90.5), ("01:02:03", 3723.0), ("0", 0.0), ("90:00", 5400.0)]
)
def test_times(text: str, seconds: float) -> None:
    assert options.Time().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1:", "1:2:3:4", "nan", "1:200", "1,5", "ten"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time; give seconds such as"):
        options.Time().convert(text, None, None)


@click.command()
@click.argument("files", nargs=-1, type=options.INPUT)
@click.argument("sound", type=options.SOUND)
def reader(files: tuple[Path, ...], sound: Path) -> None:
    for path in [*files, sound]:
        click.echo(f"{path.name} {path.read_text()} {path.read_text()}")


def test_standard_input_and_pipes_can_be_read_again(tmp_path: Path) -> None:
    pipe, plain = tmp_path / "turns.rttm", tmp_path / "plain"
    plain.write_text("text")
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("piped",))
    writer.start()
    outcome = CliRunner().invoke(reader, [str(pipe), "-", str(plain), "-"], input="given")
    writer.join()
    lines = ["turns.rttm piped piped", "stdin given given", "plain text text", "stdin given given"]
    assert outcome.output.splitlines() == lines


@pytest.mark.parametrize(
    "arguments", [["stats", "-"], ["validate", "-"], ["convert", "-", "out.csv"], ["plot", "-", "-o", "out.svg"]]
)
def test_messages_speak_of_standard_input(arguments: list[str]) -> None:
    outcome = CliRunner().invoke(main, arguments, input="SPEAKER x\n")
    assert outcome.exit_code == 1
    assert outcome.output.removeprefix("diarize: error: ").startswith("standard input:1: a SPEAKER line has ten fields")


def test_messages_name_a_pipe_by_its_own_name(tmp_path: Path) -> None:
    pipe = tmp_path / "turns.rttm"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("SPEAKER x\n",))
    writer.start()
    outcome = CliRunner().invoke(main, ["score", str(pipe), str(pipe)])
    writer.join()
    assert outcome.stderr.startswith(f"diarize: error: {pipe}:1: a SPEAKER line")


def test_a_named_pipe_stays_for_who_reads_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert options.SOUND.convert(str(tmp_path / "pipe"), None, click.Context(reader)) == tmp_path / "pipe"
