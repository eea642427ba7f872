"""A page written: the built template, filled with a recording and its document."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from diarize.annotation import Annotation
from diarize.audio import AudioInput, Excerpt, audio_uri
from diarize.errors import ConfigError, DiarizeWarning, FormatError, counted, quoted
from diarize.formats.files import atomic_file
from diarize.hints import Hints
from diarize.progress import Progress, watched
from diarize.report.document import document
from diarize.report.soundscape import COLUMN_OFFSET, PEAK_RATE, TILE_COLUMNS, Soundscape, listen
from diarize.transcripts.words import Cue

SoundChoice = Literal["auto", "embed", "link", "none"]

EMBEDDED_SECONDS = 5400.0  # of sound that a page holds unless it is asked for more: 36 MB
_PIECE = 3 << 20  # bytes of sound in one element of the page; whole groups of three, for base64
_PLACE = re.compile(rb"\{\{(\w+)\}\}")
# blob: a file that the user chooses; a linked sound is read in parts where the page comes from a server
_SOURCES = {
    "embed": "media-src blob:",
    "link": "media-src blob: 'self' file:; connect-src 'self'",
    "none": "media-src blob:",
    "server": "media-src blob: 'self'; connect-src 'self'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """What a page is to hold beside sound and turns.

    Parameters
    ----------
    reference : Annotation or None
        The truth; where the turns differ from it is coloured as missed, false alarm or confusion.
    transcript : iterable of Cue
        What was said, such as the cues of a `diarize.transcripts.read_transcript`.
    sound : {'auto', 'embed', 'link', 'none'}
        Whether the page holds the sound, names the file, or is silent; "auto" embeds up to an hour and a half.
    title : str or None
        Of the page; the name of the recording without it.
    channel : int or None
        The channel that the turns are about, counted from 1.
    hints : Hints
        What a person fixed: marked as checked.
    """

    reference: Annotation | None = None
    transcript: Iterable[Cue] = ()
    sound: SoundChoice = "auto"
    title: str | None = None
    channel: int | None = None
    hints: Hints = field(default_factory=Hints)


def write_report(
    audio: AudioInput,
    annotation: Annotation,
    target: str | os.PathLike[str],
    options: PageOptions | None = None,
    progress: Progress | None = None,
) -> None:
    """Write the page of a recording.

    Parameters
    ----------
    audio : path, binary file object, or tuple of samples and sample rate
    annotation : Annotation
        Who speaks when. Turns beyond the end of the sound are kept, with a warning.
    target : str or path
        The HTML file; it appears whole or not at all.
    options : PageOptions or None
    progress : callable or None
        Takes the stage, "page", and the share that is done, of the time up to the end of the last turn; False ends it.

    Raises
    ------
    AudioError
        The recording cannot be read.
    Cancelled
        By the call-back.
    ConfigError
        The sound is to be linked, and is no file that a page can name; or the recording is an excerpt in time.
    FormatError
        The file cannot be written.
    """
    wanted = options or PageOptions()
    if isinstance(audio, Excerpt) and (audio.start or audio.end is not None):
        raise ConfigError("a page shows a whole recording; turns of an excerpt have their places in it")
    longest = {"embed": float("inf"), "auto": EMBEDDED_SECONDS}.get(wanted.sound, 0.0)
    link = _link(audio, Path(target), wanted.sound)
    with watched(progress) as report:
        end = max((turn.end for turn in annotation), default=float("inf"))
        scape = listen(audio, wanted.channel, longest, lambda seconds: report("page", min(seconds / end, 1.0)))
    kind = wanted.sound if wanted.sound != "auto" else "embed" if scape.sound or link is None else "link"
    if kind == "embed" and scape.sound is None:
        kind = "none"
    _warn_beyond(annotation, scape.duration)
    source = audio.audio if isinstance(audio, Excerpt) else audio
    name = Path(source).name if isinstance(source, str | os.PathLike) else audio_uri(source)
    content = document(
        annotation,
        reference=wanted.reference,
        transcript=wanted.transcript,
        hints=wanted.hints,
        recording={
            "name": name,
            "duration": scape.duration,
            "sampleRate": scape.sample_rate,
            "channel": wanted.channel,
            "title": wanted.title or name,
            "sound": {"kind": kind, "link": link if kind == "link" else None},
        },
    )
    try:
        with atomic_file(target) as file:
            for piece in pieces(content, scape, kind):
                file.write(piece)
    finally:
        if scape.sound is not None:
            scape.sound.close()


def _link(audio: AudioInput, target: Path, sound: SoundChoice) -> str | None:
    """Return the address of a sound file as seen from the page, None where it has none."""
    if sound not in ("auto", "link"):
        return None
    if isinstance(audio, str | os.PathLike) and Path(audio).is_file():
        try:
            path = os.path.relpath(Path(audio).resolve(), target.resolve().parent)
        except ValueError:  # another drive
            path = ""
        if path:
            return quote(Path(path).as_posix(), errors="surrogateescape")
    if sound == "link":
        raise ConfigError("only a sound file on the same drive can be linked; embed the sound instead")
    return None


def _warn_beyond(annotation: Annotation, duration: float) -> None:
    beyond = [turn for turn in annotation if turn.end > duration + 0.5]
    if beyond:
        last = max(turn.end for turn in beyond)
        warnings.warn(
            f"{counted(len(beyond), 'turn ends', 'turns end')} after the sound, which has {duration:.3f} s; the last "
            f"ends at {last:.3f} s; the page keeps them; do turns and sound belong together?",
            DiarizeWarning,
            stacklevel=3,
        )


def pieces(content: dict[str, Any], scape: Soundscape, kind: str) -> Iterator[bytes]:
    """Give a page in pieces.

    Parameters
    ----------
    content : dict
        Its document.
    scape : Soundscape
    kind : {'embed', 'link', 'none', 'server'}
        Where the sound is, and with it what the page may reach: "server" is where the page itself comes from.
    """
    template = resources.files("diarize.report").joinpath("page.html").read_bytes()
    parts = _PLACE.split(template)
    for place, text in enumerate(parts):
        if place % 2 == 0:
            yield text
        elif text == b"title":
            yield html.escape(content["recording"]["title"]).encode("utf-8", "replace")
        elif text == b"sources":
            yield _SOURCES[kind].encode()
        elif text == b"document":
            yield _json(content)
        elif text == b"picture":
            yield _json(_picture(scape))
        elif text == b"sound":
            yield from _sound(scape) if kind == "embed" else ()
        else:
            raise FormatError(f"the page's template has an unknown place {quoted(text.decode())}; build it again")


def _picture(scape: Soundscape) -> dict[str, Any]:
    return {
        "peakRate": PEAK_RATE,
        "peaks": base64.b64encode(scape.peaks.tobytes()).decode(),
        "columnSeconds": scape.column_seconds,
        "columnOffset": COLUMN_OFFSET,
        "tileColumns": TILE_COLUMNS,
        "edges": scape.edges,
        "white": scape.white,
        "tiles": [base64.b64encode(tile).decode() for tile in scape.tiles],
    }


def _sound(scape: Soundscape) -> Iterator[bytes]:
    if scape.sound is None:
        return
    scape.sound.seek(0)
    while piece := scape.sound.read(_PIECE):
        yield b'<script type="text/plain" class="sound">' + base64.b64encode(piece) + b"</script>\n"


def _json(value: object) -> bytes:
    """Return JSON that is safe inside a script element: nothing in it can end the element or begin a comment."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").encode("ascii")
