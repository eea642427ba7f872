"""Options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from diarize.cli import options


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
