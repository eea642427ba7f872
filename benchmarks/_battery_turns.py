"""Who speaks when in a composed conversation: turns drawn from real references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from diarize import Annotation, Turn
from diarize.formats.rttm import read_one

Floats = npt.NDArray[np.float64]

RUN = (4, 12)  # turns that are taken from one place of a reference, one after the other: they hang together
DEEPEST = 0.8  # largest share of the last turn that an early one covers
BREATH = 0.1  # s; a speaker does not begin again before
SHORTEST, LONGEST, PAUSE = 0.3, 30.0, 8.0  # s; limits of a turn, and the longest pause
HEARD = 5.0  # s that each speaker gets: those who had less are preferred
LATE = 0.6  # share of the time after which nobody else comes before them


@dataclass(frozen=True, slots=True)
class Event:
    """A real turn without its words and its speaker.

    Parameters
    ----------
    length : float, s
    gap : float, s
        From the end of all that was said before; negative where the turn begins early.
    change : bool
        Whether another speaker than the last one begins.
    """

    length: float
    gap: float
    change: bool


def events_of(reference: Annotation) -> list[Event]:
    """Return the turns of a reference as events, in the order of their starts."""
    events: list[Event] = []
    end: float | None = None
    last = ""
    for turn in reference:
        gap = 0.0 if end is None else turn.start - end
        events.append(Event(turn.duration, gap, turn.speaker != last))
        end, last = max(end or 0.0, turn.end), turn.speaker
    return events


def read_events(folder: Path, styles: Sequence[str]) -> dict[str, list[list[Event]]]:
    """Return the events of each real reference, by the folder that it stands in."""
    paths = {style: sorted((folder / style).glob("*.rttm")) for style in styles}
    return {style: [events_of(read_one(path)) for path in paths[style]] for style in styles}


def draw_turns(
    references: Sequence[Sequence[Event]], n_speakers: int, seconds: float, rng: np.random.Generator
) -> list[Turn]:
    """Draw the turns of a conversation: real lengths, pauses and overlaps in short runs from several references.

    Parameters
    ----------
    references : sequence of sequence of Event
    n_speakers : int
        Each speaks, those with larger shares more.
    seconds : float
        Where the last turn ends at most.
    rng : numpy.random.Generator

    Returns
    -------
    list of Turn
        Speakers are "0", "1", ...; a speaker's own turns do not overlap.
    """
    share = rng.dirichlet(np.full(n_speakers, 2.0))
    spoken, ends = np.zeros(n_speakers), np.zeros(n_speakers)
    turns: list[Turn] = []
    end, speaker, start = float(rng.uniform(0.0, 1.5)), -1, 0.0
    while True:
        events = references[int(rng.integers(len(references)))]
        first = int(rng.integers(len(events)))
        for event in events[first : first + int(rng.integers(*RUN, endpoint=True))]:
            late = end > LATE * seconds
            if event.change or speaker < 0 or (late and spoken[speaker] >= HEARD > spoken.min()):
                speaker = _next_speaker(speaker, share, spoken, 1.0 if late else 0.5, rng)
            length = min(max(event.length, SHORTEST), LONGEST)
            gap = min(max(event.gap, -DEEPEST * (end - start)), PAUSE) if turns else 0.0
            begin = max(end + gap, ends[speaker] + BREATH, 0.0)
            if begin + SHORTEST > seconds:
                return turns
            stop = min(begin + length, seconds)
            turns.append(Turn(round(begin, 3), round(stop, 3), str(speaker)))
            spoken[speaker] += stop - begin
            ends[speaker] = stop
            if stop > end:
                start, end = begin, stop


def _next_speaker(last: int, share: Floats, spoken: Floats, preference: float, rng: np.random.Generator) -> int:
    """Return another speaker by share, with the chance `preference` one who was hardly heard so far."""
    others = [one for one in range(len(share)) if one != last] or [0]
    unheard = [one for one in others if spoken[one] < HEARD]
    if unheard and rng.random() < preference:
        others = unheard
    weight = share[others]
    return int(rng.choice(others, p=weight / weight.sum()))


def with_breaks(
    turns: Sequence[Turn], lengths: Sequence[float], rng: np.random.Generator
) -> tuple[list[Turn], list[tuple[float, float]]]:
    """Insert breaks between turns, where nobody speaks.

    Parameters
    ----------
    turns : sequence of Turn
        In the order of their starts.
    lengths : sequence of float, s
    rng : numpy.random.Generator

    Returns
    -------
    turns : list of Turn
        Moved back by the breaks before them.
    breaks : list of (float, float), s
        Where the breaks are.
    """
    ends = np.maximum.accumulate([turn.end for turn in turns])
    places = [0, *(k for k in range(1, len(turns)) if turns[k].start >= ends[k - 1])]
    chosen = sorted(rng.choice(places, min(len(lengths), len(places)), replace=False).tolist())
    moved: list[Turn] = []
    breaks: list[tuple[float, float]] = []
    shift = 0.0
    for k, turn in enumerate(turns):
        if k in chosen:
            length = lengths[len(breaks)]
            before = float(ends[k - 1]) if k else 0.0
            breaks.append((before + shift, before + shift + length))
            shift += length
        moved.append(Turn(turn.start + shift, turn.end + shift, turn.speaker))
    return moved, breaks
