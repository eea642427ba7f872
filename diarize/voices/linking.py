"""Who is the same person in several recordings: speakers are joined over recordings, never within one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from diarize.diarization import Diarization
from diarize.errors import ModelError
from diarize.model import Model
from diarize.voices.comparison import log_ratios
from diarize.voices.prints import Voiceprint, voiceprints

Floats = npt.NDArray[np.float64]

_ODDS = 3.0  # log ratio from which on two groups are one person; speakers of two recordings mostly are two


def numbered_person(number: int) -> str:
    """Return the usual name of a person in several recordings.

    Examples
    --------
    >>> numbered_person(2)
    'person2'
    """
    return f"person{number}"


def link(
    diarizations: Iterable[Diarization], name: Callable[[int], str] = numbered_person, apart: Iterable[str] = ()
) -> list[Diarization]:
    """Return diarizations in which the same person has the same name everywhere.

    Parameters
    ----------
    diarizations : iterable of Diarization
        Of different recordings, all with the same model.
    name : callable
        Gives the name of a person from a number, 1 for whoever is met first.
    apart : iterable of str
        Speakers who keep their names, such as those who were known.

    Raises
    ------
    ModelError
        They were made with different models.
    """
    given, kept = list(diarizations), tuple(apart)
    if len({tuple(one.model.voice_fingerprints().items()) for one in given}) > 1:
        raise ModelError("the diarizations were made with different models, whose voices cannot be compared")
    if not given:
        return []
    spoken = [unnamed(one, kept) for one in given]
    names = linked_names(spoken, [voiceprints(one) for one in given], given[0].model, name)
    return [one.renamed(mapping) for one, mapping in zip(given, names, strict=True)]


def order_of(diarization: Diarization) -> list[str]:
    """Return the speakers in the order of their first words."""
    return list(dict.fromkeys(turn.speaker for turn in diarization.annotation))


def unnamed(diarization: Diarization, kept: Iterable[str] = ()) -> list[str]:
    """Return the speakers whom neither a known voice, nor a hint, nor the caller has named, in that order."""
    named = {*kept, *diarization.ratios, *diarization.given}
    return [speaker for speaker in order_of(diarization) if speaker not in named]


def linked_names(
    speakers: Sequence[Sequence[str]],
    heard: Sequence[Mapping[str, Voiceprint]],
    model: Model,
    name: Callable[[int], str] = numbered_person,
) -> list[dict[str, str]]:
    """Return the new name of each speaker of each recording.

    Parameters
    ----------
    speakers : sequence of sequence of str
        For each recording those who get new names, in the order in which they are met.
    heard : sequence of mapping of str to Voiceprint
        For each recording what was heard of its speakers; one of whom nothing was heard is a person alone.
    model : Model
    name : callable
        Gives the name of a person from a number.
    """
    places = [(number, speaker) for number, several in enumerate(speakers) for speaker in several]
    known = [place for place in places if place[1] in heard[place[0]]]
    pairs = [pair for pair in combinations(range(len(known)), 2) if known[pair[0]][0] != known[pair[1]][0]]
    odds = np.full((len(known), len(known)), -np.inf)
    if pairs:
        first, second = np.array(pairs).T
        prints = [(heard[number][speaker],) for number, speaker in known]
        odds[first, second] = odds[second, first] = log_ratios(prints, np.array(pairs), model)
    groups = dict(zip(known, joined(odds), strict=True))
    numbers: dict[object, int] = {}
    names: list[dict[str, str]] = [{} for _ in speakers]
    for place in places:
        person = groups.get(place, place)
        names[place[0]][place[1]] = name(numbers.setdefault(person, len(numbers) + 1))
    return names


def joined(odds: Floats, least: float = _ODDS) -> list[int]:
    """Return the group of each row: the likeliest pair of groups is joined, as long as it is likelier one than two.

    Parameters
    ----------
    odds : array of shape (n_rows, n_rows)
        Symmetric; between groups the mean counts. Minus infinity keeps two rows apart whoever joins them.
    least : float
        What is not above it joins nothing.

    Examples
    --------
    >>> joined(np.array([[-np.inf, 4.0, 1.0], [4.0, -np.inf, -np.inf], [1.0, -np.inf, -np.inf]]))
    [0, 0, 2]
    """
    between, sizes = odds.copy(), np.ones(len(odds))
    groups = np.arange(len(odds))
    while len(odds):
        first, second = sorted(map(int, np.unravel_index(between.argmax(), between.shape)))
        if not between[first, second] > least:
            break
        weights = sizes[[first, second]]
        mean = weights @ between[[first, second]] / weights.sum()
        between[first], between[:, first] = mean, mean
        between[second], between[:, second], between[first, first] = -np.inf, -np.inf, -np.inf
        sizes[first] += sizes[second]
        groups[groups == second] = first
    return [int(group) for group in groups]
