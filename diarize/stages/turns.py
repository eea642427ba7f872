"""From a label for each frame to the turns of named speakers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation, Turn
from diarize.errors import ConfigError, quoted
from diarize.grid import FrameGrid
from diarize.stages.neighbours import second_speakers

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

Namer = Callable[[int], str]
"""Gives the name of a speaker from a number, 1 for whoever speaks first."""


def numbered(number: int) -> str:
    """Return the usual name of a speaker: speaker1 for whoever speaks first.

    Examples
    --------
    >>> numbered(2)
    'speaker2'
    """
    return f"speaker{number}"


def name_speakers(labels: Labels, name: Namer = numbered) -> tuple[str, ...]:
    """Return the name of each label, in the order of the labels; numbers count in the order of first words.

    Parameters
    ----------
    labels : array of int, shape (n_frames,)
        -1 where nobody speaks; otherwise each of 0 to n_speakers - 1 at least once.
    name : callable

    Raises
    ------
    ConfigError
        Two speakers get the same name, or one gets none.

    Examples
    --------
    >>> name_speakers(np.array([-1, 1, 1, 0]))
    ('speaker2', 'speaker1')
    """
    first = np.unique(labels, return_index=True)[1][int((labels < 0).any()) :]
    given = [name(number) for number in range(1, len(first) + 1)]
    if not all(isinstance(one, str) and one for one in given) or len(set(given)) < len(given):
        raise ConfigError(f"names of speakers must be texts that all differ, got {quoted(given)}")
    names = np.empty(len(first), dtype=object)
    names[first.argsort()] = given
    return tuple(names)


def make_turns(
    labels: Labels, confidence: Floats, overlap: Floats | None, frames: FrameGrid, names: tuple[str, ...]
) -> Annotation:
    """Turn labels of frames into turns.

    Parameters
    ----------
    labels : array of int, shape (n_frames,)
        The main speaker, -1 where nobody speaks.
    confidence : array of shape (n_frames,)
        Probability that the label is right.
    overlap : array of shape (n_frames,) or None
        Where it is above 0, the nearest other speaker speaks as well, with that confidence.
    frames : FrameGrid
    names : tuple of str
        Of each label.
    """
    turns = frames.turns(labels, names, confidence)
    if overlap is not None:
        turns += frames.turns(second_speakers(labels, overlap > 0), names, overlap)
    return Annotation(turns)


def bridged(annotation: Annotation, max_pause: float) -> Annotation:
    """Join turns of the same speaker with a pause of at most `max_pause` seconds in which nobody else speaks."""
    ending = {(turn.end, turn.speaker): turn for turn in annotation}
    pauses = {after.start: before.end for before, after in pairwise(annotation.speech())}
    turns = list(annotation)
    for turn in annotation:
        start = pauses.get(turn.start, -np.inf)
        before = ending.get((start, turn.speaker))
        if before and turn.start - start <= max_pause:
            turns.append(Turn(start, turn.start, turn.speaker, min(before.confidence or 0, turn.confidence or 0)))
    return Annotation(turns, annotation.uri)
