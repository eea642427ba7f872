"""`diarize run`: recordings in, RTTM out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diarize.cli import options
from diarize.cli.group import one_line
from diarize.cli.output import is_standard, need_folder, need_standard_output, refuse_as_folder, write_result
from diarize.cli.progress import progress_line
from diarize.errors import DiarizeError, DiarizeWarning

if TYPE_CHECKING:
    from diarize.annotation import Annotation


@click.command()
@click.argument("audio", nargs=-1, required=True, metavar="AUDIO...", type=options.PATH)
@options.output(
    "OUT",
    "Folder for one RTTM file a recording; with one recording also a file that ends in .rttm, or '-'.",
    kind=options.PATH,
)
@options.config()
@options.num_speakers()
@options.speakers("at least", "min")
@options.speakers("at most", "max")
@click.option(
    "--speech",
    metavar="FILE",
    type=options.PATH,
    help="RTTM, UEM or LAB file that says where speech is, instead of the built-in detector.",
)
@options.channel()
@options.seed()
@options.quiet()
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

    One recording without -o gives RTTM on standard output; with -o OUT each recording gives OUT/<name>.rttm, or
    OUT/<name>.chN.rttm for channel N alone. A file that cannot be used is reported, the others are done, and the exit
    code is 1.
    """
    _check_speakers(num_speakers, min_speakers, max_speakers)
    targets = _targets(audio, output, channel)
    _check_speech(speech, targets)

    from threadpoolctl import threadpool_limits

    from diarize.config import load_config
    from diarize.pipeline import Diarizer

    # more threads of linear algebra mostly wait for each other here, at twice the processor time
    threadpool_limits(1)
    settings = load_config(config)
    diarizer = Diarizer(settings if seed is None else settings.with_(seed=seed))
    _need_folders(targets.values())
    failed = 0
    for source, target in targets.items():
        _need_folders([target])  # where it is gone for good, all further work would be in vain
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
            _deliver(annotation, target, channel)
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


def _targets(audio: tuple[Path, ...], output: Path | None, channel: int | None) -> dict[Path, Path | None]:
    """Return the file that each recording's result is written to, None for standard output."""
    from diarize.formats.names import result_stem
    from diarize.formats.registry import by_ending, writable_endings

    if output is None or is_standard(output):
        if len(audio) > 1:
            raise click.UsageError("several recordings need a folder for their RTTM files: -o OUT")
        need_standard_output()
        return {audio[0]: None}
    known = by_ending(output)
    if known is not None and known.write is not None and not output.is_dir():
        if len(audio) > 1:
            raise click.UsageError(f"several recordings cannot share the file {output}; give a folder: -o OUT")
        return {audio[0]: output}
    refuse_as_folder(output, writable_endings())
    taken: dict[str, Path] = {}
    for source in audio:
        name = f"{result_stem(source.stem, channel)}.rttm"
        if name in taken:
            raise click.UsageError(f"{taken[name]} and {source} would both be written to {name}")
        taken[name] = source
    return {source: output / name for name, source in taken.items()}


def _check_speech(speech: Path | None, targets: dict[Path, Path | None]) -> None:
    if speech is None:
        return
    from diarize.formats.registry import format_of

    if len(targets) > 1 and format_of(speech).anonymous:
        raise click.UsageError(f"{speech} names no recording, so it can mark only one; use RTTM or UEM for several")
    if any(target is not None and target.resolve() == speech.resolve() for target in targets.values()):
        raise click.UsageError(f"the result would overwrite the speech marks {speech}; choose another -o OUT")


def _need_folders(targets: Iterable[Path | None]) -> None:
    for folder in {target.parent for target in targets if target is not None}:
        need_folder(folder)


def _deliver(annotation: Annotation, target: Path | None, channel: int | None) -> None:
    if target is None:
        write_result(annotation.to_rttm(channel=channel or 1))
    else:
        _need_folders([target])  # it may have been removed in the meantime
        annotation.write(target, channel=channel or 1)


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
