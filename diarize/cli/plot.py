"""`diarize plot`: a picture of who speaks when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diarize.cli import heard, options
from diarize.cli.output import need_parent
from diarize.cli.recordings import read_turns
from diarize.errors import FormatError, quoted, shortlist

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.cli.heard import Part

_PICTURES = (".png", ".svg", ".pdf")


@click.command()
@click.argument("turns", metavar="TURNS", type=options.INPUT)
@options.output("PICTURE", "The picture to draw: .png, .svg or .pdf.", required=True)
@click.option("--audio", metavar="FILE", type=options.INPUT, help="The recording, whose waveform is drawn above.")
@click.option("--reference", metavar="FILE", type=options.INPUT, help="The true turns; errors are marked.")
@click.option("--recording", metavar="NAME", help="Which one to draw, where TURNS holds several.")
@options.all_of(heard.one_channel(), heard.part())
@options.quiet(handed=False)
def plot(
    turns: Path,
    output: Path,
    audio: Path | None,
    reference: Path | None,
    recording: str | None,
    channel: int | None,
    part: Part,
) -> None:
    """Draw who speaks when in TURNS, a file that says so: a lane for each speaker, long recordings in several rows.

    The paler a turn, the less sure it is. With --reference its speakers are above, the ones that they are paired with
    have the same colours, and errors are marked below.
    """
    check_picture(output)
    for name, value in (("channel", channel), ("track", part.track)):
        if value is not None and audio is None:
            raise click.UsageError(f"--{name} is one of the recording; name it: --audio FILE")

    annotation = _chosen(turns, recording)
    truth = None
    if reference is not None:
        known = read_turns([reference])
        truth = next(iter(known.values())) if len(known) == 1 else _chosen(reference, annotation.uri)
    draw(annotation, output, reference=truth, audio=audio, channel=channel, part=part)


def draw(
    annotation: Annotation,
    output: Path,
    *,
    reference: Annotation | None = None,
    audio: Path | None = None,
    channel: int | None = None,
    part: Part,
) -> None:
    """Draw an annotation, or a part of it, with the waveform of its recording where there is one."""
    from diarize.timeline import draw_timeline, read_wave

    wave = None if audio is None else read_wave(part.of(audio), channel)
    draw_timeline(annotation, output, reference=reference, wave=wave, start=part.start, end=part.end)


def check_picture(output: Path) -> None:
    """Refuse a picture that cannot be drawn, before any work is done.

    Raises
    ------
    UsageError
        Its ending is not known, or its folder does not exist.
    MediaError
        matplotlib is not installed.
    """
    from importlib.util import find_spec

    from diarize.errors import MediaError

    if output.suffix.lower() not in _PICTURES:
        raise click.UsageError(f"{output}: a picture ends in {', '.join(_PICTURES[:-1])} or {_PICTURES[-1]}")
    need_parent(output)
    if find_spec("matplotlib") is None:
        raise MediaError(f'{output}: pictures need matplotlib; install it with: pip install "gmm-diarize[plot]"')


def _chosen(path: Path, name: str | None) -> Annotation:
    recordings = read_turns([path])
    if name is None and len(recordings) != 1:
        raise FormatError(
            f"{path}: it holds several recordings ({shortlist(recordings)}); choose one: --recording NAME"
        )
    if name is not None and name not in recordings:
        raise FormatError(f"{path}: there is no recording {quoted(name)} in it; it has {shortlist(recordings)}")
    return next(iter(recordings.values())) if name is None else recordings[name]
