"""Speaker models against the definition: Gaussian conditioning with dense matrices, and scipy's densities."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from scipy.linalg import cho_factor, cho_solve
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from diarize.errors import ModelError
from diarize.gmm import MixtureParameters
from diarize.spooling import spooled
from diarize.stages.sessions import SessionModel
from diarize.stages.speakers import (
    BlockStatistics,
    EigenvoiceModel,
    SpeakerPosterior,
    voice_precisions,
    whitened_statistics,
)

Floats = npt.NDArray[np.float64]

N_COMPONENTS, N_FEATURES, N_VOICES = 3, 4, 2
N_BLOCKS, BLOCK = 6, 5
SCALE, PRIOR = 0.3, 2.5  # F_A, F_B


def eigenvoice_model(seed: int = 0, spread: float = 0.6, distance: float = 2.0) -> EigenvoiceModel:
    rng = np.random.default_rng(seed)
    background = MixtureParameters(
        rng.dirichlet(np.full(N_COMPONENTS, 5.0)),
        rng.normal(0, distance, (N_COMPONENTS, N_FEATURES)),
        rng.uniform(0.3, 2.5, (N_COMPONENTS, N_FEATURES)),
    )
    voices = rng.normal(0, spread, (N_COMPONENTS, N_FEATURES, N_VOICES)).astype(np.float32)
    return EigenvoiceModel(background, voices, rng.normal(size=N_VOICES), rng.normal(size=(N_VOICES, N_VOICES)))


@pytest.fixture
def model() -> EigenvoiceModel:
    return eigenvoice_model()


class Frames:
    """Frames whose components are known, in blocks: responsibilities are 0 and 1, so that everything is Gaussian."""

    def __init__(self, model: EigenvoiceModel, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.component = rng.integers(0, N_COMPONENTS, N_BLOCKS * BLOCK)
        self.block = np.repeat(np.arange(N_BLOCKS), BLOCK)
        self.mean = model.background.means[self.component].astype(float)
        self.variance = model.background.covariances[self.component].astype(float)
        # V of eq. (9), not over sigma
        self.voices = model.voices[self.component].astype(float) * np.sqrt(self.variance)[:, :, None]
        self.x = self.mean + rng.normal(0, 1.5, self.mean.shape)

    def statistics(self) -> BlockStatistics:
        counts, projected = np.zeros((N_BLOCKS, N_COMPONENTS)), np.zeros((N_BLOCKS, N_VOICES))
        for t, (k, b) in enumerate(zip(self.component, self.block, strict=True)):
            counts[b, k] += 1
            projected[b] += self.voices[t].T @ ((self.x[t] - self.mean[t]) / self.variance[t])  # rho of eq. (16)
        return BlockStatistics(counts, projected)

    def conditioned(self, precision: Floats) -> tuple[Floats, Floats]:
        """Return mean and covariance of y given x, the noise of frame t divided by its precision: all one Gaussian."""
        stacked = self.voices.reshape(-1, N_VOICES)
        noise = (self.variance / precision[:, None]).ravel()
        joint = cho_factor(stacked @ stacked.T + np.diag(noise))
        mean = stacked.T @ cho_solve(joint, (self.x - self.mean).ravel())
        return mean, np.eye(N_VOICES) - stacked.T @ cho_solve(joint, stacked)


def test_posterior_is_the_conditional_gaussian(model: EigenvoiceModel) -> None:
    frames = Frames(model)
    shares = np.random.default_rng(2).dirichlet(np.ones(3), N_BLOCKS)
    speakers = model.posterior(frames.statistics(), shares, SCALE, PRIOR)
    divergence = 0.0
    for s in range(3):
        mean, covariance = frames.conditioned(SCALE / PRIOR * shares[frames.block, s])
        np.testing.assert_allclose(speakers.means[s], mean, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(speakers.covariances[s], covariance, rtol=1e-5, atol=1e-7)
        entropy = multivariate_normal(mean, covariance).entropy()
        expected_prior = -0.5 * (N_VOICES * np.log(2 * np.pi) + np.trace(covariance) + mean @ mean)
        divergence += -entropy - expected_prior
    assert speakers.divergence == pytest.approx(divergence, rel=1e-5)


def test_without_audio_there_is_the_prior(model: EigenvoiceModel) -> None:
    nothing = BlockStatistics(np.zeros((2, N_COMPONENTS)), np.zeros((2, N_VOICES)))
    speakers = model.posterior(nothing, np.ones((2, 1)), SCALE, PRIOR)
    np.testing.assert_allclose(speakers.means, 0)
    np.testing.assert_allclose(speakers.covariances[0], np.eye(N_VOICES))
    assert speakers.divergence == pytest.approx(0)


def some_speakers() -> SpeakerPosterior:
    """Return three speakers that are known only more or less."""
    rng = np.random.default_rng(3)
    roots = rng.normal(size=(3, N_VOICES, N_VOICES))
    return SpeakerPosterior(rng.normal(size=(3, N_VOICES)), roots @ np.swapaxes(roots, 1, 2), 0.0)


def points(speakers: SpeakerPosterior, s: int) -> list[Floats]:
    """Return 2 R points whose mean of anything quadratic is that over q(y) of a speaker."""
    steps = np.sqrt(N_VOICES) * np.linalg.cholesky(speakers.covariances[s]).T
    return [*(speakers.means[s] + steps), *(speakers.means[s] - steps)]


def test_log_likelihood_is_the_expected_density(model: EigenvoiceModel) -> None:
    """The log density is quadratic in y."""
    frames, speakers = Frames(model), some_speakers()
    expected = np.zeros((N_BLOCKS, 3))
    for s in range(3):
        for y in points(speakers, s):
            moved = norm(frames.mean + frames.voices @ y, np.sqrt(frames.variance)).logpdf(frames.x)
            still = norm(frames.mean, np.sqrt(frames.variance)).logpdf(frames.x)
            np.add.at(expected[:, s], frames.block, (moved - still).sum(axis=1) / (2 * N_VOICES))
    likelihood = model.log_likelihood(frames.statistics(), speakers, SCALE)
    np.testing.assert_allclose(likelihood, SCALE * expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n_blocks", [5, 700])
def test_evidence_is_the_expected_density_of_each_component_by_its_responsibility(n_blocks: int) -> None:
    """From the frames, without statistics; 700 blocks are more than are summed up at a time."""
    model, speakers = eigenvoice_model(distance=0.7), some_speakers()
    boundaries = np.concatenate([[0, 2], np.arange(n_blocks - 1) * 2 + 2])  # the second block is empty
    x = np.random.default_rng(6).normal(0, 1.5, (boundaries[-1], N_FEATURES))
    gamma, deviation = responsibilities(x, model.background), np.sqrt(model.background.covariances)
    frames = np.zeros((len(x), 3))
    for s in range(3):
        for k in range(N_COMPONENTS):
            still = norm(model.background.means[k], deviation[k]).logpdf(x)
            for y in points(speakers, s):
                moved = norm(model.background.means[k] + deviation[k] * (model.voices[k] @ y), deviation[k]).logpdf(x)
                frames[:, s] += gamma[:, k] * (moved - still).sum(axis=1) / (2 * N_VOICES)
    expected = [frames[start:end].sum(axis=0) for start, end in pairwise(boundaries)]
    evidence = model.evidence(x.astype(np.float32), boundaries, speakers)
    np.testing.assert_array_equal(evidence[1], 0.0)
    np.testing.assert_allclose(evidence, expected, rtol=1e-3, atol=1e-3)


def test_evidence_of_one_speaker_is_the_marginal_density(model: EigenvoiceModel) -> None:
    """With F_A = F_B = 1 the expected log-likelihood less the divergence is log p(x), with y integrated out."""
    frames = Frames(model)
    everything = np.ones((N_BLOCKS, 1))
    speaker = model.posterior(frames.statistics(), everything, 1.0, 1.0)
    evidence = model.log_likelihood(frames.statistics(), speaker, 1.0).sum() - speaker.divergence
    stacked, noise = frames.voices.reshape(-1, N_VOICES), np.diag(frames.variance.ravel())
    away = (frames.x - frames.mean).ravel()
    marginal = multivariate_normal(np.zeros(len(away)), stacked @ stacked.T + noise).logpdf(away)
    assert evidence == pytest.approx(marginal - norm(0, np.sqrt(frames.variance.ravel())).logpdf(away).sum(), rel=1e-5)


def test_naturals_give_the_conditional_gaussian_of_each_block(model: EigenvoiceModel) -> None:
    frames = Frames(model)
    precision, linear = model.naturals(frames.statistics(), 0.4)
    for block in range(N_BLOCKS):
        mean, covariance = frames.conditioned(np.where(frames.block == block, 0.4, 1e-9))
        ours = np.linalg.inv(np.eye(N_VOICES) + precision[block])
        np.testing.assert_allclose(ours, covariance, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours @ linear[block], mean, rtol=1e-5, atol=1e-6)


def test_without_sessions_their_evidence_is_that_of_the_bound(model: EigenvoiceModel) -> None:
    statistics = Frames(model).statistics()
    space = SessionModel(np.eye(N_VOICES), np.zeros((N_VOICES, N_VOICES)))
    evidence = space.evidence(*space.of_speaker(*model.naturals(statistics, SCALE)))
    np.testing.assert_allclose(evidence, model.evidence_gain(statistics, np.eye(N_BLOCKS), SCALE, 1.0), rtol=1e-4)


def test_ivectors_are_conditional_means(model: EigenvoiceModel) -> None:
    frames = Frames(model)
    ivectors = model.ivectors(frames.statistics(), scale=0.4)
    for b in range(N_BLOCKS):
        part = Frames(model)
        for name in ("component", "block", "mean", "variance", "voices", "x"):
            setattr(part, name, getattr(frames, name)[frames.block == b])
        np.testing.assert_allclose(ivectors[b], part.conditioned(np.full(BLOCK, 0.4))[0], rtol=1e-5, atol=1e-7)


def responsibilities(x: Floats, background: MixtureParameters) -> Floats:
    joint = np.stack(
        [
            np.log(weight) + multivariate_normal(mean, np.diag(variance)).logpdf(x)
            for weight, mean, variance in zip(background.weights, background.means, background.covariances, strict=True)
        ],
        axis=1,
    )
    return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))


@pytest.mark.parametrize("boundaries", [[0, 4, 9, 9, 15, 23], range(0, 1202, 2)], ids=["few", "more than at a time"])
def test_statistics_are_sums_over_frames(boundaries: list[int]) -> None:
    model = eigenvoice_model(distance=0.7)
    x = np.random.default_rng(4).normal(0, 1.5, (boundaries[-1], N_FEATURES))
    statistics = model.statistics(x, np.array(boundaries))
    gamma = responsibilities(x, model.background)
    assert ((gamma > 0.05) & (gamma < 0.95)).any()  # else soft assignment would not be tested
    deviation, voices = np.sqrt(model.background.covariances), model.voices.astype(float)
    for b, (start, end) in enumerate(pairwise(boundaries)):
        np.testing.assert_allclose(statistics.counts[b], gamma[start:end].sum(axis=0), rtol=1e-5, atol=1e-9)
        rho = np.zeros(N_VOICES)
        for t in range(start, end):
            for k in range(N_COMPONENTS):
                rho += gamma[t, k] * voices[k].T @ ((x[t] - model.background.means[k]) / deviation[k])
        np.testing.assert_allclose(statistics.projected[b], rho, rtol=1e-5, atol=1e-6)


def test_rows_on_disk_give_the_same_statistics_and_evidence(model: EigenvoiceModel) -> None:
    x = np.random.default_rng(4).normal(0, 1.5, (1300, N_FEATURES)).astype(np.float32)
    boundaries = np.arange(0, 1301, 2)
    expected, rows = model.statistics(x, boundaries), spooled([x], N_FEATURES, limit=0)
    got = model.statistics(rows, boundaries)
    on_disk = BlockStatistics(
        *(spooled([np.asarray(one)], one.shape[1], limit=0) for one in (got.counts, got.projected))
    )
    held = on_disk.held()
    for one, other in ((got, expected), (held, expected)):
        np.testing.assert_array_equal(one.counts, expected.counts)
        np.testing.assert_array_equal(one.projected, other.projected)
    shares = np.random.default_rng(5).dirichlet(np.ones(3), len(boundaries) - 1)
    speakers = model.posterior(on_disk, shares, SCALE, PRIOR)
    np.testing.assert_array_equal(speakers.means, model.posterior(expected, shares, SCALE, PRIOR).means)
    likelihood = model.log_likelihood(on_disk, speakers, SCALE)
    np.testing.assert_array_equal(likelihood, model.log_likelihood(expected, speakers, SCALE))
    evidence = model.evidence(rows, boundaries, speakers)
    np.testing.assert_array_equal(evidence, model.evidence(x, boundaries, speakers))


def test_whitened_statistics_are_centred_and_scaled(model: EigenvoiceModel) -> None:
    x = np.random.default_rng(5).normal(0, 2.0, (20, N_FEATURES))
    zeroth, first = whitened_statistics(x, model.background, np.array([0, 20]))
    gamma, background = responsibilities(x, model.background), model.background
    np.testing.assert_allclose(zeroth[0], gamma.sum(axis=0), rtol=1e-9)
    for k in range(N_COMPONENTS):
        expected = sum(gamma[t, k] * (x[t] - background.means[k]) for t in range(20)) / np.sqrt(
            background.covariances[k]
        )
        np.testing.assert_allclose(first[0, k], expected, rtol=1e-8, atol=1e-9)


def test_what_a_frame_adds_to_the_precision(model: EigenvoiceModel) -> None:
    expected = [voices.T @ voices for voices in model.voices.astype(np.float64)]
    np.testing.assert_allclose(voice_precisions(model.voices.astype(np.float64)), np.reshape(expected, (3, 4)))
    np.testing.assert_allclose(model.precisions, np.reshape(expected, (3, 4)))


def test_sums_of_groups_of_blocks(model: EigenvoiceModel) -> None:
    frames = Frames(model)
    whole = frames.statistics()
    summed = whole.summed(np.array([0, 0, 2, 1, 2, 2]), 3)
    assert len(summed) == 3
    np.testing.assert_allclose(summed.counts[2], whole.counts[[2, 4, 5]].sum(axis=0))
    np.testing.assert_allclose(summed.projected[0], whole.projected[:2].sum(axis=0))
    np.testing.assert_allclose(summed.projected[1], whole.projected[3])


def test_embeddings_have_length_one_and_follow_the_projection(model: EigenvoiceModel) -> None:
    statistics = Frames(model).statistics()
    embeddings = model.embed(statistics, 2)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1)
    moved = (model.ivectors(statistics) - model.centre) @ model.projection
    np.testing.assert_allclose(embeddings[:, 1] / embeddings[:, 0], moved[:, 1] / moved[:, 0])
    assert model.embed(statistics, 1).shape == (N_BLOCKS, 1)


def test_voices_of_the_model_are_told_apart() -> None:
    """Two speakers drawn from the model itself: each block is likelier under its own speaker."""
    model, rng = eigenvoice_model(seed=7), np.random.default_rng(8)
    rows, size = [], 60
    for y in (np.array([1.5, 0.0]), np.array([-1.5, 0.5])):
        component = rng.choice(N_COMPONENTS, 10 * size, p=model.background.weights / model.background.weights.sum())
        deviation = np.sqrt(model.background.covariances[component])
        offset = np.einsum("tdr,r->td", model.voices[component], y)
        rows.append(model.background.means[component] + deviation * (offset + rng.normal(size=offset.shape)))
    statistics = model.statistics(np.concatenate(rows).astype(np.float32), np.arange(0, 20 * size + 1, size))
    owners = np.repeat([0, 1], 10)
    speakers = model.posterior(statistics, np.eye(2)[owners], 1.0, 1.0)
    np.testing.assert_array_equal(model.log_likelihood(statistics, speakers, 1.0).argmax(axis=1), owners)
    assert speakers.means[0, 0] > 0.5
    assert speakers.means[1, 0] < -0.5


def test_sessions_stay_in_the_file(model: EigenvoiceModel) -> None:
    space = SessionModel(0.7 * np.eye(N_VOICES), 0.2 * np.eye(N_VOICES))
    again = EigenvoiceModel.from_arrays(replace(model, sessions=space).arrays("wide/"), "wide/")
    assert again.sessions is not None
    np.testing.assert_allclose(again.sessions.between, space.between, rtol=1e-6)
    np.testing.assert_allclose(again.sessions.within, space.within, rtol=1e-6)


def test_a_file_gives_the_model_back_in_half_precision(model: EigenvoiceModel) -> None:
    file = io.BytesIO()
    np.savez(file, **model.arrays("wide/"))  # type: ignore[arg-type]
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = EigenvoiceModel.from_arrays(arrays, "wide/")
    np.testing.assert_allclose(again.voices, model.voices, rtol=2**-11, atol=1e-7)
    np.testing.assert_allclose(again.centre, model.centre, rtol=1e-6)
    np.testing.assert_allclose(again.projection, model.projection, rtol=1e-6)
    np.testing.assert_allclose(again.background.means, model.background.means, rtol=1e-2, atol=1e-3)
    assert again.n_voices == N_VOICES
    assert again.sessions is None
    assert again.background.means.dtype == again.voices.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("voices", None, "no eigenvoice model under 'x_'.*voices"),
        ("voices", np.zeros((2, 4, 2)), "do not fit the mixture"),
        ("voices", np.zeros(3), "do not fit the mixture"),
        ("centre", np.zeros(5), "do not fit"),
        ("projection", np.zeros((3, 2)), "do not fit"),
        ("projection", np.zeros(2), "do not fit"),
        ("centre", np.array([0.0, np.nan]), "no numbers"),
        ("voices", np.full((3, 4, 2), np.inf), "no numbers"),
        ("projection", np.array([["a", "b"]]), "no eigenvoice model"),
        ("background_means", np.zeros((3, 5)), "no eigenvoice model"),
    ],
)
def test_arrays_that_are_no_model(
    model: EigenvoiceModel, name: str, value: npt.NDArray[np.float64] | None, message: str
) -> None:
    arrays = model.arrays("x_")
    if value is None:
        del arrays[f"x_{name}"]
    else:
        arrays[f"x_{name}"] = value
    with pytest.raises(ModelError, match=message):
        EigenvoiceModel.from_arrays(arrays, "x_")
