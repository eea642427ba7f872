"""Blocks of speech: lengths, runs and statistics against plain loops over the frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from diarize.config import FeatureConfig
from diarize.features import Spectrum, grid, voice_features
from diarize.gmm import MixtureParameters
from diarize.stages.blocks import SpeechBlocks, cut_blocks
from diarize.stages.recording import Recording
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel

N_FRAMES, N_COMPONENTS, N_VOICES = 1200, 3, 2
RUNS = [(0, 1), (5, 30), (40, 53), (60, 500), (900, N_FRAMES)]
WIDE = FeatureConfig()


@pytest.fixture(scope="module")
def recording() -> Recording:
    rng = np.random.default_rng(0)
    log_mel = rng.normal(-8.0, 1.0, (N_FRAMES, WIDE.n_mels)).astype(np.float32)
    return Recording(WIDE, Spectrum(log_mel, np.zeros(N_FRAMES, np.float32)), grid(N_FRAMES, WIDE, 12.015))


def voices(seed: int) -> EigenvoiceModel:
    rng = np.random.default_rng(seed)
    background = MixtureParameters(
        np.full(N_COMPONENTS, 1 / N_COMPONENTS),
        rng.normal(0, 0.5, (N_COMPONENTS, WIDE.n_mfcc)),
        rng.uniform(0.5, 2.0, (N_COMPONENTS, WIDE.n_mfcc)),
    ).astype(np.float32)
    directions = rng.normal(0, 0.4, (N_COMPONENTS, WIDE.n_mfcc, N_VOICES)).astype(np.float32)
    return EigenvoiceModel(background, directions, np.zeros(N_VOICES), np.eye(N_VOICES))


@pytest.fixture(scope="module")
def speech() -> npt.NDArray[np.bool_]:
    speech = np.zeros(N_FRAMES, bool)
    for start, end in RUNS:
        speech[start:end] = True
    return speech


@pytest.fixture(scope="module")
def blocks(recording: Recording, speech: npt.NDArray[np.bool_]) -> SpeechBlocks:
    return cut_blocks(recording, speech, [voices(1), voices(2)], 0.2)


def test_cepstra_of_some_frames_are_normalised_over_them_alone(recording: Recording, blocks: SpeechBlocks) -> None:
    some = np.zeros(N_FRAMES, bool)
    some[10:45] = some[200:300] = True
    wanted = voice_features(recording.spectrum.log_mel, some & blocks.speech, WIDE)
    assert len(wanted) == 20 + 5 + 100
    np.testing.assert_allclose(blocks.cepstra_of(some), wanted, atol=1e-4)
    assert blocks.cepstra_of(np.zeros(N_FRAMES, bool)).shape == (0, WIDE.n_mfcc)


def test_blocks_cover_all_speech_once_and_cross_no_pause(blocks: SpeechBlocks, speech: npt.NDArray[np.bool_]) -> None:
    assert blocks.lengths.sum() == speech.sum()
    per_run = [blocks.lengths[blocks.runs == run].sum() for run in range(len(RUNS))]
    assert per_run == [end - start for start, end in RUNS]
    assert (np.diff(blocks.runs) >= 0).all()
    long = blocks.lengths[blocks.runs >= 3]
    assert long.min() >= 19
    assert long.max() <= 21
    np.testing.assert_allclose(blocks.statistics[0].counts.sum(axis=1), blocks.lengths, rtol=1e-3)
    assert blocks.seconds == pytest.approx(speech.sum() * 0.01)
    assert len(blocks) == len(blocks.lengths) == len(blocks.runs)


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.3, 1.0])
def test_blocks_of_a_run_are_as_long_as_each_other(
    recording: Recording, speech: npt.NDArray[np.bool_], seconds: float
) -> None:
    blocks = cut_blocks(recording, speech, [voices(1)], seconds)
    for run, (start, end) in enumerate(RUNS):
        lengths = blocks.lengths[blocks.runs == run]
        assert lengths.max() - lengths.min() <= 1
        number = (end - start) * 0.01 / seconds
        assert abs(len(lengths) - number) <= 0.5 + 1e-9 or len(lengths) == 1


def test_each_model_sees_the_same_blocks(
    recording: Recording, speech: npt.NDArray[np.bool_], blocks: SpeechBlocks
) -> None:
    cepstra = voice_features(recording.spectrum.log_mel, speech, WIDE)
    np.testing.assert_array_equal(blocks.cepstra, cepstra)
    assert len(blocks.statistics) == 2
    for seed, statistics in zip((1, 2), blocks.statistics, strict=True):
        background, end = voices(seed).background, 0
        for block in (0, 7, len(blocks) - 1):
            end = int(blocks.lengths[: block + 1].sum())
            rows = cepstra[end - blocks.lengths[block] : end].astype(float)
            away = (rows[:, None] - background.means) ** 2 / background.covariances
            density = np.exp(-0.5 * away.sum(axis=2)) / np.sqrt(np.prod(background.covariances, axis=1))
            shares = density / density.sum(axis=1, keepdims=True)
            np.testing.assert_allclose(statistics.counts[block], shares.sum(axis=0), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", [(4,), (4, 3)])
def test_values_are_spread_over_the_frames_of_their_blocks(shape: tuple[int, ...]) -> None:
    speech = np.array([0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0], bool)
    lengths, values = np.array([1, 2, 3, 1]), np.random.default_rng(0).normal(size=shape)
    nothing = (BlockStatistics(np.zeros((4, 1), np.float32), np.zeros((4, 1), np.float32)),)
    blocks = SpeechBlocks(speech, np.zeros((7, 1), np.float32), nothing, lengths, np.array([0, 0, 1, 1]), 0.01)
    spread = blocks.over_frames(values, -5.0)
    assert spread.shape == (11, *shape[1:])
    for frame, block in enumerate([-1, 0, 1, 1, -1, -1, 2, 2, 2, 3, -1]):
        np.testing.assert_array_equal(spread[frame], values[block] if block >= 0 else np.full(shape[1:], -5.0))
    labels = blocks.over_frames(np.array([2, 0, 1, 2]), -1)
    assert labels.dtype.kind == "i"
    assert labels.tolist() == [-1, 2, 0, 0, -1, -1, 1, 1, 1, 2, -1]


def test_blocks_are_cut_again(blocks: SpeechBlocks, speech: npt.NDArray[np.bool_]) -> None:
    """Where groups of frames change, and where speech comes or goes; what is known of the sound stays."""
    rng, models = np.random.default_rng(4), [voices(1), voices(2)]
    now, groups, mixed = speech.copy(), np.zeros(N_FRAMES, np.intp), np.zeros(N_FRAMES, bool)
    now[100:117], now[600:640] = False, True
    groups[203:333], groups[610:620] = 1, 2
    mixed[400:430], groups[400:430] = True, 3
    again, old = blocks.recut(now, groups, mixed, models)
    np.testing.assert_array_equal(again.speech, now)
    first = np.flatnonzero(now)[np.cumsum(again.lengths) - again.lengths]
    row = np.cumsum(speech) - 1  # of the cepstra
    for number in rng.permutation(len(again))[:60]:
        frames = np.arange(first[number], first[number] + again.lengths[number])
        assert now[frames].all()
        assert len(set(groups[frames])) == 1
        assert len(set(speech[frames])) == 1
        known = speech[frames].all() and not mixed[frames].any()
        for statistics, model in zip(again.statistics, models, strict=True):
            if known:
                part = model.statistics(blocks.cepstra, np.array([row[frames[0]], row[frames[-1]] + 1]))
                whole = len(frames) == blocks.lengths[old[number]]
                near = 1e-3 if whole else 0.2  # the cepstra of what is cut have fewer digits
                np.testing.assert_allclose(statistics.projected[number], part.projected[0], atol=near)
                np.testing.assert_allclose(statistics.counts[number], part.counts[0], atol=near)
            else:
                assert not statistics.counts[number].any()
        numbers = blocks.over_frames(np.arange(len(blocks)), -1)[frames]
        assert set(numbers) == {old[number]}
    assert again.runs[-1] + 1 == len(np.flatnonzero(np.diff(now.astype(int), prepend=0) == 1))


def test_blocks_stay_where_nothing_is_fixed(blocks: SpeechBlocks, speech: npt.NDArray[np.bool_]) -> None:
    nothing = np.zeros(N_FRAMES, np.intp)
    again, old = blocks.recut(speech, nothing, nothing.astype(bool), [voices(1), voices(2)])
    np.testing.assert_array_equal(again.lengths, blocks.lengths)
    np.testing.assert_array_equal(again.runs, blocks.runs)
    for one, other in zip(again.statistics, blocks.statistics, strict=True):
        np.testing.assert_array_equal(one.projected, other.rounded().projected)
        np.testing.assert_allclose(one.counts, other.counts, atol=1e-3)
    np.testing.assert_array_equal(old, np.arange(len(blocks)))
