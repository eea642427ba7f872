"""What the program ffmpeg says of a file before it decodes it: its tracks, and when the sound of one begins."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from diarize.audio.complaints import track_in_words
from diarize.audio.delays import silent_packets, usual_delay
from diarize.audio.timeline import LEAD

INPUT = "file:/dev/stdin"  # which it can seek in, other than in what it calls a pipe
ALONE = ("-protocol_whitelist", "file")  # what is in a file must not make it fetch others

_KINDS = re.compile(r"^Input #0, (\S+), from", re.MULTILINE)
_STREAM = re.compile(r"^ *Stream #0:\d+(?:\[\w+\])?(?:\((\w+)\))?: (\w+): (.*)", re.MULTILINE)
_WRITER = re.compile(r"^ {4}encoder +: (.*)", re.MULTILINE | re.IGNORECASE)
_START = re.compile(r"^  Duration: .*, start: (-?[\d.]+)", re.MULTILINE)
_DURATION = re.compile(r"^  Duration: (\d+):(\d+):([\d.]+)", re.MULTILINE)
_RATE = re.compile(r", (\d+) Hz")
_TICK = re.compile(r"^#tb 0: (\d+/\d+)", re.MULTILINE)
_PACKET = re.compile(r"^0, *-?\d+, *(-?\d+),(.*)", re.MULTILINE)
_HARDLY = 1e-6  # s; without any shift ffmpeg lets a broadcast begin with the track that is read
_SKIPS = re.compile(r"S=\d+.*, +10\b")  # ten bytes at the side of a packet say how much of it is no sound


@dataclass(frozen=True, slots=True)
class Probe:
    """What is known of a file and of one of its tracks.

    Parameters
    ----------
    kinds : set of str
        Names of the container.
    duration : float or None
        Seconds, of the whole, from where it begins.
    streams : list of (str, str)
        Kind of each, "Audio" or another, and what is known of it.
    shift : float
        Seconds to add to the times that ffmpeg gives the track, so that it begins where the recording does.
    n_primed : int
        Samples at its start that are no sound.
    complaint : str
        The last that ffmpeg said.
    """

    kinds: frozenset[str]
    duration: float | None
    streams: list[tuple[str, str]]
    shift: float
    n_primed: int
    complaint: str

    @property
    def tracks(self) -> list[str]:
        """What is known of each track with sound."""
        return [track_in_words(about) for kind, about in self.streams if kind == "Audio"]


def probe(program: str, file: BinaryIO, track: int) -> Probe:
    """Return what a file is, as ffmpeg sees it, and one of its tracks, counted from 1."""
    file.seek(0)
    command = [
        program, "-nostdin", "-hide_banner", *ALONE, "-copyts", "-i", INPUT,
        "-map", f"0:a:{track - 1}", "-c", "copy", "-frames:a", "2", "-f", "framecrc", "-",
    ]  # fmt: skip
    done = subprocess.run(command, stdin=file, capture_output=True, check=False)
    said = done.stderr.decode(errors="replace")
    about = said.partition("\nOutput #0")[0]
    kinds = frozenset(names[1].split(",")) if (names := _KINDS.search(about)) else frozenset()
    streams = [(kind, ", ".join(filter(None, [what, language]))) for language, kind, what in _STREAM.findall(about)]
    shift, n_primed = _start(about, done.stdout.decode(errors="replace"), streams, track)
    complaint = said.strip().rpartition("\n")[2] if streams or not kinds else "it holds no track at all"
    return Probe(kinds, _duration(about), streams, shift, n_primed, complaint)


def _duration(about: str) -> float | None:
    found = _DURATION.search(about)
    if not found:
        return None
    seconds = 3600 * int(found[1]) + 60 * int(found[2]) + float(found[3])
    start = float(begin[1]) if (begin := _START.search(about)) else 0.0
    return seconds - start if 0 < start < seconds else seconds  # which is counted from zero in most containers


def _start(about: str, packets: str, streams: list[tuple[str, str]], track: int) -> tuple[float, int]:
    """Return by how much to shift a track, and how many samples are no sound, from its first packet."""
    sound = [what for kind, what in streams if kind == "Audio"][track - 1 : track]
    codec = re.split(r"\W", sound[0], maxsplit=1)[0] if sound else ""
    start = float(found[1]) if (found := _START.search(about)) else 0.0
    packet, tick = _PACKET.findall(packets)[silent_packets(codec) :][:1], _TICK.search(packets)
    time = float(int(packet[0][0]) * Fraction(tick[1])) if packet and tick else start
    lead = time - max(start, 0.0)
    shift = min(start, 0.0) - (lead if 0 < lead <= LEAD else 0.0)
    if lead > LEAD and not shift:
        shift = _HARDLY
    rate = _RATE.search(sound[0]) if sound else None
    if lead > LEAD or time < 0 or (packet and _SKIPS.search(packet[0][1])) or not rate:
        return shift, 0
    writer = found[1] if (found := _WRITER.search(about)) else ""
    return shift, usual_delay(codec, int(rate[1]), 2048 if "HE-AAC" in sound[0] else 1024, writer)
