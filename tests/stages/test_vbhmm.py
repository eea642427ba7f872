"""The speaker inference: speakers drawn from a model are found again, bounds rise, limits are obeyed exactly."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import logsumexp
from sklearn.metrics import adjusted_rand_score

from diarize.config import ClusteringConfig, Config, OutputConfig, SpeakerConfig
from diarize.errors import ConfigError
from diarize.gmm import MixtureParameters
from diarize.stages import vbhmm
from diarize.stages.limits import Limits
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel
from diarize.stages.vbhmm import Outcome, Speech, infer

Labels = npt.NDArray[np.intp]

N_COMPONENTS, N_FEATURES, N_VOICES, STEP, BLOCK = 4, 6, 5, 0.01, 20
PLAIN = SpeakerConfig(acoustic_scale=1.0, prior=1.0, min_prior=1.0, max_prior=1.0, loop_probability=0.9, iterations=30)


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


def conversation(voices: EigenvoiceModel, owners: Labels, seed: int = 1, spread: float = 1.0) -> Speech:
    """Draw the speech of blocks whose speakers are known; a pause comes after each ten blocks."""
    rng, model = np.random.default_rng(seed), voices
    factors = spread * np.sqrt(N_VOICES) * np.linalg.qr(rng.normal(size=(N_VOICES, N_VOICES)))[0][owners]
    component = rng.integers(0, N_COMPONENTS, (len(owners), BLOCK))
    offsets = np.einsum("btdr,br->btd", model.voices[component], factors)
    deviation = np.sqrt(model.background.covariances[component])
    x = model.background.means[component] + deviation * (offsets + rng.normal(size=offsets.shape))
    boundaries = np.arange(len(owners) + 1) * BLOCK
    statistics = voices.statistics(x.reshape(-1, N_FEATURES).astype(np.float32), boundaries)
    return Speech((statistics,), np.full(len(owners), BLOCK), np.arange(len(owners)) // 10, STEP)


def turns(n_speakers: int, n_blocks: int = 300, seed: int = 2) -> Labels:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(10, 25, n_blocks)
    order = np.cumsum(rng.integers(1, max(n_speakers, 2), n_blocks)) % n_speakers
    return np.repeat(order, lengths)[:n_blocks].astype(np.intp)


@pytest.mark.parametrize("n_speakers", [1, 2, 3, 4])
def test_speakers_drawn_from_the_model_are_found(voices: EigenvoiceModel, n_speakers: int) -> None:
    owners = turns(n_speakers)
    found = infer(conversation(voices, owners), [voices], Limits(), Config(speakers=PLAIN))
    assert found.posterior.shape == (len(owners), n_speakers)
    if n_speakers > 1:
        assert adjusted_rand_score(found.labels, owners) > 0.97
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1)


@pytest.mark.parametrize(("least", "most"), [(1, 1), (2, 2), (5, 5), (8, 8), (4, 6), (1, 2), (7, 10**6)])
def test_limits_are_obeyed(voices: EigenvoiceModel, least: int, most: int) -> None:
    found = infer(conversation(voices, turns(3)), [voices], Limits(least, most), Config())
    assert least <= found.posterior.shape[1] <= most
    assert set(found.labels) == set(range(found.posterior.shape[1]))


@pytest.mark.parametrize("n_blocks", [1, 2, 3, 4, 7])
def test_as_many_speakers_as_blocks(voices: EigenvoiceModel, n_blocks: int) -> None:
    speech = conversation(voices, np.zeros(n_blocks, dtype=np.intp))
    for count in range(1, n_blocks + 1):
        found = infer(speech, [voices], Limits(count, count), Config())
        assert set(found.labels) == set(range(count))
    with pytest.raises(ConfigError, match=rf"{n_blocks + 1} speakers were asked for.*room for {n_blocks}"):
        infer(speech, [voices], Limits(n_blocks + 1), Config())


def test_the_speakers_are_those_on_whom_most_models_agree(voices: EigenvoiceModel) -> None:
    """One model of three sees nothing but noise; it changes neither who there is nor who speaks when."""
    owners = turns(3)
    speech, rng = conversation(voices, owners), np.random.default_rng(4)
    good = speech.statistics[0]
    noise = BlockStatistics(good.counts, rng.normal(size=good.projected.shape).astype(np.float32))
    mixed = Speech((noise, good, good), speech.lengths, speech.runs, STEP)
    found = infer(mixed, [voices] * 3, Limits(), Config(speakers=PLAIN))
    assert adjusted_rand_score(found.labels, owners) > 0.97
    sure, total = found.posterior.max(axis=1), found.posterior.sum(axis=1)
    np.testing.assert_allclose(total, 1)
    assert sure.mean() < 0.95  # it does change how sure the answer is


def test_as_many_models_as_statistics(voices: EigenvoiceModel) -> None:
    with pytest.raises(ValueError, match="zip"):
        infer(conversation(voices, turns(2, 30)), [voices] * 2, Limits(), Config())


def test_progress_rises_to_one(voices: EigenvoiceModel) -> None:
    seen: list[float] = []
    settings = Config(clustering=ClusteringConfig(starts=4))
    infer(conversation(voices, turns(2, 60)), [voices], Limits(), settings, seen.append)
    assert seen == [0.25, 0.5, 0.75, 1.0]


def test_same_seed_same_outcome(voices: EigenvoiceModel) -> None:
    speech = conversation(voices, turns(3))
    one, two = (infer(speech, [voices], Limits(), Config(seed=5)) for _ in range(2))
    np.testing.assert_array_equal(one.posterior, two.posterior)
    np.testing.assert_array_equal(one.labels, two.labels)


def start_of(n_blocks: int, n_speakers: int, seed: int) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).dirichlet(np.full(n_speakers, 0.5), n_blocks)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("scale", "prior"), [(1.0, 1.0), (0.3, 4.0), (0.1, 0.5)])
def test_the_bound_never_falls(
    voices: EigenvoiceModel, seed: int, scale: float, prior: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vbhmm, "_CONVERGED", -np.inf)  # go on to the last round
    speech = conversation(voices, turns(3, 120, seed), seed, spread=0.5)
    settings = SpeakerConfig(acoustic_scale=scale, loop_probability=0.8, iterations=30)
    found = vbhmm._rounds(speech.statistics[0], voices, start_of(120, 6, seed), prior, settings)
    bounds = np.array(found.bounds)
    assert len(bounds) > 3
    assert (np.diff(bounds) > -1e-6 * np.abs(bounds[1:])).all()
    assert bounds[-1] > bounds[0] - 1e-6 * np.abs(bounds[0])


def test_the_bound_of_one_round_is_that_of_all_paths(voices: EigenvoiceModel) -> None:
    """Eq. (23) with the chain's evidence summed over every path, one after the other."""
    speech, shares = conversation(voices, turns(2, 7)), start_of(7, 2, 0)
    settings = SpeakerConfig(acoustic_scale=0.2, loop_probability=0.7, iterations=1)
    found = vbhmm._rounds(speech.statistics[0], voices, shares, 1.5, settings)
    speakers = voices.posterior(speech.statistics[0], shares, 0.2, 1.5)
    evidence = voices.log_likelihood(speech.statistics[0], speakers, 0.2)
    paths = []
    for path in product(range(2), repeat=7):
        total = np.log(0.5) + evidence[0, path[0]]
        for t in range(1, 7):
            total += np.log(0.7 * (path[t] == path[t - 1]) + 0.3 * 0.5) + evidence[t, path[t]]
        paths.append(total)
    assert found.bounds == pytest.approx([logsumexp(paths) - 1.5 * speakers.divergence])


