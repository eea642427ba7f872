"""`diarize report`: a recording and its turns in, a page out that shows, plays and corrects them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from diarize.cli import options
from diarize.cli.output import need_page

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.report import SoundChoice


@click.command()
@click.argument("audio", metavar="AUDIO", type=options.INPUT)
@click.argument("turns", metavar="TURNS", type=options.INPUT)
@options.output("OUT.html", "The page to write.", required=True)
@click.option("--reference", metavar="FILE", type=options.FILE, help="The truth; differences from it are coloured.")
@click.option("--transcript", metavar="FILE", type=options.FILE, help="What was said: SubRip (.srt) or WebVTT (.vtt).")
@click.option(
    "--sound",
    type=click.Choice(["auto", "embed", "link", "none"]),
    default="auto",
    show_default=True,
    help="Put the sound into the page, link the file, or neither; auto embeds up to an hour and a half.",
)
@click.option("--title", metavar="TEXT", help="Title of the page; the name of AUDIO without it.")
@options.channel()
def report(
    audio: Path,
    turns: Path,
    output: Path,
    reference: Path | None,
    transcript: Path | None,
    sound: str,
    title: str | None,
    channel: int | None,
) -> None:
    """Write a page on which AUDIO and its TURNS can be seen, heard and corrected.

    The page is one file that needs no network; corrections stay in the browser until they are exported from it.
    """
    need_page(output, audio, turns, reference, transcript)
    piped = options.is_copy(audio)
    if piped and sound == "link":
        raise click.UsageError("what comes from a pipe cannot be linked; embed the sound")

    from diarize.report import PageOptions, read_captions, write_report

    wanted = PageOptions(
        reference=None if reference is None else _read(reference, audio.stem),
        transcript=() if transcript is None else read_captions(transcript),
        sound="embed" if piped and sound == "auto" else cast("SoundChoice", sound),
        title=title,
        channel=channel,
    )
    annotation = _read(turns, audio.stem)
    write_report(audio, annotation, output, wanted)


def _read(path: Path, uri: str) -> Annotation:
    """Return the turns of a recording; a file of a single recording is taken whatever its id, an empty one too."""
    from diarize.annotation import Annotation
    from diarize.formats.files import one_of
    from diarize.formats.registry import read_all

    recordings = read_all(path)
    if not recordings:
        return Annotation((), uri)
    return Annotation(one_of(recordings, path, None if len(recordings) == 1 else uri), uri)
