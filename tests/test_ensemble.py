"""Ensembles: the mean over their members, and one of them where all are alike."""

from __future__ import annotations

import numpy as np
import pytest

from diarize import inference
from diarize.config import SpeakerConfig
from diarize.ensemble import VoiceEnsemble
from diarize.errors import ModelError
from diarize.gmm import MixtureParameters
from diarize.speakers import EigenvoiceModel

N_COMPONENTS, N_FEATURES = 3, 4
BOUNDARIES = np.arange(41) * 10


def member(seed: int, n_voices: int = 2, n_features: int = N_FEATURES) -> EigenvoiceModel:
    rng = np.random.default_rng(seed)
    background = MixtureParameters(
        rng.dirichlet(np.ones(N_COMPONENTS)),
        rng.normal(0, 2, (N_COMPONENTS, n_features)),
        rng.uniform(0.5, 2, (N_COMPONENTS, n_features)),
    ).astype(np.float32)
    voices = rng.normal(0, 0.6, (N_COMPONENTS, n_features, n_voices)).astype(np.float32)
    return EigenvoiceModel(background, voices, rng.normal(size=n_voices), rng.normal(size=(n_voices, n_voices)))


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return np.random.default_rng(7).normal(0, 2, (400, N_FEATURES)).astype(np.float32)


@pytest.fixture(scope="module")
def shares() -> np.ndarray:
    return np.random.default_rng(8).dirichlet(np.ones(3), 40)


def test_everything_is_the_mean_over_the_members(frames: np.ndarray, shares: np.ndarray) -> None:
    members = member(0), member(1, n_voices=5)  # spaces of different size
    ensemble = VoiceEnsemble(members)
    statistics = ensemble.statistics(frames, BOUNDARIES)
    assert len(statistics) == 40
    speakers = ensemble.posterior(statistics, shares, 0.3, 2.0)
    found = ensemble.log_likelihood(statistics, speakers, 0.3)
    alike = ensemble.embed(statistics, 2) @ ensemble.embed(statistics, 2).T
    expected, cosines, divergence = np.zeros((40, 3)), np.zeros((40, 40)), 0.0
    for model in members:
        own = model.statistics(frames, BOUNDARIES)
        posterior = model.posterior(own, shares, 0.3, 2.0)
        expected += model.log_likelihood(own, posterior, 0.3) / 2
        divergence += posterior.divergence / 2
        cosines += model.embed(own, 2) @ model.embed(own, 2).T / 2
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(alike, cosines, atol=1e-12)
    assert speakers.divergence == pytest.approx(divergence)


def test_three_times_the_same_model_is_that_model(frames: np.ndarray, shares: np.ndarray) -> None:
    one, three = VoiceEnsemble((member(0),)), VoiceEnsemble((member(0),) * 3)
    settings, outcomes = SpeakerConfig(iterations=10), []
    for ensemble in (one, three):
        statistics = ensemble.statistics(frames, BOUNDARIES)
        outcomes.append(inference._rounds(statistics, ensemble, shares, 1.0, settings))
    np.testing.assert_allclose(outcomes[0].posterior, outcomes[1].posterior, atol=1e-8)
    np.testing.assert_allclose(outcomes[0].bounds, outcomes[1].bounds)


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_never_falls(frames: np.ndarray, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "_CONVERGED", -np.inf)  # go on to the last round
    ensemble = VoiceEnsemble((member(seed), member(seed + 10, n_voices=3), member(seed + 20)))
    start = np.random.default_rng(seed).dirichlet(np.full(3, 0.5), 40)
    settings = SpeakerConfig(acoustic_scale=0.3, loop_probability=0.8, iterations=30)
    bounds = np.array(inference._rounds(ensemble.statistics(frames, BOUNDARIES), ensemble, start, 0.1, settings).bounds)
    assert len(bounds) > 3
    assert (np.diff(bounds) > -1e-6 * np.abs(bounds[1:])).all()
    assert bounds[-1] > bounds[0]


def test_pooling_pools_each_part(frames: np.ndarray) -> None:
    ensemble = VoiceEnsemble((member(0), member(1)))
    pooled = ensemble.statistics(frames, BOUNDARIES).pooled(np.repeat([0, 1], 20), 2)
    halves = ensemble.statistics(frames, np.array([0, 200, 400]))
    for part, other in zip(pooled.parts, halves.parts, strict=True):
        np.testing.assert_allclose(part.counts, other.counts, rtol=1e-5)
        np.testing.assert_allclose(part.projected, other.projected, rtol=1e-3, atol=1e-3)


def test_arrays_give_the_ensemble_back() -> None:
    ensemble = VoiceEnsemble((member(0), member(1, n_voices=3)))
    again = VoiceEnsemble.from_arrays(ensemble.arrays("x_"), "x_")
    assert [model.n_voices for model in again.members] == [2, 3]
    for one, two in zip(ensemble.members, again.members, strict=True):
        np.testing.assert_allclose(one.voices, two.voices, rtol=2**-10, atol=1e-6)


def test_arrays_that_are_no_ensemble() -> None:
    arrays = VoiceEnsemble((member(0), member(1))).arrays()
    with pytest.raises(ModelError, match="no voices"):
        VoiceEnsemble.from_arrays({})
    with pytest.raises(ModelError, match="no eigenvoice models"):
        VoiceEnsemble.from_arrays({**arrays, "members": np.array(0)})
    with pytest.raises(ModelError, match="no eigenvoice model under '2_'"):
        VoiceEnsemble.from_arrays({**arrays, "members": np.array(3)})
    mixed = VoiceEnsemble((member(0), member(1, n_features=5)))
    with pytest.raises(ModelError, match="different features"):
        VoiceEnsemble.from_arrays(mixed.arrays())
