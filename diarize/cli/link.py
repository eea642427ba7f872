"""`diarize link`: the same person gets the same name in several recordings."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import click

from diarize.cli import heard, options
from diarize.cli.output import keep_sources, refuse_as_folder, warn
from diarize.cli.recordings import described_turns, sounds_of
from diarize.cli.written import format_name


@click.command()
@click.argument("turns", nargs=-1, required=True, metavar="TURNS...", type=options.INPUT)
@click.option("--audio", multiple=True, required=True, metavar="FILE", type=options.PATH, help="Recording, or folder.")
@options.output("OUT", "Folder for the files, one for each recording.", required=True, kind=options.PATH)
@click.option("--format", "format", metavar="F", default="rttm", callback=format_name, help="RTTM by default.")
@click.option("--keep", multiple=True, metavar="NAME", help="A name that stays, of whom is known; may be repeated.")
@options.config()
@options.all_of(heard.one_channel())
@options.quiet()
def link(
    turns: tuple[Path, ...],
    audio: tuple[Path, ...],
    output: Path,
    format: str,
    keep: tuple[str, ...],
    config: str,
    channel: int | None,
    quiet: bool,
) -> None:
    """Call the same person the same in all recordings of TURNS: person1, person2, ... as they are met.

    Two speakers of one recording stay two. TURNS are files in any format, or folders of them, such as `diarize run`
    wrote; the sound of each is looked for by its name in --audio. What else they say of a recording is kept; in JSON
    also the names that known voices or a person gave.
    """
    from diarize.formats.registry import by_name, write_all

    refuse_as_folder(output)
    recordings = described_turns(turns)
    sounds = sounds_of(recordings, audio)
    targets = {uri: output / f"{uri}{by_name(format).ending}" for uri in recordings}
    for target in targets.values():
        keep_sources(target, *turns, *(path / target.name for path in turns), *sounds.values())

    from diarize.config import load_config
    from diarize.errors import shortlist
    from diarize.formats.files import new_folders
    from diarize.pipeline import Diarizer
    from diarize.voices.doubles import warn_of_doubles
    from diarize.voices.linking import linked_names, unnamed
    from diarize.voices.prints import voiceprints

    diarizer, spoken, heard_of = Diarizer(load_config(config)), [], []
    for number, (uri, (annotation, about)) in enumerate(recordings.items(), 1):
        diarization = diarizer.with_turns(sounds[uri], annotation, channel)
        spoken.append(unnamed(diarization, {*keep, *about.ratios, *filter(_is_name, about.hints.names)}))
        heard_of.append(voiceprints(diarization))
        if not quiet:
            click.echo(f"diarize: {uri}: {number} of {len(recordings)}", err=True)
    prints = {name: tuple(heard[name] for heard in heard_of if name in heard) for name in keep}
    known = {name: several for name, several in prints.items() if several}
    warn_of_doubles(known, list(combinations(known, 2)), diarizer.model)
    names = linked_names(spoken, heard_of, diarizer.model)
    lost = {speaker for several in spoken for speaker in several if _is_name(speaker)}
    if lost:
        warn(f"{shortlist(sorted(lost))} may be names; --keep NAME keeps one, and in JSON known ones are kept")
    with new_folders() as need:
        need(output)
        for (uri, (annotation, about)), mapping in zip(recordings.items(), names, strict=True):
            write_all([annotation.rename(mapping)], targets[uri], format, about={uri: about.renamed(mapping)})


def _is_name(label: str) -> bool:
    """Whether a label looks like a name: those that are made up end in a number."""
    return not label[-1:].isdecimal()
