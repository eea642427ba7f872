"""Which voices are one speaker: counts by plain loops, ratios by dense Gaussians, and the joining done over again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import multivariate_normal

from diarize.config import GroupingConfig
from diarize.gmm import MixtureParameters
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.grouping import Heard, group_voices, joining_ratios, pair_features
from diarize.stages.limits import UNLIMITED, Limits
from diarize.stages.sessions import SessionModel
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel, View

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

STEP, SIZE = 0.01, 3
WEIGHTS = ("ratio", "ratio_longest", "less", "pieces", "longest_less", "longest_more", "unbroken")
BETWEEN, WITHIN = np.diag([1.0, 0.7, 1.2]) + 0.2, np.diag([0.1, 0.3, 0.05]) + 0.03


def weighed(**values: float) -> GroupingConfig:
    """Return a decision in which only the given weights are not zero."""
    return GroupingConfig(**{name: float(values.get(name, 0.0)) for name in ("offset", "alone", *WEIGHTS)})


def blocks_of(labels: Labels, runs: list[int] | None = None, lengths: list[int] | None = None) -> SpeechBlocks:
    """Return blocks of 20 frames without a pause, if not told otherwise; of their sound nothing is known."""
    frames = np.array(lengths or [20] * len(labels))
    nothing = np.zeros((int(frames.sum()), 1), np.float32)
    stretches = np.array(runs or [0] * len(labels))
    return SpeechBlocks(np.ones(len(nothing), bool), nothing, (), frames, stretches, STEP)


#                 a pause after the second, fifth and eighth block
LABELS = np.array([0, 0, 0, 1, 1, 2, 0, 1, 0, 2, 2])
RUNS = [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
LENGTHS = [20, 21, 19, 20, 22, 18, 20, 25, 20, 20, 15]


def counted(labels: Labels, runs: Sequence[int] | Labels, lengths: list[int]) -> Heard:
    """Return what was heard, by a plain loop over the blocks."""
    count = max(labels) + 1
    seconds, pieces, longest, now = [0.0] * count, [0.0] * count, [0.0] * count, 0.0
    changes, unbroken = np.zeros((count, count)), np.zeros((count, count))
    for place, (voice, frames) in enumerate(zip(labels, lengths, strict=True)):
        seconds[voice] += frames * STEP
        if place == 0 or labels[place - 1] != voice:
            pieces[voice] += 1
            now = 0.0
        now += frames * STEP
        longest[voice] = max(longest[voice], now)
        if place and labels[place - 1] != voice:
            for one, other in ((voice, labels[place - 1]), (labels[place - 1], voice)):
                changes[one, other] += 1
                unbroken[one, other] += runs[place] == runs[place - 1]
    return Heard(*map(np.array, (seconds, pieces, longest)), changes, unbroken)


def alike(one: Heard, other: Heard, *, longest: bool = True) -> None:
    for name in ("seconds", "pieces", "changes", "unbroken", *(["longest"] if longest else [])):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-9, err_msg=name)


def test_what_was_heard_of_a_small_conversation() -> None:
    heard = Heard.of(LABELS, blocks_of(LABELS, RUNS, LENGTHS))
    np.testing.assert_allclose(heard.seconds, [1.00, 0.67, 0.53])
    np.testing.assert_array_equal(heard.pieces, [3, 2, 2])
    np.testing.assert_allclose(heard.longest, [0.60, 0.42, 0.35])  # 0.60 with a pause inside
    np.testing.assert_array_equal(heard.changes, [[0, 3, 2], [3, 0, 1], [2, 1, 0]])
    np.testing.assert_array_equal(heard.unbroken, [[0, 2, 2], [2, 0, 0], [2, 0, 0]])


def conversation(seed: int) -> tuple[Labels, list[int], list[int]]:
    """Return labels of 1 to 40 blocks of up to 4 voices, the runs and the lengths."""
    rng = np.random.default_rng(seed)
    n_blocks = rng.integers(1, 41)
    labels = np.unique(rng.integers(0, rng.integers(1, 5), n_blocks), return_inverse=True)[1]
    return labels, np.cumsum(rng.random(n_blocks) < 0.3).tolist(), rng.integers(1, 41, n_blocks).tolist()


@pytest.mark.parametrize("seed", range(20))
def test_what_was_heard_is_what_a_loop_counts(seed: int) -> None:
    labels, runs, lengths = conversation(seed)
    alike(Heard.of(labels, blocks_of(labels, runs, lengths)), counted(labels, runs, lengths))


@pytest.mark.parametrize("seed", range(20))
def test_what_was_heard_of_two_in_one(seed: int) -> None:
    """All but the longest piece is as if both had had one label; a longer piece may have become of two."""
    labels, runs, lengths = conversation(seed)
    heard = Heard.of(labels, blocks_of(labels, runs, lengths))
    for first, second in combinations(range(labels.max() + 1), 2):
        joined, places = heard.joined(first, second), labels - (labels > second)
        together = counted(np.where(labels == second, first, places), runs, lengths)
        alike(joined, together, longest=False)
        others = np.delete(np.arange(len(joined.longest)), first)
        np.testing.assert_allclose(joined.longest[others], together.longest[others])
        assert joined.longest[first] == heard.longest[[first, second]].max()
    alike(heard, counted(labels, runs, lengths))  # joining left it as it was


def test_features_of_a_pair() -> None:
    heard = Heard.of(LABELS, blocks_of(LABELS, RUNS, LENGTHS))
    pairs = np.array([[0, 1], [0, 2], [1, 2]])
    rates, longest = (3.0 / 10.67, -1.0 / 10.53, 0.5 / 10.53), np.log([0.52, 0.45, 0.45])
    expected = [
        [rates[0], rates[0] * longest[0], np.log(1.67), np.log(3), longest[0], np.log(0.70), 2.5 / 4],
        [rates[1], rates[1] * longest[1], np.log(1.53), np.log(3), longest[1], np.log(0.70), 2.5 / 3],
        [rates[2], rates[2] * longest[2], np.log(1.53), np.log(3), longest[2], np.log(0.52), 0.5 / 2],
    ]
    ratios = np.array([3.0, -1.0, 0.5])
    np.testing.assert_allclose(pair_features(ratios, heard, pairs), expected)
    np.testing.assert_allclose(pair_features(ratios, heard, pairs[:, ::-1]), expected)
    assert pair_features(ratios[:0], heard, pairs[:0]).shape == (0, len(GroupingConfig().weights))


def test_each_weight_is_of_the_column_of_its_name() -> None:
    for column, name in enumerate(WEIGHTS):
        assert weighed(**{name: 7.0}).weights == tuple(7.0 * (place == column) for place in range(7))


def voices(sessions: SessionModel | None) -> EigenvoiceModel:
    """Return eigenvoices that move a single mean along three columns of four."""
    background = MixtureParameters([1.0], np.zeros((1, 4)), np.ones((1, 4))).astype(np.float32)
    return EigenvoiceModel(background, np.eye(4, SIZE, dtype=np.float32)[None], np.zeros(SIZE), np.eye(SIZE), sessions)


MODEL = voices(SessionModel(BETWEEN, WITHIN))


def heard_by(model: EigenvoiceModel, factors: Floats, labels: Labels, seed: int) -> View:
    """Return statistics of blocks of 20 frames, each spoken with the factors of its voice."""
    noise = np.random.default_rng(seed).normal(size=(len(labels), SIZE))
    projected = 20 * factors[labels] + np.sqrt(20) * noise
    return View(BlockStatistics(np.full((len(labels), 1), 20, np.float32), projected.astype(np.float32)), model)


def hard(labels: Labels) -> Floats:
    return np.eye(labels.max() + 1)[labels]


def log_density(view: View, shares: Floats, scale: float, members: list[int]) -> float:
    """Return the log density of what was heard of voices that are sessions of one speaker, by scipy.

    In the model above, what is heard of a voice is one noisy point in the space of factors.
    """
    sessions = view.voices.sessions or SessionModel(np.eye(SIZE), np.zeros((SIZE, SIZE)))
    counts = shares.T @ view.statistics.counts[:, 0].astype(float)
    points = shares.T @ view.statistics.projected.astype(float) / counts[:, None]
    noise = np.kron(np.diag(1 / (scale * counts[members])), np.eye(SIZE))
    own = np.kron(np.eye(len(members)), sessions.within)
    shared = np.kron(np.ones((len(members), len(members))), sessions.between)
    return float(multivariate_normal(None, shared + own + noise).logpdf(points[members].ravel()))


def ratio(view: View, shares: Floats, scale: float, one: list[int], two: list[int]) -> float:
    apart = log_density(view, shares, scale, one) + log_density(view, shares, scale, two)
    return log_density(view, shares, scale, one + two) - apart


@pytest.mark.parametrize("sessions", [SessionModel(BETWEEN, WITHIN), None])
def test_ratios_are_those_of_dense_densities(sessions: SessionModel | None) -> None:
    """Also of two views, the mean of both, and of blocks that are shared between voices."""
    rng, labels = np.random.default_rng(3), np.repeat([0, 1, 2, 0, 3], 6)
    shares = 0.7 * hard(labels) + 0.3 * rng.dirichlet(np.ones(4), len(labels))
    views = [heard_by(voices(sessions), rng.normal(size=(4, SIZE)), labels, seed) for seed in range(2)]
    pairs = np.array([[0, 1], [2, 3], [3, 0]])
    expected = [[ratio(view, shares, 0.12, [one], [two]) for one, two in pairs] for view in views]
    np.testing.assert_allclose(joining_ratios(shares, views[:1], 0.12, pairs), expected[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(joining_ratios(shares, views, 0.12, pairs), np.mean(expected, axis=0), rtol=1e-4)


FAR = 2 * np.eye(SIZE)


@pytest.mark.parametrize("model", [MODEL, voices(None)], ids=["sessions", "none"])
@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([0], [0]),
        ([0, 0], [0, 0]),
        ([0, 1], [0, 1]),
        ([0, 1, 0, 2], [0, 1, 0, 2]),
        ([2, 1, 1, 2], [0, 1, 1, 0]),
        ([1, 2, 0, 2, 0, 0], [0, 1, 2, 1, 2, 2]),
        ([1, 1, 1, 1], [0, 0, 0, 0]),
    ],
)
def test_voices_of_one_speaker_are_joined_and_others_are_not(
    model: EigenvoiceModel, people: list[int], expected: list[int]
) -> None:
    labels = np.repeat(np.arange(len(people)), 8)
    view = heard_by(model, FAR[people], labels, 0)
    groups = group_voices(hard(labels), labels, blocks_of(labels), [view], UNLIMITED, 0.3, weighed(ratio=10.0))
    np.testing.assert_array_equal(groups, expected)


@pytest.mark.parametrize(("nudge", "count"), [(1e-3, 1), (-1e-3, 2)])
def test_two_are_joined_where_the_log_odds_are_above_zero(nudge: float, count: int) -> None:
    """The offset that would bring the odds to one is worked out; a thousandth of a nat decides."""
    labels = np.repeat([0, 1, 0], [9, 5, 4])
    view = heard_by(MODEL, np.zeros((2, SIZE)), labels, 1)
    sound = 2.0 * ratio(view, hard(labels), 0.3, [0], [1]) / (10 + 1.0) + 0.5 * np.log(2.0) + 0.25 * 0.5 / 3
    time = weighed(ratio=2.0, less=0.5, unbroken=0.25, offset=nudge - sound)
    blocks = blocks_of(labels, np.repeat([0, 1, 2], [9, 5, 4]).tolist())  # a pause at both changes
    groups = group_voices(hard(labels), labels, blocks, [view], UNLIMITED, 0.3, time)
    assert groups.max() + 1 == count


@pytest.mark.parametrize(
    ("limits", "offset", "count"),
    [
        (Limits(1, 2), -100, 2),
        (Limits(3, 3), -100, 3),
        (Limits(1, 1), -100, 1),
        (Limits(1, 5), -100, 5),
        (Limits(2), 100, 2),
        (Limits(4, 4), 100, 4),
        (Limits(5, 9), 100, 5),
        (Limits(7, 9), 100, 5),  # there are no more voices
        (UNLIMITED, 100, 1),
    ],
)
def test_limits_are_obeyed(limits: Limits, offset: float, count: int) -> None:
    labels = np.repeat(np.arange(5), 4)
    view = heard_by(MODEL, np.random.default_rng(0).normal(size=(5, SIZE)), labels, 2)
    config = weighed(ratio=1.0, offset=offset)
    groups = group_voices(hard(labels), labels, blocks_of(labels), [view], limits, 0.3, config)
    assert groups.max() + 1 == count


def test_the_likeliest_pair_is_joined_where_one_must_be() -> None:
    labels = np.repeat(np.arange(4), 6)
    view = heard_by(MODEL, FAR[[0, 1, 2, 1]], labels, 2)
    config = weighed(ratio=1.0, offset=-100)
    groups = group_voices(hard(labels), labels, blocks_of(labels), [view], Limits(1, 3), 0.3, config)
    np.testing.assert_array_equal(groups, [0, 1, 2, 1])


def test_the_speech_decides_together_with_the_sound() -> None:
    """Two voices that sound alike stay apart where they speak long and answer each other without a pause."""
    labels = np.repeat([0, 1, 0, 1], 10)
    view, config = heard_by(MODEL, np.zeros((2, SIZE)), labels, 0), weighed(ratio=1.0, longest_less=-5.0, offset=1.0)
    apart = group_voices(hard(labels), labels, blocks_of(labels), [view], UNLIMITED, 0.3, config)
    crumbs = np.tile([0, 1], 20)
    shuffled = heard_by(MODEL, np.zeros((2, SIZE)), crumbs, 0)
    joined = group_voices(hard(crumbs), crumbs, blocks_of(crumbs), [shuffled], UNLIMITED, 0.3, config)
    assert apart.tolist() == [0, 1]
    assert joined.tolist() == [0, 0]


def log_odds(view: View, labels: Labels, runs: Labels, one: list[int], two: list[int], config: GroupingConfig) -> float:
    """Return the decision on two groups of voices, each counted again from the start under a label of its own."""
    owners = labels.copy()
    owners[np.isin(labels, one)], owners[np.isin(labels, two)] = 6, 7
    alone, together = (counted(each, runs, [20] * len(labels)) for each in (labels, owners))
    less, more = sorted((6, 7), key=lambda owner: together.seconds[owner])
    longest = {owner: alone.longest[group].max() for owner, group in ((6, one), (7, two))}
    rate = ratio(view, hard(labels), 0.3, one, two) / (10 + together.seconds[less])
    columns = [
        rate,
        rate * np.log(0.1 + longest[less]),
        np.log(1 + together.seconds[less]),
        np.log(1 + together.pieces[less]),
        np.log(0.1 + longest[less]),
        np.log(0.1 + longest[more]),
        (0.5 + together.unbroken[6, 7]) / (1 + together.changes[6, 7]),
    ]
    return sum(getattr(config, name) * value for name, value in zip(WEIGHTS, columns, strict=True)) + config.offset


@pytest.mark.parametrize("seed", [1, 11, 12, 14])  # of these it matters that what is joined is counted again
def test_joining_goes_on_with_what_was_joined(seed: int) -> None:
    """The same done over from the labels after each step, down to every number of speakers."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([rng.permutation(6), np.repeat(rng.integers(0, 6, 40), rng.integers(1, 5, 40))])
    while len(set(np.bincount(labels))) < 6:  # equal seconds would leave open which of two speaks less
        labels = np.append(labels, rng.integers(0, 6))
    blocks = blocks_of(labels, np.cumsum(rng.random(len(labels)) < 0.2).tolist())
    view = heard_by(MODEL, 0.9 * rng.normal(size=(6, SIZE)), labels, seed)
    config = weighed(**dict(zip(WEIGHTS, [9.0, *rng.normal(0, 0.5, 6)], strict=True)))
    members = [[voice] for voice in range(6)]
    for count in range(5, 0, -1):
        pairs = combinations(range(len(members)), 2)
        odds = {(i, j): log_odds(view, labels, blocks.runs, members[i], members[j], config) for i, j in pairs}
        first, second = max(odds, key=odds.__getitem__)
        members[first] += members.pop(second)
        groups = group_voices(hard(labels), labels, blocks, [view], Limits(count, count), 0.3, config)
        assert [np.flatnonzero(groups == k).tolist() for k in range(count)] == list(map(sorted, members))


