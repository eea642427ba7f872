"""`diarize run`: recordings in, RTTM out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diarize.cli import heard, options
from diarize.cli.naming import Naming, naming
from diarize.cli.outcomes import end_with, told
from diarize.cli.output import write_result
from diarize.cli.plot import draw
from diarize.cli.progress import ProgressCallback, progress_line
from diarize.cli.report import page_sound
from diarize.cli.targets import check_hints, check_plot, check_report, check_speech, hints_for, kept_at, targets_of
from diarize.cli.written import formats_option, text_of

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.cli.heard import Part
    from diarize.corpus import Result
    from diarize.formats.about import About
    from diarize.pipeline import Diarizer
    from diarize.shaping import Shape


@click.command()
@click.argument("audio", nargs=-1, required=True, metavar="AUDIO...", type=options.SOUND)
@options.output(
    "OUT",
    "Folder for the files of each recording; with one recording also a file such as NAME.rttm, or '-'.",
    kind=options.PATH,
)
@formats_option()
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
@click.option(
    "--hints",
    metavar="FILE",
    type=options.INPUT,
    help="What is certain: RTTM, JSON or any other file of some turns; a folder for several recordings.",
)
@options.all_of(heard.channels(), heard.part(), options.shaping(), naming())
@click.option(
    "--plot",
    metavar="PICTURE",
    type=options.FILE,
    help="Draw who speaks when, with the waveform, for one recording: .png, .svg or .pdf.",
)
@click.option(
    "--keep",
    metavar="KEPT",
    type=options.PATH,
    help="Keep what `diarize correct` needs in this .npz file, or in a folder, a file for each recording.",
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
    hints: Path | None,
    channels: dict[str, Any],
    part: Part,
    shape: Shape,
    names: Naming,
    plot: Path | None,
    keep: Path | None,
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
    channel = channels["channel"]
    targets = targets_of(audio, output, channel, formats)
    check_speech(speech, targets)
    check_hints(hints, targets)
    kept = kept_at(keep, targets, speech, hints, plot, report)
    check_plot(plot, targets)
    check_report(report, targets, speech, plot)

    from diarize.corpus import diarize_corpus

    diarizer = _diarizer(config, seed, names)
    results = diarize_corpus(
        diarizer,
        targets,
        lambda path: progress_line(path.name, quiet, progress),
        shape=shape,
        cut=part.of,
        hints=hints_for(hints, targets),
        keep=kept,
        finish=names if names.links else None,
        num_speakers=num_speakers,
        min_speakers=min_speakers,
        max_speakers=max_speakers,
        speech=speech,
        **channels,
    )
    failed = 0
    for result in names.linked(_told(results, quiet), targets, diarizer) if names.links else _told(results, quiet):
        failed += result.error is not None
        if result.annotation is not None and targets[result.audio] is None:
            write_result(_text(result.annotation, result.about, formats))
        if result.annotation is not None and plot is not None:
            draw(result.annotation, plot, audio=result.audio, channel=channel, part=part.whole)
        _write_page(result, report, channel, part.whole, progress_line(result.audio.name, quiet, progress))
    end_with(failed, len(targets))


def _told(results: Iterable[Result], quiet: bool) -> Iterator[Result]:
    """Yield results when what is to be said of each has been said."""
    for result in results:
        told(result, quiet)
        yield result


def _diarizer(config: str, seed: int | None, names: Naming) -> Diarizer:
    from diarize.config import load_config
    from diarize.pipeline import Diarizer

    settings = load_config(config)
    return Diarizer(settings if seed is None else settings.with_(seed=seed), voices=names.known())


def _check_speakers(number: int | None, low: int | None, high: int | None) -> None:
    if number is not None and (low is not None or high is not None):
        raise click.UsageError("--num-speakers fixes the number; leave out --min-speakers and --max-speakers")
    if low is not None and high is not None and low > high:
        raise click.UsageError(f"--min-speakers {low} is above --max-speakers {high}")


def _write_page(
    result: Result,
    report: Path | None,
    channel: int | None,
    whole: Part,
    shown: AbstractContextManager[ProgressCallback | None],
) -> None:
    """Write the page of the whole recording, where one is wanted: the times of an excerpt are its times too."""
    if report is None or result.annotation is None:
        return
    from diarize.hints import Hints
    from diarize.report import PageOptions, write_report

    sound, hints = page_sound("auto", result.audio, whole), result.about.hints if result.about else Hints()
    wanted = PageOptions(channel=channel, sound=sound, hints=hints)
    with shown as show:
        write_report(whole.of(result.audio), result.annotation, report, wanted, show)


def _text(annotation: Annotation, about: About | None, formats: tuple[str, ...]) -> str:
    return text_of([annotation], formats[0] if formats else "rttm", {annotation.uri: about})
