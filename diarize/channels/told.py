"""Which leg of a call each thing is about that a person said: the one in which that person is heard there."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation
from diarize.diarization import Diarization
from diarize.hints import Hints

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_HARDLY = 0.25  # of what the loudest leg says there: a leg that says less is a leak or a murmur beside it


def told_of(legs: Sequence[Diarization], hints: Hints) -> list[Hints]:
    """Return what the hints say of each leg; who is not named in one is silent in it in the time of the hints.

    A turn goes to the leg that is heard in its time. Where several are, it goes to the one that has a speaker or is a
    channel of that name, else to the one in which most other turns of that name are, else to the loudest that nobody
    else was given there. Where none is, what the detector took for possible decides.

    Parameters
    ----------
    legs : sequence of Diarization
        As they were without hints.
    hints : Hints
    """
    turns, heard = hints.annotation.turns, _Heard(legs)
    spans = [(first, max(last, first + 1)) for first, last in legs[0].frames.spans(turns)]
    places: dict[int, int] = {}
    votes = {name: np.zeros(len(legs)) for name in hints.names}
    likely = [heard.likely(*span) for span in spans]
    for number, (turn, choices) in enumerate(zip(turns, likely, strict=True)):
        if choices.sum() == 1:
            places[number] = int(choices.argmax())
            votes[turn.speaker][places[number]] += turn.duration
    for number, leg in places.items():
        heard.give(leg, *spans[number])
    for number, turn in enumerate(turns):
        if number not in places:
            own = np.array([_is_of(turn.speaker, leg) for leg in legs])
            own = own if own.any() else votes[turn.speaker] == max(votes[turn.speaker].max(), 1e-9)
            chosen = likely[number] & own
            left = heard.seconds(*spans[number])
            places[number] = int(np.where(chosen if chosen.any() else likely[number], left, -1.0).argmax())
            heard.give(places[number], *spans[number])
    said: list[list[int]] = [[] for _ in legs]
    for number, leg in places.items():
        said[leg].append(number)
    fixed = hints.fixed()
    return [Hints(Annotation((turns[number] for number in own), hints.annotation.uri), fixed) for own in said]


class _Heard:
    """How much each leg says in some frames, and what of it is left that nobody was named for."""

    def __init__(self, legs: Sequence[Diarization]) -> None:
        self._legs = legs
        self._left = np.stack([leg.detection.speech for leg in legs])

    def seconds(self, first: int, last: int) -> Floats:
        """Return how much is left in each leg, or what is possible at all, in frames, shape (n_legs,)."""
        left = self._left[:, first:last].sum(axis=1).astype(np.float64)
        return left if left.any() else np.array([leg.speech_probability[first:last].sum() for leg in self._legs])

    def likely(self, first: int, last: int) -> Mask:
        """Return which legs say something there, (n_legs,)."""
        seconds = self.seconds(first, last)
        return np.asarray(seconds >= _HARDLY * seconds.max())

    def give(self, leg: int, first: int, last: int) -> None:
        """Take what a leg says in some frames as somebody's."""
        self._left[leg, first:last] = False


def _is_of(name: str, leg: Diarization) -> bool:
    """Tell whether a name is that of a speaker of a leg, or of its channel, with a number or without."""
    channel = re.escape(leg.channel_name or f"channel{leg.channel}")
    return name in leg.names or re.fullmatch(rf"{channel}(?: \d+)?", name) is not None
