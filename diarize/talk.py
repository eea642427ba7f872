"""Who talks how much, and how a conversation passes from one to another: numbers of an annotation.

docs/stats.md defines every number. A *pause* is silence within one speaker's talk, a *gap* silence between two
speakers, as in Heldner and Edlund, "Pauses, gaps and overlaps in conversations", Journal of Phonetics 38(4), 2010,
https://doi.org/10.1016/j.wocn.2010.08.002.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from math import isfinite
from statistics import fmean, median

from diarize.annotation import Annotation, Segment, Turn, union
from diarize.errors import ConfigError, quoted

_ROUNDING = 1e-9  # s; sums of the same times in another order differ by less


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkRules:
    """What counts as one turn, as a backchannel, as an interruption and as one monologue.

    Parameters
    ----------
    pause : float, seconds
        Stretches of one speaker with pauses up to this are one turn, whoever talks in the pause.
    backchannel : float, seconds
        A turn inside another speaker's turn is a backchannel ("mhm") up to this length.
    interruption : float, seconds
        Who begins before another speaker has ended, by this or more, and talks on after that, interrupts.
    monologue_pause : float, seconds
        Turns of one speaker with pauses up to this, and nobody else's turn between, are one monologue.

    Raises
    ------
    ConfigError
        A length is negative or no number.
    """

    pause: float = 0.5
    backchannel: float = 1.0
    interruption: float = 0.5
    monologue_pause: float = 2.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not isinstance(value, int | float) or not isfinite(value) or value < 0:
                raise ConfigError(f"{item.name} must be seconds, 0 or more, got {quoted(value)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerTalk:
    """How one speaker talks in a recording.

    Parameters
    ----------
    speaker : str
    talk, listen, overlap : float, seconds
        The speaker talks; others talk and the speaker does not; the speaker and another one talk at once.
    share : float or None
        Of the talk of all speakers, 0 to 1; None where nobody talks.
    turn_lengths : tuple of float, seconds
        From the start to the end of each turn, pauses included, in order of time.
    longest_monologue : float, seconds
        From the first start to the last end, pauses included.
    interruptions, interrupted : int
        How often the speaker interrupts, and is interrupted.
    backchannels : int
        Turns that are backchannels; they count as turns too.
    responses : tuple of float, seconds
        For each turn that takes the floor from another speaker: its start less the end of the turn before. Positive is
        a gap, negative an overlap.
    """

    speaker: str
    talk: float
    listen: float
    overlap: float
    share: float | None
    turn_lengths: tuple[float, ...]
    longest_monologue: float
    interruptions: int
    interrupted: int
    backchannels: int
    responses: tuple[float, ...]

    @property
    def turns(self) -> int:
        """How many turns there are."""
        return len(self.turn_lengths)

    @property
    def mean_turn(self) -> float | None:
        """Mean length of a turn, seconds; None where there is none."""
        return fmean(self.turn_lengths) if self.turn_lengths else None

    @property
    def median_turn(self) -> float | None:
        """Median length of a turn, seconds; None where there is none."""
        return median(self.turn_lengths) if self.turn_lengths else None

    @property
    def response(self) -> float | None:
        """Median of the responses, seconds; None where there is none."""
        return median(self.responses) if self.responses else None

    @property
    def talk_listen(self) -> float | None:
        """Seconds of talk for a second of listening; None where nobody else talks."""
        return self.talk / self.listen if self.listen else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkSummary:
    """How everybody talks in a recording, or in several.

    Parameters
    ----------
    uri : str
        The recording's id; "" for several.
    duration : float, seconds
        Of what was looked at.
    speech, overlap : float, seconds
        One or more talk; two or more talk.
    longest_silence : float, seconds
        The longest stretch in which nobody talks.
    speakers : tuple of SpeakerTalk
        Who talks most comes first.
    """

    uri: str
    duration: float
    speech: float
    overlap: float
    longest_silence: float
    speakers: tuple[SpeakerTalk, ...]

    @property
    def silence(self) -> float:
        """Seconds in which nobody talks."""
        return max(self.duration - self.speech, 0.0)

    @property
    def talk(self) -> float:
        """Seconds of all speakers added up: where two talk at once, the time counts twice."""
        return sum(speaker.talk for speaker in self.speakers)

    @property
    def turns(self) -> int:
        """How many turns all speakers have."""
        return sum(speaker.turns for speaker in self.speakers)

    @property
    def mean_turn(self) -> float | None:
        """Mean length of a turn, seconds; None where there is none."""
        lengths = [length for speaker in self.speakers for length in speaker.turn_lengths]
        return fmean(lengths) if lengths else None

    @property
    def median_turn(self) -> float | None:
        """Median length of a turn, seconds; None where there is none."""
        lengths = [length for speaker in self.speakers for length in speaker.turn_lengths]
        return median(lengths) if lengths else None

    @property
    def longest_monologue(self) -> float:
        """The longest monologue of anybody, seconds; 0 where nobody talks."""
        return max((speaker.longest_monologue for speaker in self.speakers), default=0.0)

    @property
    def interruptions(self) -> int:
        """How often anybody interrupts another."""
        return sum(speaker.interruptions for speaker in self.speakers)

    @property
    def backchannels(self) -> int:
        """How many turns are backchannels."""
        return sum(speaker.backchannels for speaker in self.speakers)

    @property
    def changes(self) -> int:
        """How often the floor goes from one speaker to another."""
        return sum(len(speaker.responses) for speaker in self.speakers)

    @property
    def response(self) -> float | None:
        """Median of everybody's responses, seconds; None where there is none."""
        responses = [seconds for speaker in self.speakers for seconds in speaker.responses]
        return median(responses) if responses else None


