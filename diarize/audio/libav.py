"""Sound out of any file that PyAV opens: the tracks of a video, compressed speech, what libsndfile does not know."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from diarize.audio.complaints import in_words, track_in_words
from diarize.audio.delays import silent_packets, usual_delay
from diarize.audio.lengths import COUNTED, SHORTAGE, about_shortage, stated_seconds
from diarize.audio.mpeg import parse_header
from diarize.audio.parts import about_holes, named
from diarize.audio.readers import Samples, Undecodable
from diarize.audio.timeline import LEAD, Piece, Timeline, in_blocks
from diarize.audio.tracks import about_choice, check_track
from diarize.errors import AudioError

_ATTEMPTS = 100  # failures in a row after which the rest is given up
_MARGIN = 60.0  # s before an excerpt; pieces may be placed later than their time
_MICROSECOND = Fraction(1, 1_000_000)
_JOINED = {"mpegts", "mpeg", "vob"}  # their clock may leap
_ALONE = {"protocol_whitelist": "none"}  # what is in a file must not make it read others
_REFUSED = {
    *("hls", "dash", "concat", "sdp", "image2", "tty"),  # texts that name recordings, pictures
    *("mp3", "flac"),  # soundfile reads these; what it refuses are a few frames in something else
}


def pyav() -> ModuleType | None:
    """Return PyAV, None where it is not installed."""
    try:
        import av
    except ImportError:
        return None
    return av


class LibavReader:
    """Blocks of one track of a file, each sample at the time that the container gives it.

    Parameters
    ----------
    name : str
        For messages.
    file : binary file
        It can seek.
    owned : bool
        Whether it is closed with the reader.
    track : int or None
        Which one, counted from 1; None for the one that players choose.

    Raises
    ------
    AudioError
        There is no sound, or no such track, or it is encrypted.
    Undecodable
        PyAV cannot read it.
    """

    def __init__(self, name: str, file: BinaryIO, owned: bool, track: int | None) -> None:
        self.name = name
        self._file = file if owned else None
        self.remarks: list[str] = []
        self._av: Any = pyav()
        self._damage: list[float] = []
        self._end = 0.0  # s, of the last piece
        self._last = Fraction(0)  # s, end of the last packet of any stream
        self._begins: Fraction | None = None  # s, of the first packet
        self._says_delay = False
        self._n_primed = 0  # samples at the start that are no sound
        self._resampler: Any = None
        self._unused = 0.0  # s; what begins before is decoded only
        self._form = (0, 0)  # sample rate and channels of the first frame
        self._changed = False  # whether it went on in another form
        stated = stated_seconds(file)
        self._container = self._opened(file)
        if stated is None and self._container.duration and set(self._container.format.name.split(",")) & COUNTED:
            stated = float(self._container.duration * _MICROSECOND)
        self._stated = stated  # length in s, None where the file does not say it
        try:
            self._stream = self._chosen(track)
            self._codec = self._stream.codec_context.codec.canonical_name
            self._n_silent = silent_packets(self._codec)
            self._origin = Fraction(max(self._container.start_time or 0, 0)) * _MICROSECOND
            self._pieces = self._decoded()
            self._first = next(self._pieces, None)
            if self._first is None:
                raise Undecodable(f"{name}: none of its sound ({_about(self._stream)}) can be decoded; it is damaged")
        except BaseException:
            self._container.close()
            raise
        self.sample_rate, self.n_channels = self._form

    def _opened(self, file: BinaryIO) -> Any:
        file.seek(0)
        try:
            container = self._av.open(file, metadata_errors="replace", options=_ALONE)
        except (self._av.FFmpegError, OSError, ValueError) as error:
            raise Undecodable(f"{self.name}: cannot be opened: {in_words(str(error))}") from error
        if _REFUSED & set(container.format.name.split(",")):
            container.close()
            raise Undecodable(f"{self.name}: is no recording")
        return container

    def _chosen(self, track: int | None) -> Any:
        streams = self._container.streams
        tracks = [_about(stream) for stream in streams.audio]
        check_track(self.name, track, tracks, [stream.type for stream in streams])
        stream = streams.audio[track - 1] if track else streams.best("audio") or streams.audio[0]
        if len(tracks) > 1 and not track:
            self.remarks.append(about_choice(list(streams.audio).index(stream) + 1, tracks))
        if stream.codec_context is None:
            raise Undecodable(f"{self.name}: PyAV knows no decoder for its sound")
        return stream

    def skip(self, n_samples: int) -> int:
        """Leave out nothing, but decode without making use of it what lies well before a sample."""
        if self._container.format.name not in _JOINED:  # a clock that is set anew does not say where that is
            self._unused = n_samples / self.sample_rate - _MARGIN
        return 0

    def blocks(self, size: int) -> Iterator[Samples]:
        """Give the sound in blocks of at most `size` samples; what is wrong with the file is in `remarks` then."""
        kinds, stated = set(self._container.format.name.split(",")), self._stated
        timeline = Timeline(
            self.sample_rate,
            end=None if stated is None else stated + 1,
            joins=bool(kinds & _JOINED),
            begins=None if self._begins is None else float(self._begins - self._origin),
            n_primed=self._n_primed,
        )
        buffer = np.empty((size, self.n_channels), np.float32)
        try:
            yield from in_blocks(map(timeline.place, self._all_pieces()), buffer)
        finally:
            if timeline.holes:
                what = "it is damaged" if self._damage or "ogg" in kinds else "nothing is recorded"
                self.remarks.append(about_holes(timeline.holes, what=what))
            elif self._damage:
                self.remarks.append(f"it is damaged at {named(self._damage)}; what is lost there is left out")
        if stated is not None and stated - self._reached(stated) > SHORTAGE:
            self.remarks.append(about_shortage(timeline.seconds, stated))

    def _reached(self, stated: float) -> float:
        """Return how far the packets go, counted as the stated length is: from zero if that lies within it."""
        return float(self._last - (0 if self._origin < stated else self._origin))

    def _all_pieces(self) -> Iterator[Piece]:
        if self._first is not None:
            yield self._first
            self._first = None
        yield from self._pieces

    def _decoded(self) -> Iterator[Piece]:
        """Yield the sound as it is decoded; what cannot be decoded is noted."""
        for packet in self._packets():
            try:
                frames = packet.decode()
            except self._av.FFmpegError:
                self._note_damage()
                continue
            for frame in frames:
                yield from self._converted(frame)

    def _packets(self) -> Iterator[Any]:
        """Yield the packets of the track, and note where the packets of all tracks end."""
        failures, packets = 0, self._container.demux()
        while failures < _ATTEMPTS:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (self._av.FFmpegError, OSError):  # OSError: it seeks where no file has a place
                self._note_damage()
                failures, packets = failures + 1, self._container.demux()
                continue
            failures = 0
            if packet.pts is not None and packet.time_base:
                self._last = max(self._last, (packet.pts + (packet.duration or 0)) * packet.time_base)
            if packet.stream.index == self._stream.index:
                if packet.has_sidedata("encryption_info"):
                    raise AudioError(f"{self.name}: its sound is encrypted; export it without protection")
                self._note_begin(packet)
                yield packet

    def _note_begin(self, packet: Any) -> None:
        """Note when the sound begins, by the first packet that holds some, and whether that tells a delay."""
        if self._begins is None and packet.pts is not None:
            if self._n_silent:
                self._n_silent -= 1
                return
            self._begins = packet.pts * packet.time_base
            if self._codec.startswith("mp") and (header := parse_header(bytes(packet)[:4])):
                self._codec = f"mp{header.layer}"  # broadcasts call all of MPEG by one name
            self._says_delay = packet.pts < 0 or packet.has_sidedata("skip_samples")

    def _converted(self, frame: Any) -> Iterator[Piece]:
        """Yield the samples of a frame, at the rate and with the channels of the first one."""
        start = None if frame.pts is None else frame.pts * frame.time_base
        if self._resampler is None:
            self._resampler = self._av.AudioResampler("flt", frame.layout, frame.rate)
            self._form = int(frame.rate), len(frame.layout.channels)
            if start is not None:
                self._origin = min(self._origin, max(start, Fraction(0)))
            if (
                not self._says_delay and (self._begins or 0) - self._origin <= LEAD
            ):  # later there is room in front of it
                writer = self._container.metadata.get("encoder", "")
                self._n_primed = usual_delay(self._codec, frame.rate, frame.samples, writer)
        place = None if start is None else float(start - self._origin)
        if place is not None and place < self._unused and (frame.rate, len(frame.layout.channels)) == self._form:
            self._end = place + frame.samples / frame.rate
            yield Piece(place, np.broadcast_to(np.float32(0), (frame.samples, self._form[1])))
            return
        try:
            converted = self._resampler.resample(frame)
        except ValueError:  # the sound goes on in another form
            self._changed = True
            target = self._resampler
            self._resampler = self._av.AudioResampler("flt", target.layout, target.rate)
            converted = self._resampler.resample(frame)
        if self._changed and place is not None and place < self._end:  # counted as if nothing had changed
            place = None
        for each in converted:
            samples = each.to_ndarray().reshape(-1, len(each.layout.channels))
            self._end = (self._end if place is None else place) + len(samples) / each.rate
            yield Piece(place, samples)
            place = None

    def _note_damage(self) -> None:
        if not self._damage or self._end > self._damage[-1]:
            self._damage.append(self._end)

    def close(self) -> None:
        """Close the container and the file, if that is owned."""
        self._container.close()
        if self._file:
            self._file.close()


def _about(stream: Any) -> str:
    """Return what a user can tell a track by: codec, channels, language, title."""
    codec = stream.codec_context
    known = [codec.name, f"{codec.rate} Hz", codec.layout.name] if codec else ["unknown codec"]
    text = track_in_words(", ".join(known))
    return ", ".join(filter(None, [text, stream.metadata.get("language"), stream.metadata.get("title")]))
