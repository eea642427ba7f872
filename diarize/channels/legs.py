"""A recording whose channels are diarized each by itself, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation, Segment
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
    while change := uneven(results, detections, limits):
        leg, wanted = change
        results[leg] = attribute(leg, detections[leg], Limits(wanted, wanted))
        if len(results[leg].annotation.labels) != wanted:
            raise ConfigError(
                f"there cannot be {counted(wanted, 'speaker')} behind one channel: it holds too little speech"
            )
    return [results.get(leg) for leg in range(len(detections))]


def uneven(
    results: Mapping[int, Diarization], detections: Sequence[Detection], limits: Limits, named: Collection[str] = ()
) -> tuple[int, int] | None:
    """Return the leg in which there should be another number of people, and that number; None where all is well.

    Parameters
    ----------
    results : mapping of int to Diarization
        Of each leg with speech, by its place; somebody of the same name in two of them is one person.
    detections : sequence of Detection
    limits : Limits
    named : collection of str
        Whom a person named: they stay.
    """
    people = {leg: result.annotation.labels for leg, result in results.items()}
    total = len({name for labels in people.values() for name in labels})
    if not any(people.values()) or total in limits:
        return None
    if total < limits.least:
        leg = max(results, key=lambda leg: float(detections[leg].speech.sum()) / max(len(people[leg]), 1))
        return leg, len(people[leg]) + 1
    leg = max(results, key=lambda leg: sum(name not in named for name in people[leg]))
    return leg, len(people[leg]) - 1


def at_end(result: Diarization, channel: int, name: str) -> Diarization:
    """Return what was found in one channel with names after it: with numbers only where several people speak.

    Parameters
    ----------
    result : Diarization
    channel : int
        Counted from 1.
    name : str
        Of the channel.
    """
    order = sorted(result.names, key=lambda name: (len(name), name))  # speaker2 before speaker10
    mapping = {one: name if len(order) == 1 else f"{name} {number}" for number, one in enumerate(order, 1)}
    names = tuple(mapping[one] for one in result.names)
    annotation = result.annotation.rename(mapping)
    return replace(result, annotation=annotation, names=names, channel=channel, channel_name=name)


def joined(legs: Sequence[Diarization], whole: Diarization) -> Diarization:
    """Return legs as one: all their turns, in the frames of all.

    Parameters
    ----------
    legs : sequence of Diarization
        Somebody of the same name in two of them is one person.
    whole : Diarization
        Of the recording; what it says of speakers does not matter.
    """
    speech = np.zeros(whole.frames.n_frames, np.bool_)
    for leg in legs:
        speech |= leg.detection.speech
    annotation = Annotation([turn for leg in legs for turn in leg.annotation], whole.annotation.uri)
    names = tuple(dict.fromkeys(name for leg in legs for name in leg.names))
    return replace(whole, annotation=annotation, detection=Detection(speech), names=names, legs=tuple(legs))
