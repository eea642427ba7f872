"""Sound out of any file by the program ffmpeg, where it is installed."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

import numpy as np

from diarize.audio.readers import Samples, Undecodable
from diarize.audio.tracks import about_choice, check_track
from diarize.errors import shortened

_STREAM = re.compile(r"^ *Stream #0:\d+(?:\[\w+\])?(?:\((\w+)\))?: (\w+): (.*)", re.MULTILINE)
_INPUT = "file:/dev/stdin"  # which it can seek in, other than in what it calls a pipe
_ALONE = ("-protocol_whitelist", "file")  # what is in a file must not make it fetch others
_ON_TIME = "aresample=async=1:min_hard_comp=0.03:first_pts=0"  # silence in gaps, nothing is stretched
_HEADER = struct.Struct(">4s5I")  # of AU: place, size, coding, sample rate, channels
_MOST_SAID = 1 << 16  # bytes


def ffmpeg() -> str | None:
    """Return the program, None where it is not on PATH or could not read an open file."""
    return shutil.which("ffmpeg") if os.name == "posix" else None


class FfmpegReader:
    """Blocks of one track of a file, as ffmpeg decodes it; gaps are filled with silence.

    Parameters
    ----------
    name : str
        For messages.
    file : binary file with a descriptor
        It can seek; it is closed with the reader.
    track : int or None
        Which one, counted from 1; None for the one that ffmpeg chooses.
    program : path of ffmpeg

    Raises
    ------
    AudioError
        There is no sound, or no such track.
    Undecodable
        ffmpeg cannot read it.
    """

    def __init__(self, name: str, file: BinaryIO, track: int | None, program: str) -> None:
        self.name = name
        self.remarks: list[str] = []
        self._file = file
        self._n_primed = 0  # samples at the start that are no sound
        tracks = self._tracks(program, file, track)
        if len(tracks) > 1 and not track:
            self.remarks.append(about_choice(1, tracks))
        command = [
            program, "-nostdin", "-v", "error", *_ALONE, "-i", _INPUT, "-map", f"0:a:{(track or 1) - 1}",
            "-af", _ON_TIME, "-c:a", "pcm_f32be", "-f", "au", "-",
        ]  # fmt: skip
        file.seek(0)
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the reader)
        self._process = subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=self._said)
        self._output = cast(IO[bytes], self._process.stdout)
        head = self._output.read(_HEADER.size)
        if len(head) < _HEADER.size:
            self._process.wait()
            why = self._complaint()
            self._end()
            raise Undecodable(f"{name}: ffmpeg cannot decode its sound ({tracks[(track or 1) - 1]}): {why}")
        _, place, _, _, self.sample_rate, self.n_channels = _HEADER.unpack(head)
        self._output.read(place - _HEADER.size)
        self._output.read(4 * self.n_channels * self._n_primed)

    def _tracks(self, program: str, file: BinaryIO, track: int | None) -> list[str]:
        """Return what is known of each track, and see that the one asked for is there."""
        file.seek(0)
        command = [program, "-nostdin", "-hide_banner", *_ALONE, "-i", _INPUT]
        said = subprocess.run(command, stdin=file, capture_output=True, check=False).stderr.decode(errors="replace")
        streams = _STREAM.findall(said)
        if "Input #0, aac," in said:  # no word of the delay of the encoder: the first frame is never sound
            self._n_primed = 2048 if "HE-AAC" in said else 1024
        if not streams or re.search("^Input #0, (mp3|flac),", said, re.MULTILINE):  # soundfile reads these
            last = said.strip().rpartition("\n")[2]
            raise Undecodable(f"{self.name}: ffmpeg cannot open it: {shortened(last.replace(_INPUT, self.name))}")
        tracks = [", ".join(filter(None, [about, language])) for language, kind, about in streams if kind == "Audio"]
        check_track(self.name, track, tracks, [kind.lower() for _, kind, _ in streams])
        return tracks

    def blocks(self, size: int) -> Iterator[Samples]:
        """Give the sound in blocks of at most `size` samples; what is wrong with the file is in `remarks` then."""
        width = 4 * self.n_channels
        n_read = 0
        while content := self._output.read(size * width):
            samples = np.frombuffer(content, ">f4", len(content) // width * self.n_channels)
            n_read += len(samples) // self.n_channels
            yield samples.astype(np.float32).reshape(-1, self.n_channels)
        failed = self._process.wait()
        if why := self._complaint():
            self.remarks.append(f"it is damaged, says ffmpeg: {why}")
        elif failed:
            self.remarks.append(f"ffmpeg ended with code {failed}; using the first {n_read / self.sample_rate:.3f} s")

    def _complaint(self) -> str:
        """Return the first line that ffmpeg wrote, and how many follow."""
        self._said.seek(0)
        lines = self._said.read(_MOST_SAID).decode(errors="replace").replace(_INPUT, self.name).strip().splitlines()
        more = f" (and {len(lines) - 1} more lines)" if len(lines) > 1 else ""
        return f"{shortened(lines[0])}{more}" if lines else ""

    def close(self) -> None:
        """End ffmpeg, if it still runs, and close the file."""
        self._end()
        self._file.close()

    def _end(self) -> None:
        self._output.close()
        self._process.kill()
        self._process.wait()
        self._said.close()