def summarise(
    annotation: Annotation, regions: Iterable[Segment] | None = None, rules: TalkRules | None = None
) -> TalkSummary:
    """Return the numbers of a recording: talk time, turns, interruptions, silence and others, for each speaker.

    Parameters
    ----------
    annotation : Annotation
    regions : iterable of Segment, optional
        What is looked at, such as the regions of a UEM or the whole recording, `[Segment(0, duration)]`. Without it all
        is looked at from the first to the last turn, so that silence before and after does not count.
    rules : TalkRules, optional

    Examples
    --------
    >>> talk = [Turn(0, 6, "anna"), Turn(3, 3.5, "ben"), Turn(5, 9, "ben"), Turn(9.5, 12, "anna")]
    >>> summary = summarise(Annotation(talk, "call"), [Segment(0, 15)])
    >>> summary.speech, summary.overlap, summary.silence
    (11.5, 1.5, 3.5)
    >>> anna, ben = summary.speakers
    >>> anna.talk, anna.turns, anna.interrupted, anna.responses
    (8.5, 2, 1, (0.5,))
    >>> ben.talk, ben.interruptions, ben.backchannels, ben.responses
    (4.5, 1, 1, (-1.0,))
    """
    rules = rules or TalkRules()
    if regions is not None:
        regions = union(regions)
        kept = (turn for region in regions for turn in annotation.crop(region))
        annotation = Annotation(kept, annotation.uri)
    elif annotation.turns:
        regions = [Segment(annotation.turns[0].start, max(turn.end for turn in annotation))]
    else:
        regions = []
    speech = annotation.speech()
    speakers = _speakers(annotation, sum(segment.duration for segment in speech), rules)
    return TalkSummary(
        uri=annotation.uri,
        duration=sum(region.duration for region in regions),
        speech=sum(segment.duration for segment in speech),
        overlap=sum(segment.duration for segment in annotation.overlap()),
        longest_silence=_longest_silence(regions, speech),
        speakers=tuple(sorted(speakers, key=lambda speaker: (-speaker.talk, speaker.speaker))),
    )


def pooled(summaries: Iterable[TalkSummary]) -> TalkSummary:
    """Return the numbers of several recordings together; nobody is taken for the same speaker in two of them."""
    some = list(summaries)
    return TalkSummary(
        uri="",
        duration=sum(summary.duration for summary in some),
        speech=sum(summary.speech for summary in some),
        overlap=sum(summary.overlap for summary in some),
        longest_silence=max((summary.longest_silence for summary in some), default=0.0),
        speakers=tuple(speaker for summary in some for speaker in summary.speakers),
    )


