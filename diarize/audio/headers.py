"""What the headers of a sound file say: whether it is one, how long it should be, whether it was cut short."""

from __future__ import annotations

import os
import re
from typing import Any, BinaryIO

import soundfile

from diarize.audio.parts import tag_length
from diarize.audio.quiet import quiet_decoder
from diarize.audio.readers import Undecodable
from diarize.errors import AudioError

FAILURES = (soundfile.SoundFileError, RuntimeError, TypeError, ValueError)
"""What soundfile raises for files that it cannot decode; TypeError for a .raw one, which has no header."""

_UNKNOWN_LENGTH = 1 << 62

_HUGE = 0x7FFFF000  # bytes; recorders that write to a pipe put such a size
_SIZES = re.compile(r"\s*(?:RIFF|RIFX|riff|Riff size|FORM|SSND|BODY|data|Data Size) *: (\d+) \(should be (\d+)\)")


class _Decoder(soundfile.SoundFile):  # type: ignore[misc]
    """A decoder that reads from the start to the end.

    soundfile seeks to the place it is at after each read of a file that can seek. Some codecs cannot do that though
    they say they could, others do it wrongly at the end of a stream of unknown length.
    """

    def seekable(self) -> bool:
        return False


def decoder(file: BinaryIO, direct: bool) -> Any:
    """Return a soundfile.SoundFile.

    With `direct`, for an unbuffered file, libsndfile reads by the descriptor. Otherwise it calls back into Python, and
    an interrupt that falls into such a call gets lost.
    """
    with quiet_decoder():
        if direct and os.name == "posix":  # elsewhere a descriptor may mean nothing to another C library
            return _Decoder(file.fileno(), closefd=False)
        return _Decoder(file)


def first_bytes(name: str, file: BinaryIO) -> bytes:
    """Return the start of a file, which stays where it is; AudioError says if it is text or empty."""
    start = file.tell()
    head = file.read(16)
    file.seek(start)
    if not isinstance(head, bytes):
        raise AudioError(f"{name}: the file object gives text; open it in binary mode")
    if not head:
        raise AudioError(f"{name} is empty; check how it was recorded or copied")
    return head


def open_sound(name: str, file: BinaryIO, direct: bool) -> Any:
    """Return the decoder of a file; Undecodable where it is none that libsndfile knows."""
    first_bytes(name, file)
    try:
        return decoder(file, direct)
    except FAILURES as error:
        raise Undecodable(
            f"{name}: is not a sound file that can be read (WAV, FLAC, MP3, Ogg, Opus, AIFF, ...), or it is damaged; "
            "if other programs play it, convert it, for instance with: ffmpeg -i INPUT output.wav"
        ) from error


def promised_samples(sound: Any, file: BinaryIO) -> int:
    """Return how many samples there should be, 0 where that does not stand in the file."""
    guessed = sound.subtype.startswith("MPEG") and not (sound.format == "MP3" and _has_count(file))
    if sound.frames >= _UNKNOWN_LENGTH or guessed:
        return 0
    return int(sound.frames)


def is_endless(sound: Any) -> bool:
    """Tell whether the header says that the length was not known: a stream that was written to a pipe."""
    if sound.format == "FLAC":
        return bool(sound.frames >= _UNKNOWN_LENGTH)
    counts = [line for line in sound.extra_info.splitlines() if "data" in line.lower()]
    return any(int(size[1]) >= _HUGE for size in map(_SIZES.match, counts) if size)


def _has_count(file: BinaryIO) -> bool:
    """Tell whether the number of frames stands in an MP3; without it libsndfile makes a guess."""
    position = file.tell()
    file.seek(0)
    head = file.read(10)
    file.seek(10 + tag_length(head) if head.startswith(b"ID3") else 0)
    frame = file.read(256)
    file.seek(position)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))


def cut_short(log: str) -> bool:
    """Tell from libsndfile's log whether a header promised more bytes than the file has."""
    for line in log.splitlines():
        if any(sign in line.lower() for sign in ("truncated file", "end-of-stream", "junk after the last page")):
            return True
        if sizes := _SIZES.match(line):
            promised, present = int(sizes[1]), int(sizes[2])
            if promised < _HUGE and promised - present > 64:  # some headers are a few bytes off
                return True
    return False
