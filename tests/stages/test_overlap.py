"""Overlap: log odds and the comparison of speakers against formulas, the decision against all paths; files."""

from __future__ import annotations

from itertools import groupby, product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from diarize.config import Config, FeatureConfig, OverlapConfig, SpeakerConfig
from diarize.errors import ModelError
from diarize.features import Spectrum, grid
from diarize.gmm import MixtureParameters
from diarize.stages.blocks import SpeechBlocks, cut_blocks
from diarize.stages.overlap import OverlapModel, compare_speakers, find_overlap
from diarize.stages.overlap_cues import CELL, cell_edges, overlap_cues
from diarize.stages.recording import Recording
from diarize.stages.speakers import EigenvoiceModel
from diarize.stages.vbhmm import Outcome

Labels = npt.NDArray[np.intp]
STEP, N_FEATURES, N_VOICES = 0.01, 3, 2
WIDE = FeatureConfig()


def conversation(n_frames: int = 700, n_speakers: int = 3, seed: int = 0) -> tuple[Any, Any, Labels]:
    """Return frames, evidence and labels with pauses."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.integers(-1, n_speakers, 60), rng.integers(8, 40, 60))[:n_frames].astype(np.intp)
    frames = rng.normal(size=(n_frames, N_FEATURES)).astype(np.float32)
    evidence = rng.normal(size=(-(-n_frames // CELL), n_speakers))
    evidence[np.diff(cell_edges(labels >= 0)) == 0] = 0
    return frames, evidence, labels


def overlap_model(n_columns: int = 4 * N_FEATURES + 15) -> OverlapModel:
    rng = np.random.default_rng(3)
    weights, spread = np.array([0.3, 0.7]), np.array([[0.5], [2.0]])
    single, double = (
        MixtureParameters(weights, np.array([[at], [at + 1.0]]), spread).astype(np.float32) for at in (0.0, 1.5)
    )
    projection = rng.normal(size=(n_columns, 1)).astype(np.float32) / 4
    return OverlapModel(rng.normal(size=n_columns).astype(np.float32), projection, single, double)


def odds_by_scipy(model: OverlapModel, *given: Any) -> npt.NDArray[np.float64]:
    columns = np.concatenate(list(overlap_cues(*given, STEP)))
    rows = ((columns - model.centre) @ model.projection)[:, 0]
    densities = [0.3 * norm(at, np.sqrt(0.5)).pdf(rows) + 0.7 * norm(at + 1, np.sqrt(2)).pdf(rows) for at in (0.0, 1.5)]
    return np.log(densities[1] / densities[0])


def test_log_odds_are_those_of_the_mixtures() -> None:
    model, given = overlap_model(), conversation()
    np.testing.assert_allclose(model.log_odds(*given, STEP), odds_by_scipy(model, *given), rtol=1e-3, atol=1e-3)


class Scene:
    """A recording of 0.7 s: two stretches of speech, blocks of two speakers, and a model of voices with one component.

    Frames 0 to 39 and 50 to 69 hold speech.
    """

    def __init__(self) -> None:
        rng = np.random.default_rng(4)
        log_mel, harmonicity = rng.normal(-8.0, 1.0, (70, WIDE.n_mels)), rng.random(70)
        spectrum = Spectrum(log_mel.astype(np.float32), harmonicity.astype(np.float32))
        self.recording = Recording(WIDE, spectrum, grid(70, WIDE, 0.715))
        self.mean, self.variance = rng.normal(size=(1, WIDE.n_mfcc)), rng.uniform(0.5, 2.0, (1, WIDE.n_mfcc))
        background = MixtureParameters([1.0], self.mean, self.variance).astype(np.float32)
        directions = rng.normal(0, 0.5, (1, WIDE.n_mfcc, N_VOICES)).astype(np.float32)
        self.directions = directions[0].astype(float)
        self.voices = EigenvoiceModel(background, directions, np.zeros(N_VOICES), np.eye(N_VOICES))
        speech = np.arange(70) % 50 < 40
        self.blocks: SpeechBlocks = cut_blocks(self.recording, speech, [self.voices], 0.2)
        labels = np.array([0, 1, 0])
        self.outcome = Outcome(np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]), labels)
        self.labels = np.where(speech, np.repeat([0, 1, -1, 0], [20, 20, 10, 20]), -1)

    def evidence(self, scale: float, prior: float) -> npt.NDArray[np.float64]:
        """Return eq. (15) and (16) for a Gaussian, cell by cell."""
        whitened = (self.blocks.cepstra - self.mean) / np.sqrt(self.variance)
        weight = np.repeat(self.outcome.posterior, self.blocks.lengths, axis=0)
        gram = self.directions.T @ self.directions
        columns = []
        for share in weight.T:
            covariance = np.linalg.inv(np.eye(N_VOICES) + scale / prior * share.sum() * gram)
            mean = covariance @ (scale / prior * self.directions.T @ (share @ whitened))
            expected = whitened @ self.directions @ mean - 0.5 * np.trace(gram @ (covariance + np.outer(mean, mean)))
            columns.append(expected)
        frames = np.zeros((70, 2))
        frames[self.blocks.speech] = np.stack(columns, axis=1)
        return frames.reshape(14, CELL, 2).sum(axis=1)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


@pytest.mark.parametrize(("scale", "prior"), [(0.12, 2.4), (1.0, 0.5)])
def test_speakers_are_compared_by_their_expected_densities(scene: Scene, scale: float, prior: float) -> None:
    settings = SpeakerConfig(acoustic_scale=scale, prior=prior)
    evidence = compare_speakers(scene.blocks, scene.outcome, scene.voices, settings)
    assert evidence.shape == (14, 2)
    np.testing.assert_allclose(evidence, scene.evidence(scale, prior), rtol=1e-3, atol=2e-3)
    np.testing.assert_array_equal(evidence[8:10], 0.0)  # the pause


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.25])
@pytest.mark.parametrize("bias", [0.9, 1.0])
def test_overlap_is_where_the_best_path_says_so_as_probable_as_all_paths_say(
    scene: Scene, seconds: float, bias: float
) -> None:
    """All paths over 14 cells one by one; a stretch of overlap lasts its minimum, unless the recording ends."""
    settings = OverlapConfig(bias=bias, acoustic_scale=0.3, stay=0.95, min_overlap=seconds)
    model = overlap_model(4 * 29 + 15)
    given = (scene.recording.cues.frames, scene.evidence(0.12, 2.4), scene.labels)
    odds = 0.3 * CELL * (odds_by_scipy(model, *given) + bias)
    odds[8:10] = -np.inf  # the pause
    change, least = 1 - 0.95**CELL, round(seconds / 0.05)
    joint = {}
    for path in product(range(2), repeat=14):
        if any(path[8:10]):
            continue
        stretches = [(label, len(list(cells))) for label, cells in groupby(path)]
        if all(length >= least for label, length in stretches[:-1] if label):
            stays = sum(max(length - (least if label else 1), 0) for label, length in stretches)
            weight = np.log(0.5) + stays * np.log(1 - change) + (len(stretches) - 1) * np.log(change)
            joint[path] = weight + odds[np.flatnonzero(path)].sum()
    total, best = logsumexp(list(joint.values())), np.array(max(joint, key=lambda path: joint[path]))
    probability = [sum(np.exp(value - total) for path, value in joint.items() if path[cell]) for cell in range(14)]
    expected = np.where(scene.blocks.speech, np.repeat(best * probability, CELL), 0.0)
    config = Config(overlap=settings, speakers=SpeakerConfig(acoustic_scale=0.12, prior=2.4))
    overlap = find_overlap(scene.recording, scene.blocks, scene.outcome, model, scene.voices, config)
    assert (expected > 0).any()
    assert (expected[scene.blocks.speech] == 0).any()
    np.testing.assert_allclose(overlap, expected, atol=2e-3)


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
