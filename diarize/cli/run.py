"""`diarize run`: recordings in, RTTM out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diarize.cli.group import one_line
from diarize.cli.progress import progress_line
from diarize.errors import DiarizeError, DiarizeWarning, FormatError

if TYPE_CHECKING:
    from diarize.annotation import Annotation


@click.command()
@click.argument("audio", nargs=-1, required=True, metavar="AUDIO...", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="Folder for one RTTM file a recording; with one recording also a file that ends in .rttm.",
)
@click.option("--config", default="default", show_default=True, metavar="NAME|PATH", help="Settings to use.")
@click.option("--num-speakers", type=click.IntRange(min=1), metavar="N", help="Find exactly N speakers.")
@click.option("--min-speakers", type=click.IntRange(min=1), metavar="N", help="Find at least N speakers.")
@click.option("--max-speakers", type=click.IntRange(min=1), metavar="N", help="Find at most N speakers.")
@click.option(
    "--speech",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="RTTM, UEM or LAB file that says where speech is, instead of the built-in detector.",
)
@click.option("--channel", type=click.IntRange(min=1), metavar="N", help="Use only channel N, counted from 1.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Start of the random numbers.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def run(
    audio: tuple[Path, ...],
    output: Path | None,
    config: str,
    num_speakers: int | None,
    min_speakers: int | None,
    max_speakers: int | None,
    speech: Path | None,
    channel: int | None,
    seed: int | None,
    quiet: bool,
) -> None:
    """Find who spoke when in each AUDIO file.

    One recording without -o gives RTTM on standard output; with -o OUT each recording gives OUT/<name>.rttm.
    A file that cannot be used is reported, the others are done, and the exit code is 1.
    """
    _check_speakers(num_speakers, min_speakers, max_speakers)
    targets = _targets(audio, output)
    _check_speech(speech, targets)

    from threadpoolctl import threadpool_limits

    from diarize.config import load_config
    from diarize.pipeline import Diarizer

    # more threads of linear algebra mostly wait for each other here, at twice the processor time
    threadpool_limits(1)
    settings = load_config(config)
    diarizer = Diarizer(settings if seed is None else settings.with_(seed=seed))
    _make_folders(targets)
    failed = 0
    for source, target in targets.items():
        try:
            with _warnings_named(source), progress_line(source.name, quiet) as progress:
                annotation = diarizer(
                    source,
                    num_speakers=num_speakers,
                    min_speakers=min_speakers,
                    max_speakers=max_speakers,
                    speech=speech,
                    channel=channel,
                    uri=source.stem,
                    progress=progress,
                )
            _deliver(annotation, target)
        except BrokenPipeError:
            raise  # whoever reads the output has seen enough
        except (DiarizeError, OSError) as error:
            failed += 1
            click.echo(f"diarize: error: {_about(source, error)}", err=True)
    if failed and len(targets) > 1:
        click.echo(f"diarize: {failed} of {len(targets)} recordings failed", err=True)
    if failed:
        click.get_current_context().exit(1)


def _check_speakers(number: int | None, low: int | None, high: int | None) -> None:
    if number is not None and (low is not None or high is not None):
        raise click.UsageError("--num-speakers fixes the number; leave out --min-speakers and --max-speakers")
    if low is not None and high is not None and low > high:
        raise click.UsageError(f"--min-speakers {low} is above --max-speakers {high}")


def _targets(audio: tuple[Path, ...], output: Path | None) -> dict[Path, Path | None]:
    """Return the file each recording's RTTM goes to, None for standard output."""
    if output is None:
        if len(audio) > 1:
            raise click.UsageError("several recordings need a folder for their RTTM files: -o OUT")
        return {audio[0]: None}
    if output.suffix == ".rttm" and not output.is_dir():
        if len(audio) > 1:
            raise click.UsageError(f"several recordings cannot share the file {output}; give a folder: -o OUT")
        return {audio[0]: output}
    taken: dict[str, Path] = {}
    for source in audio:
        if source.stem in taken:
            raise click.UsageError(f"{taken[source.stem]} and {source} would both be written to {source.stem}.rttm")
        taken[source.stem] = source
    return {source: output / f"{stem}.rttm" for stem, source in taken.items()}


def _check_speech(speech: Path | None, targets: dict[Path, Path | None]) -> None:
    if speech is None:
        return
    from diarize.formats.marks import file_kind

    if len(targets) > 1 and file_kind(speech) == "lab":
        raise click.UsageError(f"{speech} names no recording, so it can mark only one; use RTTM or UEM for several")
    if any(target is not None and target.resolve() == speech.resolve() for target in targets.values()):
        raise click.UsageError(f"the result would overwrite the speech marks {speech}; choose another -o OUT")


def _make_folders(targets: dict[Path, Path | None]) -> None:
    """Create the folders to write to and see that they take files, before hours of work are spent."""
    for folder in {target.parent for target in targets.values() if target is not None}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FormatError(f"{folder}: cannot create the output folder: {error.strerror}") from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise FormatError(f"{folder}: cannot write to the output folder: permission denied")


def _deliver(annotation: Annotation, target: Path | None) -> None:
    if target is None:
        click.echo(annotation.to_rttm().encode("utf-8"), nl=False)  # bytes: UTF-8 and LF on every system
    else:
        annotation.write_rttm(target)


def _about(source: Path, message: object) -> str:
    """Return one line that names the recording once, and by its path."""
    line, name = one_line(message), one_line(source)
    return line if line.startswith(f"{name}: ") else f"{name}: {line.removeprefix(f'{one_line(source.stem)}: ')}"


@contextmanager
def _warnings_named(source: Path) -> Iterator[None]:
    """Show each of the package's own warnings as one line on stderr that names the recording, at the end."""
    seen: list[Warning | str] = []
    with warnings.catch_warnings():
        show_others = warnings.showwarning

        def keep(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, DiarizeWarning):
                seen.append(message)
            else:
                show_others(message, category, *rest, **more)

        warnings.simplefilter("always", DiarizeWarning)
        warnings.showwarning = keep
        try:
            yield
        finally:
            for message in seen:
                click.echo(f"diarize: warning: {_about(source, message)}", err=True)
