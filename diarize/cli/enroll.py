"""`diarize enroll`: a person's voice becomes known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diarize.cli import heard, options
from diarize.cli.naming import PATIENCE, VOICES
from diarize.cli.output import keep_sources, need_parent, warn
from diarize.cli.progress import progress_line
from diarize.cli.recordings import own_recording, read_turns
from diarize.errors import FormatError, counted, quoted, shortlist
from diarize.locks import locked

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.cli.heard import Part


@click.command()
@click.argument("name")
@click.argument("audio", nargs=-1, required=True, metavar="AUDIO...", type=options.SOUND)
@click.option("--voices", required=True, metavar="VOICES.npz", type=VOICES, help="The voice file; made if missing.")
@click.option("--turns", metavar="TURNS", type=options.INPUT, help="Who speaks when, where AUDIO holds several people.")
@click.option("--speaker", metavar="S", help="Who of TURNS it is: NAME by default, or the only one.")
@options.config()
@options.all_of(heard.one_channel(), heard.part())
@options.progress()
@options.quiet()
def enroll(
    name: str,
    audio: tuple[Path, ...],
    voices: Path,
    turns: Path | None,
    speaker: str | None,
    config: str,
    channel: int | None,
    part: Part,
    progress: str,
    quiet: bool,
) -> None:
    """Make the voice of NAME known from AUDIO, so that `diarize run --voices` names it.

    AUDIO should hold NAME alone, 20 seconds of speech or more; each recording counts as one more session of a person
    who is known already, and people who are known from several days and phones are known better. Only sums are
    kept, no sound; they are biometric data all the same: ask NAME first.
    """
    if speaker is not None and turns is None:
        raise click.UsageError("--speaker is one of the speakers of --turns; name that file too")
    need_parent(voices)
    keep_sources(voices, *audio, turns)

    from diarize.config import load_config
    from diarize.pipeline import Diarizer
    from diarize.voices import Voices
    from diarize.voices.people import check_name

    check_name(name)
    known = Voices.load(voices) if voices.exists() else Voices()
    diarizer = Diarizer(load_config(config))
    known.check(diarizer.model)
    given = {} if turns is None else _turns_of(audio, turns)
    added = []
    for path in audio:
        sound = part.of(path)
        if turns is not None:
            diarization = diarizer.with_turns(sound, given[path], channel)
        else:
            with progress_line(path.name, quiet, progress) as show:
                mixed = "mix" if channel is None else "auto"
                diarization = diarizer.diarize(sound, channel=channel, channels=mixed, progress=show)
            several = diarization.annotation.labels
            if len(several) > 1:
                people = counted(len(several), "person", "people")
                warn(f"{path}: {people} are heard, all taken for {name}; where that is wrong, name {name}'s by --turns")
            diarization = diarization.renamed(dict.fromkeys(several, name))
        known = known.enroll(name, diarization, speaker)
        latest = known.people[name][-1]
        added.append(latest)
        if not quiet:
            click.echo(f"diarize: {path}: {latest.seconds:.0f} s of {name} ({', '.join(latest.bands)} band)", err=True)
    with locked(voices, wait=PATIENCE):
        fresh = Voices.load(voices) if voices.exists() else Voices()  # others may have changed it in these minutes
        fresh.check(diarizer.model)
        everybody = {**fresh.people, name: (*fresh.people.get(name, ()), *added)}
        replace(fresh, people=everybody, models=known.models).save(voices)


def _turns_of(audio: tuple[Path, ...], turns: Path) -> Mapping[Path, Annotation]:
    """Return the turns of each recording."""
    from diarize.annotation import Annotation

    if len(audio) == 1:
        own, _ = own_recording(turns, audio[0].stem)
        if own.uri not in ("", audio[0].stem):
            warn(f"{turns}: the turns are of recording {quoted(own.uri)}, taken for those of {audio[0]}")
        return {audio[0]: Annotation(own, audio[0].stem)}
    recordings = read_turns([turns])
    for path in audio:
        if path.stem not in recordings:
            named = shortlist(recordings)
            raise FormatError(f"{turns}: recording {quoted(path.stem)} is not in it (recordings: {named})")
    return {path: recordings[path.stem] for path in audio}
