"""What learning would change: stretches of time with who speaks there now and who would."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, pairwise

from diarize.annotation import Annotation, Turn
from diarize.evaluation.scoring import best_mapping

_SHORT = 0.5  # s; such a part of a change goes with what it touches: a boundary that moves
_LEAST = 0.05  # s; less is nothing that a person hears

Names = frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch in which the same people speak before and after a change.

    Parameters
    ----------
    start, end : float, seconds
    before, after : tuple of str
        Who speaks, sorted.
    confidence : float or None
        Of the turns that would be there.
    news : bool
        Whether the corrections made the diarizer think so; else it thought so before, and the turns say otherwise.
    """

    start: float
    end: float
    before: tuple[str, ...]
    after: tuple[str, ...]
    confidence: float | None
    news: bool

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


def changes(now: Annotation, known: Annotation, learned: Annotation) -> list[tuple[Part, ...]]:
    """Return where the turns are others than what was learned.

    Parameters
    ----------
    now : Annotation
        The turns as they stand.
    known : Annotation
        What the diarizer said at first: where it says so still there is no news, whatever stands there. A person who
        put two speakers together without checking their turns, say, has seen that already.
    learned : Annotation
        What it says given what a person fixed, in the names of `now`.

    Returns
    -------
    list of tuple of Part
        In the order of time; short parts go with the change that they touch.

    Examples
    --------
    >>> was = Annotation([Turn(0.0, 4.0, "anna"), Turn(4.0, 9.0, "ben")])
    >>> would = Annotation([Turn(0.0, 6.0, "anna"), Turn(6.2, 9.0, "ben")])
    >>> [[(part.start, part.end, part.before, part.after) for part in change] for change in changes(was, was, would)]
    [[(4.0, 6.0, ('ben',), ('anna',)), (6.0, 6.2, ('ben',), ())]]
    """
    edges = sorted({time for item in (now, known, learned) for turn in item for time in (turn.start, turn.end)})
    rows = [_who(item, edges) for item in (now, known, learned)]
    parts: list[tuple[float, float, Names, Names, bool]] = []
    for (start, end), here, first, then in zip(pairwise(edges), *rows, strict=True):
        if then == here:
            continue
        kind = (here, then, then != first)
        if parts and parts[-1][1] == start and parts[-1][2:] == kind:
            parts[-1] = (parts[-1][0], end, *kind)
        else:
            parts.append((start, end, *kind))
    of_speaker = _by_speaker(learned)
    described = [
        Part(start, end, tuple(sorted(before)), tuple(sorted(after)), _confidence(start, end, after, of_speaker), news)
        for start, end, before, after, news in parts
    ]
    return [group for group in _grouped(described) if sum(part.duration for part in group) >= _LEAST]


def renaming(now: Annotation, other: Annotation, fixed: Iterable[str] = ()) -> dict[str, str]:
    """Return new names of the speakers of `other`: of those in `now` with whom they share most time, else free ones.

    Parameters
    ----------
    now, other : Annotation
    fixed : iterable of str
        Names that mean the same person in both.

    Examples
    --------
    >>> now = Annotation([Turn(0.0, 4.0, "anna"), Turn(4.0, 9.0, "ben")])
    >>> renaming(now, Annotation([Turn(0.0, 4.0, "speaker1"), Turn(5.0, 6.0, "ben"), Turn(6.0, 8.0, "anna")]), ["ben"])
    {'anna': 'speaker1', 'ben': 'ben', 'speaker1': 'anna'}
    """
    sure = set(fixed)
    open_now, open_other = (Annotation([turn for turn in item if turn.speaker not in sure]) for item in (now, other))
    names = best_mapping(open_now, open_other)
    taken = {*now.labels, *sure}
    free = (name for name in (f"speaker{number}" for number in count(1)) if name not in taken)
    given: dict[str, str] = {}
    for name in other.labels:
        given[name] = name if name in sure else names.get(name) or _kept(name, taken, free)
    return given


def _kept(name: str, taken: set[str], free: Iterator[str]) -> str:
    """Return a name, or a free one where it is taken."""
    chosen = name if name not in taken else next(free)
    taken.add(chosen)
    return chosen


def _who(annotation: Annotation, edges: list[float]) -> list[Names]:
    """Return who speaks between each two times, among which are all of its own."""
    begins, ends = defaultdict(set), defaultdict(set)
    for turn in annotation:
        begins[turn.start].add(turn.speaker)
        ends[turn.end].add(turn.speaker)
    speaking: set[str] = set()
    rows = []
    for time in edges[:-1]:
        speaking = (speaking - ends[time]) | begins[time]
        rows.append(frozenset(speaking))
    return rows


def _by_speaker(annotation: Annotation) -> dict[str, list[Turn]]:
    own: dict[str, list[Turn]] = defaultdict(list)
    for turn in annotation:
        own[turn.speaker].append(turn)
    return own


def _confidence(start: float, end: float, names: Names, turns: Mapping[str, list[Turn]]) -> float | None:
    middle = (start + end) / 2
    there = [turn.confidence for name in names for turn in turns[name] if turn.start <= middle < turn.end]
    known = [value for value in there if value is not None]
    return min(known) if known else None


def _grouped(parts: list[Part]) -> list[tuple[Part, ...]]:
    """Return parts that go together: a short one with what it touches, the one before it first."""
    groups: list[list[Part]] = []
    for part in parts:
        last = groups[-1] if groups else None
        touches = last is not None and last[-1].end == part.start
        if last is not None and touches and (part.duration < _SHORT or all(one.duration < _SHORT for one in last)):
            last.append(part)
        else:
            groups.append([part])
    return [tuple(group) for group in groups]
