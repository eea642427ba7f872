"""`diarize report`: a recording and its turns in, a page out that shows, plays and corrects them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from diarize.cli import heard, options
from diarize.cli.output import need_page
from diarize.cli.progress import progress_line
from diarize.cli.recordings import read_checked, read_recording

if TYPE_CHECKING:
    from diarize.cli.heard import Part
    from diarize.report import SoundChoice
    from diarize.transcripts import Cue


@click.command()
@click.argument("audio", metavar="AUDIO", type=options.INPUT)
@click.argument("turns", metavar="TURNS", type=options.INPUT)
@options.output("OUT.html", "The page to write.", required=True)
@click.option("--reference", metavar="FILE", type=options.FILE, help="The truth; differences from it are coloured.")
@options.transcript()
@click.option(
    "--sound",
    type=click.Choice(["auto", "embed", "link", "none"]),
    default="auto",
    show_default=True,
    help="Put the sound into the page, link the file, or neither; auto embeds up to an hour and a half.",
)
@click.option("--title", metavar="TEXT", help="Title of the page; the name of AUDIO without it.")
@options.all_of(heard.one_channel(), heard.track())
@options.progress()
@options.quiet()
def report(
    audio: Path,
    turns: Path,
    output: Path,
    reference: Path | None,
    transcript: Path | None,
    sound: str,
    title: str | None,
    channel: int | None,
    part: Part,
    progress: str,
    quiet: bool,
) -> None:
    """Write a page on which AUDIO and its TURNS can be seen, heard and corrected.

    The page is one file that needs no network; corrections stay in the browser until they are exported from it.
    """
    need_page(output, audio, turns, reference, transcript)
    chosen = page_sound(sound, audio, part)

    from diarize.report import PageOptions, write_report

    annotation, hints = read_checked(turns, audio.stem)
    wanted = PageOptions(
        reference=None if reference is None else read_recording(reference, audio.stem),
        transcript=said(transcript),
        sound=chosen,
        title=title,
        channel=channel,
        hints=hints,
    )
    with progress_line(audio.name, quiet, progress) as show:
        write_report(part.of(audio), annotation, output, wanted, show)


def said(transcript: Path | None) -> Sequence[Cue]:
    """Return the cues of a transcript, if there is one; an empty file is about a recording in which nothing is said."""
    if transcript is None:
        return ()

    from diarize.transcripts import read_transcript

    nothing = transcript.is_file() and not transcript.stat().st_size
    return () if nothing else read_transcript(transcript).cues


def page_sound(sound: str, audio: Path, part: Part) -> SoundChoice:
    """Return what a page does with the sound of a recording: what cannot be linked is embedded.

    Raises
    ------
    UsageError
        It is to be linked, and is a copy that is gone when the command ends, or one track of several.
    """
    piped = options.is_copy(audio)
    if sound == "link" and piped:
        raise click.UsageError("what comes from a pipe cannot be linked; embed the sound")
    if sound == "link" and part.track is not None:
        raise click.UsageError("a browser plays the first track of what is linked; embed the sound of --track")
    unlinkable = piped or part.track is not None
    return "embed" if unlinkable and sound == "auto" else cast("SoundChoice", sound)
