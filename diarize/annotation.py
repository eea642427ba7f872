"""Who speaks when: values in seconds, which know no file format; what reads and writes them is handed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from math import inf
from os import PathLike
from typing import Any, ClassVar, Protocol, TextIO


class Files(Protocol):
    """What reads and writes annotations; `diarize.formats.registry` is one."""

    def read_one(self, path: str | PathLike[str], format: str | None = None, uri: str | None = None) -> Annotation:
        """Return one recording in a file; see `Annotation.read`."""

    def write_all(
        self,
        annotations: Iterable[Annotation],
        target: str | PathLike[str] | TextIO,
        format: str | None = None,
        *,
        channel: int = 1,
    ) -> None:
        """Write annotations to a file or stream; see `Annotation.write`."""


def _check_times(item: Segment | Turn) -> None:
    if not 0 <= item.start < item.end < inf:  # false for nan as well
        raise ValueError(f"times must be seconds with 0 <= start < end, got start={item.start!r}, end={item.end!r}")
    for name in ("start", "end"):  # numpy's numbers become plain ones
        object.__setattr__(item, name, float(getattr(item, name)))


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """A stretch of time without a label.

    Parameters
    ----------
    start, end : float, seconds
        The stretch holds `start` and ends just before `end`.

    Raises
    ------
    ValueError
        The times are not 0 <= start < end, or not finite.

    Examples
    --------
    >>> Segment(1.0, 3.0).intersection(Segment(2.5, 4.0))
    Segment(start=2.5, end=3.0)
    """

    start: float
    end: float

    def __post_init__(self) -> None:
        _check_times(self)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    def overlaps(self, other: Segment) -> bool:
        """Tell whether the two have any time in common; touching is not enough."""
        return self.start < other.end and other.start < self.end

    def intersection(self, other: Segment) -> Segment | None:
        """Return the time in common, None where there is none."""
        return Segment(max(self.start, other.start), min(self.end, other.end)) if self.overlaps(other) else None


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of time in which one speaker talks.

    Parameters
    ----------
    start, end : float, seconds
    speaker : str
        The name; not empty.
    confidence : float or None
        Probability, 0 to 1, that this speaker talks here; None where it is not known.

    Raises
    ------
    ValueError
        The times are not 0 <= start < end, the name is empty, or the confidence lies outside 0 to 1.
    """

    start: float
    end: float
    speaker: str
    confidence: float | None = None

    def __post_init__(self) -> None:
        _check_times(self)
        if not isinstance(self.speaker, str) or not self.speaker:
            raise ValueError(f"speaker must be a name of at least one character, got {self.speaker!r:.60}")
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence must be a number from 0 to 1 or None, got {self.confidence!r:.60}")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    @property
    def segment(self) -> Segment:
        """The time without the name."""
        return Segment(self.start, self.end)


