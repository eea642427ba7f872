"""Sound out of any file by the program ffmpeg, where it is installed."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

import numpy as np

from diarize.audio.complaints import all_in_words, in_words
from diarize.audio.lengths import COUNTED, SHORTAGE, about_shortage, stated_seconds
from diarize.audio.probing import ALONE, INPUT, probe
from diarize.audio.readers import Samples, Undecodable
from diarize.audio.timeline import UNTIMED
from diarize.audio.tracks import about_choice, check_track

_ON_TIME = "aresample=async=1:min_hard_comp=0.03:first_pts=0"  # silence in gaps, nothing is stretched
_IN_TURN = "asetpts=N/SR/TB"  # each sample after the one before
_REFUSED = {"mp3", "flac"}  # soundfile reads these; what it refuses are a few frames in something else
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
        number = track or 1
        known = probe(program, file, number)
        if not known.streams or known.kinds & _REFUSED:
            raise Undecodable(f"{name}: ffmpeg cannot open it: {in_words(known.complaint)}")
        check_track(name, track, known.tracks, [kind.lower() for kind, _ in known.streams])
        if len(known.tracks) > 1 and not track:
            self.remarks.append(about_choice(1, known.tracks))
        placing = _IN_TURN if known.kinds & UNTIMED else _ON_TIME
        command = [
            program, "-nostdin", "-v", "error", *ALONE, "-itsoffset", f"{known.shift:.6f}", "-i", INPUT,
            "-map", f"0:a:{number - 1}", "-af", placing, "-c:a", "pcm_f32be", "-f", "au", "-",
        ]  # fmt: skip
        self._stated = stated_seconds(file) or (known.duration if known.kinds & COUNTED else None)
        self._n_streams = len(known.streams)
        file.seek(0)
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the reader)
        self._process = subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=self._said)
        self._output = cast(IO[bytes], self._process.stdout)
        head = self._output.read(_HEADER.size)
        if len(head) < _HEADER.size:
            self._process.wait()
            why = self._complaint()
            self._end()
            raise Undecodable(f"{name}: ffmpeg cannot decode its sound ({known.tracks[number - 1]}): {why}")
        _, place, _, _, self.sample_rate, self.n_channels = _HEADER.unpack(head)
        self._output.read(place - _HEADER.size)
        self._output.read(4 * self.n_channels * known.n_primed)

    def skip(self, n_samples: int) -> int:
        """Leave out nothing: to be exact, ffmpeg has to decode all."""
        return 0

    def blocks(self, size: int) -> Iterator[Samples]:
        """Give the sound in blocks of at most `size` samples; what is wrong with the file is in `remarks` then."""
        width = 4 * self.n_channels
        n_read = 0
        while content := self._output.read(size * width):
            samples = np.frombuffer(content, ">f4", len(content) // width * self.n_channels)
            n_read += len(samples) // self.n_channels
            yield samples.astype(np.float32).reshape(-1, self.n_channels)
        failed, seconds = self._process.wait(), n_read / self.sample_rate
        if why := self._complaint():
            self.remarks.append(f"it is damaged, says ffmpeg: {why}")
        elif failed:
            self.remarks.append(f"ffmpeg ended with code {failed}; using the first {seconds:.3f} s")
        if self._stated and self._stated - seconds > SHORTAGE and (why or self._n_streams == 1):  # a picture may go on
            self.remarks.append(about_shortage(seconds, self._stated))

    def _complaint(self) -> str:
        """Return the first line that ffmpeg wrote, in words, and how many follow."""
        self._said.seek(0)
        return all_in_words(self._said.read(_MOST_SAID).decode(errors="replace"))

    def close(self) -> None:
        """End ffmpeg, if it still runs, and close the file."""
        self._end()
        self._file.close()

    def _end(self) -> None:
        self._output.close()
        self._process.kill()
        self._process.wait()
        self._said.close()
