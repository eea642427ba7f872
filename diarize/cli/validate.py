"""`diarize validate`: all that is wrong in label files and settings."""

from __future__ import annotations

from pathlib import Path

import click

from diarize.cli import options
from diarize.cli.output import write_result
from diarize.errors import ConfigError, FormatError


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=options.INPUT)
def validate(files: tuple[Path, ...]) -> None:
    """List all problems in each FILE of turns or marks, in any format that is read, or of settings in TOML.

    A problem is what keeps some tool from reading the file, even where this program would go on. The exit code is
    1 if there is any.
    """
    from diarize.formats.names import printable

    problems = [line for file in files for line in _problems(file)]
    if problems:
        write_result("".join(f"{printable(options.with_given_names(line))}\n" for line in problems))
        click.get_current_context().exit(1)


def _problems(file: Path) -> list[str]:
    if file.suffix.lower() == ".toml":
        from diarize.config import load_config

        try:
            load_config(file)
        except ConfigError as error:
            return [" ".join(str(error).split())]
        return []

    from diarize.formats import registry

    try:
        return [str(problem) for problem in registry.validate(file)]
    except FormatError as error:
        return [str(error)]
