"""Sound files: each part decoded after the other, what is damaged left out, replaced by silence and reported."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from typing import Any, BinaryIO

import numpy as np

from diarize.audio.delays import usual_delay
from diarize.audio.flac import flac_parts, flac_rest
from diarize.audio.headers import FAILURES, cut_short, decoder, first_bytes, is_endless, open_sound, promised_samples
from diarize.audio.hidden import hidden_parts
from diarize.audio.mpeg import hidden_mpeg_parts, mpeg_parts
from diarize.audio.ogg import ogg_parts
from diarize.audio.parts import Hole, Part, about_holes, behind_tags, composed
from diarize.audio.quiet import quiet_decoder
from diarize.audio.readers import Samples
from diarize.audio.sizes import sized_parts
from diarize.audio.voc import voc_parts
from diarize.audio.w64 import w64_parts
from diarize.errors import AudioError

_SHORTAGE = 0.1  # s; the lengths in compressed files are not exact
_PLAIN = ("PCM_", "FLOAT", "DOUBLE", "ULAW", "ALAW")
_GAPLESS = ("MP3", "MPEG_LAYER_III")
_PARTS: dict[bytes, Callable[[BinaryIO], list[Part]]] = {  # by the first bytes behind tags
    b"OggS": ogg_parts,
    b"fLaC": flac_parts,
    b"RIFF": sized_parts,
    b"RIFX": sized_parts,
    b"RF64": sized_parts,
    b"FORM": sized_parts,
    b".snd": sized_parts,
    b"caff": sized_parts,
    b"riff": w64_parts,
    b"Crea": voc_parts,
}


class FileReader:
    """Blocks of a sound file; reads what is there of a damaged one and warns.

    Parameters
    ----------
    name : str
        For messages.
    file : binary file
        It can seek.
    owned : bool
        Whether it is closed with the reader; it is not buffered then.

    Raises
    ------
    AudioError
        It holds no sound that can be read.
    """

    _sound: Any = None

    def __init__(self, name: str, file: BinaryIO, owned: bool) -> None:
        self.name = name
        self._file = file
        self._owned = owned
        self._copy: BinaryIO | None = None
        self._parts: list[Part] = []
        self._begin = file.tell()
        self._whole = self._opened()
        self.sample_rate = int(self._sound.samplerate)
        self.n_channels = int(self._sound.channels)
        if not self._sound.frames:
            self._release()
            raise AudioError(f"{name}: has a header but no audio samples; check how it was recorded or copied")
        self._n_read = 0
        self.remarks: list[str] = []
        if self._sound.format == "XI":
            self.remarks.append(
                f"XI files hold no sample rate; {self.sample_rate} Hz is assumed, and times are wrong if it is "
                "another; convert it to WAV with the right rate"
            )

    def _opened(self) -> Part:
        """Open the first part, or else the file as it is; return all of the file."""
        file, position = self._file, self._begin
        first_bytes(self.name, file)
        file.seek(behind_tags(file))
        kind = file.read(4)
        whole = Part((range(file.seek(0, os.SEEK_END)),))
        if kind in _PARTS and self._opens(_PARTS[kind](file)):
            return whole
        file.seek(position)
        try:
            self._sound = open_sound(self.name, file, direct=self._owned)
        except AudioError:
            if not self._opens(hidden_parts(file)) and not self._opens(hidden_mpeg_parts(file)):
                raise
            return whole
        place = file.tell()  # of the decoder
        if self._sound.format == "MP3" and self._opens(hidden_parts(file)):  # it takes a few bytes of junk for a frame
            return whole
        if self._sound.format != "MP3" or not self._opens(mpeg_parts(file)):
            file.seek(place)
        return whole

    def _opens(self, parts: list[Part]) -> bool:
        """Open the first of these parts and keep all; return whether it can be decoded."""
        opens = bool(parts) and self._open(parts[0])
        self._parts = parts if opens else []
        return opens

    def skip(self, n_samples: int) -> int:
        """Go to a sample where each can be read alone and the file is one whole; return how many are left out."""
        sound = self._sound
        alone = sound.format == "FLAC" or sound.subtype.startswith(_PLAIN)
        if self._parts or not alone or n_samples >= promised_samples(sound, self._file):
            return 0
        try:
            self._n_read = int(sound.seek(n_samples))
        except FAILURES:  # damage on the way: from the start, it is replaced
            sound.close()
            self._file.seek(self._begin)
            self._sound = open_sound(self.name, self._file, direct=self._owned)
        return self._n_read

    def blocks(self, size: int) -> Iterator[Samples]:
        """Give the sound in blocks of at most `size` samples; what is wrong with the file is in `remarks` then."""
        buffer = np.empty((size if self._parts else min(size, self._sound.frames), self.n_channels), np.float32)
        parts = self._parts or [self._whole]
        for number, part in enumerate(parts):
            if number and not self._follows(part):
                break
            yield from self._part_blocks(part, buffer, number + 1 == len(parts))

    def _part_blocks(self, part: Part, buffer: Samples, last: bool) -> Iterator[Samples]:
        """Give the blocks of a part that is open, and note what is wrong with it."""
        start, kind = 0 if part is self._whole else self._n_read, self._sound.format
        promised = promised_samples(self._sound, self._copy or self._file)
        endless, holes = is_endless(self._sound), list(part.holes)
        self._skip_primed()
        undamaged = yield from self._decoded(buffer)
        if kind == "FLAC" and 0 < promised <= self._n_read - start:
            undamaged = True  # what follows is a tag or other things
        if kind == "FLAC" and not undamaged:
            undamaged = yield from self._behind_breaks(part, start, buffer, holes)
        if part.remark or endless:
            self.remarks.append(part.remark or "its header does not say how long it is; it is read to its end")
        if holes:
            self.remarks.append(about_holes(holes, start / self.sample_rate))
        missing = (promised - (self._n_read - start)) / self.sample_rate
        if undamaged and missing <= _SHORTAGE and not cut_short(self._sound.extra_info):
            return
        seconds = self._n_read / self.sample_rate
        if kind == "OGG" and undamaged and missing > _SHORTAGE:  # the length is that of the last page which is there
            remark = f"it is damaged: {missing:.3f} s are missing, and times behind the damage come too early"
        elif last:
            remark = f"the file is cut short or damaged; using the {seconds:.3f} s before that"
        else:
            remark = f"it is damaged at {seconds:.3f} s; what is lost there is left out"
        self.remarks.append(remark)

    def _skip_primed(self) -> None:
        """Leave out what an encoder of MPEG put in front, where the decoder does not: of MP3 it knows that itself."""
        if self._sound.subtype.startswith("MPEG") and (self._sound.format, self._sound.subtype) != _GAPLESS:
            left = usual_delay("mp3" if self._sound.subtype == _GAPLESS[1] else "mp2", self.sample_rate, 0)
            while count := self._fill(np.empty((left, self.n_channels), np.float32))[0]:
                left -= count

    def _decoded(self, buffer: Samples) -> Generator[Samples, None, bool]:
        """Give the blocks of what is open; return whether the decoder met no damage."""
        count, undamaged = self._fill(buffer)
        while count:
            self._n_read += count
            yield buffer[:count]
            count, undamaged = self._fill(buffer) if undamaged else (0, False)
        return undamaged

    def _fill(self, buffer: Samples) -> tuple[int, bool]:
        """Return how many samples were read, and whether the decoder met no damage."""
        before = self._place()
        try:
            with quiet_decoder() if self._sound.format == "MP3" else nullcontext():
                return len(self._sound.read(out=buffer)), True
        except FAILURES:  # the samples before the damage are in the buffer all the same
            return min(max(self._place() - before, 0), len(buffer)), False

    def _place(self) -> int:
        try:
            return int(self._sound.tell())
        except FAILURES:  # some codecs do not know
            return 0

    def _behind_breaks(
        self, part: Part, start: int, buffer: Samples, holes: list[Hole]
    ) -> Generator[Samples, None, bool]:
        """Give silence for what a FLAC stream lost, then what follows; add the holes; return whether that was all."""
        stream = part.pieces[-1]
        undamaged, begin = False, 0
        if not isinstance(stream, range):
            return False
        while not undamaged and (rest := flac_rest(self._file, stream, max(begin, stream.start), self._n_read - start)):
            following, frame = rest
            begin = frame.position + 1
            n_lost = frame.sample - (self._n_read - start)
            if not self._open(following):
                continue
            holes.append(Hole((self._n_read - start) / self.sample_rate, n_lost / self.sample_rate))
            buffer[:] = 0
            for first in range(0, n_lost, len(buffer)):
                count = min(n_lost - first, len(buffer))
                self._n_read += count
                yield buffer[:count]
            undamaged = yield from self._decoded(buffer)
        return undamaged

    def _follows(self, part: Part) -> bool:
        """Open the next part; note why it cannot be used, if so."""
        seconds = self._n_read / self.sample_rate
        if not self._open(part):
            self.remarks.append(f"what follows cannot be read; using the first {seconds:.3f} s")
            return False
        rate, n_channels = int(self._sound.samplerate), int(self._sound.channels)
        if (rate, n_channels) == (self.sample_rate, self.n_channels):
            return True
        self.remarks.append(
            f"it goes on with another sample rate or number of channels ({rate} Hz, {n_channels}, before "
            f"{self.sample_rate} Hz, {self.n_channels}); using the first {seconds:.3f} s; split the file or convert it"
        )
        return False

    def _open(self, part: Part) -> bool:
        """Open a copy of a part in place of what is open; return whether it can be decoded."""
        copy = composed(self._file, part, self.name)
        try:
            sound = decoder(copy, direct=True)
        except FAILURES:
            copy.close()
            return False
        self._release()
        self._copy, self._sound = copy, sound
        return True

    def _release(self) -> None:
        if self._sound:
            self._sound.close()
        if self._copy:
            self._copy.close()

    def close(self) -> None:
        """Close the decoder, its copy and the file, if that is owned."""
        self._release()
        if self._owned:
            self._file.close()
