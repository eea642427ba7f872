"""The vote: its rules applied moment by moment, all pairings of small cases, noisy copies of a reference."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product

import numpy as np
import pytest

from diarize.annotation import Annotation, Turn
from diarize.errors import ConfigError
from diarize.evaluation.combination import combine
from diarize.evaluation.scoring import pooled, score


def annotation(*turns: tuple[float, float, str] | tuple[float, float, str, float]) -> Annotation:
    return Annotation((Turn(*turn) for turn in turns), "talk")


def times(combined: Annotation) -> list[tuple[float, float, str]]:
    return [(turn.start, turn.end, turn.speaker) for turn in combined]


def conversation(rng: np.random.Generator, n_speakers: int = 4, n_turns: int = 60) -> Annotation:
    """Return turns of 0.3 to 6 s with pauses and overlap; times are whole milliseconds."""
    turns, now = [], 0
    for _ in range(n_turns):
        start = max(0, now + int(rng.integers(-1000, 800)))
        now = start + int(rng.integers(300, 6000))
        turns.append(Turn(start / 1000, now / 1000, f"s{rng.integers(n_speakers)}"))
    return Annotation(turns, "talk")


def noisy(reference: Annotation, rng: np.random.Generator, wrong: float = 0.15) -> Annotation:
    """Return a copy with moved boundaries, lost turns, false alarms, wrong speakers and names of its own."""
    names = reference.labels
    own = dict(zip(names, rng.permutation([f"n{number}" for number in range(len(names))]).tolist(), strict=True))
    turns = []
    for turn in reference:
        start = max(0.0, turn.start + rng.normal(0, 0.15))
        end = max(start + 0.05, turn.end + rng.normal(0, 0.15))
        speaker = str(rng.choice(names)) if rng.random() < wrong else turn.speaker
        if rng.random() > wrong / 2:
            turns.append(Turn(start, end, own[speaker]))
        if rng.random() < wrong / 2:
            turns.append(Turn(end, end + rng.uniform(0.1, 1.0), own[str(rng.choice(names))]))
    return Annotation(turns, reference.uri)


def voted_on_frames(systems: list[Annotation], weights: list[float], step: float = 0.005) -> set[tuple[int, str]]:
    """Return who talks every 5 ms by the rules of the vote, for systems with common names.

    The weights must be such that the mean number of speakers is never halfway between two numbers.
    """
    duration = max(turn.end for system in systems for turn in system)
    total, chosen = sum(weights), set()
    for frame in range(round(duration / step)):
        now = (frame + 0.5) * step
        votes: dict[str, float] = {}
        begin: dict[str, float] = {}
        for system, weight in zip(systems, weights, strict=True):
            for turn in system:
                if turn.start <= now < turn.end:
                    votes[turn.speaker] = votes.get(turn.speaker, 0.0) + weight / total
                    begin[turn.speaker] = min(begin.get(turn.speaker, now), turn.start)
        order = sorted(votes, key=lambda name: (-round(votes[name], 9), begin[name]))
        chosen |= {(frame, name) for name in order[: round(sum(votes.values()))]}
    return chosen


def times_of_speakers(systems: list[Annotation], weights: list[float]) -> set[frozenset[int]]:
    """Return the moments in which each speaker has the vote, without the names."""
    voted = voted_on_frames(systems, weights)
    return {frozenset(frame for frame, name in voted if name == wanted) for wanted in {name for _, name in voted}}


def shared(one: Annotation, name: str, other: Annotation, other_name: str) -> float:
    """Return the seconds in which a speaker of one annotation and one of the other talk at once."""
    return sum(
        max(0.0, min(a.end, b.end) - max(a.start, b.start))
        for a, b in product(one, other)
        if (a.speaker, b.speaker) == (name, other_name)
    )


class TestUnchanged:
    REFERENCE = annotation((0, 4, "anna", 0.9), (3.5, 6, "ben", 0.6), (6, 7, "anna", 0.8), (9, 12, "carla", 0.25))

    @pytest.mark.parametrize("copies", [1, 2, 3, 6])
    def test_copies_of_one_annotation(self, copies: int) -> None:
        combined = combine([self.REFERENCE] * copies)
        assert combined.uri == "talk"
        assert times(combined) == times(self.REFERENCE)
        assert [turn.confidence for turn in combined] == pytest.approx([0.9, 0.6, 0.8, 0.25])

    @pytest.mark.parametrize("seed", range(3))
    def test_a_long_one(self, seed: int) -> None:
        reference = conversation(np.random.default_rng(seed))
        assert times(combine([reference])) == times(reference)
        assert times(combine([reference] * 3, weights=[3, 1, 2])) == times(reference)

    def test_of_empty_ones_nothing_is_left(self) -> None:
        assert combine([annotation()]) == annotation()
        assert combine([annotation()] * 3) == annotation()


class TestNames:
    @pytest.mark.parametrize("seed", range(3))
    def test_renaming_speakers_changes_nothing_but_names(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        reference = conversation(rng)
        systems = [noisy(reference, rng) for _ in range(4)]
        shuffled = [
            system.rename(dict(zip(system.labels, rng.permutation(system.labels).tolist(), strict=True)))
            for system in systems
        ]
        before, after = combine(systems), combine(shuffled)
        assert times(before) != times(after)  # the names did move
        assert score(before, after).error == pytest.approx(0, abs=1e-9)
        assert before.duration == pytest.approx(after.duration)

    def test_names_are_those_of_the_first_annotation_that_has_the_speaker(self) -> None:
        first = annotation((0, 4, "anna"), (4, 8, "ben"))
        second = annotation((0, 4, "ben"), (4, 8, "x"), (8, 10, "anna"))
        third = annotation((0, 4, "1"), (4, 8, "2"), (8, 10, "3"))
        assert times(combine([first, second, third])) == [(0, 4, "anna"), (4, 8, "ben"), (8, 10, "anna-2")]

    def test_a_name_with_a_number_does_not_collide(self) -> None:
        first = annotation((0, 4, "a"), (4, 8, "a-2"))
        others = annotation((8, 10, "a"))
        assert times(combine([first, others, others], weights=[1, 1, 1]))[-1] == (8, 10, "a-3")

    # local search fails in about 1 of 100 of the harder cases. Of these, the second three need the weights, the next
    # the rounds after the first, the last three more than one start
    @pytest.mark.parametrize(
        ("seed", "wrong"),
        [*((seed, 0.35) for seed in (0, 1, 2, 41, 53, 70, 76)), *((seed, 0.9) for seed in (14, 27, 38))],
    )
    def test_speakers_are_paired_as_well_as_they_can_be(self, seed: int, wrong: float) -> None:
        """Three systems tell apart three voices badly; the best of all 60480 ways to pair them is found."""
        rng = np.random.default_rng(seed)
        reference = conversation(rng, n_speakers=3, n_turns=25)
        systems = [noisy(reference, rng, wrong) for _ in range(3)]
        weights, names = [5.0, 4.1, 3.3], ["n0", "n1", "n2"]
        # group of each speaker of each system: none, some or all of them share one with a speaker of another system
        ways = [np.array([[0, 1, 2]]), *(np.array(list(permutations(range(n), 3))) for n in (6, 9))]

        def agreement(one: int, other: int) -> np.ndarray:
            seconds = np.array([[shared(systems[one], a, systems[other], b) for b in names] for a in names])
            same = ways[one][:, None, :, None] == ways[other][None, :, None, :]
            # those who never talk at once are not paired
            return np.asarray(weights[one] * weights[other] * (same * (seconds - 1e-9)).sum(axis=(2, 3)))

        values = agreement(0, 1)[0][:, None] + agreement(0, 2)[0] + agreement(1, 2)
        second, third = np.unravel_index(values.argmax(), values.shape)
        groups = (ways[0][0], ways[1][second], ways[2][third])
        best = [
            system.rename(dict(zip(names, (f"g{group}" for group in own), strict=True)))
            for system, own in zip(systems, groups, strict=True)
        ]
        expected = times_of_speakers(best, weights)
        combined = times_of_speakers([combine(systems, weights=weights)], [1.0])
        assert combined == expected


class TestVote:
    def test_two_of_three_win(self) -> None:
        one, other = annotation((0, 5, "a"), (5, 9, "b")), annotation((0, 3, "a"), (3, 9, "b"))
        for systems in ([one, one, other], [one, other, one], [other, one, one]):
            assert times(combine(systems)) == times(one)
        for systems in ([other, other, one], [other, one, other], [one, other, other]):
            assert times(combine(systems)) == times(other)

    def test_the_middle_boundary_of_three_wins(self) -> None:
        systems = [annotation((0, change, "a"), (change, 9, "b")) for change in (4.0, 4.2, 4.9)]
        assert times(combine(systems)) == [(0, 4.2, "a"), (4.2, 9, "b")]

    @pytest.mark.parametrize(("votes", "kept"), [(0, False), (1, False), (2, True), (3, True)])
    def test_overlap_stays_where_most_have_it(self, votes: int, kept: bool) -> None:
        overlapping, plain = annotation((0, 6, "a"), (5, 9, "b")), annotation((0, 6, "a"), (6, 9, "b"))
        combined = combine([overlapping] * votes + [plain] * (3 - votes))
        assert times(combined) == times(overlapping if kept else plain)

    @pytest.mark.parametrize(("silent", "heard"), [(1, True), (2, False)])
    def test_an_empty_annotation_votes_for_silence(self, silent: int, heard: bool) -> None:
        systems = [annotation((0, 5, "a"))] * (3 - silent) + [annotation()] * silent
        assert len(combine(systems)) == heard

    def test_a_speaker_heard_by_two_survives_the_one_who_merges(self) -> None:
        merging = annotation((0, 10, "a"))
        right = annotation((0, 5, "x"), (5, 10, "y"))
        assert times(combine([merging, right, right])) == [(0, 5, "a"), (5, 10, "y")]

    @pytest.mark.parametrize(("weights", "winner"), [((2, 1), 0), ((1, 2), 1), ((1.01, 1), 0), ((1e-3, 1.1e-3), 1)])
    @pytest.mark.parametrize(
        "pair",
        [
            (annotation((0, 5, "a"), (5, 9, "b")), annotation((0, 3, "a"), (3, 9, "b"))),
            (annotation((0, 5, "a")), annotation((0, 4, "a"))),
            (annotation((0, 5, "a"), (4, 9, "b")), annotation((0, 4, "a"), (4, 9, "b"))),
        ],
        ids=["who", "whether", "how many"],
    )
    def test_of_two_the_larger_weight_decides(
        self, pair: tuple[Annotation, Annotation], weights: tuple[float, float], winner: int
    ) -> None:
        assert times(combine(pair, weights=weights)) == times(pair[winner])

    @pytest.mark.parametrize("weights", [None, [1, 1], [7, 7]])
    def test_of_two_equals_the_first_decides(self, weights: list[float] | None) -> None:
        one, other = annotation((0, 5, "a"), (5, 9, "b")), annotation((1, 3, "a"), (3, 9, "b"))
        assert times(combine([one, other], weights=weights)) == times(one)
        assert times(combine([other, one], weights=weights)) == times(other)

    def test_ties_of_three_go_to_the_one_nearest_to_the_others(self) -> None:
        common = [(0.0, 9.0, "a"), (10.0, 19.0, "b"), (20.0, 29.0, "c")]
        near = annotation(*common, (30, 31, "b"))
        far = annotation(*common, (30, 31, "a"), (40, 41, "a"))
        farthest = annotation(*common, (30, 31, "c"), (50, 52, "a"))
        for systems in permutations([near, far, farthest]):
            for weights in (None, [1, 1, 1]):
                assert times(combine(systems, weights=weights)) == times(near)

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("weights", [(5.0, 4.1, 3.3), (9.0, 2.1, 3.3, 1.7)])
    def test_every_moment_follows_the_rules(self, seed: int, weights: tuple[float, ...]) -> None:
        rng = np.random.default_rng(seed)
        reference = conversation(rng, n_turns=20)
        # systems that are rarely wrong about who talks, with the names they should have
        systems = [noisy(reference, rng, wrong=0.1) for _ in weights]
        common = [named_like(reference, system) for system in systems]
        expected = voted_on_frames(common, list(weights))
        assert voted_on_frames([named_like(reference, combine(systems, weights=weights))], [1.0]) == expected

    def test_confidence_is_the_weighted_mean_and_0_for_who_does_not_hear_the_speaker(self) -> None:
        systems = [annotation((0, 4, "a", 0.9)), annotation((0, 4, "a", 0.3)), annotation((4, 9, "b", 0.5))]
        (turn,) = combine(systems, weights=[3, 2, 4])
        assert turn.confidence == pytest.approx((3 * 0.9 + 2 * 0.3) / 9, abs=1e-4)

    def test_without_weights_the_system_at_rank_r_has_the_weight_r_to_the_minus_a_tenth(self) -> None:
        nearest = annotation((0, 20, "a", 1.0), (30, 40, "b", 0.0))
        second = annotation((0, 21, "a", 0.0), (30, 40, "b", 1.0))
        last = annotation((0, 17, "a", 0.0), (30, 40, "b", 0.0))
        combined = combine([last, nearest, second])  # distances 3 + 4, 1 + 3 and 1 + 4 seconds
        total = 1 + 2**-0.1 + 3**-0.1
        assert combined.turns[0].end == 20
        assert [turn.confidence for turn in combined] == pytest.approx([1 / total, 2**-0.1 / total], rel=1e-3)

    def test_no_confidence_where_a_system_has_none(self) -> None:
        (turn,) = combine([annotation((0, 4, "a", 0.9)), annotation((0, 4, "a"))])
        assert turn.confidence is None


def named_like(reference: Annotation, system: Annotation) -> Annotation:
    """Return a copy with the reference's names, paired by brute force over all orders."""

    def right(order: tuple[str, ...]) -> float:
        return sum(shared(reference, name, system, own) for name, own in zip(order, system.labels, strict=True))

    best = max(permutations(reference.labels, len(system.labels)), key=right)
    return system.rename(dict(zip(system.labels, best, strict=True)))


