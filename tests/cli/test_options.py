"""Options that commands share."""

from __future__ import annotations

import os
import threading
from math import inf
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from diarize.cli import main, options
from diarize.shaping import Shape


@click.command()
@options.all_of(
    [options.output("OUT", "Where."), options.config(), options.seed(), options.quiet(), options.num_speakers()],
    [*options.columns(), options.components(3), options.covariance("diag")],
)
def command(**given: Any) -> None:
    click.echo("\n".join(f"{name}={value!r}" for name, value in sorted(given.items())))


DEFAULTS = {
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
        (["--num-speakers", "2"], {"num_speakers": 2}),
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
    [["--seed", "-1"], ["--seed", "9" * 5000], ["--num-speakers", "0"], ["--components", "0"]]
    + [["--covariance", "round"], ["-o", "."]],
)
def test_refused(arguments: list[str]) -> None:
    result = CliRunner().invoke(command, arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_help_keeps_the_order_of_the_list() -> None:
    lines = CliRunner().invoke(command, ["--help"]).stdout.splitlines()
    names = [line.split("--")[1].split()[0] for line in lines if line.startswith("  -")]
    assert names[:6] == ["output", "config", "seed", "quiet", "num-speakers", "columns"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(options.Number(0), "-1"), (options.Number(0), "nan"), (options.Number(0), "inf"), (options.Number(0), "x")]
    + [(options.Number(0, above=True), "0"), (options.Number(0.01, endless=True), "0.009")]
    + [(options.Number(0.01, endless=True), "nan"), (options.Number(0.01, endless=True), "-inf")],
)
def test_what_is_no_number(number: options.Number, text: str) -> None:
    with pytest.raises(click.BadParameter):
        number.convert(text, None, None)


def test_numbers() -> None:
    assert options.Number(0).convert("0", None, None) == 0
    assert options.Number(0, endless=True).convert("inf", None, None) == inf


@click.command()
@options.all_of(options.shaping())
def shaped(shape: Shape) -> None:
    click.echo(repr(shape))


def test_shapes() -> None:
    assert CliRunner().invoke(shaped).stdout == f"{Shape()}\n"
    outcome = CliRunner().invoke(shaped, ["--merge-gap", "0.3", "--exclusive", "--min-turn", "1", "--max-turn", "9"])
    assert outcome.stdout == f"{Shape(0.3, True, 1.0, 9.0)}\n"


@pytest.mark.parametrize(
    "arguments",
    [["--min-turn", "nan"], ["--min-turn", "inf"], ["--merge-gap", "inf"], ["--max-turn", "0"], ["--max-turn", "nan"]]
    + [["--min-turn", "2", "--max-turn", "1"], ["--min-turn", "-1"]],
)
def test_what_is_no_shape_is_wrong_usage(arguments: list[str]) -> None:
    outcome = CliRunner().invoke(shaped, arguments)
    assert (outcome.exit_code, outcome.stdout) == (2, "")


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


def test_a_closed_standard_input_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(click.BadParameter, match="standard input is closed; name a file"):
        options.INPUT.convert("-", None, click.Context(reader))