def test_the_order_of_the_speakers_in_the_start_changes_nothing_but_the_order(voices: EigenvoiceModel) -> None:
    speech, start = conversation(voices, turns(3, 150)), start_of(150, 4, 3)
    order = np.array([2, 0, 3, 1])
    one = vbhmm._rounds(speech.statistics[0], voices, start, 1.0, PLAIN)
    two = vbhmm._rounds(speech.statistics[0], voices, start[:, order], 1.0, PLAIN)
    assert one.posterior.shape == two.posterior.shape
    assert adjusted_rand_score(one.labels, two.labels) == 1
    np.testing.assert_allclose(np.sort(one.posterior, axis=1), np.sort(two.posterior, axis=1), atol=1e-6)
    assert one.bounds == pytest.approx(two.bounds)


def test_long_speech_starts_from_as_many_clusters_as_its_length_asks_for(voices: EigenvoiceModel) -> None:
    """Whatever the graph makes of it."""
    speech = conversation(voices, turns(3))  # 60 s
    view = (speech.statistics[0], voices)

    def clusters(per_cluster: float) -> list[int]:
        settings = ClusteringConfig(spare=0, max_speakers=2, per_cluster=per_cluster)
        return [len(set(labels)) for labels in vbhmm._starts(speech, view, 1, settings, np.random.default_rng(0))]

    assert max(clusters(60.0)) <= 2
    assert clusters(5.0) == [12, 12, 12]


def test_superfluous_speakers_disappear(voices: EigenvoiceModel) -> None:
    owners = turns(2)
    start = vbhmm._shares(turns(9, seed=8))
    found = vbhmm._rounds(conversation(voices, owners).statistics[0], voices, start, 1.0, PLAIN)
    assert found.posterior.shape[1] < 9
    assert set(found.labels) == set(range(found.posterior.shape[1]))


