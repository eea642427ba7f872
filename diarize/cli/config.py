"""`diarize config`: look at the settings."""

from __future__ import annotations

import click

from diarize.cli.output import write_result


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@click.argument("name", default="default", metavar="[NAME|PATH]")
def show(name: str) -> None:
    """Print every setting of a configuration as TOML, with what it means and what it may be.

    NAME is default, meeting, telephone, broadcast or fast; or the path of a TOML file.
    """
    from diarize.config import load_config

    write_result(load_config(name).to_toml())
