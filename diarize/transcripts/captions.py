"""Subtitles as transcripts: WebVTT, also with times inside cues, and SubRip (SRT).

References
----------
W3C. WebVTT: The Web Video Text Tracks Format.
"""

from __future__ import annotations

import re
from html import unescape

from diarize.errors import FormatError, quoted
from diarize.formats.names import TEXT
from diarize.formats.subtitles import blocks, is_srt, is_vtt, seconds, times_of
from diarize.transcripts.layout import Content
from diarize.transcripts.scripts import pieces
from diarize.transcripts.timing import cue_of_text, shared_time
from diarize.transcripts.words import Cue, Word

_STAMP = re.compile(r"<(?:(\d{1,6}):)?([0-5]?\d):([0-5]?\d)[.,](\d{3})>", re.ASCII)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>")
_TAG = re.compile(r"<[\d:.,]+>|</?[A-Za-z][^<>]*>|\{\\[^{}]*\}")  # <i>, <v Anna>, <font color="...">, {\an8}


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
        cue = _cue("\n".join(rows), (start, end), len(cues))
        if cue.words:
            cues.append(cue)
    if not cues and "-->" not in content.text and not is_vtt(content.text):
        raise FormatError(f"{content.where}: there is no cue in it; it begins {quoted(content.text[:60])}")
    return {"": cues}


def _cue(text: str, times: tuple[float, float], number: int) -> Cue:
    voices = _VOICE.findall(text)
    speaker = TEXT.decode(unescape(voices[0].strip())) if len(set(voices)) == 1 else None
    if _STAMP.search(text) is None:
        return cue_of_text(plain(text), *times, speaker, number)
    words: list[Word] = []
    parts, start, carried = _STAMP.split(text), times[0], ""
    for k in range(0, len(parts), 5):  # text, then the four groups of a stamp
        end = max(start, seconds(*parts[k + 1 : k + 5]) if k + 4 < len(parts) else times[1])
        shown = carried + plain(parts[k])
        said = shown.rstrip()
        carried = shown[len(said) :]  # the blank before the next word
        texts = pieces(said)
        if texts:
            texts[0] = said[: len(said) - len(said.lstrip())] + texts[0]
            words += [
                Word(*span, one, speaker) for span, one in zip(shared_time(texts, start, end), texts, strict=True)
            ]
        start = end
    return Cue(times[0], max(times), tuple(words), speaker, number=number)


def plain(text: str) -> str:
    """Return text as it is shown: without tags, escapes as what they stand for.

    Examples
    --------
    >>> plain("<v Anna><i>a</i> &lt;b&gt; {\\\\an8}5 < 6")
    'a <b> 5 < 6'
    """
    return unescape(_TAG.sub("", text))
