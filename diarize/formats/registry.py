"""The table of formats: what each can do, and which one a file is in.

A new format is one file beside this one and one row in `FORMATS`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path

from diarize.annotation import Annotation, Segment
from diarize.errors import FormatError, quoted, shortlist
from diarize.formats.about import About
from diarize.formats.ctm import is_ctm, parse_ctm, write_ctm
from diarize.formats.delimited import is_csv, is_tsv, parse_delimited, write_csv, write_tsv
from diarize.formats.document import is_document, parse_document, write_document
from diarize.formats.eaf import is_eaf, parse_eaf, write_eaf
from diarize.formats.files import Problem, one_of, raise_fatal, read_lines
from diarize.formats.format import FilePath, Format, Target
from diarize.formats.kaldi import is_kaldi, parse_kaldi, write_kaldi
from diarize.formats.lab import is_audacity, is_lab, parse_lab, silence_of_labels, write_audacity, write_lab
from diarize.formats.lhotse import is_lhotse, parse_lhotse, write_lhotse
from diarize.formats.names import uri_of_stem
from diarize.formats.pyannote import is_pyannote, parse_pyannote, write_pyannote
from diarize.formats.rttm import is_rttm, parse_rttm, silence_of_rttm, write_annotations
from diarize.formats.stm import is_stm, parse_stm, write_stm
from diarize.formats.subtitles import is_srt, is_vtt, parse_srt, parse_vtt, write_srt, write_vtt
from diarize.formats.textgrid import is_textgrid, parse_textgrid, write_textgrid
from diarize.formats.turns import annotations_of, problems_of
from diarize.formats.uem import is_uem, read_uem, validate_uem, write_speech

_HEAD, _HEAD_LINES = 2000, 20  # characters of a line, and lines, by which a format is recognised

FORMATS = (
    Format(
        name="rttm",
        endings=(".rttm",),
        recognise=is_rttm,
        parse=parse_rttm,
        silence=silence_of_rttm,
        write=write_annotations,
    ),
    Format(
        name="json",
        shared=(".json",),
        recognise=is_document,
        parse=parse_document,
        write=write_document,
        single=True,
        links=True,
    ),
    Format(
        name="json-pyannote",
        endings=(".pyannote.json",),
        recognise=is_pyannote,
        parse=parse_pyannote,
        write=write_pyannote,
        anonymous=True,
    ),
    Format(name="jsonl", endings=(".jsonl",), recognise=is_lhotse, parse=parse_lhotse, write=write_lhotse),
    Format(name="csv", endings=(".csv",), recognise=is_csv, parse=parse_delimited, write=write_csv),
    Format(name="tsv", endings=(".tsv",), recognise=is_tsv, parse=parse_delimited, write=write_tsv),
    Format(
        name="audacity",
        shared=(".txt",),
        recognise=is_audacity,
        parse=parse_lab,
        silence=silence_of_labels,
        write=write_audacity,
        anonymous=True,
    ),
    Format(
        name="lab",
        endings=(".lab",),
        recognise=is_lab,
        parse=parse_lab,
        silence=silence_of_labels,
        write=write_lab,
        anonymous=True,
    ),
    Format(
        name="textgrid",
        endings=(".TextGrid",),
        recognise=is_textgrid,
        parse=parse_textgrid,
        write=write_textgrid,
        anonymous=True,
    ),
    Format(name="eaf", endings=(".eaf",), recognise=is_eaf, parse=parse_eaf, write=write_eaf, single=True, links=True),
    Format(name="vtt", endings=(".vtt",), recognise=is_vtt, parse=parse_vtt, write=write_vtt, anonymous=True),
    Format(name="srt", endings=(".srt",), recognise=is_srt, parse=parse_srt, write=write_srt, anonymous=True),
    Format(name="ctm", endings=(".ctm",), recognise=is_ctm, parse=parse_ctm, write=write_ctm),
    Format(name="stm", endings=(".stm",), recognise=is_stm, parse=parse_stm, write=write_stm),
    Format(
        name="uem", endings=(".uem",), recognise=is_uem, regions=read_uem, write=write_speech, validate=validate_uem
    ),
    Format(
        name="kaldi",
        endings=(".kaldi",),
        recognise=lambda head: False,  # a folder has no first line; see `format_of`
        parse=parse_kaldi,
        write=write_kaldi,
        folder=True,
        links=True,
    ),
)


def endings(formats: Iterable[Format] = FORMATS) -> str:
    """Return the endings of formats in words: ".rttm, .json, .csv"."""
    return ", ".join(ending for item in formats for ending in (*item.endings, *item.shared))


def writable_endings() -> str:
    """Return the endings of the formats that can be written, in words."""
    return endings(item for item in FORMATS if item.write)


def by_name(name: str) -> Format:
    """Return a format by its name.

    Raises
    ------
    FormatError
        There is no such format; the message lists them.
    """
    for item in FORMATS:
        if item.name == name:
            return item
    raise FormatError(f"unknown format {quoted(name)} (known: {', '.join(item.name for item in FORMATS)})")


def by_ending(path: FilePath) -> Format | None:
    """Return the format that a file's name stands for, in upper or lower case; None where it stands for none."""
    ends = [(ending, item) for item in FORMATS for ending in (*item.endings, *item.shared) if _ends(path, ending)]
    return max(ends, key=lambda end: len(end[0]))[1] if ends else None  # .pyannote.json before .json


