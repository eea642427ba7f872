"""The inference given what a person fixed: voices drawn from a model come apart, or together, where a hint says so."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import adjusted_rand_score

from diarize.annotation import Annotation, Segment, Turn
from diarize.config import Config, GroupingConfig, SpeakerConfig
from diarize.gmm import MixtureParameters
from diarize.grid import FrameGrid
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.corrections import NOBODY, OPEN, FixedFrames, correct
from diarize.stages.limits import UNLIMITED, Limits
from diarize.stages.rounds import Outcome
from diarize.stages.speakers import EigenvoiceModel

Labels = npt.NDArray[np.intp]

BLOCK, N_BLOCKS = 20, 240
WEAK = SpeakerConfig(acoustic_scale=1.0, prior=1.0, min_prior=1.0, max_prior=1.0, loop_probability=0.9)
CONFIG = Config(speakers=WEAK, grouping=GroupingConfig(enabled=False))
OWNERS = (np.arange(N_BLOCKS) // 12) % 3


@pytest.fixture(scope="module")
def voices() -> EigenvoiceModel:
    rng = np.random.default_rng(0)
    background = MixtureParameters(np.full(4, 0.25), rng.normal(0, 3, (4, 6)), rng.uniform(0.5, 2.0, (4, 6))).astype(
        np.float32
    )
    return EigenvoiceModel(background, rng.normal(0, 0.4, (4, 6, 5)).astype(np.float32), np.zeros(5), np.eye(5))


@pytest.fixture(scope="module")
def blocks(voices: EigenvoiceModel) -> SpeechBlocks:
    """Return the speech of three people who take turns of twelve blocks."""
    rng = np.random.default_rng(1)
    factors = np.sqrt(5) * np.linalg.qr(rng.normal(size=(5, 5)))[0][OWNERS]
    component = rng.integers(0, 4, (N_BLOCKS, BLOCK))
    offsets = np.einsum("btdr,br->btd", voices.voices[component], factors) + rng.normal(size=(N_BLOCKS, BLOCK, 6))
    x = voices.background.means[component] + np.sqrt(voices.background.covariances[component]) * offsets
    cepstra = x.reshape(-1, 6).astype(np.float32)
    statistics = voices.statistics(cepstra, np.arange(N_BLOCKS + 1) * BLOCK)
    lengths, runs = np.full(N_BLOCKS, BLOCK), np.zeros(N_BLOCKS, np.intp)
    return SpeechBlocks(np.ones(N_BLOCKS * BLOCK, bool), cepstra, (statistics,), lengths, runs, 0.01)


def corrected(voices: EigenvoiceModel, blocks: SpeechBlocks, start: Labels, fixed: dict[int, int]) -> Outcome:
    """Return what comes of a start when the person in some turns of twelve blocks is known."""
    owners = np.full(N_BLOCKS, -1)
    for turn, person in fixed.items():
        owners[12 * turn : 12 * turn + 12] = person
    return correct(blocks, owners, known(start), [voices], UNLIMITED, CONFIG)


def known(start: Labels) -> Outcome:
    """Return what was found before: labels that are nine tenths sure."""
    posterior = np.full((N_BLOCKS, 5), 0.025)
    posterior[np.arange(N_BLOCKS), start] = 0.9
    return Outcome(posterior, start, candidates=(start,))


def test_two_people_in_one_voice_come_apart(voices: EigenvoiceModel, blocks: SpeechBlocks) -> None:
    outcome = corrected(voices, blocks, np.minimum(OWNERS, 1), {1: 0, 2: 1})
    assert adjusted_rand_score(outcome.labels, OWNERS) > 0.97
    assert set(outcome.labels[12:24]) == {0}
    assert set(outcome.labels[24:36]) == {1}
    assert outcome.n_named == 2


def test_one_person_in_two_voices_comes_together(voices: EigenvoiceModel, blocks: SpeechBlocks) -> None:
    split = np.where((OWNERS == 0) & (np.arange(N_BLOCKS) > 120), 3, OWNERS)
    outcome = corrected(voices, blocks, split, {0: 0, 12: 0})
    assert adjusted_rand_score(outcome.labels, OWNERS) > 0.97
    assert outcome.n_speakers == 3


def test_a_name_moves_the_rest_of_its_voice(voices: EigenvoiceModel, blocks: SpeechBlocks) -> None:
    outcome = corrected(voices, blocks, OWNERS, {0: 0})
    assert adjusted_rand_score(outcome.labels, OWNERS) > 0.97
    assert (outcome.labels[OWNERS == 0] == 0).mean() > 0.97


def test_what_is_fixed_stays_whatever_it_sounds_like(voices: EigenvoiceModel, blocks: SpeechBlocks) -> None:
    outcome = corrected(voices, blocks, OWNERS, {0: 0, 1: 1, 3: 1, 6: 1})  # turns 0, 3 and 6 are one voice
    for turn, person in ((0, 0), (1, 1), (3, 1), (6, 1)):
        assert set(outcome.labels[12 * turn : 12 * turn + 12]) == {person}


def test_two_names_are_two_people(voices: EigenvoiceModel, blocks: SpeechBlocks) -> None:
    """Also where they sound the same, and where voices are joined until there are no more than two."""
    owners = np.full(N_BLOCKS, -1)
    owners[:12], owners[36:48] = 0, 1
    joining = Config(speakers=WEAK, grouping=GroupingConfig(offset=100.0, alone=100.0))
    outcome = correct(blocks, owners, known(np.zeros(N_BLOCKS, np.intp)), [voices], Limits(1, 2), joining)
    assert outcome.n_speakers == 2
    assert set(outcome.labels[:12]) == {0}
    assert set(outcome.labels[36:48]) == {1}


def test_people_may_be_counted_in_any_order(voices: EigenvoiceModel, blocks: SpeechBlocks) -> None:
    one = corrected(voices, blocks, np.minimum(OWNERS, 1), {0: 0, 1: 1, 2: 2})
    two = corrected(voices, blocks, np.minimum(OWNERS, 1), {0: 2, 1: 0, 2: 1})
    np.testing.assert_array_equal(np.array([2, 0, 1])[one.labels], two.labels)


def test_nobody_is_named(voices: EigenvoiceModel, blocks: SpeechBlocks) -> None:
    outcome = corrected(voices, blocks, OWNERS, {})
    assert outcome.n_named == 0
    assert adjusted_rand_score(outcome.labels, OWNERS) > 0.97


def test_frames() -> None:
    turns = Annotation([Turn(1, 3, "ben"), Turn(2, 4, "anna"), Turn(5.01, 5.02, "too short for a frame")])
    fixed = FixedFrames.of(turns, [Segment(0, 2), Segment(6, 7)], FrameGrid(8, 1.0))
    assert fixed.names == ("anna", "ben")
    np.testing.assert_array_equal(fixed.owners, [NOBODY, 1, 0, 0, OPEN, OPEN, NOBODY, OPEN])
    np.testing.assert_array_equal(np.flatnonzero(fixed.several), [2])
    before = np.array([1, 0, 0, 1, 1, 0, 1, 0], bool)
    np.testing.assert_array_equal(fixed.speech(before), [0, 1, 1, 1, 1, 0, 0, 0])


def test_of_whom_nothing_was_heard_nothing_is_known() -> None:
    turns = Annotation([Turn(0, 2, "anna"), Turn(3, 5, "ben"), Turn(6, 7, "carl")])
    fixed = FixedFrames.of(turns, [Segment(7, 8)], FrameGrid(9, 1.0))
    heard = fixed.heard_in(np.array([0, 0, 0, 0, 1, 0, 1, 1, 1], bool))
    assert heard.names == ("ben", "carl")
    np.testing.assert_array_equal(heard.owners, [NOBODY, NOBODY, OPEN, 0, 0, OPEN, 1, NOBODY, OPEN])
    assert FixedFrames.of(turns, [], FrameGrid(9, 1.0)).heard_in(np.zeros(9, bool)).names == ()
