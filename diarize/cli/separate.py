"""`diarize separate`: a recording in, a sound file for each speaker out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from diarize.cli import heard, options
from diarize.cli.output import need_standard_output, refuse_as_folder, write_result
from diarize.cli.progress import ProgressCallback, progress_line
from diarize.cli.recordings import read_recording

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.audio import AudioInput
    from diarize.cli.heard import Part

_FOREVER = 1e9  # s


@click.command()
@click.argument("audio", metavar="AUDIO", type=options.SOUND)
@options.output("DIR", "Folder for the files; it is created where needed.", required=True, kind=options.FOLDER)
@click.option(
    "--rttm",
    metavar="FILE",
    type=options.INPUT,
    help="Who speaks when; without it the recording is diarized first.",
)
@options.config("Settings of diarization.")
@options.num_speakers()
@options.all_of(heard.one_channel(), heard.part())
@click.option("--format", "container", type=click.Choice(["wav", "flac"]), default="wav", show_default=True)
@options.progress()
@options.quiet()
def separate(
    audio: Path,
    output: Path,
    rttm: Path | None,
    config: str,
    num_speakers: int | None,
    channel: int | None,
    part: Part,
    container: str,
    progress: str,
    quiet: bool,
) -> None:
    """Write a sound file for each speaker of AUDIO.

    Where a speaker talks alone the file is the recording, where several talk at once it is the sound of this one,
    separated from the others, elsewhere it is silent, also outside --start and --end. The names of the files go to
    standard output.
    """
    if rttm is not None and num_speakers is not None:
        raise click.UsageError("--rttm says who speaks; leave out --num-speakers")
    refuse_as_folder(output)
    need_standard_output()

    from threadpoolctl import threadpool_limits

    from diarize import separation
    from diarize.annotation import Segment
    from diarize.audio import rereadable

    threadpool_limits(1)  # of small products; more threads would wait for each other
    with _each_warning_once(), progress_line(audio.name, quiet, progress) as show, rereadable(audio) as source:
        copy = cast(Path, source)  # a path gives a path
        whole = part.whole.of(copy)
        if rttm is not None:
            turns = read_recording(rttm, audio.stem, "rttm")
            annotation = turns.crop(Segment(part.start, part.end or _FOREVER))
        else:
            annotation = _diarized(part.of(copy), audio.stem, config, num_speakers, channel, show)
            if not annotation:
                return  # and a warning has said why
        files = separation.separate(whole, annotation, output, channel=channel, container=container, progress=show)
    write_result("".join(f"{path}\n" for path in files.values()))


def _diarized(
    audio: AudioInput,
    uri: str,
    config: str,
    num_speakers: int | None,
    channel: int | None,
    progress: ProgressCallback | None,
) -> Annotation:
    from diarize.config import load_config
    from diarize.pipeline import Diarizer

    diarizer = Diarizer(load_config(config))
    return diarizer(audio, num_speakers=num_speakers, channel=channel, channels="mix", uri=uri, progress=progress)


@contextmanager
def _each_warning_once() -> Iterator[None]:
    """Show what is wrong with a recording once, though it is read several times."""
    shown: set[str] = set()
    with warnings.catch_warnings():
        show_all = warnings.showwarning

        def show(message: Warning | str, *rest: Any, **more: Any) -> None:
            if str(message) not in shown:
                shown.add(str(message))
                show_all(message, *rest, **more)

        warnings.showwarning = show
        yield
