"""`diarize run`: recordings in, RTTM out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diarize.cli import options
from diarize.cli.group import one_line
from diarize.cli.output import file_or_standard, is_standard, need_page, refuse_as_folder, write_result
from diarize.cli.plot import check_picture, draw
from diarize.cli.progress import progress_line
from diarize.cli.written import format_names, text_of
from diarize.errors import DiarizeError

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.corpus import Result
    from diarize.formats.about import About
    from diarize.pipeline import Diarizer


@click.command()
@click.argument("audio", nargs=-1, required=True, metavar="AUDIO...", type=options.SOUND)
@options.output(
    "OUT",
    "Folder for the files of each recording; with one recording also a file such as NAME.rttm, or '-'.",
    kind=options.PATH,
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="F[,F...]",
    callback=format_names,
    help="Formats to write, such as rttm,json,textgrid; a file each. RTTM by default.",
)
@options.config()
@options.num_speakers()
@options.speakers("at least", "min")
@options.speakers("at most", "max")
@click.option(
    "--speech",
    metavar="FILE",
    type=options.INPUT,
    help="RTTM, UEM or LAB file that says where speech is, instead of the built-in detector.",
)
@options.all_of(options.channels())
@options.all_of(options.excerpt())
@options.all_of(options.shaping())
@click.option(
    "--plot",
    metavar="PICTURE",
    type=options.FILE,
    help="Draw who speaks when, with the waveform, for one recording: .png, .svg or .pdf.",
)
@options.seed()
@click.option("--report", metavar="OUT.html", type=options.FILE, help="Also write a page to see, hear and correct it.")
@options.progress()
@options.quiet()
def run(
    audio: tuple[Path, ...],
    output: Path | None,
    formats: tuple[str, ...],
    config: str,
    num_speakers: int | None,
    min_speakers: int | None,
    max_speakers: int | None,
    speech: Path | None,
    channels: str | int,
    channel: int | None,
    channel_names: str,
    track: int | None,
    start: float,
    end: float | None,
    merge_gap: float,
    exclusive: bool,
    min_turn: float,
    max_turn: float,
    plot: Path | None,
    seed: int | None,
    report: Path | None,
    progress: str,
    quiet: bool,
) -> None:
    """Find who spoke when in each AUDIO file.

    One recording without -o gives RTTM, or the one format that is named, on standard output; with -o OUT each
    recording gives OUT/<name>.rttm, or OUT/<name>.chN.rttm for channel N alone, and likewise for other formats. A file
    that cannot be used is reported, the others are done, and the exit code is 1.
    """
    _check_speakers(num_speakers, min_speakers, max_speakers)
    options.check_excerpt(start, end)
    heard = _checked_channels(channels, channel, channel_names)
    channel = heard["channel"]
    targets = _targets(audio, output, channel, formats)
    _check_speech(speech, targets)
    _check_plot(plot, targets)
    _check_report(report, targets, speech, plot)

    from diarize.audio import Excerpt
    from diarize.corpus import diarize_corpus
    from diarize.shaping import Shape

    results = diarize_corpus(
        _diarizer(config, seed),
        targets,
        lambda path: progress_line(path.name, quiet, progress),
        shape=Shape(merge_gap, exclusive, min_turn, max_turn),
        cut=(lambda path: Excerpt(path, start, end, track)) if start or end or track else Path,
        num_speakers=num_speakers,
        min_speakers=min_speakers,
        max_speakers=max_speakers,
        speech=speech,
        **heard,
    )
    failed = 0
    for result in results:
        failed += _told(result, quiet)
        if result.annotation is not None and targets[result.audio] is None:
            write_result(_text(result.annotation, result.about, formats))
        if result.annotation is not None and plot is not None:
            draw(result.annotation, plot, audio=result.audio, channel=channel)
        _write_page(result, report, channel, track)
    _end(failed, len(targets))


def _diarizer(config: str, seed: int | None) -> Diarizer:
    from diarize.config import load_config
    from diarize.pipeline import Diarizer

    settings = load_config(config)
    return Diarizer(settings if seed is None else settings.with_(seed=seed))


def _told(result: Result, quiet: bool) -> bool:
    """Say what was seen in a recording, and what is wrong with it; return whether it failed."""
    if result.layout and not quiet:
        click.echo(f"diarize: {_about(result.audio, result.layout)}", err=True)
    for message in () if quiet else result.warnings:
        click.echo(f"diarize: warning: {_about(result.audio, message)}", err=True)
    if result.error is not None:
        click.echo(f"diarize: error: {_about(result.audio, _reason(result.error))}", err=True)
    return result.error is not None


def _check_speakers(number: int | None, low: int | None, high: int | None) -> None:
    if number is not None and (low is not None or high is not None):
        raise click.UsageError("--num-speakers fixes the number; leave out --min-speakers and --max-speakers")
    if low is not None and high is not None and low > high:
        raise click.UsageError(f"--min-speakers {low} is above --max-speakers {high}")


def _checked_channels(channels: str | int, channel: int | None, names: str) -> dict[str, Any]:
    """Return what the diarizer is told of channels; a usage error where it does not fit."""
    given = [name.strip() for name in names.split(",")] if names.strip() else None
    alone = channels if isinstance(channels, int) else None
    if channel is not None and (channels == "separate" or alone not in (None, channel)):
        raise click.UsageError(f"--channel {channel} and --channels {channels} contradict each other")
    chosen = channel if channel is not None else alone
    if given and (chosen is not None or channels == "mix"):
        raise click.UsageError("--channel-names are for channels that are kept apart: --channels auto or separate")
    if given and (not all(given) or len(set(given)) < len(given)):
        raise click.UsageError("--channel-names must be names that all differ, separated by commas")
    return {"channels": "auto" if chosen is not None else channels, "channel": chosen, "channel_names": given}


def _targets(
    audio: tuple[Path, ...], output: Path | None, channel: int | None, formats: tuple[str, ...]
) -> dict[Path, tuple[Path, ...] | None]:
    """Return the files that each recording's result is written to, None for standard output."""
    from diarize.formats.names import result_stem
    from diarize.formats.registry import by_ending, by_name, writable_endings

    if is_standard(output) and len(audio) > 1:
        raise click.UsageError("several recordings need a folder for their files: -o OUT")
    target = file_or_standard(output)
    if target is None:
        if len(formats) > 1 or any(by_name(name).folder for name in formats):
            raise click.UsageError(f"--format {','.join(formats)} needs a folder for the files: -o OUT")
        return {audio[0]: None}
    known = by_ending(target)
    if known is not None and known.write is not None and (known.folder or not target.is_dir()):
        if len(audio) > 1:
            raise click.UsageError(f"several recordings cannot share the file {target}; give a folder: -o OUT")
        if formats not in ((), (known.name,)):
            raise click.UsageError(
                f"{target} is a file in {known.name}; for --format {','.join(formats)} name a folder"
            )
        return {audio[0]: (target,)}
    refuse_as_folder(target, writable_endings())
    endings = [by_name(name).ending for name in formats or ("rttm",)]
    taken: dict[str, Path] = {}
    for path in audio:
        name = result_stem(path.stem, channel)
        if name in taken:
            raise click.UsageError(f"{taken[name]} and {path} would both be written to {name}{endings[0]}")
        taken[name] = path
    return {path: tuple(target / f"{name}{ending}" for ending in endings) for name, path in taken.items()}


