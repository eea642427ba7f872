"""Training of the overlap model: two toy voices at once are told from one, and too little material is an error."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from diarize.config import ClusteringConfig, Config, TrainingConfig
from diarize.errors import ModelError
from diarize.model import builtin_model
from diarize.stages.overlap import OverlapModel
from diarize.training.conversations import compose_conversation
from diarize.training.material import Material
from diarize.training.overlap import cells_of, train_overlap

RATE = 16000
SCENES = Config(training=TrainingConfig(overlap_scenes=2), clustering=ClusteringConfig(starts=1))


def test_silence_teaches_nothing() -> None:
    silent = Material(RATE, [[lambda: np.zeros(RATE, np.float32)]] * 2)
    sound, talking = compose_conversation(silent, np.random.default_rng(0))
    columns, double = cells_of(sound, talking, builtin_model().bands["wide"], SCENES)
    assert len(columns) == len(double) == 0
    with pytest.raises(ModelError, match="0 cells of overlap and 0 without teach too little"):
        train_overlap(silent, builtin_model().bands["wide"], Config(training=TrainingConfig(overlap_scenes=1)))


def test_two_voices_are_told_from_one(buzzes: Material) -> None:
    """On conversations that were not trained on."""
    band = replace(builtin_model().bands["wide"], voices=builtin_model().bands["wide"].voices[:1])
    model = train_overlap(buzzes, band, SCENES, seed=1)
    assert isinstance(model, OverlapModel)
    odds, truth = [], []
    for seed in range(100, 101):
        columns, double = cells_of(*compose_conversation(buzzes, np.random.default_rng(seed)), band, SCENES)
        odds.append((columns - model.centre) @ model.projection[:, 0])
        truth.append(double)
    said, wanted = np.concatenate(odds), np.concatenate(truth)
    rank = np.argsort(np.argsort(said))
    n_double, n_single = wanted.sum(), (~wanted).sum()
    area = (rank[wanted].sum() - n_double * (n_double - 1) / 2) / (n_double * n_single)  # Mann-Whitney
    assert max(area, 1 - area) > 0.75


@pytest.mark.slow
def test_same_seed_same_model(buzzes: Material) -> None:
    band, config = builtin_model().bands["wide"], Config(training=TrainingConfig(overlap_scenes=1))
    one, two = (train_overlap(buzzes, band, config, seed=1).arrays() for _ in range(2))
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name], err_msg=name)
