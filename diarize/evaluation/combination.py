"""Several annotations of one recording become one: their speakers get common names, then they vote.

The vote is that of DOVER-Lap: in each stretch of time the systems agree on how many speakers talk, then on who. Names
become common by maximising the time for which systems agree, summed over all pairs of systems. The greedy search in
DOVER-Lap needs a table with an entry for each choice of one speaker from every system, which grows exponentially with
the number of systems; here one system at a time is matched exactly (Hungarian method) with all the others, until no
system can be matched better, from as many starts as there are systems; that needs only a table of pairs.

References
----------
Raj et al. (2021). DOVER-Lap: a method for combining overlap-aware diarization outputs.
https://doi.org/10.1109/SLT48900.2021.9383490
Raj and Khudanpur (2021). Reformulating DOVER-Lap label mapping as a graph partitioning problem.
https://doi.org/10.48550/arXiv.2104.01954 (the exponential cost, and local search in place of it)
Stolcke and Yoshioka (2019). DOVER: a method for combining diarization outputs.
https://doi.org/10.48550/arXiv.1909.08090 (the weights by rank)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from math import floor, isfinite

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from diarize.annotation import Annotation, Turn
from diarize.errors import ConfigError, quoted, shortlist
from diarize.evaluation.scoring import score

_Floats = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]

_RANK_EXPONENT = 0.1  # the value of DOVER and DOVER-Lap
_TIE_EXPONENT = 1e-6  # far below any weight that is meant, far above rounding
_DIGITS = 12  # of a vote; the rest is rounding
_RISE = 1 + 1e-9  # a gain below this is rounding


def combine(annotations: Sequence[Annotation], *, weights: Sequence[float] | None = None) -> Annotation:
    """Combine the results of several systems, or runs of one system, for the same recording.

    The time is cut wherever a turn of any system begins or ends. In each piece the number of speakers is the weighted
    mean of the systems' numbers, rounded; the speakers are those with the largest sums of weights. Between systems of
    equal weight that disagree, the one nearest to all the others decides. Between speakers for whom the same systems
    vote, the one who began first is taken.

    Parameters
    ----------
    annotations : sequence of Annotation
        One for each system, all of the same recording. Speakers' names need not match. An empty one votes for silence.
    weights : sequence of float or None
        How much each system counts, above 0; only their ratios matter. None ranks the systems by their distance from
        all the others, in seconds of diarization error (equal distances in the order given), and gives the system at
        rank r the weight r ** -0.1.

    Returns
    -------
    Annotation
        Speakers have the names of the first annotation that has them; a name that is taken gets a number. Where every
        turn given has a confidence, it is the weighted mean of the systems' confidences in the speaker, 0 for a
        system that does not hear that speaker; otherwise None.

    Raises
    ------
    ConfigError
        There are no annotations, they are of different recordings, or the weights do not fit.

    References
    ----------
    See the top of this module.

    Examples
    --------
    >>> first = Annotation([Turn(0.0, 4.0, "anna"), Turn(4.0, 9.0, "ben")])
    >>> second = Annotation([Turn(0.0, 5.0, "1"), Turn(5.0, 9.0, "2")])
    >>> third = Annotation([Turn(0.0, 4.5, "x"), Turn(4.5, 7.0, "y")])
    >>> [(turn.start, turn.end, turn.speaker) for turn in combine([first, second, third])]
    [(0.0, 4.5, 'anna'), (4.5, 9.0, 'ben')]
    """
    systems = list(annotations)
    _check(systems, weights)
    ranks = _ranks(systems)
    powers = ranks ** -(_RANK_EXPONENT if weights is None else _TIE_EXPONENT)
    votes = powers if weights is None else powers * np.asarray(weights, dtype=np.float64)
    votes /= votes.sum()
    return Annotation(_elected(_with_common_names(systems, votes, ranks), votes.tolist()), systems[0].uri)


def _check(systems: list[Annotation], weights: Sequence[float] | None) -> None:
    if not systems:
        raise ConfigError("there are no annotations to combine; give at least one")
    uris = sorted({system.uri for system in systems})
    if len(uris) > 1:
        raise ConfigError(f"only annotations of one recording can be combined, got {shortlist(map(quoted, uris))}")
    if weights is None:
        return
    if len(weights) != len(systems):
        raise ConfigError(f"weights must be one number for each of {len(systems)} annotations, got {len(weights)}")
    if not all(isfinite(weight) and weight > 0 for weight in weights):
        got = quoted(list(weights))
        raise ConfigError(f"weights must be numbers above 0, got {got}; leave out what shall not count")


def _ranks(systems: list[Annotation]) -> _Floats:
    """Return the place of each system, from 1, by its distance from all the others."""
    distance = np.zeros(len(systems))
    for one, other in combinations(range(len(systems)), 2):
        distance[[one, other]] += score(systems[one], systems[other]).error  # the same in both directions
    ranks = np.empty(len(systems))
    ranks[np.argsort(distance.round(6), kind="stable")] = np.arange(1, len(systems) + 1)
    return ranks


def _stretches(systems: Sequence[Annotation]) -> Iterator[tuple[float, float, list[tuple[int, Turn]]]]:
    """Cut the time at every boundary; yield each piece with the turns that run in it and the index of their system."""
    begins, ends = defaultdict(list), defaultdict(list)
    for index, system in enumerate(systems):
        for turn in system:
            begins[turn.start].append((index, turn))
            ends[turn.end].append((index, turn))
    running: dict[tuple[int, Turn], None] = {}  # a set that keeps its order
    for start, end in pairwise(sorted({*begins, *ends})):
        for item in ends.get(start, ()):
            del running[item]
        running.update(dict.fromkeys(begins.get(start, ())))
        if running:
            yield start, end, list(running)


def _with_common_names(systems: list[Annotation], votes: _Floats, ranks: _Floats) -> list[Annotation]:
    """Rename the speakers so that the same name means the same person in all systems."""
    speakers = [(index, label) for index, system in enumerate(systems) for label in _by_first_words(system)]
    places = {speaker: place for place, speaker in enumerate(speakers)}
    shared = np.zeros((len(places), len(places)))  # s in which two speakers talk at once
    for start, end, running in _stretches(systems):
        rows = [places[index, turn.speaker] for index, turn in running]
        shared[np.ix_(rows, rows)] += end - start
    system_of = np.array([index for index, _ in speakers], dtype=np.intp)
    groups = _groups(shared * np.outer(votes[system_of], votes[system_of]), system_of, np.argsort(ranks))
    names: dict[int, str] = {}
    mappings: list[dict[str, str]] = [{} for _ in systems]
    for (index, label), group in zip(speakers, groups.tolist(), strict=True):
        if group not in names:
            names[group] = _unused(label, set(names.values()))
        mappings[index][label] = names[group]
    return [system.rename(mapping) for system, mapping in zip(systems, mappings, strict=True)]


def _by_first_words(system: Annotation) -> list[str]:
    """Return the speakers in an order that does not depend on their names."""
    return list(dict.fromkeys(turn.speaker for turn in system))


def _unused(name: str, taken: set[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def _groups(affinity: _Floats, system_of: _Indices, order: _Indices) -> _Indices:
    """Put speakers who are the same person into one group, at most one of each system.

    Parameters
    ----------
    affinity : (n_speakers, n_speakers)
        What it is worth to have two speakers in one group.
    system_of : (n_speakers,)
    order : (n_systems,)
        Each system is once the one to start with; of equally good results the first counts.

    Returns
    -------
    groups : (n_speakers,)
    """
    results = [_climb(affinity, system_of, np.roll(order, -start)) for start in range(len(order))]
    values = np.array([_within(groups, affinity) for groups in results])
    return results[int(np.argmax(values * _RISE >= values.max()))]


def _climb(affinity: _Floats, system_of: _Indices, order: _Indices) -> _Indices:
    """Take in one system after the other; then match each again while the affinity within groups grows.

    That affinity has a limit, so this ends.
    """
    groups = np.full(len(system_of), -1, dtype=np.intp)
    for system in order:
        groups = _matched(groups, system_of == system, affinity)
    value, before = _within(groups, affinity), -1.0
    while value > before * _RISE:
        before = value
        for system in order:
            candidate = _matched(groups, system_of == system, affinity)
            if _within(candidate, affinity) > value * _RISE:
                groups, value = candidate, _within(candidate, affinity)
    return groups


def _within(groups: _Indices, affinity: _Floats) -> float:
    return float(affinity[groups[:, None] == groups].sum())


def _matched(groups: _Indices, own: npt.NDArray[np.bool_], affinity: _Floats) -> _Indices:
    """Return the groups with one system's speakers matched to those of the others; -1 is not in a group yet."""
    others = ~own & (groups >= 0)
    known = np.unique(groups[others])
    gain = affinity[np.ix_(own, others)] @ (groups[others][:, None] == known)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    useful = gain[rows, columns] > 0
    chosen = np.setdiff1d(np.arange(len(groups)), known)[: len(gain)]  # a group of one's own where nobody fits
    chosen[rows[useful]] = known[columns[useful]]
    result = groups.copy()
    result[own] = chosen
    return result


def _elected(systems: list[Annotation], votes: list[float]) -> Iterator[Turn]:
    """Yield for each piece of time those who have the votes; all systems use the same names."""
    all_sure = all(turn.confidence is not None for system in systems for turn in system)
    for start, end, running in _stretches(systems):
        votes_for: dict[str, float] = defaultdict(float)
        sure: dict[str, float] = defaultdict(float)
        for index, turn in running:
            votes_for[turn.speaker] += votes[index]
            sure[turn.speaker] += votes[index] * (turn.confidence or 0.0)
        n_speakers = floor(sum(votes_for.values()) + 0.5)  # as the votes of all systems add up to 1
        # equal sums come from the same systems, and then whose turn began first comes first, as in `running`
        for speaker in sorted(votes_for, key=lambda name: -round(votes_for[name], _DIGITS))[:n_speakers]:
            yield Turn(start, end, speaker, min(sure[speaker], 1.0) if all_sure else None)
