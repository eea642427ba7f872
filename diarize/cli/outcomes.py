"""What is said of recordings that are worked on one after the other: warnings, errors, and how many failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diarize.cli.group import one_line
from diarize.errors import DiarizeError

if TYPE_CHECKING:
    from diarize.corpus import Result

_SUREST = 9999  # times; surer than that nothing was measured


def told(result: Result, quiet: bool) -> bool:
    """Say what was seen in a recording, and what is wrong with it; return whether it failed."""
    if result.layout and not quiet:
        click.echo(f"diarize: {_about(result.audio, result.layout)}", err=True)
    for name, ratio in (result.about.ratios if result.about and not quiet else {}).items():
        click.echo(f"diarize: {_about(result.audio, f'{name}: {_times(ratio)} likelier than a stranger')}", err=True)
    for message in () if quiet else result.warnings:
        click.echo(f"diarize: warning: {_about(result.audio, message)}", err=True)
    if result.error is not None:
        click.echo(f"diarize: error: {_about(result.audio, _reason(result.error))}", err=True)
    return result.error is not None


def end_with(failed: int, total: int) -> None:
    """Say how many recordings failed; where any did, the exit code is 1."""
    if failed and total > 1:
        click.echo(f"diarize: {failed} of {total} recordings failed", err=True)
    if failed:
        click.get_current_context().exit(1)


def _times(ratio: float) -> str:
    """Return a ratio in words, no more exact than it is."""
    return f"{float(f'{ratio:.2g}'):,.15g} times".replace(",", " ") if ratio < _SUREST else "at least 10 000 times"


def _reason(error: Exception) -> str:
    """Return what an error says; one that nobody thought of says what kind it is."""
    return str(error) if isinstance(error, DiarizeError | OSError) else f"{type(error).__name__}: {error}"


def _about(path: Path, message: object) -> str:
    """Return one line that names the recording once, and by its path."""
    line, name = one_line(message), one_line(path)
    return (
        line
        if line.startswith((f"{name}: ", f"{name} is "))
        else f"{name}: {line.removeprefix(f'{one_line(path.stem)}: ')}"
    )