class TestWorth:
    def test_noisy_copies_together_are_better_than_each(self) -> None:
        rng = np.random.default_rng(0)
        combined, single = [], []
        for _ in range(5):
            reference = conversation(rng)
            systems = [noisy(reference, rng) for _ in range(5)]
            combined.append(score(reference, combine(systems)))
            single.append([score(reference, system) for system in systems])
        rates = [pooled(scores).der for scores in zip(*single, strict=True)]
        assert pooled(combined).der < 0.6 * np.mean(rates)
        assert pooled(combined).der < min(rates)

    def test_a_good_system_with_its_weight_outvotes_bad_ones(self) -> None:
        rng = np.random.default_rng(1)
        reference = conversation(rng)
        systems = [noisy(reference, rng, wrong) for wrong in (0.9, 0.9, 0.02)]
        good = score(reference, systems[2]).der
        assert score(reference, combine(systems, weights=[1, 1, 4])).der < 1.1 * good  # two together add overlap
        assert score(reference, combine(systems, weights=[4, 4, 1])).der > 2 * good


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: combine([]), "no annotations"),
        (lambda: combine([Annotation(uri="x"), Annotation(uri="y")]), "one recording can be combined, got 'x', 'y'"),
        (lambda: combine([annotation()] * 3, weights=[1, 1]), "one number for each of 3 annotations, got 2"),
        (lambda: combine([annotation()] * 2, weights=[1, 0]), "above 0"),
        (lambda: combine([annotation()] * 2, weights=[1, float("nan")]), "above 0"),
        (lambda: combine([annotation()] * 2, weights=[1, float("inf")]), "above 0"),
    ],
)
def test_errors(call: Callable[[], Annotation], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        call()
