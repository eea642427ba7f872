"""`diarize combine`: the RTTM of several systems becomes one, by a vote."""

from __future__ import annotations

from io import StringIO
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diarize.cli import options
from diarize.cli.output import file_or_standard, refuse_unknown_ending, refuse_without_speakers, warn, write_result
from diarize.cli.score import read_annotations
from diarize.errors import FormatError, quoted, shortened

if TYPE_CHECKING:
    from diarize.annotation import Annotation

_System = tuple[Path, dict[str, "Annotation"]]


def _numbers(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> list[float] | None:
    """Return the numbers of an option that may be given several times or hold a list with commas."""
    words = [word.strip() for value in values for word in value.split(",")]
    try:
        numbers = [float(word) for word in words]
    except ValueError as error:
        raise click.BadParameter(f"{shortened(error)}; give numbers, such as 2,1,1", param=option) from None
    if not all(isfinite(number) and number > 0 for number in numbers):
        raise click.BadParameter(
            f"weights are numbers above 0, got {','.join(words)}; leave out the rest", param=option
        )
    return numbers or None


@click.command()
@click.argument("rttm", nargs=-1, required=True, metavar="RTTM...", type=options.INPUT)
@options.output("OUT.rttm", "RTTM file to write; standard output where it is left out or '-'.")
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="W[,W...]",
    callback=_numbers,
    help="How much each RTTM counts, in their order: several times, or with commas.",
)
@options.quiet(handed=False)
def combine(rttm: tuple[Path, ...], output: Path | None, weights: list[float] | None) -> None:
    """Combine the results of several systems, or runs, for the same recordings.

    Each RTTM is a file, or a folder of them, from one system; recordings are matched by the id inside.
    Speakers need not have the same names. In each stretch of time the systems vote on how many talk and who: with
    three or more the result is usually better than their average. A recording that a system lacks is a warning, and
    the others vote. Without --weight the systems nearest to all the others count a little more.
    """
    if weights is not None and len(weights) != len(rttm):
        raise click.UsageError(f"--weight takes one number for each RTTM: {len(rttm)} are needed, got {len(weights)}")

    from diarize.formats.registry import write_all

    target = file_or_standard(output)
    if target is not None:
        refuse_unknown_ending(target)
        refuse_without_speakers(target)
    systems = [(path, read_annotations(path)) for path in rttm]
    combined = [_combined(uri, systems, weights) for uri in _recordings(systems)]
    if target is not None:
        write_all(combined, target, None if target.suffix else "rttm")
        return
    text = StringIO()
    write_all(combined, text, "rttm")
    write_result(text.getvalue())


def _recordings(systems: list[_System]) -> list[str]:
    """Return the recordings that any system has, with a line on stderr for each that a system lacks."""
    uris = sorted({uri for _, recordings in systems for uri in recordings})
    if not uris:
        warn("there are no turns in any input, so the result is empty")
    elif len(systems) > 1 and all(sum(uri in recordings for _, recordings in systems) == 1 for uri in uris):
        held = [f"{path} has {quoted(next(iter(recordings)))}" for path, recordings in systems if recordings]
        raise FormatError(f"no recording is in two inputs, so there is nothing to combine: {', '.join(held)}, ...")
    for uri in uris:
        for path in (path for path, recordings in systems if uri not in recordings):
            warn(f"{path}: no recording {quoted(uri)}; the others vote without it")
    return uris


def _combined(uri: str, systems: list[_System], weights: list[float] | None) -> Annotation:
    from diarize.evaluation.combination import combine

    present = [place for place, (_, recordings) in enumerate(systems) if uri in recordings]
    of_present = None if weights is None else [weights[place] for place in present]
    return combine([systems[place][1][uri] for place in present], weights=of_present)