def _check_plot(plot: Path | None, targets: dict[Path, tuple[Path, ...] | None]) -> None:
    if plot is None:
        return
    check_picture(plot)
    if len(targets) > 1:
        raise click.UsageError("--plot draws one recording; draw each of several with `diarize plot`")


def _check_speech(speech: Path | None, targets: dict[Path, tuple[Path, ...] | None]) -> None:
    if speech is None:
        return
    from diarize.formats.registry import format_of

    if len(targets) > 1 and format_of(speech).anonymous:
        raise click.UsageError(f"{speech} names no recording, so it can mark only one; use RTTM or UEM for several")
    if any(target.resolve() == speech.resolve() for several in targets.values() for target in several or ()):
        raise click.UsageError(f"the result would overwrite the speech marks {speech}; choose another -o OUT")


def _check_report(
    report: Path | None, targets: dict[Path, tuple[Path, ...] | None], speech: Path | None, plot: Path | None
) -> None:
    if report is None:
        return
    if len(targets) > 1:
        raise click.UsageError("a page is about one recording; use `diarize report` for each of several")
    [(audio, written)] = targets.items()
    need_page(report, audio, speech, plot, *(written or ()))
    if audio.exists() and not audio.is_file():
        raise click.UsageError(f"--report reads the recording again, but {audio} is no file; save it first")


def _write_page(result: Result, report: Path | None, channel: int | None, track: int | None) -> None:
    """Write the page of the whole recording, where one is wanted: the times of an excerpt are its times too."""
    if report is None or result.annotation is None:
        return
    from diarize.audio import Excerpt
    from diarize.report import PageOptions, write_report

    sound = Excerpt(result.audio, track=track) if track else result.audio
    # a browser plays the first track of what is linked, and no copy that is gone
    embedded = bool(track) or options.is_copy(result.audio)
    write_report(sound, result.annotation, report, PageOptions(channel=channel, sound="embed" if embedded else "auto"))


def _text(annotation: Annotation, about: About | None, formats: tuple[str, ...]) -> str:
    return text_of([annotation], formats[0] if formats else "rttm", {annotation.uri: about})


def _end(failed: int, total: int) -> None:
    if failed and total > 1:
        click.echo(f"diarize: {failed} of {total} recordings failed", err=True)
    if failed:
        click.get_current_context().exit(1)


def _reason(error: Exception) -> str:
    """Return what an error says; one that nobody thought of says what kind it is."""
    return str(error) if isinstance(error, DiarizeError | OSError) else f"{type(error).__name__}: {error}"


def _about(path: Path, message: object) -> str:
    """Return one line that names the recording once, and by its path."""
    line, name = one_line(message), one_line(path)
    return line if line.startswith(f"{name}: ") else f"{name}: {line.removeprefix(f'{one_line(path.stem)}: ')}"