@pytest.mark.parametrize("crossing", [True, False])
@pytest.mark.parametrize("seconds", [0.4, 1.2, 3.0, 100.0])
def test_pieces_are_neighbouring_blocks_of_about_the_length(crossing: bool, seconds: float) -> None:
    rng = np.random.default_rng(0)
    lengths, runs = rng.integers(15, 25, 80), np.repeat(np.arange(16), 5)
    nothing = (BlockStatistics(np.zeros((80, 1)), np.zeros((80, 1))),)
    pieces = vbhmm._pieces(Speech(nothing, lengths, runs, STEP), seconds, crossing)
    assert pieces[0] == 0
    assert set(np.diff(pieces)) <= {0, 1}  # in order, none left out
    found = np.bincount(pieces, lengths) * STEP
    assert found.max() <= seconds + 2 * 0.25 + (0 if crossing else seconds / 2)
    if not crossing:
        assert all(len(set(runs[pieces == piece])) == 1 for piece in set(pieces))
    elif seconds < lengths.sum() * STEP:
        assert np.mean(found) == pytest.approx(seconds, rel=0.2)


def test_start_shares_favour_the_label() -> None:
    shares = vbhmm._shares(np.array([0, 2, 2, 1]))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(shares.argmax(axis=1), [0, 2, 2, 1])
    np.testing.assert_array_equal(vbhmm._shares(np.zeros(3, dtype=np.intp)), np.ones((3, 1)))


def test_too_many_groups_are_put_together_from_the_smallest() -> None:
    labels = np.repeat([0, 1, 2, 3], [2, 9, 1, 5])
    found = vbhmm._exactly(labels, Limits(1, 2))
    assert len(set(found.labels[labels == 1])) == 1
    assert len(set(found.labels[labels != 1])) == 1
    assert len(set(found.labels)) == 2


def test_speakers_too_many_are_put_together_where_the_voices_are_alike(voices: EigenvoiceModel) -> None:
    """Each of two voices is divided among two speakers at the start; the parts find together again."""
    owners = turns(2, 200)
    parts = 2 * owners + (np.arange(200) // 25) % 2
    view = (conversation(voices, owners).statistics[0], voices)
    found = vbhmm._settle(view, parts, 2, 0.01, PLAIN.with_(iterations=1))  # nobody vanishes so soon
    assert found.posterior.shape[1] == 2
    assert adjusted_rand_score(found.labels, owners) > 0.95


def test_a_limit_that_is_met_anyway_changes_nothing(voices: EigenvoiceModel) -> None:
    speech = conversation(voices, turns(3))
    free = infer(speech, [voices], Limits(), Config(speakers=PLAIN))
    for limits in (Limits(3, 3), Limits(2, 5), Limits(1, 3)):
        held = infer(speech, [voices], limits, Config(speakers=PLAIN))
        np.testing.assert_array_equal(held.posterior, free.posterior)


def outcome(labels: list[int], sure: float) -> Outcome:
    posterior = np.full((len(labels), 2), 1 - sure)
    posterior[np.arange(len(labels)), labels] = sure
    return Outcome(posterior, np.array(labels))


def test_turns_shorter_than_the_least_go_to_their_neighbours() -> None:
    settings = Config(speakers=SpeakerConfig(block=0.2), output=OutputConfig(min_turn=0.6))
    labels = [0] * 6 + [1] * 2 + [0] * 6 + [1] * 5
    found = vbhmm._without_short_turns(outcome(labels, 0.9), Limits(), settings)
    np.testing.assert_array_equal(found.labels, [0] * 14 + [1] * 5)


def test_a_speaker_with_short_turns_only_stays_where_so_many_were_asked_for() -> None:
    settings = Config(speakers=SpeakerConfig(block=0.2), output=OutputConfig(min_turn=0.6))
    labels = [0] * 6 + [1] * 2 + [0] * 6
    short = outcome(labels, 0.9)
    assert vbhmm._without_short_turns(short, Limits(2, 2), settings) is short
    gone = vbhmm._without_short_turns(short, Limits(), settings)
    assert gone.posterior.shape == (14, 1)
    np.testing.assert_array_equal(gone.labels, 0)


def test_short_turns_stay_where_none_is_too_short() -> None:
    settings = Config(speakers=SpeakerConfig(block=0.2), output=OutputConfig(min_turn=0.0))
    found = outcome([0, 1, 0, 1], 0.9)
    assert vbhmm._without_short_turns(found, Limits(), settings) is found
