"""Models of speech: likelihoods against scipy, adaptation against the formula, averages of several models, files."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import multivariate_normal

from diarize.config import SpeechConfig
from diarize.errors import ModelError
from diarize.features import TEXTURE_STEP, SpeechCues
from diarize.gmm import MixtureParameters
from diarize.stages.speech import SpeechDetector, SpeechModel

Features = npt.NDArray[np.float32]
SETTINGS = SpeechConfig(acoustic_scale=0.2, bias=0.5)


def mixture(n_components: int, seed: int) -> MixtureParameters:
    rng = np.random.default_rng(seed)
    return MixtureParameters(
        rng.dirichlet(np.ones(n_components)),
        rng.normal(size=(n_components, 29)),
        rng.uniform(0.2, 3.0, (n_components, 29)),
    ).astype(np.float32)


def speech_model(seed: int = 1) -> SpeechModel:
    return SpeechModel(mixture(3, seed), mixture(3, seed + 1), mixture(2, seed + 2), mixture(2, seed + 3), 40)


@pytest.fixture
def model() -> SpeechModel:
    return speech_model()


def cues_near(model: SpeechModel, n_frames: int = 25) -> SpeechCues:
    """Return cues with textures of both kinds."""
    likely = [model.speech_texture.means[0], model.background_texture.means[0], model.background_texture.means[1]]
    frames = np.random.default_rng(5).normal(size=(n_frames, 29)).astype(np.float32)
    return SpeechCues(frames, np.array(likely))


def density(x: Features, parameters: MixtureParameters) -> npt.NDArray[np.float64]:
    """Return the log density of a mixture by scipy."""
    total = np.zeros(len(x))
    for weight, mean, variance in zip(parameters.weights, parameters.means, parameters.covariances, strict=True):
        total += weight * np.exp(multivariate_normal(mean, np.diag(variance)).logpdf(x.astype(float)))
    return np.log(total)


def evidence_by_scipy(model: SpeechModel, cues: SpeechCues) -> npt.NDArray[np.float64]:
    favour = density(cues.texture, model.speech_texture) - density(cues.texture, model.background_texture)
    veto = np.minimum(favour + 8.0, 0.0)
    assert (veto < 0).any()
    assert (veto == 0).any()
    speech = density(cues.frames, model.speech) + np.repeat(veto, TEXTURE_STEP)[: len(cues.frames)] + 0.5
    return 0.2 * np.stack([density(cues.frames, model.background), speech], axis=1)


def test_likelihoods_are_those_of_scipy(model: SpeechModel) -> None:
    cues = cues_near(model)
    np.testing.assert_allclose(model.log_likelihood(cues, SETTINGS), evidence_by_scipy(model, cues), rtol=1e-4)


def test_the_evidence_of_a_detector_is_the_mean_of_its_models(model: SpeechModel) -> None:
    cues, other = cues_near(model), speech_model(11)
    other = SpeechModel(other.background, other.speech, model.background_texture, model.speech_texture, 40)
    expected = (evidence_by_scipy(model, cues) + evidence_by_scipy(other, cues)) / 2
    detector = SpeechDetector((model, other))
    assert detector.n_mels == 40
    np.testing.assert_allclose(detector.log_likelihood(cues, SETTINGS), expected, rtol=1e-4)


def test_adaptation_moves_means_to_the_recording() -> None:
    single = MixtureParameters([1.0], np.zeros((1, 29)), np.ones((1, 29)))
    texture = MixtureParameters([1.0], np.zeros((1, 29)), np.ones((1, 29)))
    model = SpeechModel(single, single, texture, texture, 40)
    cues = SpeechCues(np.ones((400, 29), np.float32), np.zeros((40, 29), np.float32))
    adapted = model.adapt(cues, np.arange(400) < 300)
    np.testing.assert_allclose(adapted.speech.means, 300 / 600)  # Reynolds et al. 2000, relevance 300
    np.testing.assert_allclose(adapted.background.means, 100 / 400)
    nothing = model.adapt(cues, np.zeros(400, np.bool_))
    np.testing.assert_array_equal(nothing.speech.means, single.means)
    np.testing.assert_array_equal(model.speech.means, 0.0)
    for member in SpeechDetector((model, model)).adapt(cues, np.arange(400) < 300).members:
        np.testing.assert_allclose(member.speech.means, 300 / 600)
        np.testing.assert_allclose(member.background.means, 100 / 400)


def test_a_model_survives_a_file_without_pickle(model: SpeechModel) -> None:
    file = io.BytesIO()
    np.savez(file, **model.arrays("wide/"))  # type: ignore[arg-type]
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = SpeechModel.from_arrays(arrays, "wide/")
    cues = cues_near(model)
    assert again.n_mels == model.n_mels
    np.testing.assert_array_equal(again.log_likelihood(cues), model.log_likelihood(cues))


def test_a_detector_survives_a_file_without_pickle(model: SpeechModel) -> None:
    detector, file = SpeechDetector((model, speech_model(11), speech_model(21))), io.BytesIO()
    np.savez(file, **detector.arrays("wide/speech_"))  # type: ignore[arg-type]
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = SpeechDetector.from_arrays(arrays, "wide/speech_")
    assert len(again.members) == 3
    cues = cues_near(model)
    np.testing.assert_array_equal(again.log_likelihood(cues), detector.log_likelihood(cues))


def test_arrays_of_something_else_are_an_error(model: SpeechModel) -> None:
    arrays = model.arrays()
    del arrays["speech_means"]
    with pytest.raises(ModelError, match="speech_means"):
        SpeechModel.from_arrays(arrays)
    with pytest.raises(ModelError, match="no speech model under 'narrow/'"):
        SpeechModel.from_arrays(model.arrays("wide/"), "narrow/")
    with pytest.raises(ModelError, match=r"no speech model under ''.*infinity"):
        SpeechModel.from_arrays(model.arrays() | {"n_mels": np.array(np.inf)})


def test_arrays_that_are_no_detector_are_an_error(model: SpeechModel) -> None:
    arrays = SpeechDetector((model, model)).arrays("x_")
    with pytest.raises(ModelError, match="no speech detector under 'y_'"):
        SpeechDetector.from_arrays(arrays, "y_")
    with pytest.raises(ModelError, match="no speech model under 'x_2_'"):
        SpeechDetector.from_arrays(arrays | {"x_members": np.array(3)}, "x_")
    with pytest.raises(ModelError, match="no speech detector under 'x_'"):
        SpeechDetector.from_arrays(arrays | {"x_members": np.array(np.inf)}, "x_")
    with pytest.raises(ModelError, match="has no models"):
        SpeechDetector.from_arrays(arrays | {"x_members": np.array(0)}, "x_")