def _ends(path: FilePath, ending: str) -> bool:
    name = Path(path).name.lower()
    return name.endswith(ending.lower()) and len(name) > len(ending)


def format_of(path: FilePath) -> Format:
    """Return the format of a file: by its name's ending, else by its first lines. An empty file is in the first one.

    Raises
    ------
    FormatError
        The ending is unknown or is that of many kinds of files, and the file cannot be read or fits no format.
    """
    known = by_ending(path)
    if known and any(_ends(path, ending) for ending in known.endings):
        return known
    if Path(path).is_dir():
        return _format_of_folder(Path(path))
    lines, problems = read_lines(path, comments=(";", "#"))
    raise_fatal(problems)
    if not lines:
        return known or FORMATS[0]
    head = "\n".join(line[:_HEAD] for _, line in lines[:_HEAD_LINES])
    for item in FORMATS:
        if item.recognise(head):
            return item
    number, line = lines[0]
    names = ", ".join(item.name for item in FORMATS)
    raise FormatError(f"{os.fspath(path)}:{number}: a line of none of the known formats ({names}): {quoted(line)}")


def _format_of_folder(folder: Path) -> Format:
    if not is_kaldi(folder):
        raise FormatError(f"{folder}: a folder, but not Kaldi's with segments and utt2spk; name a file")
    return by_name("kaldi")


def stem_of(path: FilePath) -> str:
    """Return the id of the recording that a file is named after.

    Examples
    --------
    >>> stem_of("results/call.pyannote.json"), stem_of("call.ch2.rttm")
    ('call', 'call')
    """
    name = Path(path).name
    known = by_ending(path)
    ends = [ending for ending in (*known.endings, *known.shared) if _ends(path, ending)] if known else []
    stem = name[: -max(map(len, ends))] if ends else Path(path).stem
    return uri_of_stem(stem)


def read_described(
    path: FilePath, format: str | None = None, unnamed: str | None = None
) -> tuple[dict[str, Annotation], dict[str, About]]:
    """Read the annotations of all recordings in a file, and what it says beside who speaks.

    Parameters
    ----------
    path : str or path
        The file.
    format : str or None
        Its format's name; None to see it from the ending or the content.
    unnamed : str or None
        The id of a recording that the file does not name; None for that which the file is named after.

    Returns
    -------
    annotations : dict of str to Annotation
        By the recording's id.
    about : dict of str to About
        By the recording's id, where the format says any of it.

    Raises
    ------
    FormatError
        The format is unknown or does not say who speaks, or the file cannot be read.
    """
    chosen = by_name(format) if format else format_of(path)
    if chosen.parse is None:
        raise FormatError(f"{os.fspath(path)}: {chosen.name} says where speech is, not who speaks")
    name = stem_of(path) if unnamed is None else unnamed
    parsed = chosen.parse(path)
    return annotations_of(path, parsed, name), {uri or name: about for uri, about in parsed.about.items()}