@pytest.mark.parametrize("seed", range(40))
def test_a_partition_in_the_order_of_the_voices(seed: int) -> None:
    """Whatever was heard and whatever the weights; hearing all of it twice changes nothing."""
    rng = np.random.default_rng(seed)
    labels = np.unique(rng.integers(0, rng.integers(1, 7), rng.integers(1, 31)), return_inverse=True)[1]
    n_voices, least = int(labels.max()) + 1, int(rng.integers(1, 5))
    limits, offset, time = Limits(least, least + int(rng.integers(0, 5))), rng.normal(0, 2), rng.normal(size=6)
    view = heard_by(MODEL, rng.normal(size=(n_voices, SIZE)), labels, seed)
    config = weighed(offset=offset, **dict(zip(WEIGHTS, [5.0, *time], strict=True)))
    groups = group_voices(hard(labels), labels, blocks_of(labels), [view], limits, 0.3, config)
    assert groups.shape == (n_voices,)
    assert list(dict.fromkeys(groups.tolist())) == list(range(groups.max() + 1))
    assert min(limits.least, n_voices) <= groups.max() + 1 <= limits.most
    again = group_voices(hard(labels), labels, blocks_of(labels), [view, view], limits, 0.3, config)
    np.testing.assert_array_equal(groups, again)