def _speakers(annotation: Annotation, speech: float, rules: TalkRules) -> list[SpeakerTalk]:
    turns = joined(annotation, rules.pause)
    floor, inside = on_the_floor(turns)
    overlapped, pairs = _overlapped(annotation), _interruptions(floor, rules.interruption)
    talk = annotation.durations()
    total = sum(talk.values())
    return [
        SpeakerTalk(
            speaker=name,
            talk=seconds,
            listen=speech - seconds if speech - seconds > _ROUNDING else 0.0,
            overlap=overlapped[name],
            share=seconds / total if total else None,
            turn_lengths=tuple(turn.duration for turn in turns if turn.speaker == name),
            longest_monologue=_longest_monologue(name, floor, inside, rules.monologue_pause),
            interruptions=sum(later == name for later, _ in pairs),
            interrupted=sum(earlier == name for _, earlier in pairs),
            backchannels=sum(turn.speaker == name and turn.duration <= rules.backchannel for turn in inside),
            responses=tuple(
                after.start - before.end for before, after in pairwise(floor) if after.speaker == name != before.speaker
            ),
        )
        for name, seconds in talk.items()
    ]


def joined(annotation: Annotation, pause: float) -> list[Turn]:
    """Return the turns with pauses of one speaker bridged up to so many seconds, sorted by start."""
    turns: list[Turn] = []
    last: dict[str, int] = {}
    for turn in annotation:
        place = last.get(turn.speaker)
        if place is not None and turn.start - turns[place].end <= pause:
            turns[place] = Turn(turns[place].start, turn.end, turn.speaker)
        else:
            last[turn.speaker] = len(turns)
            turns.append(turn)
    return turns


def on_the_floor(turns: Sequence[Turn]) -> tuple[list[Turn], list[Turn]]:
    """Divide turns into those that take the floor and those that lie inside another speaker's turn.

    Those on the floor come in the order of their starts, which is that of their ends too.
    """
    floor: list[Turn] = []
    inside: list[Turn] = []
    for turn in sorted(turns, key=lambda turn: (turn.start, -turn.end, turn.speaker)):
        (inside if floor and turn.end <= floor[-1].end else floor).append(turn)
    return floor, inside


def _interruptions(floor: Sequence[Turn], least: float) -> list[tuple[str, str]]:
    """Return who interrupts whom, a pair of names each time."""
    pairs = []
    for place, turn in enumerate(floor):
        for before in reversed(floor[:place]):
            if before.end - turn.start < least or before.end <= turn.start:
                break
            if before.start < turn.start:
                pairs.append((turn.speaker, before.speaker))
    return pairs


def _longest_monologue(name: str, floor: Sequence[Turn], inside: Sequence[Turn], pause: float) -> float:
    longest = max((turn.duration for turn in inside if turn.speaker == name), default=0.0)
    start = end = None
    for turn in floor:
        if turn.speaker != name:
            start = end = None
            continue
        if start is None or end is None or turn.start - end > pause:
            start = turn.start
        end = turn.end
        longest = max(longest, end - start)
    return longest


def _overlapped(annotation: Annotation) -> dict[str, float]:
    """Return for each speaker the seconds in which another one talks too."""
    changes = sorted(
        [(turn.start, True, turn.speaker) for turn in annotation]
        + [(turn.end, False, turn.speaker) for turn in annotation]
    )
    seconds = dict.fromkeys(annotation.labels, 0.0)
    talking: set[str] = set()
    before = 0.0
    for time, begins, speaker in changes:
        if len(talking) > 1:
            for name in talking:
                seconds[name] += time - before
        (talking.add if begins else talking.discard)(speaker)
        before = time
    return seconds


def _longest_silence(regions: Sequence[Segment], speech: Sequence[Segment]) -> float:
    longest = 0.0
    for region in regions:
        inside = [segment for segment in speech if region.overlaps(segment)]
        edges = [region.start, *(time for segment in inside for time in (segment.start, segment.end)), region.end]
        longest = max([longest, *(end - start for start, end in zip(edges[::2], edges[1::2], strict=True))])
    return longest
