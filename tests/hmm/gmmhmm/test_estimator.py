"""GMMHMM against enumeration of all paths, against hmmlearn, and against what scikit-learn asks of an estimator."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from hmmlearn.hmm import GMMHMM as Reference
from hmmlearn.hmm import GaussianHMM
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from diarize.hmm import MinimumDuration, SpeakerLoop
from diarize.hmm.gmmhmm import GMMHMM

KINDS = ("diag", "full", "spherical", "tied")
FITTED = ("startprob_", "transmat_", "weights_", "means_", "covars_")
quick = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# --- models and oracles ------------------------------------------------------------------------------------------


def attributes(kind: str, n_states: int = 3, n_mix: int = 2, n_features: int = 2, seed: int = 0) -> Any:
    """Return parameters of a model with correlated, ill-scaled covariances, by attribute."""
    rng = np.random.default_rng(seed)
    scale = np.logspace(0, 1, n_features)
    root = rng.normal(size=(n_states, n_mix, n_features, n_features)) + np.eye(n_features)
    full = root @ np.swapaxes(root, -1, -2) * scale[:, None] * scale + 0.1 * np.diag(scale**2)
    diag = np.diagonal(full, axis1=-2, axis2=-1)
    return {
        "startprob_": rng.dirichlet(np.full(n_states, 2.0)),
        "transmat_": rng.dirichlet(np.full(n_states, 2.0), n_states) * 0.4 + 0.6 * np.eye(n_states),
        "weights_": rng.dirichlet(np.full(n_mix, 2.0), n_states),
        "means_": 3 * rng.normal(size=(n_states, n_mix, n_features)) * scale,
        "covars_": {"full": full, "diag": diag, "spherical": diag.mean(axis=-1), "tied": full[:, 0]}[kind].copy(),
    }


def put(model: Any, values: np.ndarray) -> Any:
    for name, value in values.items():
        setattr(model, name, value)
    return model


def ours(kind: str, values: np.ndarray = None, **options) -> Any:
    values = attributes(kind) if values is None else values
    n_states, n_mix = values["weights_"].shape
    return put(GMMHMM(n_states, n_mix, covariance_type=kind, init_params="", **options), values)


def theirs(kind: str, values: np.ndarray = None, **options) -> Any:
    values = attributes(kind) if values is None else values
    n_states, n_mix = values["weights_"].shape
    return put(Reference(n_states, n_mix, covariance_type=kind, init_params="", **options), values)


def matrices(values: np.ndarray, kind: str) -> Any:
    """Return the covariance of every component as a matrix, (n_states, n_mix, n_features, n_features)."""
    _, n_mix, size = values["means_"].shape
    covars = values["covars_"]
    if kind == "full":
        return covars
    if kind == "tied":
        return np.repeat(covars[:, None], n_mix, axis=1)
    variances = covars if kind == "diag" else np.repeat(covars[..., None], size, axis=2)
    return variances[..., None] * np.eye(size)


def log_density(x: np.ndarray, values: np.ndarray, kind: str) -> Any:
    """Return log weight x density of the observed entries, (n_frames, n_states, n_mix), one number at a time."""
    weights, means, covars = values["weights_"], values["means_"], matrices(values, kind)
    found = np.empty((len(x), *weights.shape))
    for t, s, k in np.ndindex(found.shape):
        seen = ~np.isnan(x[t])
        normal = multivariate_normal(means[s, k][seen], covars[s, k][np.ix_(seen, seen)]) if seen.any() else None
        found[t, s, k] = np.log(weights[s, k]) + (normal.logpdf(x[t, seen]) if normal else 0.0)
    return found


def enumerated(emissions: Any, start: Any, transitions: Any, durations: Any = None) -> Any:
    """Return evidence, posterior (n_frames, n_states) and best log probability by going through all paths."""
    n_frames, n_states = emissions.shape
    durations = np.ones(n_states, int) if durations is None else durations
    total, posterior, best = -np.inf, np.full((n_frames, n_states), -np.inf), -np.inf
    for path in itertools.product(range(n_states), repeat=n_frames):
        value, t = 0.0, 0
        for state, group in itertools.groupby(path):
            length = len(list(group))
            value += np.log(start[state] if t == 0 else transitions[path[t - 1], state])
            if length < durations[state] and t + length < n_frames:
                value = -np.inf
            value += max(length - durations[state], 0) * np.log(transitions[state, state])
            t += length
        value += emissions[np.arange(n_frames), path].sum()
        total, best = np.logaddexp(total, value), max(best, value)
        posterior[np.arange(n_frames), path] = np.logaddexp(posterior[np.arange(n_frames), path], value)
    return total, np.exp(posterior - total), best


@pytest.fixture(scope="module")
def frames() -> Any:
    """Frames of two sequences, 400 and 250 frames, drawn by hmmlearn."""
    model = theirs("full", random_state=1)
    return np.concatenate([model.sample(400, random_state=1)[0], model.sample(250, random_state=2)[0]])


LENGTHS = [400, 250]


# --- one model, no training --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_score_decode_and_posterior_are_those_of_all_paths_with_missing_entries(kind: str) -> None:
    rng = np.random.default_rng(3)
    values = attributes(kind)
    x = values["means_"][rng.integers(3, size=6), 0] + rng.normal(size=(6, 2))
    x[1, 0] = x[3] = np.nan
    total, posterior, best = enumerated(
        logsumexp(log_density(x, values, kind), axis=2), values["startprob_"], values["transmat_"]
    )
    model = ours(kind)
    assert model.score(x) == pytest.approx(total, abs=1e-10)
    np.testing.assert_allclose(model.predict_proba(x), posterior, atol=1e-10)
    assert model.decode(x)[0] == pytest.approx(best, abs=1e-10)


@pytest.mark.parametrize("durations", [2, [1, 3, 2]])
@pytest.mark.parametrize("loop", [False, True])
def test_minimum_duration_is_that_of_all_paths(durations: Any, loop: Any) -> None:
    values = attributes("diag")
    options = {"min_duration": durations}
    if loop:
        chain = SpeakerLoop([0.2, 0.5, 0.3], 0.7).ergodic()
        values |= {"startprob_": chain.start, "transmat_": chain.transitions}
        options["structure"] = "speaker-loop"
    x = values["means_"][[0, 0, 1, 1, 1, 2, 2], 1]
    lasting = np.broadcast_to(durations, 3)
    emissions = logsumexp(log_density(x, values, "diag"), axis=2)
    total, posterior, best = enumerated(emissions, values["startprob_"], values["transmat_"], lasting)
    model = ours("diag", values, **options)
    assert model.score(x) == pytest.approx(total, abs=1e-10)
    np.testing.assert_allclose(model.predict_proba(x), posterior, atol=1e-10)
    assert model.decode(x)[0] == pytest.approx(best, abs=1e-10)
    each = [enumerated(emissions[:t], values["startprob_"], values["transmat_"], lasting)[0] for t in range(1, 8)]
    np.testing.assert_allclose(model.score_samples(x), np.diff(each, prepend=0.0), atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_hmmlearn_with_equal_parameters(frames: np.ndarray, kind: str) -> None:
    model, reference = ours(kind), theirs(kind)
    assert model.score(frames, lengths=LENGTHS) == pytest.approx(reference.score(frames, LENGTHS), rel=1e-12)
    np.testing.assert_allclose(
        model.predict_proba(frames, lengths=LENGTHS), reference.predict_proba(frames, LENGTHS), atol=1e-9
    )
    for algorithm in ("viterbi", "map"):
        found, expected = (
            model.decode(frames, lengths=LENGTHS, algorithm=algorithm),
            reference.decode(frames, LENGTHS, algorithm=algorithm),
        )
        assert found[0] == pytest.approx(expected[0], rel=1e-10)
        np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_array_equal(model.predict(frames), reference.predict(frames))


def test_frames_scores_sum_to_the_score_and_know_only_the_past(frames: np.ndarray) -> None:
    model = ours("full")
    each = model.score_samples(frames, lengths=LENGTHS)
    assert each.sum() == pytest.approx(model.score(frames, lengths=LENGTHS), rel=1e-12)
    np.testing.assert_allclose(each[400:450], model.score_samples(frames[400:450]), atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_frames_are_as_good(frames: np.ndarray, kind: str) -> None:
    single = frames.astype(np.float32)
    model = ours(kind)
    gap = model.score(single) - model.score(single.astype(np.float64))
    assert abs(gap) / len(frames) < 1e-5
    assert model.predict_proba(single).dtype == np.float64


@pytest.mark.parametrize("kind", KINDS)
def test_samples_have_the_moments_of_the_model(kind: str) -> None:
    values = attributes(kind)
    x, states = ours(kind).sample(60_000, random_state=0)
    for state in range(3):
        mine = x[states == state]
        share, means = values["weights_"][state], values["means_"][state]
        mean = share @ means
        spread = np.tensordot(share, matrices(values, kind)[state], axes=1) + (share[:, None] * (means - mean)).T @ (
            means - mean
        )
        np.testing.assert_allclose(mine.mean(axis=0), mean, atol=0.05 * np.sqrt(np.diagonal(spread)).max())
        np.testing.assert_allclose(np.cov(mine.T), spread, atol=0.05 * spread.max())
    counts = np.histogram2d(states[:-1], states[1:], bins=3)[0]
    np.testing.assert_allclose(counts / counts.sum(axis=1, keepdims=True), values["transmat_"], atol=0.02)


def test_samples_stay_for_the_minimum_duration() -> None:
    model = ours("diag", min_duration=[1, 4, 9], random_state=0)
    x, states = model.sample(2000)
    np.testing.assert_array_equal(x, model.sample(2000)[0])
    changes = np.flatnonzero(np.diff(states)) + 1
    stays = np.diff(changes)
    shortest = {state: stays[states[changes[:-1]] == state].min() for state in range(3)}
    assert shortest == {0: 1, 1: 4, 2: 9}
    with pytest.raises(ValueError, match="at least one sample"):
        model.sample(0)


# --- training ----------------------------------------------------------------------------------------------------


@quick
@pytest.mark.parametrize("kind", ["diag", "full", "spherical"])
def test_one_gaussian_a_state_trains_as_hmmlearns_gaussian_hmm(frames: np.ndarray, kind: str) -> None:
    values = attributes(kind, n_mix=1)
    flat = {**values, "means_": values["means_"][:, 0], "covars_": values["covars_"][:, 0]}
    reference = GaussianHMM(3, kind, init_params="", n_iter=8, tol=0, covars_prior=0, covars_weight=0, min_covar=0)
    del flat["weights_"]
    put(reference, flat).fit(frames, LENGTHS)
    model = ours(kind, values, n_iter=8, tol=0, reg_covar=0).fit(frames, lengths=LENGTHS)
    np.testing.assert_allclose(np.array(model.lower_bounds_) * 650, reference.monitor_.history, rtol=1e-10)
    np.testing.assert_allclose(model.startprob_, reference.startprob_, atol=1e-9)
    np.testing.assert_allclose(model.transmat_, reference.transmat_, atol=1e-9)
    np.testing.assert_allclose(model.means_[:, 0], reference.means_, rtol=1e-7, atol=1e-9)
    expected = reference.covars_ if kind != "spherical" else reference._covars_[:, 0]  # its property repeats them
    if kind == "diag":
        expected = np.diagonal(expected, axis1=1, axis2=2)
    np.testing.assert_allclose(model.covars_[:, 0], expected, rtol=1e-7, atol=1e-9)
    assert model.bic(frames, lengths=LENGTHS) == pytest.approx(reference.bic(frames, LENGTHS), rel=1e-9)
    assert model.aic(frames, lengths=LENGTHS) == pytest.approx(reference.aic(frames, LENGTHS), rel=1e-9)


@quick
@pytest.mark.parametrize("kind", KINDS)
def test_one_step_differs_from_hmmlearns_only_in_covariances_which_are_about_the_new_means(
    frames: np.ndarray, kind: str
) -> None:
    values, frames = attributes(kind), frames[:150]
    model = ours(kind, n_iter=1, reg_covar=0).fit(frames)
    reference = theirs(kind, n_iter=1).fit(frames)
    for name in ("startprob_", "transmat_", "weights_", "means_"):
        np.testing.assert_allclose(getattr(model, name), getattr(reference, name), rtol=1e-7, atol=1e-9)
    joint = log_density(frames, values, kind)
    inside = np.exp(joint - logsumexp(joint, axis=2, keepdims=True))
    share = theirs(kind).predict_proba(frames)[:, :, None] * inside
    away = frames[:, None, None] - model.means_
    scatter = np.einsum("tsk,tskd,tske->skde", share, away, away)
    count = share.sum(axis=0)[:, :, None, None]
    if kind == "tied":
        exact = scatter.sum(axis=1) / count.sum(axis=1)
    else:
        exact = scatter / count
    if kind in ("diag", "spherical"):
        exact = np.diagonal(exact, axis1=-2, axis2=-1)
    exact = exact.mean(axis=-1) if kind == "spherical" else exact
    np.testing.assert_allclose(model.covars_, exact, rtol=1e-7, atol=1e-9)
    assert not np.allclose(reference.covars_, exact, rtol=1e-2)


def options_of(structure: str, kind: str, **more) -> Any:
    return {"n_components": 3, "n_mix": 2, "covariance_type": kind, "structure": structure, "random_state": 0, **more}


PRIORS = {
    "startprob_prior": 2.0,
    "transmat_prior": 3.0,
    "weights_prior": 4.0,
    "means_weight": 20.0,
    "covars_weight": 10.0,
}


STRUCTURES = ("ergodic", "left-right", "speaker-loop")
MORE: dict[str, dict[str, Any]] = {"plain": {}, "durations": {"min_duration": [2, 1, 4]}, "priors": PRIORS}


@quick
@pytest.mark.parametrize(  # every two of kind, structure and what is added meet
    ("kind", "structure", "added"),
    [(kind, STRUCTURES[s], list(MORE)[(k + s) % 3]) for k, kind in enumerate(KINDS) for s in range(3)],
)
def test_training_never_falls(frames: np.ndarray, kind: str, structure: str, added: str) -> None:
    x, more = frames[::2].copy(), MORE[added]
    x[np.random.default_rng(0).random(x.shape) < 0.1] = np.nan
    seen = []
    options = options_of(structure, kind, n_iter=12, tol=0, callback=lambda *event: seen.append(event), **more)
    model = GMMHMM(**options).fit(x, lengths=[200, 125])
    gains = np.diff(model.lower_bounds_)
    assert gains.min() > -1e-10
    assert gains[0] > 1e-4
    assert seen == list(enumerate(model.lower_bounds_, start=1))
    assert model.n_iter_ == len(seen)
    if structure == "left-right":
        np.testing.assert_array_equal(model.startprob_, [1, 0, 0])
        np.testing.assert_array_equal(model.transmat_ > 0, np.eye(3) + np.eye(3, k=1) > 0)
    if structure == "speaker-loop":
        going = 1 - (1 - np.trace(model.transmat_) / 3) * 3 / 2
        np.testing.assert_allclose(model.transmat_, SpeakerLoop(model.startprob_, going).ergodic().transitions)


@quick
@pytest.mark.parametrize("kind", KINDS)
def test_bound_is_log_likelihood_plus_log_prior(frames: np.ndarray, kind: str) -> None:
    model = GMMHMM(**options_of("ergodic", kind, n_iter=3, **PRIORS)).fit(frames)
    follow = clone(model).set_params(init_params="", n_iter=1)
    put(follow, {name: getattr(model, name) for name in FITTED}).fit(frames)
    at = {name: getattr(model, name) for name in FITTED}
    # the density of Gauvain and Lee, up to a constant, component by component
    overall = np.cov(frames.T, bias=True)
    target = {"spherical": overall.diagonal().mean() * np.eye(2), "diag": np.diag(overall.diagonal())}
    target = target.get(kind, overall)
    found = model.score(frames) + np.log(at["startprob_"]).sum() + 2 * np.log(at["transmat_"]).sum()
    found += 3 * np.log(at["weights_"]).sum()
    dense = matrices(at, kind)
    for s, k in np.ndindex(3, 2):
        away = at["means_"][s, k] - frames.mean(axis=0)
        found -= 10.0 * away @ np.linalg.solve(dense[s, k], away)
        if kind != "tied" or k == 0:
            found -= 5.0 * (np.linalg.slogdet(dense[s, k])[1] + np.trace(np.linalg.solve(dense[s, k], target)))
    assert follow.lower_bounds_[0] == pytest.approx(found / len(frames), abs=1e-9)


@quick
@pytest.mark.parametrize("kind", KINDS)
def test_one_step_with_priors_takes_the_mode_of_gauvain_and_lee(frames: np.ndarray, kind: str) -> None:
    values, frames = attributes(kind), frames[:150]
    a, mu, t, c, target = 4.0, np.array([1.0, -2.0]), 20.0, 10.0, 3.0
    priors = {"weights_prior": a, "means_prior": mu, "means_weight": t, "covars_prior": target, "covars_weight": c}
    model = ours(kind, values, n_iter=1, **priors, startprob_prior=2.0, transmat_prior=[[3, 1, 1]] * 3).fit(frames)
    joint = log_density(frames, values, kind)
    posterior = theirs(kind).predict_proba(frames)
    share = posterior[:, :, None] * np.exp(joint - logsumexp(joint, axis=2, keepdims=True))
    np.testing.assert_allclose(model.startprob_, (posterior[0] + 1) / (1 + 3), atol=1e-9)
    counted = put(Reference(3, 2, covariance_type=kind, init_params="", n_iter=1, params="t"), values).fit(frames)
    stays = posterior[:-1].sum(axis=0)[:, None]
    expected = (counted.transmat_ * stays + [2, 0, 0]) / (stays + 2)
    np.testing.assert_allclose(model.transmat_, expected, atol=1e-9)
    scatters, counts = np.empty((3, 2, 2, 2)), np.empty((3, 2))
    for s, k in np.ndindex(3, 2):
        rows, n = share[:, s, k], share[:, s, k].sum()
        mean = (t * mu + rows @ frames) / (t + n)
        np.testing.assert_allclose(model.means_[s, k], mean, rtol=1e-9)
        weight = (a - 1 + n) / (2 * (a - 1) + share[:, s].sum())
        assert model.weights_[s, k] == pytest.approx(weight, rel=1e-9)
        scatters[s, k] = ((frames - mean) * rows[:, None]).T @ (frames - mean) + t * np.outer(mean - mu, mean - mu)
        counts[s, k] = n
    if kind == "tied":
        exact = (c * target * np.eye(2) + scatters.sum(axis=1)) / (c + counts.sum(axis=1))[:, None, None]
    else:
        exact = (c * target * np.eye(2) + scatters) / (c + counts)[..., None, None]
    if kind in ("diag", "spherical"):
        exact = np.diagonal(exact, axis1=-2, axis2=-1)
    exact = exact.mean(axis=-1) if kind == "spherical" else exact
    np.testing.assert_allclose(model.covars_, exact, rtol=1e-7)


@quick
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_narrow_components_keep_their_digits_from_the_first_step(kind: str, dtype: type) -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [512.0, 0.0], [0.0, 512.0]])
    labels = np.repeat([0, 1, 2, 0, 1, 2], 150)
    x = (centres[labels] + 2.0**-7 * rng.normal(size=(900, 2))).astype(dtype)
    model = GMMHMM(3, covariance_type=kind, random_state=0, n_iter=1).fit(x)
    order = model.predict(x)[[0, 150, 300]]
    for label, state in enumerate(order):
        exact = np.cov(x[labels == label].T.astype(np.float64), bias=True)
        found = matrices({name: getattr(model, name) for name in FITTED}, kind)[state, 0]
        if kind in ("diag", "spherical"):
            exact = np.diag(np.diagonal(exact) if kind == "diag" else np.full(2, np.trace(exact) / 2))
        np.testing.assert_allclose(found, exact, atol=1e-3 * np.trace(exact))


@quick
def test_strong_priors_win_and_weak_ones_lose(frames: np.ndarray) -> None:
    options = options_of("ergodic", "diag", n_iter=5)
    plain = GMMHMM(**options).fit(frames)
    weak = GMMHMM(**options, means_prior=7.0, means_weight=1e-9, covars_prior=2.0, covars_weight=1e-9).fit(frames)
    np.testing.assert_allclose(weak.means_, plain.means_, rtol=1e-6)
    np.testing.assert_allclose(weak.covars_, plain.covars_, rtol=1e-6)
    strong = GMMHMM(**options, means_prior=7.0, means_weight=1e9, covars_prior=2.0, covars_weight=1e12).fit(frames)
    np.testing.assert_allclose(strong.means_, 7.0, rtol=1e-4)
    np.testing.assert_allclose(strong.covars_, 2.0, rtol=1e-4)


def test_training_finds_the_model_again_from_k_means_with_missing_entries() -> None:
    values = attributes("full", n_states=3, n_mix=1)
    values["means_"] *= 3
    x, states = ours("full", values).sample(4000, random_state=0)
    x[np.random.default_rng(0).random(x.shape) < 0.1] = np.nan
    x[100:110] = np.nan
    model = GMMHMM(3, covariance_type="full", random_state=0, tol=1e-7, n_iter=500).fit(x, lengths=[2500, 1500])
    order = [int(np.argmin(((model.means_[:, 0] - mean) ** 2).sum(axis=1))) for mean in values["means_"][:, 0]]
    assert (np.argsort(order)[model.predict(x)] == states).mean() > 0.98
    np.testing.assert_allclose(model.transmat_[np.ix_(order, order)], values["transmat_"], atol=0.04)
    np.testing.assert_allclose(model.means_[order], values["means_"], atol=0.5)
    np.testing.assert_allclose(model.covars_[order], values["covars_"], rtol=0.25, atol=2.0)


def test_loop_probability_and_weights_are_found_again() -> None:
    loop = SpeakerLoop([0.5, 0.3, 0.2], 0.9).ergodic()
    values = attributes("diag", n_mix=1) | {"startprob_": loop.start, "transmat_": loop.transitions}
    values["means_"] *= 4
    for durations in (1, 5):
        truth = ours("diag", values, structure="speaker-loop", min_duration=durations)
        x, _ = truth.sample(20_000, random_state=0)
        start = {**values, "startprob_": np.full(3, 1 / 3)}
        start["transmat_"] = SpeakerLoop(start["startprob_"], 0.5).ergodic().transitions
        model = ours("diag", start, structure="speaker-loop", min_duration=durations, params="st", tol=1e-8).fit(x)
        np.testing.assert_allclose(model.startprob_, loop.start, atol=0.05)
        np.testing.assert_allclose(model.transmat_, loop.transitions, atol=0.02)


@quick
def test_threads_and_row_order_of_sequences_change_nothing(frames: np.ndarray) -> None:
    x, lengths = np.tile(frames, (30, 1)), np.resize([1, 7, 399, 243], 120).tolist()
    options = options_of("ergodic", "full", n_iter=2)
    one = GMMHMM(**options).fit(x, lengths=lengths)
    many = GMMHMM(**options, n_jobs=3).fit(x, lengths=lengths)
    for name in (*FITTED, "lower_bounds_"):
        np.testing.assert_array_equal(getattr(one, name), getattr(many, name))
    np.testing.assert_array_equal(one.predict_proba(x, lengths=lengths), many.predict_proba(x, lengths=lengths))
    np.testing.assert_array_equal(one.predict(x, lengths=lengths), many.predict(x, lengths=lengths))
    assert one.score(x, lengths=lengths) == many.score(x, lengths=lengths)


@quick
def test_letters_choose_what_is_trained_and_what_is_started(frames: np.ndarray) -> None:
    values = attributes("diag")
    for letter, name in zip("stmcw", FITTED[:2] + ("means_", "covars_", "weights_"), strict=True):
        model = ours("diag", values, params=letter, n_iter=2).fit(frames)
        changed = [other for other in FITTED if not np.array_equal(getattr(model, other), values[other])]
        assert changed == [name]
    model = ours("diag", values, params="").set_params(init_params="mc", random_state=0).fit(frames)
    assert [name for name in FITTED if not np.array_equal(getattr(model, name), values[name])] == ["means_", "covars_"]
    went_on = ours("diag", values, n_iter=2).fit(frames).fit(frames)
    at_once = ours("diag", values, n_iter=4).fit(frames)
    np.testing.assert_allclose(went_on.means_, at_once.means_, rtol=1e-12)
    for options in ({"params": "stx"}, {"init_params": "q"}):
        with pytest.raises(ValueError, match=r"letters of 'stmcw', got '[xq]'"):
            GMMHMM(**options).fit(frames)


def test_left_right_starts_with_equal_parts() -> None:
    x = np.concatenate([np.repeat([0.0, 10.0, -5.0], 40), np.repeat([0.0, 10.0, -5.0], 20)])[:, None]
    x = x + np.random.default_rng(0).normal(size=x.shape)
    model = GMMHMM(3, structure="left-right", random_state=0).fit(x, lengths=[120, 60])
    np.testing.assert_allclose(model.means_[:, 0, 0], [0, 10, -5], atol=0.5)
    expected = np.repeat([0, 1, 2, 0, 1, 2], [40, 40, 40, 20, 20, 20])
    np.testing.assert_array_equal(model.predict(x, lengths=[120, 60]), expected)


@quick
def test_floor_keeps_variances_and_the_likelihood_still_never_falls() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=300), np.full(300, 2.0), np.repeat([0.0, 1.0, 5.0], 100)])
    for kind in KINDS:
        model = GMMHMM(2, 2, covariance_type=kind, reg_covar=1e-3, random_state=0, n_iter=60, tol=0).fit(x)
        assert np.linalg.eigvalsh(matrices({n: getattr(model, n) for n in FITTED}, kind)).min() > 1e-3 * (1 - 1e-9)
        assert np.diff(model.lower_bounds_).min() > -1e-9


# --- scikit-learn's contract and bad input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        GMMHMM(),
        pytest.param(
            GMMHMM(2, 2, structure="speaker-loop", min_duration=2, covariance_type="full"), marks=pytest.mark.slow
        ),
    ],
)
def test_check_estimator_passes_in_full(model: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks fit on data made to warn
        results = check_estimator(model, on_fail=None)
    failed = [entry["check_name"] for entry in results if entry["status"] not in ("passed", "skipped")]
    assert not failed
    assert sum(entry["status"] == "passed" for entry in results) >= 39


def test_not_converged_warns_and_says_what_to_do(frames: np.ndarray) -> None:
    with pytest.warns(ConvergenceWarning, match=r"in 2 iterations.*Increase n_iter"):
        model = GMMHMM(3, random_state=0, n_iter=2).fit(frames)
    assert not model.converged_
    assert GMMHMM(3, random_state=0, n_iter=500, tol=1e-2).fit(frames).converged_


def test_not_fitted() -> None:
    with pytest.raises(NotFittedError, match="startprob_"):
        GMMHMM().predict([[0.0]])


@quick
@pytest.mark.parametrize("kind", KINDS)
def test_degenerate_frames_give_finite_models(kind: str) -> None:
    rng = np.random.default_rng(0)
    cases = {
        "duplicates": np.ones((30, 2)),
        "two values": np.repeat([[0.0, 0.0], [1.0, 3.0]], 15, axis=0),
        "as many rows as Gaussians": rng.normal(size=(6, 2)),
        "an outlier": np.vstack([rng.normal(size=(100, 2)), [[1e9, 0.0]]]),
        "one value in a column": np.column_stack([np.full(40, np.nan), rng.normal(size=40)]),
    }
    cases["one value in a column"][7, 0] = 1.0
    for name, x in cases.items():
        model = GMMHMM(3, 2, covariance_type=kind, random_state=0).fit(x)
        assert all(np.isfinite(getattr(model, attribute)).all() for attribute in FITTED), name
        assert np.isfinite(model.score(x)), name
        assert np.isfinite(model.predict_proba(x)).all(), name


@quick
def test_layouts_and_types_of_arrays_make_no_difference(frames: np.ndarray) -> None:
    model = GMMHMM(2, random_state=0, n_iter=3)
    expected = model.fit(frames).means_
    strided = np.repeat(frames, 2, axis=0)[::2]
    locked = frames.copy()
    locked.setflags(write=False)
    for x in (np.asfortranarray(frames), strided, locked):
        np.testing.assert_array_equal(clone(model).fit(x).means_, expected)
    whole = np.rint(10 * frames)
    expected = clone(model).fit(whole).means_
    np.testing.assert_array_equal(clone(model).fit(whole.astype(np.int32)).means_, expected)
    halves = (frames / 8).astype(np.float16)
    found = clone(model).fit(halves).means_
    np.testing.assert_allclose(found, clone(model).fit(halves.astype(np.float64)).means_, rtol=1e-3)


GOOD = np.random.default_rng(0).normal(size=(40, 2))


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (GOOD[:0], {}, "0 sample"),
        (GOOD[:1], {}, "1 sample"),
        (np.full((9, 2), np.nan), {}, "nothing but NaN"),
        (np.column_stack([GOOD[:, 0], np.full(40, np.nan)]), {}, "column 1 of X has no value"),
        (np.where(np.arange(80).reshape(40, 2) == 9, np.inf, GOOD), {}, "infinity"),
        ([["a", "b"]] * 9, {}, "could not convert string"),
        (GOOD, {"n_components": 9, "n_mix": 9}, "n_components \\* n_mix = 81, got n_samples = 40"),
        (GOOD * 1e200, {}, "too large to square"),
        (np.ones((40, 2)), {"reg_covar": 0.0}, "ill-defined"),
        (GOOD, {"min_duration": [1, 2, 3]}, "shape \\(2,\\)"),
        (GOOD, {"min_duration": 0}, "min_duration"),
        (GOOD, {"structure": "ring"}, "structure"),
        (GOOD, {"startprob_prior": [0.5, 1]}, "startprob_prior must be finite and 1 or more"),
        (GOOD, {"transmat_prior": np.ones((3, 3))}, "transition prior"),
        (GOOD, {"means_prior": np.zeros(3), "means_weight": 1.0}, "means must broadcast to shape \\(2, 1, 2\\)"),
        (GOOD, {"covars_weight": [[-1.0], [1.0]]}, "covars_weight must be finite and 0 or more"),
        (GOOD, {"n_jobs": 0}, "n_jobs"),
    ],
)
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_bad_input_is_a_clear_error(x: np.ndarray, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GMMHMM(**{"n_components": 2, "random_state": 0, **options}).fit(x)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([39], "sum to the number of frames of X, 40, got a sum of 39"),
        ([40, 0], "whole numbers from 1"),
        ([20.0, 20.0], "whole numbers from 1"),
        ([[40]], "whole numbers from 1"),
        ([], "whole numbers from 1"),
    ],
)
def test_bad_lengths(lengths: Any, message: str) -> None:
    model = ours("diag")
    for method in (model.fit, model.score, model.predict, model.predict_proba, model.score_samples):
        with pytest.raises(ValueError, match=message):
            method(GOOD, lengths=lengths)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights_": np.full((3, 2), 0.4)}, "weights_ must sum to 1"),
        ({"covars_": -np.ones((3, 2, 2))}, "variances must be positive"),
        ({"covars_": np.ones((3, 2))}, "diag covars_ must have shape \\(3, 2, 2\\)"),
        ({"means_": np.zeros((3, 2))}, "n_components, n_mix, n_features"),
        ({"transmat_": np.ones((3, 3))}, "probabilities that sum to one"),
        ({"startprob_": [1.0]}, "transitions must have shape"),
    ],
)
def test_bad_attributes_are_named(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        put(ours("diag"), change).score(GOOD)


def test_other_misuse(frames: np.ndarray) -> None:
    model = ours("diag")
    with pytest.raises(ValueError, match="3 features"):
        model.predict(np.zeros((5, 3)))
    with pytest.raises(ValueError, match="algorithm must be 'viterbi' or 'map', got 'best'"):
        model.decode(frames, algorithm="best")
    with pytest.raises(ValueError, match="no speaker loop"):
        model.set_params(structure="speaker-loop").score(frames)
    with pytest.raises(ValueError, match="row 1 of X is so far"):
        ours("diag").score([[0.0, 0.0], [1e180, 0.0]])
    with pytest.raises(ValueError, match=r"means_ must be .* = \(2, 2, 2\), got \(3, 2, 2\)"):
        ours("diag").set_params(n_components=2).fit(frames)


@quick
def test_a_speaker_loop_starts_from_given_weights(frames: np.ndarray) -> None:
    model = GMMHMM(3, structure="speaker-loop", init_params="tmcw", params="mcw", random_state=0, n_iter=2)
    model.startprob_ = np.array([0.5, 0.4, 0.1])
    model.fit(frames)
    np.testing.assert_allclose(model.startprob_, [0.5, 0.4, 0.1])
    between = model.transmat_[0, 1:]
    np.testing.assert_allclose(between / between.sum(), [0.8, 0.2])
    for options in ({"startprob_prior": [2.0, 2.0]}, {"transmat_prior": [2.0, 2.0, 2.0]}):
        with pytest.raises(ValueError, match=r"_prior of a speaker loop must have shape \([23],\)"):
            clone(model).set_params(**options, init_params="stmcw").fit(frames)


def test_min_duration_structure_is_the_one_of_the_package() -> None:
    values = attributes("diag")
    emissions = logsumexp(log_density(GOOD, values, "diag"), axis=2)
    from diarize.hmm import Ergodic, forward_backward

    structure = MinimumDuration(Ergodic(values["startprob_"], values["transmat_"]), 5)
    expected = forward_backward(emissions, structure)
    np.testing.assert_allclose(ours("diag", min_duration=5).predict_proba(GOOD), expected.posterior, atol=1e-9)
