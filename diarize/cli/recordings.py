"""Recordings that a command is given: their turns, their sound, and what part of them is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diarize.cli.output import warn
from diarize.cli.score import read_described
from diarize.errors import FormatError, quoted, shortlist

if TYPE_CHECKING:
    from diarize.annotation import Annotation, Segment
    from diarize.formats.about import About
    from diarize.hints import Hints

_BEYOND = 0.5  # s that turns may reach beyond the end of a recording without a warning


def read_turns(paths: Iterable[Path]) -> dict[str, Annotation]:
    """Return the annotation of each recording in files of turns and folders of them; see `described_turns`."""
    return {uri: annotation for uri, (annotation, _) in described_turns(paths).items()}


def described_turns(paths: Iterable[Path]) -> dict[str, tuple[Annotation, About]]:
    """Return the annotation of each recording in files of turns and folders of them, and what else they say of it.

    A recording whose format names none gets the name of its file.

    Raises
    ------
    FormatError
        A file cannot be read, nothing is in any, or a recording is in two of them.
    """
    from diarize.annotation import Annotation
    from diarize.formats.about import About
    from diarize.formats.names import uri_of_stem

    recordings: dict[str, tuple[Annotation, About]] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        of_path = read_described(path)
        if not of_path and path.is_file():  # a recording without speech gives an empty file
            of_path = {"": (Annotation(), About())}
        for uri, (annotation, about) in of_path.items():
            name = uri or uri_of_stem(path.stem)
            if name in recordings:
                raise FormatError(f"{path}: recording {quoted(name)} is in {origin[name]} already; leave one out")
            recordings[name], origin[name] = (Annotation(annotation, name), about), path
    return recordings


def read_recording(path: Path, uri: str, format: str | None = None) -> Annotation:
    """Return the turns of one recording, under its id; see `read_checked`."""
    return read_checked(path, uri, format)[0]


def read_checked(path: Path, uri: str, format: str | None = None) -> tuple[Annotation, Hints]:
    """Return the turns of one recording, under its id, and what a person fixed of them, where the file says it.

    A file about a single recording is taken whatever that is called; an empty file is about a recording in which nobody
    talks.

    Raises
    ------
    FormatError
        The file cannot be read, or holds several recordings and not this one.
    """
    from diarize.annotation import Annotation

    own, about = own_recording(path, uri, format)
    return Annotation(own, uri), about.hints


def own_recording(path: Path, uri: str, format: str | None = None) -> tuple[Annotation, About]:
    """Return what `read_checked` takes, under the id that the file has for it, and what else that says of it."""
    from diarize.annotation import Annotation
    from diarize.formats.about import About
    from diarize.formats.files import one_of
    from diarize.formats.registry import read_described

    recordings, about = read_described(path, format)
    if not recordings:
        return Annotation((), uri), About()
    own = one_of(recordings, path, None if len(recordings) == 1 else uri)
    return own, about.get(own.uri, About())


def check_extent(audio: tuple[Path, ...], uem: Path | None, duration: float | None) -> None:
    """Refuse more than one way to say how long recordings are.

    Raises
    ------
    UsageError
    """
    if sum([bool(audio), uem is not None, duration is not None]) > 1:
        raise click.UsageError("--audio, --uem and --duration say the same in three ways; give one of them")


def recording_regions(
    recordings: Mapping[str, Annotation], audio: tuple[Path, ...], uem: Path | None, duration: float | None
) -> dict[str, list[Segment] | None]:
    """Return the regions of each recording that is looked at, None for all from the first to the last turn.

    Raises
    ------
    FormatError
        The UEM names none of the recordings, or a recording has no sound.
    AudioError
        A sound file cannot be read.
    """
    from diarize.annotation import Segment
    from diarize.formats.uem import read_uem

    if uem is not None:
        named = read_uem(uem)
        kept = {uri: named[uri] for uri in recordings if uri in named}
        if not kept:
            raise FormatError(f"{uem}: none of its recordings is in the turns; it names {shortlist(named)}")
        for uri in recordings.keys() - kept.keys():
            warn(f"recording {quoted(uri)} is not in the UEM and is left out")
        return dict(kept)
    if audio:
        lengths = {uri: _seconds(path) for uri, path in sounds_of(recordings, audio).items()}
    elif duration is not None:
        lengths = dict.fromkeys(recordings, duration)
    else:
        return dict.fromkeys(recordings)
    for uri, seconds in lengths.items():
        if any(turn.end > seconds + _BEYOND for turn in recordings[uri]):
            warn(f"recording {quoted(uri)} has turns after its end at {seconds:.3f} s")
    return {uri: [Segment(0.0, seconds)] for uri, seconds in lengths.items()}


def sounds_of(recordings: Iterable[str], audio: tuple[Path, ...]) -> dict[str, Path]:
    """Return the sound file of each recording: of the same name, or the only one for the only recording.

    Raises
    ------
    FormatError
        A recording has none, or two.
    """
    from diarize.audio.opening import SUFFIXES
    from diarize.formats.files import files_in

    uris = list(recordings)
    files = [file for path in audio for file in (files_in(path, SUFFIXES) if path.is_dir() else [path])]
    if len(uris) == len(files) == 1:
        return {uris[0]: files[0]}
    found = {}
    for uri in uris:
        own = [file for file in files if file.stem == uri]
        if len(own) != 1:
            what = f"{own[0]} and {own[1]} both have its name" if own else "no file of --audio has its name"
            raise FormatError(f"recording {quoted(uri)}: {what}; give one sound file for each recording")
        found[uri] = own[0]
    return found


def _seconds(path: Path) -> float:
    """Return the length of a recording, counted from its samples, since headers may be wrong."""
    from diarize.audio import open_audio

    with open_audio(path, 16000) as stream:
        for _ in stream:
            pass
        return stream.duration
