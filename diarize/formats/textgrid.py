"""TextGrid, the annotation format of Praat: a tier a speaker, intervals with text where they talk.

References
----------
Boersma & Weenink. Praat manual, "TextGrid file formats".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from typing import TextIO

from diarize.annotation import Annotation
from diarize.errors import FormatError, quoted
from diarize.formats.about import About
from diarize.formats.files import Problem, milliseconds, parse_seconds, read_text, write_text
from diarize.formats.names import LABEL, NON_SPEECH, TEXT
from diarize.formats.turns import Entry, Parsed, Row, entry, rows

# what says something, in the long form and in the short one: texts, flags, and numbers that stand alone
_TOKEN = re.compile(
    r'"(?P<text>[^"]*(?:""[^"]*)*)"|(?P<flag><\w+>)|(?P<comment>![^\n]*)|(?<!\S)(?P<number>[-+]?[\d.][\d.eE+-]*)(?!\S)'
)
_NOBODY = "speech"  # the tier of a recording in which nobody talks


def is_textgrid(head: str) -> bool:
    """Tell whether a text is a TextGrid, in the long or the short form."""
    return re.match(r'File type = "ooTextFile[^\n]*\n(Object class = )?"TextGrid"', head) is not None


class _Tokens:
    """The tokens of a file one by one, and the line that the last one is on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self._matches = (match for match in _TOKEN.finditer(text) if match.lastgroup != "comment")

    def take(self, kind: str, what: str) -> str:
        match = next(self._matches, None)
        if match is None:
            self.place = len(self.text)
            raise FormatError(f"the file ends where {what} is expected")
        self.place = match.start()
        if match.lastgroup != kind:
            raise FormatError(f"{what} is expected, got {quoted(match.group())}")
        return match[kind].replace('""', '"')

    @property
    def line(self) -> int:
        return self.text.count("\n", 0, self.place) + 1


def parse_textgrid(path: str | PathLike[str]) -> Parsed:
    """Return what a TextGrid says: an interval with text is a turn of the speaker that its tier is named after.

    Both forms are read, in UTF-8 and UTF-16; intervals whose text is one of `NON_SPEECH`, and tiers of points, say
    nothing of speakers.
    """
    text, problems = read_text(path, utf16=True)
    if text is None:
        return Parsed([], problems)
    entries: list[Entry] = []
    tokens = _Tokens(text.replace("\r\n", "\n").replace("\r", "\n"))
    try:
        duration = _header(tokens)
        for _ in range(_count(tokens)):
            entries.extend(_tier(tokens))
    except FormatError as error:
        return Parsed([], [*problems, Problem(os.fspath(path), tokens.line, str(error), fatal=True)])
    return Parsed(entries, problems, {"": About(duration=duration)})


def _header(tokens: _Tokens) -> float:
    kind, what = tokens.take("text", "the type of the file"), tokens.take("text", "the class of the object")
    if not kind.startswith("ooTextFile") or what != "TextGrid":
        raise FormatError(f"a TextGrid in text form is expected, got {quoted(kind)}, {quoted(what)}")
    _time(tokens, "the start of the file")
    end = _time(tokens, "the end of the file")
    tokens.take("flag", "<exists>")
    return end


def _tier(tokens: _Tokens) -> Iterator[Entry]:
    kind, name = tokens.take("text", "the class of a tier"), tokens.take("text", "the name of a tier")
    if kind not in ("IntervalTier", "TextTier"):
        raise FormatError(f"a tier is an IntervalTier or a TextTier, got {quoted(kind)}")
    _time(tokens, "the start of the tier"), _time(tokens, "the end of the tier")
    for _ in range(_count(tokens)):
        start = _time(tokens, "a start")
        end = _time(tokens, "an end") if kind == "IntervalTier" else start
        line, label = tokens.line, tokens.take("text", "a text").strip()
        if kind == "IntervalTier" and label and label.casefold() not in NON_SPEECH:
            yield entry(line, "", (start, end), TEXT.decode(name))


def _time(tokens: _Tokens, what: str) -> float:
    return parse_seconds(tokens.take("number", what), what)


def _count(tokens: _Tokens) -> int:
    text = tokens.take("number", "a count")
    if not text.isdecimal() or len(text) > 9:
        raise FormatError(f"a count is expected, got {quoted(text)}")
    return int(text)


def write_textgrid(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write one recording in the long form: a tier for each speaker, whoever talks first first."""
    (annotation,) = annotations
    tiers: dict[str, list[Row]] = {}
    for row in rows(annotation):
        tiers.setdefault(row.speaker, []).append(row)
    last = max((row.end for own in tiers.values() for row in own), default=1)
    end = max(round((about[annotation.uri].duration or 0) * 1000), last)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {milliseconds(end)}"]
    lines += ["tiers? <exists>", f"size = {len(tiers) or 1}", "item []:"]
    for number, (speaker, own) in enumerate(tiers.items() if tiers else [(_NOBODY, [])], 1):
        lines += [f"    item [{number}]:", *(f"        {line}" for line in _tier_lines(speaker, own, end))]
    write_text(target, "".join(f"{line}\n" for line in lines))


def _tier_lines(speaker: str, own: list[Row], end: int) -> Iterator[str]:
    intervals, done = [], 0
    for row in own:
        intervals += [(done, row.start, "")] * (row.start > done)
        intervals.append((row.start, row.end, LABEL.encode(speaker)))
        done = row.end
    intervals += [(done, end, "")] * (end > done)
    yield 'class = "IntervalTier"'
    yield f"name = {_quoted(TEXT.encode(speaker))}"
    yield "xmin = 0"
    yield f"xmax = {milliseconds(end)}"
    yield f"intervals: size = {len(intervals)}"
    for number, (start, stop, text) in enumerate(intervals, 1):
        yield f"intervals [{number}]:"
        yield f"    xmin = {milliseconds(start)}"
        yield f"    xmax = {milliseconds(stop)}"
        yield f"    text = {_quoted(text)}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
