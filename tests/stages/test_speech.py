"""Speech detection: features against plain loops, likelihoods against scipy, and a model trained on toy sounds."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from scipy.fft import dct
from scipy.stats import multivariate_normal

from diarize.config import SpeechConfig
from diarize.errors import ModelError
from diarize.gmm import MixtureParameters
from diarize.stages.speech import BLOCK, SpeechFeatures, SpeechModel, speech_features

Features = npt.NDArray[np.float32]


def noise_like(n_frames: int, seed: int = 0, n_mels: int = 40) -> Features:
    """Return log-mel spectra without loud or quiet moments far from each other, so that nothing is cut off."""
    rng = np.random.default_rng(seed)
    return rng.normal(-8.0, 1.0, (n_frames, n_mels)).astype(np.float32)


def flat(n_frames: int) -> Features:
    """Return the harmonicity of a sound without harmonics."""
    return np.full(n_frames, 0.1, np.float32)


def described(log_mel: Features) -> SpeechFeatures:
    return speech_features(log_mel, flat(len(log_mel)))


def mixture(n_components: int, n_features: int, seed: int) -> MixtureParameters:
    rng = np.random.default_rng(seed)
    return MixtureParameters(
        rng.dirichlet(np.ones(n_components)),
        rng.normal(size=(n_components, n_features)),
        rng.uniform(0.2, 3.0, (n_components, n_features)),
    ).astype(np.float32)


@pytest.fixture
def model() -> SpeechModel:
    return SpeechModel(mixture(3, 29, 1), mixture(3, 29, 2), mixture(2, 29, 3), mixture(2, 29, 4), 40)


def density(x: Features, parameters: MixtureParameters) -> npt.NDArray[np.float64]:
    """Return the log density of a mixture by scipy."""
    total = np.zeros(len(x))
    for weight, mean, variance in zip(parameters.weights, parameters.means, parameters.covariances, strict=True):
        total += weight * np.exp(multivariate_normal(mean, np.diag(variance)).logpdf(x.astype(float)))
    return np.log(total)


def test_shapes_with_a_block_for_each_ten_frames_begun() -> None:
    for n_frames in (1, 9, 10, 11, 57):
        frames, texture = described(noise_like(n_frames))
        assert frames.shape == (n_frames, 29)
        assert texture.shape == (-(-n_frames // BLOCK), 29)
        assert frames.dtype == texture.dtype == np.float32
    empty = described(np.zeros((0, 40), np.float32))
    assert empty.frames.shape == (0, 29)
    assert empty.texture.shape == (0, 29)


def test_gain_changes_nothing() -> None:
    log_mel = noise_like(300)
    for plain, louder in zip(described(log_mel), described(log_mel + 5.0), strict=True):
        np.testing.assert_allclose(louder, plain, atol=2e-3)


def test_a_channel_changes_no_cepstra() -> None:
    log_mel, channel = noise_like(300), np.linspace(-1.0, 1.0, 40, dtype=np.float32)
    channel -= channel.mean()  # keeps the level, and with it the choice of the louder half
    plain, coloured = described(log_mel).frames, described(log_mel + channel).frames
    np.testing.assert_allclose(coloured, plain, atol=1e-3)


def test_cepstra_are_those_of_scipy() -> None:
    log_mel = noise_like(200)
    expected = dct(log_mel, type=2, norm="ortho", axis=1)[:, 1:13] / 3
    found = described(log_mel).frames[:, 2:14]
    np.testing.assert_allclose(found - found[0], expected - expected[0], atol=1e-4)


def test_slopes_are_fitted_lines() -> None:
    frames = described(noise_like(60)).frames
    static = np.concatenate([frames[:, :1], frames[:, 2:14]], axis=1)
    for at in (4, 30, 55):
        slope = np.polyfit(np.arange(-4, 5), static[at - 4 : at + 5].astype(float), 1)[0]
        np.testing.assert_allclose(frames[at, 14:27], 3 * slope, atol=1e-4)


def test_level_is_relative_to_quiet_and_loud_moments() -> None:
    log_mel = np.repeat([-12.0, -4.0, -12.0], [200, 100, 200]).astype(np.float32)[:, None] * np.ones(40, np.float32)
    frames = described(log_mel).frames
    np.testing.assert_allclose(frames[100, :2], [0.0, 8.0], atol=1e-4)
    np.testing.assert_allclose(frames[250, :2], [8.0, 0.0], atol=1e-4)


def test_flux_is_the_mean_change_of_the_spectrum() -> None:
    log_mel = noise_like(500)
    change = [log_mel[i + 5] - log_mel[i] for i in range(145, 355)]  # the window of block 25, give or take the lag
    flux = np.mean([np.abs(x - x.mean()).mean() for x in change])
    assert np.exp(described(log_mel).texture[25, 14]) - 0.05 == pytest.approx(flux, rel=0.02)


def test_deviations_are_those_of_two_seconds() -> None:
    log_mel = noise_like(500)
    cepstra = dct(log_mel, type=2, norm="ortho", axis=1)[:, 1:13] / 3
    deviation = np.exp(described(log_mel).texture[25, 1:13]) - 0.05
    np.testing.assert_allclose(deviation, cepstra[150:360].std(axis=0), rtol=1e-3)


@pytest.mark.parametrize(
    "log_mel",
    [
        np.full((100, 40), -27.6, np.float32),
        np.concatenate([np.full((900, 40), -27.6, np.float32), noise_like(50)]),
        noise_like(1),
        noise_like(7, n_mels=30),
        np.tile(np.linspace(-27.6, 0.0, 40, dtype=np.float32), (30, 1)),
    ],
    ids=["silence", "mostly silence", "one frame", "few frames", "tone"],
)
def test_degenerate_recordings_have_finite_features(log_mel: Features) -> None:
    for part in described(log_mel):
        assert np.isfinite(part).all()


def test_harmonicity_is_averaged_over_a_sound_and_over_a_word() -> None:
    harmonicity = np.random.default_rng(3).uniform(0, 1, 200).astype(np.float32)
    found = speech_features(noise_like(200), harmonicity).frames[:, 27:]
    for column, reach in ((0, 2), (1, 15)):
        expected = [6 * harmonicity[i - reach : i + reach + 1].mean() for i in range(20, 180)]
        np.testing.assert_allclose(found[20:180, column], expected, rtol=1e-4)


def test_digital_silence_does_not_hide_the_foreground() -> None:
    quiet, loud = noise_like(500) - 6, noise_like(100, 1)
    silence = np.full((9000, 40), -27.6, np.float32)
    frames = described(np.concatenate([quiet, loud, quiet])).frames
    among_silence = described(np.concatenate([silence, quiet, loud, quiet])).frames[9000:]
    np.testing.assert_allclose(among_silence[:, 1], frames[:, 1], atol=0.1)


def test_likelihoods_are_those_of_scipy(model: SpeechModel) -> None:
    rng = np.random.default_rng(5)
    likely = [model.speech_texture.means[0], model.background_texture.means[0], model.background_texture.means[1]]
    features = SpeechFeatures(rng.normal(size=(25, 29)).astype(np.float32), np.array(likely))
    favour = density(features.texture, model.speech_texture) - density(features.texture, model.background_texture)
    veto = np.minimum(favour + 8.0, 0.0)
    assert (veto < 0).any()
    assert (veto == 0).any()
    background = density(features.frames, model.background)
    speech = density(features.frames, model.speech) + np.repeat(veto, BLOCK)[:25] + 0.5
    found = model.log_likelihood(features, SpeechConfig(acoustic_scale=0.2, bias=0.5))
    np.testing.assert_allclose(found, 0.2 * np.stack([background, speech], axis=1), rtol=1e-4)


def test_adaptation_moves_means_to_the_recording() -> None:
    single = MixtureParameters([1.0], np.zeros((1, 29)), np.ones((1, 29)))
    texture = MixtureParameters([1.0], np.zeros((1, 29)), np.ones((1, 29)))
    model = SpeechModel(single, single, texture, texture, 40)
    features = SpeechFeatures(np.ones((400, 29), np.float32), np.zeros((40, 29), np.float32))
    adapted = model.adapt(features, np.arange(400) < 300)
    np.testing.assert_allclose(adapted.speech.means, 300 / 600)  # Reynolds et al. 2000, relevance 300
    np.testing.assert_allclose(adapted.background.means, 100 / 400)
    nothing = model.adapt(features, np.zeros(400, np.bool_))
    np.testing.assert_array_equal(nothing.speech.means, single.means)
    np.testing.assert_array_equal(model.speech.means, 0.0)


def test_a_model_survives_a_file_without_pickle(model: SpeechModel) -> None:
    file = io.BytesIO()
    np.savez(file, **model.arrays("wide/"))  # type: ignore[arg-type]
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = SpeechModel.from_arrays(arrays, "wide/")
    features = model.features(noise_like(100), flat(100))
    np.testing.assert_array_equal(again.log_likelihood(features), model.log_likelihood(features))


def test_arrays_of_something_else_are_an_error(model: SpeechModel) -> None:
    arrays = model.arrays()
    del arrays["speech_means"]
    with pytest.raises(ModelError, match="speech_means"):
        SpeechModel.from_arrays(arrays)
    with pytest.raises(ModelError, match="no speech model under 'narrow/'"):
        SpeechModel.from_arrays(model.arrays("wide/"), "narrow/")


def test_another_filter_bank_is_an_error(model: SpeechModel) -> None:
    with pytest.raises(ModelError, match="trained on 40 mel bands, the recording has 30"):
        model.features(noise_like(10, n_mels=30), flat(10))
