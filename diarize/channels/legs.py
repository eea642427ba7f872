"""A recording whose channels are diarized each by itself, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation, Segment
from diarize.channels.choice import Choice
from diarize.channels.excess import excesses
from diarize.diarization import Diarization
from diarize.errors import ConfigError, counted
from diarize.stages.detection import Detection
from diarize.stages.limits import Limits
from diarize.stages.recording import Recording

Report = Callable[[float], None]
Mask = npt.NDArray[np.bool_]


class Attribute(Protocol):
    """Tells who speaks behind a channel: by its place among the legs, its speech, and how many people may be there."""

    def __call__(self, leg: int, detection: Detection, limits: Limits) -> Diarization: ...


def own_detections(
    recordings: Sequence[Recording],
    detect: Callable[[int, npt.NDArray[np.float64]], Detection],
    marks: Iterable[Segment] | None,
) -> list[Detection]:
    """Return where the people behind each channel speak.

    Parameters
    ----------
    recordings : sequence of Recording
        One for each leg.
    detect : callable
        Takes the place of a leg and its excess (n_frames,), gives a Detection.
    marks : iterable of Segment or None
        Where somebody speaks, if that is known: each marked frame belongs to somebody then.
    """
    above = excesses([recording.spectrum.log_mel for recording in recordings])
    detections = [detect(leg, excess) for leg, excess in enumerate(above)]
    if marks is None:
        return detections
    marked = recordings[0].frames.mask(marks)
    speech = np.stack([detection.speech for detection in detections])
    nobody = ~speech.any(axis=0)
    loudest = np.argmax(above, axis=0)
    return [Detection(marked & (speech[leg] | (nobody & (loudest == leg)))) for leg in range(len(detections))]


def shared_out(
    attribute: Attribute, detections: Sequence[Detection], limits: Limits, report: Report
) -> list[Diarization | None]:
    """Return who speaks in each leg, None where nobody does; the limits hold for all of them together.

    Each leg may have as many people as the others leave. Where there are too few or too many, the leg with the most
    speech must have one more, or the one with the most people one less, and is looked at again.

    Raises
    ------
    ConfigError
        The limits cannot be met.
    """
    spoken = [leg for leg, detection in enumerate(detections) if detection.speech.any()]
    if len(spoken) > limits.most:
        raise ConfigError(
            f"{len(spoken)} channels hold speech, so there cannot be {counted(limits.most, 'speaker')}; mix them"
        )
    room = limits.most - len(spoken) + 1
    least = 1 if len(spoken) != 1 else limits.least
    results: dict[int, Diarization] = {}
    for number, leg in enumerate(spoken):
        results[leg] = attribute(leg, detections[leg], Limits(least, room))
        report((number + 1) / len(spoken))
    while results:
        people = {leg: len(result.annotation.labels) for leg, result in results.items()}
        total = sum(people.values())
        if total in limits:
            break
        if total < limits.least:
            leg = max(spoken, key=lambda leg: float(detections[leg].speech.sum()) / people[leg])
            wanted = people[leg] + 1
        else:
            leg = max(spoken, key=lambda leg: people[leg])
            wanted = people[leg] - 1
        results[leg] = attribute(leg, detections[leg], Limits(wanted, wanted))
        if len(results[leg].annotation.labels) != wanted:
            raise ConfigError(
                f"there cannot be {counted(wanted, 'speaker')} behind one channel: it holds too little speech"
            )
    return [results.get(leg) for leg in range(len(detections))]


def merged(
    results: Sequence[Diarization | None], legs: Sequence[int], choice: Choice, empty: Diarization
) -> Diarization:
    """Return the legs as one: labels by channel, in the frames of all.

    Parameters
    ----------
    results : sequence of Diarization or None
    legs : sequence of int
        The channel of each, counted from 1.
    choice : Choice
        Has the names.
    empty : Diarization
        Of the recording, without any turns.
    """
    pairs = zip(results, legs, strict=True)
    named = [replace(_named(result, choice.name(leg)), channel=leg) for result, leg in pairs if result is not None]
    speech = np.zeros(empty.frames.n_frames, np.bool_)
    for one in named:
        speech |= one.detection.speech
    turns = [turn for one in named for turn in one.annotation]
    names = tuple(name for one in named for name in one.names)
    annotation = Annotation(turns, empty.annotation.uri)
    return replace(empty, annotation=annotation, detection=Detection(speech), names=names, legs=tuple(named))


def _named(result: Diarization, channel: str) -> Diarization:
    """Return a leg with the name of its channel: with numbers only where several people speak."""
    order = sorted(result.names, key=lambda name: (len(name), name))  # speaker2 before speaker10
    mapping = {name: channel if len(order) == 1 else f"{channel} {number}" for number, name in enumerate(order, 1)}
    names = tuple(mapping[name] for name in result.names)
    return replace(result, annotation=result.annotation.rename(mapping), names=names)