def read_all(path: FilePath, format: str | None = None) -> dict[str, Annotation]:
    """Read the annotations of all recordings in a file; see `read_described`."""
    return read_described(path, format)[0]


def read_one(path: FilePath, format: str | None = None, uri: str | None = None) -> Annotation:
    """Read one recording from a file: the one that is named, or the only one; see `Annotation.read`."""
    return one_of(read_described(path, format, uri)[0], path, uri)


def read_regions(path: FilePath, format: str | None = None) -> dict[str, list[Segment]]:
    """Read where a file marks speech in each recording, by its id; the id is "" where the file names none.

    Raises
    ------
    FormatError
        The format is unknown, or the file cannot be read.
    """
    chosen = by_name(format) if format else format_of(path)
    if chosen.regions is not None:
        return chosen.regions(path)
    return {uri: annotation.speech() for uri, annotation in read_described(path, chosen.name, "")[0].items()}


def format_to_write(target: Target, format: str | None = None) -> Format:
    """Return the format in which annotations are written to a target: that of the name, else of the file's ending.

    Raises
    ------
    FormatError
        The format is unknown or cannot be written.
    """
    if format is None:
        chosen = by_ending(target) if isinstance(target, str | PathLike) else None
        where = os.fspath(target) if isinstance(target, str | PathLike) else "a stream"
    else:
        chosen, where = by_name(format), format
    if chosen is None or chosen.write is None:
        raise FormatError(
            f"{where}: not a format that can be written; name one, or let the file end in {writable_endings()}"
        )
    return chosen


def write_all(
    annotations: Iterable[Annotation],
    target: Target,
    format: str | None = None,
    *,
    channel: int = 1,
    about: Mapping[str, About] | None = None,
) -> None:
    """Write annotations, one for each recording, to a file or an open text stream.

    Parameters
    ----------
    annotations : iterable of Annotation
    target : str, path or text stream
        A file appears whole or not at all.
    format : str or None
        The format's name; None to see it from the file's ending.
    channel : int
        The channel they were made from, counted from 1; formats that name no channel leave it out.
    about : mapping of str to About, optional
        What else is known of the recordings, by their ids; for one that is missing, only the channel is.

    Raises
    ------
    FormatError
        The format is unknown or cannot be written, it takes one recording and there are more, or the file cannot be
        written.
    """
    chosen, items = format_to_write(target, format), list(annotations)
    if type(channel) is not int or channel < 1:
        raise FormatError(f"a channel is a whole number from 1, got {quoted(channel)}")
    if chosen.holds_one and len(items) != 1:
        names = shortlist(item.uri for item in items)
        raise FormatError(f"a file in {chosen.name} is about one recording, and there are {len(items)}: {names}")
    known = {item.uri: (about or {}).get(item.uri) or About(channel=channel) for item in items}
    if chosen.write is not None:
        chosen.write(items, target, about=known)


def validate(path: FilePath, format: str | None = None) -> list[Problem]:
    """Return everything that keeps some tool from reading a file; an empty list where all is well.

    Raises
    ------
    FormatError
        The format is unknown.
    """
    chosen = by_name(format) if format else format_of(path)
    if chosen.validate is not None:
        return chosen.validate(path)
    if chosen.parse is None:
        raise FormatError(f"{os.fspath(path)}: {chosen.name} files cannot be checked")
    return problems_of(path, chosen.parse(path))
