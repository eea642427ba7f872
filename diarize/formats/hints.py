"""What a person fixed, from files in any format: who speaks in some places, and where nobody does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from diarize.annotation import Annotation
from diarize.errors import FormatError, quoted, shortlist
from diarize.formats.lab import UNNAMED
from diarize.formats.registry import by_ending, format_of, stem_of
from diarize.formats.turns import annotations_of
from diarize.hints import Hints

_ANONYMOUS = ""  # the id in a format that names no recording
_NOBODY = "<NA>"  # what RTTM has where there is no value


def read_hints(path: str | PathLike[str], uri: str) -> Hints:
    """Read what is certain of one recording.

    Parameters
    ----------
    path : str or path
        RTTM (`SPEAKER` lines are turns, `NON-SPEECH` lines silence), JSON of this package, labels, or any other format
        that says who speaks. Where JSON has turns that are checked, or silence, only these are certain; otherwise all
        that is there. Or a folder of such files.
    uri : str
        The recording's id; a file in a format that names no recording is taken as it is.

    Raises
    ------
    FormatError
        The file cannot be read, does not say who speaks, or is about other recordings only.
    """
    return hints_of(read_all_hints(path), path, uri)


def hints_of(known: Mapping[str, Hints], path: str | PathLike[str], uri: str) -> Hints:
    """Return the hints of one recording among those that were read from a path.

    Raises
    ------
    FormatError
        They are about other recordings only.
    """
    if _ANONYMOUS in known:
        return known[_ANONYMOUS]
    if known and uri not in known:
        others = shortlist(known)
        raise FormatError(f"{os.fspath(path)}: no hints for recording {quoted(uri)} (there are some for: {others})")
    return known.get(uri, Hints())


def read_all_hints(path: str | PathLike[str]) -> dict[str, Hints]:
    """Read what is certain of each recording in a file, or in the files of a folder, by its id.

    The id is "" for a single file in a format that names no recording; in a folder such a file is about the recording
    that it is named after.

    Raises
    ------
    FormatError
        A file cannot be read or does not say who speaks, or two files are about one recording.
    """
    folder = Path(path)
    if not folder.is_dir() or by_ending(folder) is not None:
        return _of_file(path)
    found: dict[str, Hints] = {}
    origin: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.name.startswith(".") or by_ending(file) is None:
            continue
        for uri, hints in _of_file(file).items():
            name = uri or stem_of(file)
            if name in found:
                raise FormatError(f"{file}: hints for recording {quoted(name)} are in {origin[name]} already")
            found[name], origin[name] = hints, file
    if not found:
        raise FormatError(f"{folder}: no file in this folder says who speaks; name a file, or another folder")
    return found


def _of_file(path: str | PathLike[str]) -> dict[str, Hints]:
    chosen = format_of(path)
    if chosen.parse is None:
        raise FormatError(f"{os.fspath(path)}: {chosen.name} says where speech is, not who speaks; hints name speakers")
    parsed = chosen.parse(path)
    turns = annotations_of(path, parsed)
    silence = chosen.silence(path) if chosen.silence is not None else {}
    if chosen.silence is not None and chosen.anonymous and any(UNNAMED in one.labels for one in turns.values()):
        raise FormatError(f"{os.fspath(path)}: a label is missing or {quoted(UNNAMED)}; hints name the speakers")
    if any(_NOBODY in one.labels for one in turns.values()):
        raise FormatError(f"{os.fspath(path)}: a turn is of {_NOBODY!r}, which is nobody; hints name the speakers")
    hints = {}
    for uri in [*turns, *(uri for uri in silence if uri not in turns)]:
        marked = parsed.about[uri].hints if uri in parsed.about else Hints()
        certain = marked.annotation if marked else turns.get(uri, Annotation())
        hints[uri] = Hints(Annotation(certain, uri), [*marked.silence, *silence.get(uri, ())])
    return hints
