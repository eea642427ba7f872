"""Which decoder reads a file: soundfile what it knows, PyAV or ffmpeg, where they are installed, the rest."""

from __future__ import annotations

from typing import BinaryIO

from diarize.audio.boxes import check_boxes
from diarize.audio.containers import HEAD, kind_of
from diarize.audio.decoding import FileReader
from diarize.audio.ffmpeg import FfmpegReader, ffmpeg
from diarize.audio.headers import first_bytes
from diarize.audio.libav import LibavReader, pyav
from diarize.audio.ogg import loses_pages
from diarize.audio.parts import behind_tags, bytes_at, copied
from diarize.audio.readers import Reader, Undecodable
from diarize.errors import AudioError

_INSTALL = 'install PyAV (pip install "gmm-diarize[media]") or the program ffmpeg'


def from_file(name: str, file: BinaryIO, owned: bool, track: int | None = None) -> Reader:
    """Return a reader of a binary file, of a copy of it where it cannot seek.

    Parameters
    ----------
    name : str
        For messages.
    file : binary file
    owned : bool
        Whether it is closed with the reader, also where none can be made; it is not buffered then.
    track : int, optional
        Counted from 1; the one that players choose without it.

    Raises
    ------
    AudioError
        It holds no sound that can be read, or no such track.
    """
    try:
        if not file.seekable():  # a pipe: decoders must seek
            copy = copied(file, name)
            if owned:
                file.close()
            file, owned = copy, True
        return _reader(name, file, owned, track)
    except BaseException:
        if owned:
            file.close()
        raise


def _reader(name: str, file: BinaryIO, owned: bool, track: int | None) -> Reader:
    place = file.tell()
    first_bytes(name, file)
    head = bytes_at(file, behind_tags(file), HEAD)
    kind = kind_of(head)
    refusals: list[str] = []
    decoders = [_sound, _media]
    is_ogg = head.startswith(b"OggS") and (pyav() or ffmpeg())
    if kind or (is_ogg and (track or loses_pages(file))):  # it may hold several tracks; soundfile fills no gaps
        decoders.reverse()
    for decoder in decoders:
        file.seek(place)
        try:
            return decoder(name, file, owned, track)
        except Undecodable as error:
            refusals.append(str(error))
    if kind:
        raise AudioError(f"{name}: is {kind}: {refusals[0].removeprefix(f'{name}: ')}")
    raise AudioError(refusals[0] if pyav() or ffmpeg() else f"{refusals[0]}; or {_INSTALL}")


def _sound(name: str, file: BinaryIO, owned: bool, track: int | None) -> Reader:
    reader = FileReader(name, file, owned)
    if track not in (None, 1):
        raise AudioError(f"{name}: there is no track {track}; it has one")
    return reader


def _media(name: str, file: BinaryIO, owned: bool, track: int | None) -> Reader:
    """Return a reader by PyAV or else ffmpeg."""
    program = ffmpeg()
    if pyav() or program:
        check_boxes(name, file)
    if pyav():
        try:
            return LibavReader(name, file, owned, track)
        except Undecodable:
            if not program:
                raise
    if program:
        file.seek(0)
        source = file if owned else copied(file, name)
        try:
            return FfmpegReader(name, source, track, program)
        except BaseException:
            if not owned:
                source.close()
            raise
    raise Undecodable(f"to read it, {_INSTALL}")
