"""Overlap: cells, columns and neighbours against plain loops; the mixtures against scipy; files."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import entropy, norm

from diarize.errors import ModelError
from diarize.gmm import MixtureParameters
from diarize.stages.overlap import CELL, OverlapModel, cell_edges, overlap_features, second_speakers

Labels = npt.NDArray[np.intp]
STEP, N_FEATURES = 0.01, 3


def conversation(n_frames: int = 700, n_speakers: int = 3, seed: int = 0) -> tuple[Any, Any, Labels]:
    """Return frames, evidence and labels with pauses."""
    rng = np.random.default_rng(seed)
    turns = rng.integers(-1, n_speakers, 60)
    labels = np.repeat(turns, rng.integers(8, 40, 60))[:n_frames].astype(np.intp)
    frames = rng.normal(size=(n_frames, N_FEATURES)).astype(np.float32)
    evidence = rng.normal(size=(-(-n_frames // CELL), n_speakers))
    evidence[np.diff(cell_edges(labels >= 0)) == 0] = 0
    return frames, evidence, labels


def columns(*arguments: Any) -> npt.NDArray[np.float32]:
    return np.concatenate(list(overlap_features(*arguments, STEP)))


@pytest.mark.parametrize("n_frames", [1, 4, 5, 6, 23])
@pytest.mark.parametrize("seed", range(3))
def test_cells_hold_the_speech_on_a_grid(n_frames: int, seed: int) -> None:
    speech = np.random.default_rng(seed).random(n_frames) < 0.6
    edges = cell_edges(speech)
    assert len(edges) == -(-n_frames // CELL) + 1
    for cell in range(len(edges) - 1):
        assert edges[cell + 1] - edges[cell] == speech[cell * CELL : (cell + 1) * CELL].sum()


def test_columns_of_the_sound_are_mean_and_deviation_around_the_cell() -> None:
    frames, evidence, labels = conversation()
    found = columns(frames, evidence, labels)
    assert found.shape == (140, 4 * N_FEATURES + 2 * 6 + 3)
    for cell in (10, 77, 120):
        for place, window in ((0, 5), (2, 11)):
            around = frames[(cell - window // 2) * CELL : (cell + window // 2 + 1) * CELL]
            mean, deviation = (found[cell, (place + k) * N_FEATURES : (place + k + 1) * N_FEATURES] for k in (0, 1))
            np.testing.assert_allclose(mean, around.mean(axis=0), atol=1e-5)
            np.testing.assert_allclose(deviation, around.std(axis=0), atol=1e-4)


def test_columns_of_the_speakers_compare_them_over_the_window() -> None:
    frames, evidence, labels = conversation()
    found = columns(frames, evidence, labels)
    for cell in (12, 60, 100):
        at = slice((cell - 2) * CELL, (cell + 3) * CELL)
        spoken = (labels[at] >= 0).sum()
        own = labels[cell * CELL : (cell + 1) * CELL]
        if not (own >= 0).any():
            continue
        total = evidence[cell - 2 : cell + 3].sum(axis=0)
        best, second = sorted(total / spoken)[:-3:-1]
        main = own[own >= 0][0]
        row = found[cell, 4 * N_FEATURES : 4 * N_FEATURES + 6]
        assert row[0] == pytest.approx(best, abs=1e-5)
        assert row[1] == pytest.approx(best - second, abs=1e-5)
        assert row[2] == pytest.approx(best - total[main] / spoken, abs=1e-5)
        changing = evidence[cell - 2 : cell + 3].max(axis=1).sum() / spoken
        assert row[4] == pytest.approx(changing - best, abs=1e-5)
        share = np.exp(0.12 * total) / np.exp(0.12 * total).sum()
        assert row[5] == pytest.approx(entropy(share), abs=1e-5)
    assert found[0, -1] == pytest.approx(np.log(3))


def test_long_recordings_come_in_parts_that_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = columns(*conversation())
    monkeypatch.setattr("diarize.stages.overlap._CHUNK", 32)
    parts = list(overlap_features(*conversation(), STEP))
    assert len(parts) == 5
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


def nearest(labels: Labels, start: int, end: int) -> int:
    """Return who else than the speaker of [start, end) speaks nearest to it; the earlier one where two are as near."""
    own = labels[start]
    for distance in range(1, len(labels)):
        before, after = start - distance, end - 1 + distance
        if before >= 0 and labels[before] not in (-1, own):
            return int(labels[before])
        if after < len(labels) and labels[after] not in (-1, own):
            return int(labels[after])
    return -1


@pytest.mark.parametrize("seed", range(8))
def test_the_second_speaker_is_the_nearest_other(seed: int) -> None:
    labels = conversation(seed=seed, n_speakers=2 + seed % 3)[2]
    rng = np.random.default_rng(seed)
    overlap = np.repeat(rng.random(140) < 0.3, CELL)
    found = second_speakers(labels, overlap)
    main = np.where(overlap, labels, -1)
    np.testing.assert_array_equal(found[main < 0], -1)
    edges = [0, *(np.flatnonzero(np.diff(main)) + 1), len(main)]
    for start, end in pairwise(edges):
        if main[start] >= 0:
            assert set(found[start:end]) == {nearest(labels, start, end)}


def test_nobody_is_second_where_there_is_one_speaker_or_none() -> None:
    everywhere = np.ones(20, bool)
    np.testing.assert_array_equal(second_speakers(np.zeros(20, np.intp), everywhere), -1)
    np.testing.assert_array_equal(second_speakers(np.full(20, -1, np.intp), everywhere), -1)


def overlap_model(n_columns: int = 4 * N_FEATURES + 15) -> OverlapModel:
    rng = np.random.default_rng(3)
    weights, spread = np.array([0.3, 0.7]), np.array([[0.5], [2.0]])
    single, double = (
        MixtureParameters(weights, np.array([[at], [at + 1.0]]), spread).astype(np.float32) for at in (0.0, 1.5)
    )
    projection = rng.normal(size=(n_columns, 1)).astype(np.float32) / 4
    return OverlapModel(rng.normal(size=n_columns).astype(np.float32), projection, single, double)


def test_log_odds_are_those_of_the_mixtures() -> None:
    model, given = overlap_model(), conversation()
    rows = ((columns(*given) - model.centre) @ model.projection)[:, 0]
    densities = [0.3 * norm(at, np.sqrt(0.5)).pdf(rows) + 0.7 * norm(at + 1, np.sqrt(2)).pdf(rows) for at in (0.0, 1.5)]
    np.testing.assert_allclose(model.log_odds(*given, STEP), np.log(densities[1] / densities[0]), rtol=1e-3, atol=1e-3)


def test_a_model_of_other_columns_says_so() -> None:
    with pytest.raises(ModelError, match="trained on 30 columns, the recording has 27"):
        overlap_model(30).log_odds(*conversation(), STEP)


def test_arrays_give_the_model_back() -> None:
    model = overlap_model()
    again = OverlapModel.from_arrays(model.arrays("x_"), "x_")
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(array, again.arrays()[name], err_msg=name)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("centre", None, "no overlap model"),
        ("centre", np.zeros(5), "do not fit"),
        ("centre", np.full(27, np.nan), "no numbers"),
        ("projection", np.zeros((27, 2)), "do not fit"),
        ("projection", np.array("x"), "no overlap model"),
        ("single_means", None, "no overlap model"),
    ],
)
def test_arrays_that_are_no_model(name: str, value: Any, message: str) -> None:
    arrays = overlap_model().arrays("x_")
    del arrays[f"x_{name}"]
    if value is not None:
        arrays[f"x_{name}"] = value
    with pytest.raises(ModelError, match=message):
        OverlapModel.from_arrays(arrays, "x_")
