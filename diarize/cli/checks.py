"""`diarize checks`: what a person should look at next in a diarization that was kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diarize.cli import options
from diarize.cli.correct import corrected
from diarize.cli.output import need_standard_output, write_result

if TYPE_CHECKING:
    from diarize.checking import Check


@click.command()
@click.argument("kept", metavar="KEPT", type=options.INPUT)
@click.option("--hints", metavar="FILE", type=options.INPUT, help="What is certain so far, as for `diarize correct`.")
@click.option(
    "-n", "--number", type=options.COUNT, default=20, show_default=True, metavar="N", help="How many at most."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a table.")
@options.kept_model()
@options.quiet(handed=False)
def checks(kept: Path, hints: Path | None, number: int, as_json: bool, model: Path | None) -> None:
    """List which stretches of KEPT to listen to next, the most rewarding first; `diarize run --keep` made it.

    "settles" is how many seconds that are wrong an answer is expected to settle. A stretch is doubtful itself, disputed
    where a group of stretches that goes with it may be another person's, or of somebody whom no hint names yet.
    """
    need_standard_output()

    from diarize.checking import checks as of_result
    from diarize.stages.limits import UNLIMITED

    given, result = corrected(kept, hints, UNLIMITED, model)
    found = of_result(result, given, number)
    write_result(_as_json(result.annotation.uri, found) if as_json else _as_table(found))


def _as_json(uri: str, found: Sequence[Check]) -> str:
    rows = [
        {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(check).items()}
        for check in found
    ]
    return json.dumps({"recording": uri, "checks": rows}, indent=2, ensure_ascii=False) + "\n"


def _as_table(found: Sequence[Check]) -> str:
    """Return a heading and a row for each stretch."""
    from diarize.formats.names import printable

    rows = [("start", "end", "speaker", "settles", "why")]
    rows += [
        (f"{check.start:.2f}", f"{check.end:.2f}", printable(check.speaker), f"{check.gain:.2f} s", check.reason)
        for check in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(width) if number in (2, 4) else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)
