"""Who else speaks next before and after a moment, and so who speaks beside the main speaker."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


class Neighbour(NamedTuple):
    """Who else speaks next in one direction of time, -1 for nobody, and how far away that is."""

    speaker: Labels
    distance: Floats


def neighbours(labels: Labels) -> tuple[Neighbour, Neighbour]:
    """Return for each place the other speaker before and the other one after.

    Parameters
    ----------
    labels : array of int, shape (n_places,)
        Who speaks, -1 where nobody does.

    Examples
    --------
    >>> before, after = neighbours(np.array([0, 0, 1, 2]))
    >>> before.speaker, after.speaker, after.distance
    (array([-1, -1,  0,  1]), array([ 1,  1,  2, -1]), array([ 2.,  1.,  1., inf]))
    """
    spoken = np.flatnonzero(labels >= 0)
    own = labels[spoken]
    first = np.flatnonzero(np.diff(own, prepend=-2))  # of each turn, whose pauses do not end it
    turn = np.cumsum(np.diff(own, prepend=-2) != 0) - 1
    speaker = np.concatenate([[-1], own[first], [-1]])  # of the turns, and of nobody at either end
    begin = np.concatenate([[-np.inf], spoken[first], [np.inf]])
    end = np.concatenate([[-np.inf], spoken[np.append(first[1:], len(own)) - 1] if len(own) else [], [np.inf]])
    either = []
    for edge, place in ((end, turn), (begin, turn + 2)):
        who, distance = np.full(len(labels), -1, np.intp), np.full(len(labels), np.inf)
        who[spoken], distance[spoken] = speaker[place], np.abs(edge[place] - spoken)
        either.append(Neighbour(who, distance))
    return either[0], either[1]


def second_speakers(labels: Labels, overlap: Mask) -> Labels:
    """Return who speaks beside the main speaker: of each stretch, the other speaker who is nearest in time.

    Parameters
    ----------
    labels : array of int, shape (n_frames,)
        Who speaks, -1 where nobody does.
    overlap : array of shape (n_frames,)
        Where somebody else speaks as well.

    Returns
    -------
    array of int, shape (n_frames,)
        -1 outside the overlap, where nobody speaks, and where there is no other speaker.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 0, 1, 1, 1, -1, 2, 2])
    >>> second_speakers(labels, np.array([0, 0, 1, 1, 1, 0, 1, 0, 0, 0], bool))
    array([-1, -1,  1,  1,  0, -1,  2, -1, -1, -1])
    """
    before, after = neighbours(labels)
    second = np.full(len(labels), -1, np.intp)
    main = np.where(overlap, labels, -1)
    edges = [0, *(np.flatnonzero(np.diff(main)) + 1), len(main)]
    for start, end in pairwise(edges):
        if end > start and main[start] >= 0:
            earlier = before.distance[start] <= after.distance[end - 1]
            second[start:end] = before.speaker[start] if earlier else after.speaker[end - 1]
    return second
