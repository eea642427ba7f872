"""The table of layouts: how each is told, read, and given speakers.

A new layout is one file beside this one and one row in `LAYOUTS`.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from diarize.errors import FormatError, quoted
from diarize.formats import jsontext
from diarize.formats.files import one_of
from diarize.formats.registry import stem_of
from diarize.transcripts.assemblyai import is_assemblyai, read_assemblyai
from diarize.transcripts.aws import fill_aws, is_aws, read_aws
from diarize.transcripts.azure import is_azure, read_azure
from diarize.transcripts.captions import is_srt_transcript, is_vtt_transcript, read_captions
from diarize.transcripts.deepgram import fill_deepgram, is_deepgram, read_deepgram
from diarize.transcripts.google import is_google, read_google
from diarize.transcripts.layout import Content, Layout
from diarize.transcripts.marked import is_ctm_transcript, is_stm_transcript, read_ctm_transcript, read_stm_transcript
from diarize.transcripts.revai import is_revai, read_revai
from diarize.transcripts.tables import is_table, read_table
from diarize.transcripts.vosk import is_vosk, read_vosk
from diarize.transcripts.whisper import fill_whisper, is_whisper, read_whisper
from diarize.transcripts.whispercpp import fill_whispercpp, is_whispercpp, read_whispercpp
from diarize.transcripts.words import Cue, Source, Transcript
from diarize.transcripts.youtube import is_youtube, read_youtube

LAYOUTS = (
    Layout(
        name="whisper",
        of="JSON of whisper, OpenAI's API, faster-whisper and whisperX",
        recognise=is_whisper,
        read=read_whisper,
        fill=fill_whisper,
    ),
    Layout(
        name="whisper.cpp",
        of="JSON of whisper.cpp",
        recognise=is_whispercpp,
        read=read_whispercpp,
        fill=fill_whispercpp,
    ),
    Layout(name="aws", of="JSON of Amazon Transcribe", recognise=is_aws, read=read_aws, fill=fill_aws),
    Layout(name="deepgram", of="JSON of Deepgram", recognise=is_deepgram, read=read_deepgram, fill=fill_deepgram),
    Layout(name="assemblyai", of="JSON of AssemblyAI", recognise=is_assemblyai, read=read_assemblyai),
    Layout(name="google", of="JSON of Google Speech-to-Text", recognise=is_google, read=read_google),
    Layout(name="azure", of="JSON of Azure Speech", recognise=is_azure, read=read_azure),
    Layout(name="revai", of="JSON of Rev.ai", recognise=is_revai, read=read_revai),
    Layout(name="vosk", of="JSON of Vosk", recognise=is_vosk, read=read_vosk),
    Layout(name="youtube", of="json3 of YouTube", recognise=is_youtube, read=read_youtube),
    Layout(name="vtt", of="WebVTT", recognise=is_vtt_transcript, read=read_captions),
    Layout(name="srt", of="SRT", recognise=is_srt_transcript, read=read_captions),
    Layout(name="ctm", of="CTM", recognise=is_ctm_transcript, read=read_ctm_transcript),
    Layout(name="stm", of="STM", recognise=is_stm_transcript, read=read_stm_transcript),
    Layout(name="table", of="TSV or CSV with the columns start, end and text", recognise=is_table, read=read_table),
)


_BEGINNING = re.compile(r"\S")
_OF_ENDING = {".srt": "srt", ".ctm": "ctm", ".stm": "stm"}  # whose files are empty where nothing was said


def layout_of(name: str) -> Layout | None:
    """Return the layout of a name, None where there is none."""
    return next((layout for layout in LAYOUTS if layout.name == name), None)


def read_transcript(path: str | PathLike[str], *, uri: str | None = None) -> Transcript:
    """Read a transcript in any layout of the table; which one is seen from the content.

    Parameters
    ----------
    path : str or path
        A text file.
    uri : str or None
        Which recording, where the file holds several; and the id of one that the file does not name. None for the only
        one, named after the file.

    Returns
    -------
    Transcript
        Cues by start.

    Raises
    ------
    FormatError
        The file cannot be read, is in no layout that is known, lacks times, or holds several recordings and `uri` is
        None.
    """
    where = os.fspath(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise FormatError(f"{where}: cannot read the file: {error.strerror or error}") from None
    return parse_transcript(data, where, uri=uri, unnamed=stem_of(path))


def parse_transcript(data: bytes, where: str, *, uri: str | None = None, unnamed: str = "") -> Transcript:
    """Return the transcript that the bytes of a file hold; see `read_transcript`. `where` is what messages call it."""
    content = _content(data, where)
    empty = _OF_ENDING.get(Path(where).suffix.lower())
    if empty and not content.text.strip():
        return Transcript((), uri or unnamed, Source(empty))
    for layout in LAYOUTS:
        if layout.recognise(content):
            recordings = {name or uri or unnamed: cues for name, cues in layout.read(content).items()}
            if not recordings:
                raise FormatError(f"{where}: there are no words in it")
            name = next(iter(recordings)) if uri is None and len(recordings) == 1 else uri
            cues = one_of(recordings, where, name)
            ordered = sorted(map(_writable, cues), key=lambda cue: (cue.start, cue.end))
            return Transcript(tuple(ordered), str(name), Source(layout.name, content.document))
    if isinstance(content.document, dict) and isinstance(content.document.get("text"), str):
        raise FormatError(
            f"{where}: it has a text but no times; ask the recogniser for words with times (of OpenAI's API: "
            "response_format verbose_json, timestamp_granularities word and segment)"
        )
    known = ", ".join(layout.of for layout in LAYOUTS)
    raise FormatError(f"{where}: no transcript that is known ({known}); it begins {quoted(content.text.strip()[:60])}")


def _writable(cue: Cue) -> Cue:
    """Return a cue without halves of characters, which JSON can hold and text in UTF-8 cannot."""
    if all(word.text.isascii() for word in cue.words):
        return cue
    texts = (word.text.encode("utf-8", "replace").decode("utf-8") for word in cue.words)
    return replace(cue, words=tuple(replace(word, text=text) for word, text in zip(cue.words, texts, strict=True)))


def _content(data: bytes, where: str) -> Content:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # as Windows saves text
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    try:
        # tokens of whisper.cpp may hold half a character, which no text in UTF-8 does
        text = data.decode("utf-16" if wide else "utf-8-sig", "surrogateescape" if start in (b"{", b"[") else "strict")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError(f"{where}:{line}: not text in UTF-8; save the file in that encoding") from None
    if "\0" in text:
        raise FormatError(f"{where}: not a text file")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Content(where, text, _document(text, where) if text.lstrip()[:1] in ("{", "[") else None)


def _document(text: str, where: str) -> Any:
    try:
        return jsontext.loads(text)
    except jsontext.SyntaxFault as error:
        values = _several(text)
        if len(values) > 1:
            return values
        raise FormatError(f"{where}:{error.line}: {error}" if error.line else f"{where}: {error}") from None


def _several(text: str) -> list[Any]:
    """Return the values that stand one after another, as Vosk prints them; nothing where that is not all."""
    decoder, values, place = json.JSONDecoder(), list[Any](), 0
    try:
        while match := _BEGINNING.search(text, place):
            value, place = decoder.raw_decode(text, match.start())
            values.append(value)
    except (ValueError, RecursionError):
        return []
    return values