@pytest.mark.parametrize(("alone", "most", "count"), [(0.4, 9, 3), (0.6, 9, 1), (0.4, 2, 2), (0.6, 2, 1)])
def test_everybody_is_one_where_no_pair_on_the_way_is_much_likelier_two(alone: float, most: int, count: int) -> None:
    """Half a nat speaks against every pair."""
    labels = np.repeat([0, 1, 2], 6)
    view, config = heard_by(MODEL, np.zeros((3, SIZE)), labels, 0), weighed(offset=-0.5, alone=alone)
    groups = group_voices(hard(labels), labels, blocks_of(labels), [view], Limits(1, most), 0.3, config)
    assert groups.max() + 1 == count
    two = group_voices(hard(labels), labels, blocks_of(labels), [view], Limits(2, most), 0.3, config)
    assert two.max() + 1 == min(3, most)


@pytest.mark.parametrize(("alone", "most", "count"), [(-0.4, 9, 1), (-0.6, 9, 2), (-0.6, 1, 1)])
def test_less_in_favour_of_one_speaker_alone_leaves_two(alone: float, most: int, count: int) -> None:
    """Half a nat speaks for every pair."""
    labels = np.repeat([0, 1, 2], 6)
    view, config = heard_by(MODEL, np.zeros((3, SIZE)), labels, 0), weighed(offset=0.5, alone=alone)
    groups = group_voices(hard(labels), labels, blocks_of(labels), [view], Limits(1, most), 0.3, config)
    assert groups.max() + 1 == count