@dataclass(frozen=True, slots=True, init=False)
class Annotation:
    """All turns of one recording, sorted by start, end and speaker.

    Turns of one speaker that touch or overlap become one turn; its confidence is the mean of theirs, weighted
    by duration. Turns of different speakers may overlap. An annotation never changes; iterate over it to get
    its turns.

    Parameters
    ----------
    turns : iterable of Turn
        In any order.
    uri : str
        The recording's id, usually its file name without folder and ending.

    Raises
    ------
    ValueError
        The id is no text.

    Attributes
    ----------
    files : Files
        Reads and writes the annotations of all recordings; the package sets it once, on import.

    Examples
    --------
    >>> annotation = Annotation([Turn(2.0, 4.0, "anna"), Turn(0.0, 2.5, "ben"), Turn(4.0, 5.0, "anna")], uri="call")
    >>> [(turn.start, turn.end, turn.speaker) for turn in annotation]
    [(0.0, 2.5, 'ben'), (2.0, 5.0, 'anna')]
    >>> annotation.durations()
    {'anna': 3.0, 'ben': 2.5}
    >>> annotation.overlap()
    [Segment(start=2.0, end=2.5)]
    >>> print(annotation.to_rttm(), end="")
    SPEAKER call 1 0.000 2.500 <NA> <NA> ben <NA> <NA>
    SPEAKER call 1 2.000 3.000 <NA> <NA> anna <NA> <NA>
    """

    turns: tuple[Turn, ...]
    uri: str
    files: ClassVar[Files]

    def __init__(self, turns: Iterable[Turn] = (), uri: str = "") -> None:
        if not isinstance(uri, str):
            raise ValueError(f"uri must be the recording's id as text, got {uri!r:.60}; use str(...)")
        object.__setattr__(self, "turns", _merged(turns))
        object.__setattr__(self, "uri", uri)

    def __iter__(self) -> Iterator[Turn]:
        return iter(self.turns)

    def __len__(self) -> int:
        return len(self.turns)

    @property
    def labels(self) -> list[str]:
        """The speakers' names, sorted."""
        return sorted({turn.speaker for turn in self.turns})

    @property
    def duration(self) -> float:
        """Seconds of all turns added up: where two talk at once, the time counts twice."""
        return sum(turn.duration for turn in self.turns)

    def durations(self) -> dict[str, float]:
        """Return the seconds each speaker talks, by name."""
        seconds = dict.fromkeys(self.labels, 0.0)
        for turn in self.turns:
            seconds[turn.speaker] += turn.duration
        return seconds

    def crop(self, segment: Segment) -> Annotation:
        """Return what lies inside a segment; turns that reach beyond it are cut, times stay as they are."""
        cuts = ((turn, turn.segment.intersection(segment)) for turn in self.turns)
        return Annotation((replace(turn, start=cut.start, end=cut.end) for turn, cut in cuts if cut), self.uri)

    def speech(self) -> list[Segment]:
        """Return where anybody talks."""
        return _where_at_least(self.turns, 1)

    def overlap(self) -> list[Segment]:
        """Return where two or more talk at once."""
        return _where_at_least(self.turns, 2)

    def rename(self, mapping: Mapping[str, str]) -> Annotation:
        """Return a copy with other speaker names; names not in `mapping` stay, equal new names become one speaker."""
        turns = (replace(turn, speaker=mapping.get(turn.speaker, turn.speaker)) for turn in self.turns)
        return Annotation(turns, self.uri)

    @classmethod
    def read(cls, path: str | PathLike[str], format: str | None = None, *, uri: str | None = None) -> Annotation:
        """Read one recording from a file.

        Parameters
        ----------
        path : str or path
            The file.
        format : str or None
            Its format, such as "rttm"; None to see it from the file's ending, else from its content.
        uri : str or None
            Which recording to take; may be left out where the file holds one.

        Raises
        ------
        FormatError
            The format is unknown or says nothing of speakers, the file cannot be read or is not in that format, lacks
            that recording, or holds several and `uri` is None.
        """
        return cls.files.read_one(path, format, uri)

    def write(self, target: str | PathLike[str] | TextIO, format: str | None = None, *, channel: int = 1) -> None:
        """Write the turns to a file, whole or not at all, or to an open text stream.

        Parameters
        ----------
        target : str, path or text stream
        format : str or None
            Such as "rttm"; None to see it from the file's ending.
        channel : int
            The channel of the recording that they are about, counted from 1; for formats that name it.

        Raises
        ------
        FormatError
            The format is unknown or cannot be written, or the file cannot be written.
        """
        self.files.write_all([self], target, format, channel=channel)

    @classmethod
    def from_rttm(cls, path: str | PathLike[str], uri: str | None = None) -> Annotation:
        """Read one recording from an RTTM file: `read` with the format "rttm"."""
        return cls.read(path, "rttm", uri=uri)

    def to_rttm(self, *, channel: int = 1) -> str:
        """Return the turns as RTTM, one line each; see `diarize.formats.rttm.write_rttm` for the rules."""
        text = StringIO()
        self.write(text, "rttm", channel=channel)
        return text.getvalue()

    def write_rttm(self, path: str | PathLike[str] | TextIO, *, channel: int = 1) -> None:
        """Write the turns as RTTM: `write` with the format "rttm"."""
        self.write(path, "rttm", channel=channel)

    def to_pyannote(self) -> Any:
        """Return the turns as a `pyannote.core.Annotation`.

        Raises
        ------
        ImportError
            pyannote.core is not installed.
        """
        try:
            from pyannote import core
        except ImportError as error:
            hint = "pip install 'gmm-diarize[pyannote]'"
            raise ImportError(f"to_pyannote() needs pyannote.core ({error}); {hint}") from None
        result = core.Annotation(uri=self.uri)
        for track, turn in enumerate(self.turns):
            result[core.Segment(turn.start, turn.end), track] = turn.speaker
        return result


def _merged(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Return the turns in order, those of one speaker that touch or overlap joined."""
    of_speaker: dict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        of_speaker[turn.speaker].append(turn)
    joined = [_join(group) for own in of_speaker.values() for group in _touching(own)]
    return tuple(sorted(joined, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def _touching(turns: list[Turn]) -> Iterator[list[Turn]]:
    """Give the turns of one speaker in groups without a gap inside."""
    group: list[Turn] = []
    end = -inf
    for turn in sorted(turns, key=lambda turn: turn.start):
        if group and turn.start > end:
            yield group
            group, end = [], -inf
        group.append(turn)
        end = max(end, turn.end)
    if group:
        yield group


def _join(group: list[Turn]) -> Turn:
    if len(group) == 1:
        return group[0]
    known = [(turn.confidence, turn.duration) for turn in group if turn.confidence is not None]
    weight = sum(duration for _, duration in known)
    # the mean of numbers up to 1 can come out a rounding error above 1
    confidence = min(sum(value * duration for value, duration in known) / weight, 1.0) if known else None
    return Turn(group[0].start, max(turn.end for turn in group), group[0].speaker, confidence)


def union(segments: Iterable[Segment]) -> list[Segment]:
    """Return the time that segments cover: sorted, those that touch or overlap joined."""
    return _where_at_least(segments, 1)


def _where_at_least(items: Iterable[Segment | Turn], count: int) -> list[Segment]:
    """Return where at least `count` of the items run at once."""
    change: dict[float, int] = defaultdict(int)
    for item in items:
        change[item.start] += 1
        change[item.end] -= 1
    segments, running, start = [], 0, -1.0
    for time in sorted(change):
        before, running = running, running + change[time]
        if before < count <= running:
            start = time
        elif running < count <= before:
            segments.append(Segment(start, time))
    return segments
