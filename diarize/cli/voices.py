"""`diarize voices`: who is known in a voice file; other names; forgetting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diarize.cli.naming import PATIENCE, VOICES
from diarize.cli.output import write_result
from diarize.locks import locked

if TYPE_CHECKING:
    from diarize.voices import Voices

_HEAD = ("name", "recordings", "seconds", "bands")
_FILE = click.argument("voices", metavar="VOICES.npz", type=VOICES)


@click.group()
def voices() -> None:
    """Look at a voice file, or change it."""


@voices.command("list")
@_FILE
def list_(voices: Path) -> None:
    """List who is known: in how many recordings, how many seconds, in which bands."""
    write_result(_table(_load(voices)))


@voices.command()
@_FILE
@click.argument("old")
@click.argument("new")
def rename(voices: Path, old: str, new: str) -> None:
    """Give OLD the name NEW."""
    with locked(voices, wait=PATIENCE):
        _load(voices).rename(old, new).save(voices)


@voices.command()
@_FILE
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def remove(voices: Path, names: tuple[str, ...]) -> None:
    """Forget each NAME: the file is written anew without what was kept of that voice, and no copy is left beside it.

    What other files say of a person stays: turns that carry the name, and backups of VOICES.npz.
    """
    with locked(voices, wait=PATIENCE):
        known = _load(voices)
        for name in dict.fromkeys(names):
            known = known.remove(name)
        known.save(voices)


def _load(path: Path) -> Voices:
    from diarize.voices import Voices

    return Voices.load(path)


def _table(known: Voices) -> str:
    """Return a heading and a row for each person."""
    from diarize.formats.names import printable

    rows = [
        (
            printable(name),
            str(len(heard)),
            f"{sum(one.seconds for one in heard):.1f}",
            " ".join(dict.fromkeys(band for one in heard for band in one.bands)),
        )
        for name, heard in known.people.items()
    ]
    widths = [max(len(row[column]) for row in [_HEAD, *rows]) for column in range(3)]
    return "".join(
        f"{name:{widths[0]}}  {count:>{widths[1]}}  {seconds:>{widths[2]}}  {bands}\n"
        for name, count, seconds, bands in [_HEAD, *rows]
    )
