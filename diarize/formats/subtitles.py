"""Subtitles, WebVTT and SubRip (SRT): a cue a turn, which shows who speaks.

References
----------
W3C. WebVTT: The Web Video Text Tracks Format.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from html import escape, unescape
from os import PathLike
from typing import TextIO

from diarize.annotation import Annotation
from diarize.errors import FormatError, quoted
from diarize.formats.about import About
from diarize.formats.files import Problem, read_text, write_text
from diarize.formats.names import TEXT
from diarize.formats.parsing import parsed_lines
from diarize.formats.turns import Entry, Parsed, entry, rows

_STAMP = r"(?:(\d+):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_STAMP}\s+-->\s+{_STAMP}(?:\s|$)", re.ASCII)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>")
_NAMED = re.compile(r"\[([^\]]+)\]:?\s|(\S.{0,99}?):\s")  # "[anna] hello", "anna: hello"
_NOBODY = "speech"  # who talks where a cue names nobody


def is_vtt(head: str) -> bool:
    """Tell whether a text begins as WebVTT."""
    return re.match(r"WEBVTT(?:\s|$)", head) is not None


def is_srt(head: str) -> bool:
    """Tell whether the first line is a number and the second one has the times of a cue."""
    number, _, rest = head.partition("\n")
    return number.strip().isdecimal() and _TIMES.match(rest) is not None


def parse_vtt(path: str | PathLike[str]) -> Parsed:
    """Return what WebVTT says of speakers: voices `<v NAME>`, else what stands before a colon or in brackets."""
    return _parse(path, escaped=True)


def parse_srt(path: str | PathLike[str]) -> Parsed:
    """Return what SubRip says of speakers: what stands before a colon or in brackets; "speech" where nothing does."""
    return _parse(path, escaped=False)


def _parse(path: str | PathLike[str], escaped: bool) -> Parsed:
    where = os.fspath(path)
    text, problems = read_text(path)
    if text is None:
        return Parsed([], problems)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if escaped and lines[0] and not is_vtt(lines[0]):
        return Parsed([], [*problems, Problem(where, 1, "the first line of WebVTT is WEBVTT", fatal=True)])

    def read(number: int, cue: tuple[str, list[str]]) -> list[Entry]:
        times = times_of(cue[0])
        return [entry(number, "", times, name) for name in _speakers(cue[1], escaped)]

    cues = ((number, (line, words)) for number, line, words in blocks(lines, escaped))
    parsed = parsed_lines(path, cues, problems, read, about={"": About()})
    if not parsed.entries and not parsed.problems and not escaped and text.strip():
        return replace(parsed, problems=[Problem(where, 1, "there is no cue in it", fatal=True)])
    return parsed


def blocks(lines: list[str], strict: bool) -> Iterator[tuple[int, str, list[str]]]:
    """Give number and text of each line with an arrow that begins a cue, and the lines under it up to a blank one.

    In WebVTT, which is strict, a line of blanks does not end a cue, but the times of the next one do; in SRT of some
    programs a line of blanks does.
    """
    place = 0
    while place < len(lines):
        number, line = place + 1, lines[place]
        place += 1
        if line.startswith("NOTE"):
            while place < len(lines) and lines[place].strip():
                place += 1
        elif "-->" in line:
            first = place
            while place < len(lines) and _goes_on(lines, place, strict):
                place += 1
            yield number, line, lines[first:place]


def _goes_on(lines: list[str], place: int, strict: bool) -> bool:
    line = lines[place]
    return bool(line) and _TIMES.match(line) is None if strict else bool(line.strip())


def times_of(line: str) -> tuple[float, float]:
    """Return start and end of a cue, seconds; FormatError without file and line where they are none."""
    match = _TIMES.match(line)
    if match is None or any(len(group or "") > 6 for group in match.groups()):
        raise FormatError(f"a cue has two times such as 00:01:02.500 --> 00:01:04.000, got {quoted(line)}")
    return seconds(*match.groups()[:4]), seconds(*match.groups()[4:])


def seconds(hours: str | None, minutes: str, whole: str, fraction: str) -> float:
    """Return a time of which a cue has the parts."""
    return round(3600 * int(hours or 0) + 60 * int(minutes) + int(whole) + int(fraction.ljust(3, "0")) / 1000, 3)


def _speakers(words: list[str], escaped: bool) -> list[str]:
    """Return who speaks in a cue: several where several voices are marked."""
    voices = [name for line in words for name in _VOICE.findall(line)] if escaped else []
    if voices:
        return [TEXT.decode(unescape(name.strip())) for name in voices]
    first = words[0].strip() if words else ""
    first = unescape(first) if escaped else first
    if len(words) == 1 and len(first) > 1 and first.endswith(":"):
        return [TEXT.decode(first[:-1])]
    match = _NAMED.match(f"{first} ")
    return [TEXT.decode((match[1] or match[2]).strip()) or _NOBODY] if match else [_NOBODY]


def write_vtt(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write one recording: each cue is in the voice of the speaker and shows the name."""
    (annotation,) = annotations
    cues = ["WEBVTT\n"]
    for row in rows(annotation):
        name = escape(TEXT.encode(row.speaker), quote=False)
        cues.append(f"{stamp(row.start, '.')} --> {stamp(row.end, '.')}\n<v {name}>{name}\n")
    write_text(target, "\n".join(cues))


def write_srt(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write one recording: each cue is the name of the speaker and a colon, ready for the words to follow."""
    (annotation,) = annotations
    cues = [
        f"{number}\n{stamp(row.start, ',')} --> {stamp(row.end, ',')}\n{TEXT.encode(row.speaker)}:\n"
        for number, row in enumerate(rows(annotation), 1)
    ]
    write_text(target, "\n".join(cues))


def stamp(time: int, point: str) -> str:
    """Return milliseconds as a cue writes them; the point is "." in WebVTT, "," in SRT."""
    return f"{time // 3600000:02}:{time // 60000 % 60:02}:{time // 1000 % 60:02}{point}{time % 1000:03}"
