"""`diarize correct`: a diarization that was kept, given what a person fixed; the sound is not needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diarize.cli import options
from diarize.cli.output import warn, write_result
from diarize.cli.targets import check_hints, targets_of
from diarize.cli.written import formats_option, text_of

if TYPE_CHECKING:
    from diarize.diarization import Diarization
    from diarize.hints import Hints
    from diarize.shaping import Shape
    from diarize.stages.limits import Limits


@click.command()
@click.argument("kept", metavar="KEPT", type=options.INPUT)
@click.option(
    "--hints",
    required=True,
    metavar="FILE",
    type=options.INPUT,
    help="What is certain: RTTM, JSON or any other file of some turns, or a folder of them.",
)
@options.output("OUT", "File such as NAME.rttm, or folder for a file in each format; standard output by default.")
@formats_option()
@options.num_speakers()
@options.speakers("at least", "min")
@options.speakers("at most", "max")
@options.all_of(options.shaping())
@options.kept_model()
@options.quiet(handed=False)
def correct(
    kept: Path,
    hints: Path,
    output: Path | None,
    formats: tuple[str, ...],
    num_speakers: int | None,
    min_speakers: int | None,
    max_speakers: int | None,
    shape: Shape,
    model: Path | None,
) -> None:
    """Find anew who speaks in KEPT, given what is certain; `diarize run --keep` made it. The sound is not needed.

    Give all hints that hold, the earlier ones as well: what KEPT holds is the diarization as it was at first.
    """
    targets = targets_of((kept,), output, None, formats)
    check_hints(hints, targets)

    from diarize.formats.files import new_folders
    from diarize.formats.registry import write_all
    from diarize.stages.limits import Limits

    given, result = corrected(kept, hints, Limits.of(num_speakers, min_speakers, max_speakers), model)
    annotation = shape.apply(result.annotation)
    about = {annotation.uri: replace(result.about(), hints=given)}
    if targets[kept] is None:
        write_result(text_of([annotation], formats[0] if formats else "rttm", about))
    with new_folders() as need:
        for target in targets[kept] or ():
            need(target.parent)
            write_all([annotation], target, about=about)


def corrected(kept: Path, path: Path | None, limits: Limits, model: Path | None) -> tuple[Hints, Diarization]:
    """Return the hints for a diarization that was kept, and that diarization given them.

    Raises
    ------
    FormatError, ModelError, ConfigError
        What was kept, the hints or the model cannot be used, or do not belong together.
    """
    from diarize.diarization import Diarization
    from diarize.formats.hints import read_hints
    from diarize.hints import Hints
    from diarize.model import Model
    from diarize.pipeline import Diarizer

    result = Diarization.load(kept, None if model is None else Model.load(model))
    if path is None:
        return Hints(), result
    hints = read_hints(path, result.annotation.uri)
    if not hints:
        warn(f"{path}: there are no hints in it, so nothing changes")
    return hints, Diarizer(result.config, model=result.model).correct(result, hints, limits)
