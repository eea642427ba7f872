"""Subtitles as transcripts: WebVTT, also with times inside cues, and SubRip (SRT).

References
----------
W3C. WebVTT: The Web Video Text Tracks Format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from itertools import pairwise
from typing import NamedTuple

from diarize.errors import FormatError, quoted
from diarize.formats.names import TEXT
from diarize.formats.subtitles import blocks, is_srt, is_vtt, seconds, times_of
from diarize.transcripts.layout import Content
from diarize.transcripts.scripts import pieces
from diarize.transcripts.timing import LONGEST_WORD, cue_of_text, shared_time
from diarize.transcripts.words import Cue, Word

_STAMP = re.compile(r"<(?:(\d{1,6}):)?([0-5]?\d):([0-5]?\d)[.,](\d{3})>", re.ASCII)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>")
_TAG = re.compile(r"<[\d:.,]+>|</?[A-Za-z][^<>]*>|\{\\[^{}]*\}")  # <i>, <v Anna>, <font color="...">, {\an8}
_KEPT = re.compile(r"(?:[ibus]|ruby|rt|c\.\S+|lang\s.+|font\s.+)$", re.DOTALL)  # tags that say how words look
_PLACE = re.compile(r"\s*(\{\\an?\d{1,2}\})")
_SETTINGS = re.compile(r"-->\s+\S+[ \t]+(\S.*)")


def is_vtt_transcript(content: Content) -> bool:
    """Tell whether a text begins as WebVTT."""
    return is_vtt(content.text)


def is_srt_transcript(content: Content) -> bool:
    """Tell whether a text begins as SubRip."""
    return is_srt(content.text.lstrip())


def read_captions(content: Content) -> dict[str, list[Cue]]:
    """Return the cues without tags; where there are times inside them, words have those.

    Rolling captions, which show the last line again above a new one with times, are each said once.
    """
    cues: list[Cue] = []
    before = ""
    rolling = _STAMP.search(content.text) is not None
    for number, line, rows in blocks(content.text.split("\n"), is_vtt(content.text)):
        try:
            start, end = times_of(line)
        except FormatError as error:
            raise FormatError(f"{content.where}:{number}: {error}") from None
        if rolling:
            last = plain(rows[-1]).strip() if rows else ""
            rows = [row for row in rows if _STAMP.search(row) or plain(row).strip() != before]
            before = last or before
        cue = _cue(_shown("\n".join(rows)), (start, end), len(cues))
        place = _SETTINGS.search(line) or _PLACE.match(rows[0] if rows else "")
        cue = replace(cue, settings=place[1].strip() if place else "")
        if cue.words:
            cues.append(cue)
    if not cues and "-->" not in content.text and not is_vtt(content.text):
        raise FormatError(f"{content.where}: there is no cue in it; it begins {quoted(content.text[:60])}")
    return {"": cues}


class _Shown(NamedTuple):
    """What a cue shows, and by the character how it looks and what time it is."""

    text: str
    marks: list[tuple[str, ...]]
    stamps: list[tuple[int, float]]
    speaker: str | None


def _shown(source: str) -> _Shown:
    """Return the text of a cue without tags, escapes as what they stand for."""
    text, marks, stamps, place = "", list[tuple[str, ...]](), list[tuple[int, float]](), 0
    open_tags: tuple[str, ...] = ()
    for tag in [*_TAG.finditer(source), None]:
        run = unescape(source[place : tag.start() if tag else len(source)])
        text += run
        marks += [open_tags] * len(run)
        if tag is None:
            break
        place = tag.end()
        stamp = _STAMP.fullmatch(tag[0])
        if stamp:
            stamps.append((len(text), seconds(*stamp.groups())))
        open_tags = _after_tag(open_tags, tag[0])
    voices = _VOICE.findall(source)
    speaker = TEXT.decode(unescape(voices[0].strip())) if len(set(voices)) == 1 else None
    return _Shown(text, marks, stamps, speaker)


def _after_tag(open_tags: tuple[str, ...], tag: str) -> tuple[str, ...]:
    """Return the tags that are open behind one; those that say nothing of looks are passed over."""
    name = tag[1:-1]
    if not name.startswith("/"):
        return (*open_tags, name) if _KEPT.match(name) else open_tags
    last = next((k for k in reversed(range(len(open_tags))) if re.split(r"[.\s]", open_tags[k])[0] == name[1:]), None)
    return open_tags if last is None else open_tags[:last] + open_tags[last + 1 :]


def _cue(shown: _Shown, times: tuple[float, float], number: int) -> Cue:
    if not shown.stamps:
        cue = cue_of_text(shown.text, *times, shown.speaker, number)
        first = len(shown.text) - len(shown.text.lstrip())
        return replace(cue, words=_marked(cue.words, shown.marks[first:]))
    words: list[Word] = []
    carried = 0  # the blank before the next word
    edges = [(0, times[0]), *shown.stamps, (len(shown.text), times[1])]
    for (first, start), (last, after) in pairwise(edges):
        said = shown.text[first - carried : last].rstrip()
        texts = pieces(said)
        if texts:
            texts[0] = said[: len(said) - len(said.lstrip())] + texts[0]
            end = min(max(start, after), start + LONGEST_WORD * len(texts))
            spans = shared_time(texts, start, end)
            some = [Word(*span, one, shown.speaker) for span, one in zip(spans, texts, strict=True)]
            words += _marked(some, shown.marks[first - carried :])
        carried = last - (first - carried) - len(said)
    return Cue(times[0], max(times), tuple(words), shown.speaker, number=number)


def _marked(words: Sequence[Word], marks: Sequence[tuple[str, ...]]) -> tuple[Word, ...]:
    """Return words with the marks of their first characters; those of the text that the words make are given."""
    marked, place = [], 0
    for word in words:
        blank = len(word.text) - len(word.text.lstrip())
        marked.append(replace(word, marks=marks[place + blank]))
        place += len(word.text)
    return tuple(marked)


def plain(text: str) -> str:
    """Return text as it is shown: without tags, escapes as what they stand for.

    Examples
    --------
    >>> plain("<v Anna><i>a</i> &lt;b&gt; {\\\\an8}5 < 6")
    'a <b> 5 < 6'
    """
    return unescape(_TAG.sub("", text))
