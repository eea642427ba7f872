"""The speaker inference: speakers drawn from a model come out again, bounds rise, limits are obeyed exactly."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import logsumexp
from sklearn.metrics import adjusted_rand_score

from diarize.config import ClusteringConfig, Config, GroupingConfig, OutputConfig, SpeakerConfig
from diarize.errors import ConfigError
from diarize.gmm import MixtureParameters
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.clustering import starting_labels
from diarize.stages.limits import Limits
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel, View
from diarize.stages.vbhmm import Outcome, infer, prior_weight

Labels = npt.NDArray[np.intp]

N_COMPONENTS, N_FEATURES, N_VOICES, STEP, BLOCK = 4, 6, 5, 0.01, 20
ANY_TURN = OutputConfig(min_turn=0.0)


def settings(scale: float = 1.0, prior: float = 1.0, loop: float = 0.9, iterations: int = 30) -> SpeakerConfig:
    """Return settings with the same prior for speech of any length."""
    return SpeakerConfig(
        acoustic_scale=scale,
        prior=prior,
        min_prior=prior,
        max_prior=prior,
        loop_probability=loop,
        iterations=iterations,
    )


PLAIN = settings()
VOICES = GroupingConfig(enabled=False)  # every voice that is told apart is a speaker


@pytest.fixture(scope="module")
def voices() -> EigenvoiceModel:
    rng = np.random.default_rng(0)
    background = MixtureParameters(
        np.full(N_COMPONENTS, 1 / N_COMPONENTS),
        rng.normal(0, 3, (N_COMPONENTS, N_FEATURES)),
        rng.uniform(0.5, 2.0, (N_COMPONENTS, N_FEATURES)),
    ).astype(np.float32)
    directions = rng.normal(0, 0.4, (N_COMPONENTS, N_FEATURES, N_VOICES)).astype(np.float32)
    return EigenvoiceModel(background, directions, np.zeros(N_VOICES), np.eye(N_VOICES))


def conversation(voices: EigenvoiceModel, owners: Labels, seed: int = 1, spread: float = 1.0) -> SpeechBlocks:
    """Draw the speech of blocks whose speakers are known; a pause comes after each ten blocks."""
    rng, model = np.random.default_rng(seed), voices
    factors = spread * np.sqrt(N_VOICES) * np.linalg.qr(rng.normal(size=(N_VOICES, N_VOICES)))[0][owners]
    component = rng.integers(0, N_COMPONENTS, (len(owners), BLOCK))
    offsets = np.einsum("btdr,br->btd", model.voices[component], factors)
    deviation = np.sqrt(model.background.covariances[component])
    x = model.background.means[component] + deviation * (offsets + rng.normal(size=offsets.shape))
    cepstra = x.reshape(-1, N_FEATURES).astype(np.float32)
    statistics = voices.statistics(cepstra, np.arange(len(owners) + 1) * BLOCK)
    return blocks_of(cepstra, statistics)


def blocks_of(cepstra: npt.NDArray[np.float32], *statistics: BlockStatistics) -> SpeechBlocks:
    """Return blocks of the same length, a pause after each ten."""
    n_blocks, runs = len(statistics[0]), np.arange(len(statistics[0])) // 10
    speech = np.concatenate([np.r_[np.ones(BLOCK * (runs == run).sum(), bool), [False] * 50] for run in set(runs)])
    return SpeechBlocks(speech, cepstra, statistics, np.full(n_blocks, BLOCK), runs, STEP)


def first_start(blocks: SpeechBlocks, voices: EigenvoiceModel, config: Config, least: int = 1) -> Labels:
    """Return the labels that the inference starts from where it has one start."""
    view = View(blocks.statistics[0], voices)
    return next(starting_labels(blocks, view, least, config.clustering, np.random.default_rng(config.seed)))


def turns(n_speakers: int, n_blocks: int = 300, seed: int = 2) -> Labels:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(10, 25, n_blocks)
    order = np.cumsum(rng.integers(1, max(n_speakers, 2), n_blocks)) % n_speakers
    return np.repeat(order, lengths)[:n_blocks].astype(np.intp)


@pytest.mark.parametrize("n_speakers", [1, 2, 3, 4])
def test_speakers_drawn_from_the_model_come_out(voices: EigenvoiceModel, n_speakers: int) -> None:
    owners = turns(n_speakers)
    outcome = infer(conversation(voices, owners), [voices], Limits(), Config(speakers=PLAIN))
    assert outcome.posterior.shape == (len(owners), n_speakers)
    assert outcome.n_speakers == n_speakers
    if n_speakers > 1:
        assert adjusted_rand_score(outcome.labels, owners) > 0.97
    np.testing.assert_allclose(outcome.posterior.sum(axis=1), 1)


@pytest.mark.parametrize(("least", "most"), [(1, 1), (2, 2), (5, 5), (8, 8), (4, 6), (1, 2), (7, 10**6)])
def test_limits_are_obeyed(voices: EigenvoiceModel, least: int, most: int) -> None:
    outcome = infer(conversation(voices, turns(3)), [voices], Limits(least, most), Config())
    assert least <= outcome.posterior.shape[1] <= most
    assert set(outcome.labels) == set(range(outcome.posterior.shape[1]))


@pytest.mark.parametrize("n_blocks", [1, 2, 3, 4, 7])
def test_as_many_speakers_as_blocks(voices: EigenvoiceModel, n_blocks: int) -> None:
    blocks = conversation(voices, np.zeros(n_blocks, dtype=np.intp))
    for count in range(1, n_blocks + 1):
        outcome = infer(blocks, [voices], Limits(count, count), Config())
        assert set(outcome.labels) == set(range(count))
    with pytest.raises(ConfigError, match=rf"{n_blocks + 1} speakers were asked for.*room for {n_blocks}"):
        infer(blocks, [voices], Limits(n_blocks + 1), Config())


def test_the_speakers_are_those_on_whom_most_models_agree(voices: EigenvoiceModel) -> None:
    """One model of three sees nothing but noise; it changes neither who there is nor who speaks when."""
    owners = turns(3)
    blocks, rng = conversation(voices, owners), np.random.default_rng(4)
    good = blocks.statistics[0]
    noise = BlockStatistics(good.counts, rng.normal(size=good.projected.shape).astype(np.float32))
    outcome = infer(blocks_of(blocks.cepstra, noise, good, good), [voices] * 3, Limits(), Config(speakers=PLAIN))
    assert adjusted_rand_score(outcome.labels, owners) > 0.97
    sure, total = outcome.posterior.max(axis=1), outcome.posterior.sum(axis=1)
    np.testing.assert_allclose(total, 1)
    assert sure.mean() < 0.95  # it does change how sure the answer is


def test_as_many_models_as_statistics(voices: EigenvoiceModel) -> None:
    with pytest.raises(ValueError, match="zip"):
        infer(conversation(voices, turns(2, 30)), [voices] * 2, Limits(), Config())


def test_progress_rises_to_one(voices: EigenvoiceModel) -> None:
    seen: list[float] = []
    config = Config(clustering=ClusteringConfig(starts=4))
    infer(conversation(voices, turns(2, 60)), [voices], Limits(), config, seen.append)
    assert seen == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_same_seed_same_outcome(voices: EigenvoiceModel) -> None:
    blocks = conversation(voices, turns(3))
    one, two = (infer(blocks, [voices], Limits(), Config(seed=5)) for _ in range(2))
    np.testing.assert_array_equal(one.posterior, two.posterior)
    np.testing.assert_array_equal(one.labels, two.labels)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("scale", "prior"), [(1.0, 1.0), (0.3, 4.0), (0.1, 0.5), (1.0, 0.1)])
def test_the_bound_never_falls(voices: EigenvoiceModel, seed: int, scale: float, prior: float) -> None:
    """From one start with more clusters than speakers; voices that are alike and a weak prior take many rounds."""
    n_blocks, spread = (120, 0.5) if prior > 0.1 else (300, 0.15)
    blocks = conversation(voices, turns(3, n_blocks, seed), seed, spread)
    starts = ClusteringConfig(starts=1, spare=4, window=0.5)
    config = Config(seed=seed, speakers=settings(scale, prior, 0.8, 100), clustering=starts, output=ANY_TURN)
    bounds = np.array(infer(blocks, [voices], Limits(), config).bounds)
    assert len(bounds) > 3
    assert (np.diff(bounds) > -1e-6 * np.abs(bounds[1:])).all()
    assert bounds[-1] > bounds[0] - 1e-6 * np.abs(bounds[0])


def test_the_bound_rises_over_many_rounds(voices: EigenvoiceModel) -> None:
    """The same run, cut off after each of its rounds."""
    blocks = conversation(voices, turns(3, 300, 4), 4, spread=0.15)
    starts = ClusteringConfig(starts=1, spare=4, window=0.5)
    bounds = [
        infer(
            blocks,
            [voices],
            Limits(),
            Config(seed=4, speakers=settings(1, 0.1, 0.8, rounds), clustering=starts, output=ANY_TURN),
        ).bounds
        for rounds in (5, 10, 40)
    ]
    assert len(bounds[2]) > 10
    assert bounds[2][: len(bounds[1])] == bounds[1]
    assert bounds[0][-1] < bounds[1][-1] < bounds[2][-1]


@pytest.mark.parametrize(("scale", "prior"), [(0.2, 1.5), (1.0, 0.4)])
@pytest.mark.parametrize("spare", [1, 2])
def test_the_bound_of_one_round_is_that_of_all_paths(
    voices: EigenvoiceModel, scale: float, prior: float, spare: int
) -> None:
    """Eq. (21) with the chain's evidence summed over every path; at the start a block is its cluster's by 0.7."""
    blocks = conversation(voices, turns(2, 7))
    config = Config(
        speakers=settings(scale, prior, 0.7, iterations=1),
        clustering=ClusteringConfig(starts=1, window=0.4, spare=spare),
        output=ANY_TURN,
    )
    labels = first_start(blocks, voices, config)
    n_speakers = int(labels.max()) + 1
    assert n_speakers > 1
    shares = np.where(np.arange(n_speakers) == labels[:, None], 0.7, 0.3 / (n_speakers - 1))
    speakers = voices.posterior(blocks.statistics[0], shares, scale, prior)
    evidence = voices.log_likelihood(blocks.statistics[0], speakers, scale)
    paths = []
    for path in product(range(n_speakers), repeat=7):
        total = -np.log(n_speakers) + evidence[0, path[0]]
        for t in range(1, 7):
            total += np.log(0.7 * (path[t] == path[t - 1]) + 0.3 / n_speakers) + evidence[t, path[t]]
        paths.append(total)
    bounds = infer(blocks, [voices], Limits(), config).bounds
    assert bounds == pytest.approx([logsumexp(paths) - prior * speakers.divergence])


def test_the_order_of_the_speakers_in_the_start_changes_nothing_but_the_order(voices: EigenvoiceModel) -> None:
    """Two seeds that give the clusters of the start other numbers, and no more."""
    blocks = conversation(voices, turns(3, 150))
    starts = ClusteringConfig(starts=1, spare=1)
    configs = [Config(seed=seed, speakers=PLAIN, clustering=starts, output=ANY_TURN) for seed in (0, 2)]
    labels = [first_start(blocks, voices, config) for config in configs]
    assert adjusted_rand_score(*labels) == 1
    assert (labels[0] != labels[1]).any()
    one, two = (infer(blocks, [voices], Limits(), config) for config in configs)
    assert one.posterior.shape == two.posterior.shape
    assert adjusted_rand_score(one.labels, two.labels) == 1
    np.testing.assert_allclose(np.sort(one.posterior, axis=1), np.sort(two.posterior, axis=1), atol=1e-6)
    assert one.bounds == pytest.approx(two.bounds)


def test_superfluous_speakers_disappear(voices: EigenvoiceModel) -> None:
    blocks = conversation(voices, turns(2))
    config = Config(speakers=PLAIN, clustering=ClusteringConfig(starts=1, spare=7))
    assert len(set(first_start(blocks, voices, config))) >= 9
    outcome = infer(blocks, [voices], Limits(), config)
    assert outcome.n_speakers < 9
    assert set(outcome.labels) == set(range(outcome.n_speakers))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_too_many_groups_are_put_together_from_the_smallest(voices: EigenvoiceModel, count: int) -> None:
    """A prior so strong that all clusters would become one: what is left is the start itself."""
    blocks = conversation(voices, turns(3, 60))
    config = Config(speakers=settings(0.001, 100.0), clustering=ClusteringConfig(starts=1, window=0.5), output=ANY_TURN)
    start = first_start(blocks, voices, config, least=count)
    assert len(set(start)) > count
    labels = infer(blocks, [voices], Limits(count, count), config).labels
    assert set(labels) == set(range(count))
    holds = [set(start[labels == label]) for label in range(count)]
    assert sum(map(len, holds)) == len(set(start))  # no group is divided
    together = max(holds, key=len)
    assert len(together) == len(set(start)) - count + 1  # all others are as they were
    alone = set(start) - together
    assert min(np.sum(start == group) for group in alone) >= max(np.sum(start == group) for group in together)


def test_speakers_too_many_are_put_together_where_the_voices_are_alike(voices: EigenvoiceModel) -> None:
    """One round, in which nobody vanishes, leaves more speakers than may be; the parts find together again."""
    owners = turns(2, 200)
    blocks = conversation(voices, owners)
    config = Config(
        speakers=settings(prior=0.1, iterations=1),
        clustering=ClusteringConfig(starts=1, spare=4),
        grouping=VOICES,
        output=ANY_TURN,
    )
    assert infer(blocks, [voices], Limits(), config).n_speakers > 2
    outcome = infer(blocks, [voices], Limits(1, 2), config)
    assert outcome.n_speakers == 2
    assert adjusted_rand_score(outcome.labels, owners) > 0.95


def split(offset: float, ratio: float = 0.0, enabled: bool = True) -> Config:
    """Return settings that tell too many voices apart, and by what they are joined."""
    weights = dict.fromkeys(
        ("alone", "ratio_longest", "less", "pieces", "longest_less", "longest_more", "unbroken"), 0.0
    )
    return Config(
        speakers=settings(prior=0.1, iterations=1),
        clustering=ClusteringConfig(starts=1, spare=4),
        grouping=GroupingConfig(enabled=enabled, offset=offset, ratio=ratio, **weights),
        output=ANY_TURN,
    )


def test_voices_of_one_speaker_are_put_together(voices: EigenvoiceModel) -> None:
    """The posterior of a speaker is the sum over the voices; nothing is inferred again."""
    owners = turns(2, 200)
    blocks = conversation(voices, owners)
    apart = infer(blocks, [voices], Limits(), split(0.0, enabled=False))
    outcome = infer(blocks, [voices], Limits(), split(0.0, 10.0))
    assert apart.n_speakers > 2
    assert outcome.n_speakers == 2
    assert adjusted_rand_score(outcome.labels, owners) > 0.97
    np.testing.assert_allclose(outcome.posterior.sum(axis=1), 1)
    np.testing.assert_array_equal(outcome.labels, outcome.posterior.argmax(axis=1))
    speaker = [np.bincount(outcome.labels[apart.labels == voice]).argmax() for voice in range(apart.n_speakers)]
    sums = [apart.posterior[:, np.equal(speaker, number)].sum(axis=1) for number in range(2)]
    np.testing.assert_allclose(outcome.posterior, np.transpose(sums), atol=1e-12)


def test_all_voices_may_be_one_speaker(voices: EigenvoiceModel) -> None:
    blocks = conversation(voices, turns(2, 200))
    outcome = infer(blocks, [voices], Limits(), split(100.0))
    np.testing.assert_array_equal(outcome.posterior, np.ones((200, 1)))
    assert infer(blocks, [voices], Limits(2), split(100.0)).n_speakers == 2


def test_no_voices_are_put_together_where_it_is_not_asked_for(voices: EigenvoiceModel) -> None:
    """Off is the same as on with odds that join nothing, whatever the weights are."""
    blocks = conversation(voices, turns(2, 200))
    off, never = infer(blocks, [voices], Limits(), split(100.0, enabled=False)), split(-100.0)
    assert off.n_speakers > 2
    np.testing.assert_allclose(infer(blocks, [voices], Limits(), never).posterior, off.posterior, atol=1e-12)


def test_a_limit_that_is_met_anyway_changes_nothing(voices: EigenvoiceModel) -> None:
    blocks = conversation(voices, turns(3))
    free = infer(blocks, [voices], Limits(), Config(speakers=PLAIN))
    for limits in (Limits(3, 3), Limits(2, 5), Limits(1, 3)):
        held = infer(blocks, [voices], limits, Config(speakers=PLAIN))
        np.testing.assert_array_equal(held.posterior, free.posterior)


def with_turns(seconds: float) -> Config:
    """Return settings that follow every block, with a shortest turn; a block lasts 0.2 s."""
    starts = ClusteringConfig(window=0.4, spare=0)
    return Config(speakers=settings(loop=0.5), clustering=starts, output=OutputConfig(min_turn=seconds))


def named(labels: Labels) -> list[int]:
    """Return labels renumbered in the order of their first block."""
    order = list(dict.fromkeys(labels.tolist()))
    return [order.index(label) for label in labels]


def test_turns_shorter_than_the_least_go_to_their_neighbours(voices: EigenvoiceModel) -> None:
    owners = np.repeat([0, 1, 0, 1], [6, 2, 6, 5])
    blocks = conversation(voices, owners)
    assert named(infer(blocks, [voices], Limits(), with_turns(0.0)).labels) == owners.tolist()
    assert named(infer(blocks, [voices], Limits(), with_turns(0.2)).labels) == owners.tolist()
    assert named(infer(blocks, [voices], Limits(), with_turns(0.6)).labels) == [0] * 14 + [1] * 5


def test_a_speaker_with_short_turns_only_stays_where_so_many_were_asked_for(voices: EigenvoiceModel) -> None:
    owners = np.repeat([0, 1, 0], [6, 2, 6])
    blocks = conversation(voices, owners)
    assert infer(blocks, [voices], Limits(), with_turns(0.0)).n_speakers > 1
    gone = infer(blocks, [voices], Limits(), with_turns(0.6))
    assert gone.posterior.shape == (14, 1)
    np.testing.assert_array_equal(gone.labels, 0)
    kept = infer(blocks, [voices], Limits(2, 2), with_turns(1.0))
    assert set(kept.labels) == {0, 1}
    without = infer(blocks, [voices], Limits(2, 2), with_turns(0.0))
    np.testing.assert_array_equal(kept.labels, without.labels)
    np.testing.assert_array_equal(kept.posterior, without.posterior)


def test_certainty_is_the_posterior_of_the_label() -> None:
    posterior = np.random.default_rng(0).dirichlet(np.ones(3), 8)
    labels = np.array([0, 2, 1, 1, 0, 2, 2, 0])
    outcome = Outcome(posterior, labels)
    assert outcome.n_speakers == 3
    assert outcome.certainty.tolist() == [posterior[block][label] for block, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("seconds", "prior"), [(0.0, 0.85), (75.0, 1.275), (150.0, 1.7), (600.0, 4.25), (36000.0, 9.6)]
)
def test_the_prior_grows_with_the_speech_up_to_a_limit(seconds: float, prior: float) -> None:
    assert prior_weight(seconds, SpeakerConfig()) == pytest.approx(prior)


def test_limits_of_the_prior_hold_in_any_order() -> None:
    assert prior_weight(600.0, SpeakerConfig(prior=1.0, min_prior=3.0, max_prior=2.0)) == 3.0
