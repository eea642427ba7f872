"""`diarize convert`: turns in one format become turns in another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diarize.cli import options
from diarize.cli.output import need_standard_output, write_result
from diarize.cli.written import format_name, text_of
from diarize.errors import FormatError, quoted, shortlist

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.formats.about import About
    from diarize.formats.format import Format
    from diarize.shaping import Shape


@click.command()
@click.argument("source", metavar="IN", type=options.InputPath(stem="recording"))
@click.argument("target", metavar="OUT", type=options.PATH)
@click.option("--from", "read_as", metavar="F", callback=format_name, help="Format of IN, where nothing else tells it.")
@click.option("--to", "write_as", metavar="F", callback=format_name, help="Format of OUT, where its ending does not.")
@click.option(
    "--audio",
    metavar="FILE|FOLDER",
    type=options.PATH,
    help="The recording, or a folder of them, for formats that link it.",
)
@options.all_of(options.shaping())
@options.quiet(handed=False)
def convert(
    source: Path,
    target: Path,
    read_as: str | None,
    write_as: str | None,
    audio: Path | None,
    shape: Shape,
) -> None:
    """Write the turns in IN to OUT, in another format or in another shape.

    Formats are seen from endings, IN's also from its content; '-' is standard input or output. Where OUT has no
    ending, or is a folder that exists, each recording gets a file in it, OUT/<recording>.<ending>, and --to names the
    format.
    """
    from diarize.annotation import Annotation
    from diarize.formats.registry import read_described, stem_of

    chosen, folder = _target_format(target, write_as)
    if audio is not None and not chosen.links:
        raise click.UsageError(f"--audio: files in {chosen.name} do not say where the sound is; leave it out")
    read, about = read_described(source, read_as)
    read = read or {stem_of(source): Annotation(uri=stem_of(source))}  # no turns are still about a recording
    annotations = {uri: shape.apply(annotation) for uri, annotation in read.items()}
    if audio is not None:
        about = _with_audio(annotations, about, audio)
    if not folder and chosen.holds_one and len(annotations) > 1:
        raise FormatError(
            f"{source} holds {len(annotations)} recordings ({shortlist(annotations)}), and a file in {chosen.name} is "
            f"about one; name a folder instead of {target}, and --to {chosen.name}"
        )
    _write(annotations, about, target, chosen, folder)


def _target_format(target: Path, name: str | None) -> tuple[Format, bool]:
    """Return the format to write, and whether each recording is to be a file in a folder."""
    from diarize.audio import SUFFIXES
    from diarize.formats.registry import by_ending, by_name, writable_endings

    ending = by_ending(target)
    chosen = by_name(name) if name is not None else ending
    if target.suffix.lower() in SUFFIXES:
        raise click.UsageError(f"{target} is named like a recording; no turns are written there")
    if ending and chosen and ending != chosen and not target.is_dir() and target.name.endswith(ending.endings):
        raise click.UsageError(f"{target} is named like a file in {ending.name}, not in {chosen.name}")
    if chosen is None:
        raise click.UsageError(f"{target}: in which format? Name it by --to, or by an ending: {writable_endings()}")
    if target == options.STANDARD:
        need_standard_output()
        if chosen.folder:
            raise click.UsageError(f"{chosen.name} is a folder of files; it cannot go to standard output")
        return chosen, False
    if chosen.folder:
        return chosen, False
    return chosen, target.is_dir() or not target.suffix


def _with_audio(annotations: Mapping[str, Annotation], about: Mapping[str, About], audio: Path) -> dict[str, About]:
    """Return what is known of the recordings, with the paths of their sound files."""
    from diarize.formats.about import About
    from diarize.formats.registry import by_ending

    if not audio.exists():
        raise FormatError(f"{audio}: no such file or folder")
    if audio.is_dir():
        files = {path.stem: path for path in sorted(audio.iterdir()) if path.is_file() and by_ending(path) is None}
    elif len(annotations) == 1:
        files = dict.fromkeys(annotations, audio)
    else:
        raise click.UsageError(
            f"--audio {audio} is one file, and there are {len(annotations)} recordings; name a folder"
        )
    missing = [uri for uri in annotations if uri not in files]
    if missing:
        raise FormatError(f"{audio}: no sound file for {quoted(missing[0])} in this folder")
    return {uri: replace(about.get(uri, About()), source=str(files[uri])) for uri in annotations}


def _write(
    annotations: Mapping[str, Annotation], about: Mapping[str, About], target: Path, chosen: Format, folder: bool
) -> None:
    from diarize.formats.files import new_folders
    from diarize.formats.names import file_stem
    from diarize.formats.registry import write_all

    if target == options.STANDARD:
        write_result(text_of(list(annotations.values()), chosen.name, about))
    elif folder:
        with new_folders() as need:
            need(target)
            for uri, annotation in annotations.items():
                write_all([annotation], target / f"{file_stem(uri)}{chosen.ending}", chosen.name, about=about)
    else:
        write_all(annotations.values(), target, chosen.name, about=about)
