"""`diarize tune`: fit the decisive settings to recordings of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diarize.cli import options
from diarize.cli.output import is_standard, need_parent, need_standard_output, write_result
from diarize.cli.progress import progress_line
from diarize.cli.score import percent

if TYPE_CHECKING:
    from diarize.config import Config
    from diarize.evaluation.tuning import Tuning


@click.command()
@click.argument("folder", metavar="DIR", type=options.PATH)
@options.output("CONFIG.toml", "The configuration to write; with - it takes the place of the table.", required=True)
@options.config("Settings to start from.")
@options.seed()
@options.progress()
@options.quiet()
def tune(folder: Path, output: Path, config: str, seed: int | None, progress: str, quiet: bool) -> None:
    """Fit the decisive settings to the recordings in DIR, and in the folders in it.

    Each recording NAME.wav (or .flac, .m4a, .mp4, ...) has its reference in NAME.rttm, and may have the regions to
    score in NAME.uem. The table shows the DER of each, without a collar and with overlap scored, before and after:
    with settings that were fitted to other recordings. Where that shows no gain beyond chance nothing is changed.
    """
    if not is_standard(output) and output.suffix != ".toml":
        raise click.UsageError(f"the configuration must end in .toml, got {output}")
    need_parent(output)
    need_standard_output()

    from threadpoolctl import threadpool_limits

    from diarize.config import load_config
    from diarize.evaluation import tuning
    from diarize.formats.files import write_text

    threadpool_limits(1)  # of small products; more threads would wait for each other
    start = load_config(config)
    if seed is not None:
        start = start.with_(seed=seed)
    examples = tuning.find_examples(folder)
    with progress_line("tuning", quiet, progress) as show:
        outcome = tuning.tune(examples, start, show)
    lines = [*_table(outcome), "", _verdict(outcome), *_differences(start, outcome.config)]
    table = "".join(f"{line}\n" for line in lines)
    if is_standard(output):
        click.echo(table.encode("utf-8", "backslashreplace"), nl=False, err=True)
        write_result(_as_toml(outcome))
    else:
        write_text(output, _as_toml(outcome))
        write_result(table)


def _as_toml(outcome: Tuning) -> str:
    from diarize.evaluation.tuning import changes_to_toml

    changes = changes_to_toml(outcome.config)
    return f"# {_verdict(outcome)}\n" + (f"\n{changes}" if changes else "")


def _table(outcome: Tuning) -> list[str]:
    from diarize.evaluation.scoring import pooled
    from diarize.formats.names import printable

    rows = list(zip(map(printable, outcome.names), outcome.before, outcome.after, strict=True))
    rows.append(("pooled", pooled(outcome.before), pooled(outcome.after)))
    width = max(len(name) for name, *_ in rows)
    lines = [f"{'recording':{width}}  DER % before  after"]
    return lines + [f"{name:{width}}  {percent(old.der):>12}  {percent(new.der):>5}" for name, old, new in rows]


def _verdict(outcome: Tuning) -> str:
    over = f"by cross-validation over {len(outcome.names)} recordings"
    points = f"{100 * outcome.gain:.2f} points of DER, standard error {100 * outcome.deviation:.2f}"
    if outcome.worthwhile:
        return f"Gain {over}: {points}."
    return f"No gain beyond chance {over} ({points}): the settings stay as they are."


def _differences(start: Config, fitted: Config) -> list[str]:
    """Return a line for each setting that was changed."""
    from dataclasses import fields

    lines = []
    for section in ("speech", "speakers", "output"):
        old, new = getattr(start, section), getattr(fitted, section)
        names = [item.name for item in fields(old) if getattr(old, item.name) != getattr(new, item.name)]
        lines += [f"{section}.{name}: {getattr(old, name):g} -> {getattr(new, name):g}" for name in names]
    return lines
