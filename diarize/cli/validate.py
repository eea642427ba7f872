"""`diarize validate`: all that is wrong in label files and settings."""

from __future__ import annotations

from pathlib import Path

import click

from diarize.errors import ConfigError, FormatError


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
def validate(files: tuple[Path, ...]) -> None:
    """List all problems in each FILE: RTTM, UEM, LAB or settings in TOML, told by the ending, else by the content.

    A problem is what keeps some tool from reading the file, even where this program would go on. The exit code is
    1 if there is any.
    """
    problems = [line for file in files for line in _problems(file)]
    for line in problems:
        click.echo(line.encode("utf-8", "backslashreplace"))
    if problems:
        click.get_current_context().exit(1)


def _problems(file: Path) -> list[str]:
    if file.suffix.lower() == ".toml":
        from diarize.config import load_config

        try:
            load_config(file)
        except ConfigError as error:
            return [" ".join(str(error).split())]
        return []

    from diarize.formats.lab import validate_lab
    from diarize.formats.marks import file_kind
    from diarize.formats.rttm import validate_rttm
    from diarize.formats.uem import validate_uem

    try:
        check = {"rttm": validate_rttm, "uem": validate_uem, "lab": validate_lab}[file_kind(file)]
    except FormatError as error:
        return [str(error)]
    return [str(problem) for problem in check(file)]
