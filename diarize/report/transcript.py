"""Words with times, read from subtitles: what was said, for a page to show beside who said it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

from diarize.errors import FormatError, quoted

_ARROW = "-->"
_TIME = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_TAG = re.compile(r"</?[A-Za-z][^>]*>|<[\d:.]+>")


@dataclass(frozen=True, slots=True)
class Caption:
    """Some words and when they were said.

    Parameters
    ----------
    start, end : float, seconds
    text : str
    speaker : str or None
        Who says it, where the file names somebody.
    """

    start: float
    end: float
    text: str
    speaker: str | None = None


def read_captions(path: str | PathLike[str]) -> list[Caption]:
    """Read a SubRip (.srt) or WebVTT (.vtt) file, sorted by time.

    Raises
    ------
    FormatError
        The file cannot be read, a time is none, or there is no caption at all.
    """
    where = fspath(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FormatError(f"{where}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{where}: not UTF-8 text; save it as UTF-8") from error
    captions = sorted(_captions(text.splitlines(), where), key=lambda caption: (caption.start, caption.end))
    if not captions and text.strip() not in ("", "WEBVTT"):
        raise FormatError(f"{where}: no line with '{_ARROW}'; a transcript is a SubRip (.srt) or WebVTT (.vtt) file")
    return captions


def _captions(lines: list[str], where: str) -> Iterator[Caption]:
    for number, line in enumerate(lines):
        if _ARROW not in line:
            continue
        start, _, rest = line.partition(_ARROW)
        times = [_seconds(word.strip(), where, number + 1) for word in (start, (rest.split() or [""])[0])]
        if times[1] <= times[0]:
            raise FormatError(f"{where}:{number + 1}: the end must lie after the start, got {quoted(line.strip())}")
        words = []
        for following in lines[number + 1 :]:
            if not following.strip():
                break
            words.append(following.strip())
        yield _caption(times[0], times[1], " ".join(words))


def _caption(start: float, end: float, text: str) -> Caption:
    voice = _VOICE.search(text)
    plain = html.unescape(_TAG.sub("", text)).strip()
    return Caption(start, end, plain, html.unescape(voice.group(1)).strip() or None if voice else None)


def _seconds(text: str, where: str, number: int) -> float:
    match = _TIME.fullmatch(text)
    if match is None:
        raise FormatError(f"{where}:{number}: a time is written 00:01:02,345 or 01:02.345, got {quoted(text)}")
    hours, minutes, seconds, fraction = match.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000
