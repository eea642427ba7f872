"""Transcripts written: subtitles, JSON, CTM, STM, tables, and as a script to read."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from html import escape
from itertools import groupby, takewhile
from os import PathLike
from pathlib import Path
from typing import TextIO

from diarize.errors import FormatError, quoted
from diarize.formats.files import milliseconds, write_text
from diarize.formats.names import CELL, FIELD, TEXT, encode_uri
from diarize.formats.subtitles import stamp
from diarize.transcripts.cutting import wrapped
from diarize.transcripts.labelling import names_by_number
from diarize.transcripts.layouts import layout_of
from diarize.transcripts.scripts import joined
from diarize.transcripts.words import Cue, Transcript

_VTT_TAGS = frozenset({"i", "b", "u", "c", "lang", "ruby", "rt"})
_SRT_TAGS = frozenset({"i", "b", "u", "s", "font"})
_MARK_NAME = re.compile(r"[.\s]")  # what ends the name of a tag
_NOBODY = "unknown"  # who speaks in STM, where a line must name somebody
_OF_LAYOUT = {"vtt": "vtt", "srt": "srt", "ctm": "ctm", "stm": "stm", "table": "tsv"}  # the others are JSON


def _vtt(transcript: Transcript) -> str:
    cues = ["WEBVTT\n"]
    for cue in transcript.cues:
        voice = "" if cue.speaker is None else f"<v {escape(TEXT.encode(cue.speaker), quote=False)}>"
        settings = "" if not cue.settings or cue.settings.startswith("{") else f" {cue.settings}"
        cues.append(f"{_span(cue, '.')}{settings}\n{voice}{_lines(cue, _VTT_TAGS, partial(escape, quote=False))}\n")
    return "\n".join(cues)


def _srt(transcript: Transcript) -> str:
    cues = []
    for number, cue in enumerate(transcript.cues, 1):
        place = cue.settings if cue.settings.startswith("{") else ""
        cues.append(f"{number}\n{_span(cue, ',')}\n{place}{_prefix(cue)}{_lines(cue, _SRT_TAGS, str)}\n")
    return "\n".join(cues)


def _span(cue: Cue, point: str) -> str:
    return f"{stamp(round(cue.start * 1000), point)} --> {stamp(round(cue.end * 1000), point)}"


def _prefix(cue: Cue) -> str:
    return "" if cue.speaker is None else f"{TEXT.encode(cue.speaker)}: "


def _lines(cue: Cue, tags: frozenset[str], escaped: Callable[[str], str]) -> str:
    """Return the text with tags, without blank lines and arrows, which would end the cue."""
    shown, before = "", tuple[str, ...]()
    for word in (*cue.words, None):
        text = "" if word is None else word.text
        marks = () if word is None else tuple(mark for mark in word.marks if _MARK_NAME.split(mark)[0] in tags)
        same = len([*takewhile(lambda pair: pair[0] == pair[1], zip(before, marks, strict=False))])
        shown += "".join(f"</{_MARK_NAME.split(mark)[0]}>" for mark in reversed(before[same:]))
        said = text.lstrip()
        shown += text[: len(text) - len(said)] + "".join(f"<{mark}>" for mark in marks[same:])
        shown += escaped(said.replace("-->", "->"))
        before = marks
    lines = (line.strip() for line in shown.splitlines())
    return "\n".join(line for line in lines if line)


def _json(transcript: Transcript) -> str:
    source = transcript.source
    layout = layout_of(source.layout)
    if layout is None or layout.fill is None:
        document = transcript.to_dict()
    else:
        document = deepcopy(source.document)
        layout.fill(document, *names_by_number(transcript))
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def _ctm(transcript: Transcript) -> str:
    name, lines = encode_uri(transcript.uri), []
    for word in sorted(transcript.words, key=lambda word: word.start):
        start, end = round(word.start * 1000), round(word.end * 1000)
        confidence = "NA" if word.confidence is None else f"{word.confidence:.3f}"
        speaker = "NA" if word.speaker is None else FIELD.encode(word.speaker)
        text = "_".join(word.text.split())
        lines.append(f"{name} 1 {milliseconds(start)} {milliseconds(end - start)} {text} {confidence} lex {speaker}\n")
    return "".join(lines)


def _stm(transcript: Transcript) -> str:
    name, lines = encode_uri(transcript.uri), []
    for cue in transcript.cues:
        speaker = _NOBODY if cue.speaker is None else FIELD.encode(cue.speaker)
        times = " ".join(milliseconds(round(time * 1000)) for time in (cue.start, cue.end))
        lines.append(f"{name} 1 {speaker} {times} {joined([cue.text])}\n")
    return "".join(lines)


def _table(delimiter: str, transcript: Transcript) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(("start", "end", "speaker", "text"))
    for cue in transcript.cues:
        times = (milliseconds(round(time * 1000)) for time in (cue.start, cue.end))
        writer.writerow((*times, "" if cue.speaker is None else CELL.encode(cue.speaker), joined([cue.text])))
    return buffer.getvalue()


def _script(transcript: Transcript) -> str:
    groups = (list(group) for _, group in groupby(transcript.cues, key=lambda cue: cue.speaker))
    return "\n".join(f"{_prefix(group[0])}{joined(cue.text for cue in group)}\n" for group in groups)


_WRITERS: Mapping[str, Callable[[Transcript], str]] = {
    "vtt": _vtt,
    "srt": _srt,
    "json": _json,
    "ctm": _ctm,
    "stm": _stm,
    "tsv": partial(_table, "\t"),
    "csv": partial(_table, ","),
    "txt": _script,
}
FORMATS = tuple(_WRITERS)
"""Names of what transcripts are written in; also the endings of such files."""

SUBTITLES = ("vtt", "srt")
"""Those of them whose lines have a length."""


def format_of(transcript: Transcript) -> str:
    """Return the name of the format that a transcript was read from; JSON where it was read from none."""
    return _OF_LAYOUT.get(transcript.source.layout, "json")


def check_format(format: str, line_length: int | None) -> None:
    """Raise FormatError where a format of transcripts is unknown, or has no lines of a length that is asked for."""
    if format not in _WRITERS:
        raise FormatError(f"unknown format {quoted(format)} of transcripts (known: {', '.join(FORMATS)})")
    if line_length is not None and format not in SUBTITLES:
        raise FormatError(f"{format} has no lines of a length; only {' and '.join(SUBTITLES)} have")


def text_of(transcript: Transcript, format: str | None = None, line_length: int | None = None) -> str:
    """Return a transcript as text.

    Parameters
    ----------
    transcript : Transcript
    format : str or None
        One of `FORMATS`; None for that of the source.
    line_length : int or None
        Cut subtitles to at most two lines of so many characters, the name in SRT included; None to leave lines as they
        are.

    Raises
    ------
    FormatError
        The format is unknown, or has no lines of a length.
    """
    chosen = format or format_of(transcript)
    check_format(chosen, line_length)
    if line_length is not None:
        transcript = replace(transcript, cues=tuple(_readable(transcript.cues, line_length, chosen)))
    return _WRITERS[chosen](transcript)


def _readable(cues: Iterable[Cue], length: int, format: str) -> Iterable[Cue]:
    for cue in cues:
        yield from wrapped(cue, length, len(_prefix(cue)) if format == "srt" else 0)


def write_transcript(
    transcript: Transcript,
    target: str | PathLike[str] | TextIO,
    format: str | None = None,
    *,
    line_length: int | None = None,
) -> None:
    """Write a transcript to a file, whole or not at all, or to an open text stream.

    Parameters
    ----------
    transcript : Transcript
    target : str, path or text stream
    format : str or None
        One of `FORMATS`; None for that of the file's ending, for a stream that of the source.
    line_length : int or None
        See `text_of`.

    Raises
    ------
    FormatError
        The format or the ending is unknown, or the file cannot be written.
    """
    if format is None and isinstance(target, str | PathLike):
        format = Path(target).suffix.lower().removeprefix(".")
        if format not in _WRITERS:
            raise FormatError(
                f"{target}: the known endings of transcripts are {', '.join(f'.{one}' for one in FORMATS)}"
            )
    write_text(target, text_of(transcript, format, line_length))
