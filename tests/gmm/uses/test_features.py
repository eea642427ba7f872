from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.datasets import load_wine, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from diarize.gmm import GaussianMixtureFeatures

KINDS = ("full", "tied", "diag", "spherical")
ALL = ("input", "responsibilities", "log_likelihoods", "mahalanobis", "euclidean", "fisher", "zeroth", "first")
SETS = Path(__file__).resolve().parents[3] / "../shared/known_answers/anomaly"
rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(size=(80, 3)), rng.normal(2, [1.0, 0.3, 2.0], (120, 3))]) @ (np.eye(3) + 0.3)


def features(blocks: Any, kind: str = "full", **other) -> Any:
    return GaussianMixtureFeatures(4, blocks=blocks, covariance_type=kind, random_state=0, **other)


@parametrize_with_checks(
    [GaussianMixtureFeatures(3, random_state=0), GaussianMixtureFeatures(2, blocks=["fisher", "first"], power=0.5)]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learns_contract(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_by_scipy(kind: str, oracle: SimpleNamespace) -> None:
    made = features(ALL, kind).fit(X)
    found = dict(zip(ALL, np.split(made.transform(X), np.cumsum([3, 4, 4, 4, 4, 24, 4]), axis=1), strict=True))
    mixture = made.mixture_.parameters_
    np.testing.assert_array_equal(found["input"], X)
    posterior = oracle.posteriors(X, mixture)
    np.testing.assert_allclose(found["responsibilities"], posterior, atol=1e-9)
    np.testing.assert_allclose(found["zeroth"], posterior, atol=1e-9)
    wanted = oracle.log_joint(X, mixture) - np.log(mixture.weights)
    np.testing.assert_allclose(found["log_likelihoods"], wanted, rtol=1e-8)
    for k, (mean, matrix) in enumerate(zip(mixture.means, oracle.dense(mixture), strict=True)):
        squared = np.einsum("ni,ij,nj->n", X - mean, np.linalg.inv(matrix), X - mean)
        np.testing.assert_allclose(found["mahalanobis"][:, k], np.sqrt(squared), rtol=1e-8)
        np.testing.assert_allclose(found["euclidean"][:, k], np.sqrt(((X - mean) ** 2).sum(axis=1)), rtol=1e-10)
        np.testing.assert_allclose(found["first"][:, 3 * k : 3 * k + 3], posterior[:, [k]] * (X - mean), atol=1e-8)


def test_fisher_vectors_are_scaled_gradients() -> None:
    made = features("fisher", "diag").fit(X)
    mixture = made.mixture_.parameters_
    weights, means, scales = mixture.weights, mixture.means, np.sqrt(mixture.covariances)
    found, step = made.transform(X), 1e-6

    def gradient(which: Any, k: Any, j: Any) -> Any:
        """Return the gradient of each row's log-likelihood by one mean or standard deviation, by differences."""
        sides = []
        for move in (step, -step):
            changed = {"mean": means.copy(), "scale": scales.copy()}
            changed[which][k, j] += move
            joint = np.log(weights) + norm(changed["mean"], changed["scale"]).logpdf(X[:, None]).sum(axis=2)
            sides.append(logsumexp(joint, axis=1))
        return (sides[0] - sides[1]) / (2 * step)

    for k in range(4):
        for j in range(3):
            by_mean = gradient("mean", k, j) * scales[k, j] / np.sqrt(weights[k])
            by_scale = gradient("scale", k, j) * scales[k, j] / np.sqrt(2 * weights[k])
            np.testing.assert_allclose(found[:, 3 * k + j], by_mean, atol=1e-6)
            np.testing.assert_allclose(found[:, 12 + 3 * k + j], by_scale, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_fisher_vectors_have_unit_spread_for_a_single_gaussian(kind: str) -> None:
    """White noise under its own Gaussian: mean 0, and variance 1 (kurtosis 3)."""
    x = np.random.default_rng(1).normal(size=(40_000, 2)) * (3.0 if kind == "spherical" else [3.0, 0.5])
    found = GaussianMixtureFeatures(1, blocks="fisher", covariance_type=kind, reg_covar=1e-9).fit_transform(x)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(found.var(axis=0), 1, atol=0.05)


def test_power_normalised_vectors() -> None:
    plain, powered = features("fisher").fit_transform(X), features("fisher", power=0.5).fit_transform(X)
    rooted = np.sign(plain) * np.sqrt(np.abs(plain))
    np.testing.assert_allclose(powered, rooted / np.linalg.norm(rooted, axis=1, keepdims=True), atol=1e-12)


@pytest.mark.parametrize("entries", [2_000_000, 60])
def test_segments_are_summed_or_averaged(entries: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diarize.gmm.uses.features.HELD_ENTRIES", entries)
    made = features(ALL).fit(X)
    marks = [0, 5, 6, 150]
    rows, found = made.transform(X), made.transform_segments(X, marks)
    assert found.shape == (3, 3 + 4 * 4 + 24 + 4 + 12)
    for segment, (start, stop) in enumerate([(0, 5), (5, 6), (6, 150)]):
        here = rows[start:stop]
        wanted = np.r_[here[:, :43].mean(axis=0), here[:, 43:].sum(axis=0)]
        np.testing.assert_allclose(found[segment], wanted, atol=1e-9)


def test_power_comes_after_the_mean() -> None:
    plain = features("fisher").fit(X).transform_segments(X, [0, 50, 200])
    rooted = np.sign(plain) * np.sqrt(np.abs(plain))
    found = features("fisher", power=0.5).fit(X).transform_segments(X, [0, 50, 200])
    np.testing.assert_allclose(found, rooted / np.linalg.norm(rooted, axis=1, keepdims=True), atol=1e-12)


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ([0, 5, 5], "segment 1 has no rows"),
        ([0, 300], "boundaries must rise"),
        ([5, 0], "boundaries must rise"),
        ([0.0, 5.0], "whole numbers"),
    ],
)
def test_segments_that_are_none(marks: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        features("input").fit(X).transform_segments(X, marks)


def test_names() -> None:
    made = features(ALL).fit(X)
    names = made.get_feature_names_out(["a", "b", "c"])
    assert len(set(names)) == len(names) == made.transform(X).shape[1]
    assert names[:5].tolist() == ["a", "b", "c", "responsibility_0", "responsibility_1"]
    assert names[[7, 11, 15, 19, 31, 43, 47]].tolist() == [
        "log_likelihood_0", "mahalanobis_0", "euclidean_0", "fisher_mean_0_a", "fisher_scale_0_a", "zeroth_0",
        "first_0_a",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="length equal to n_features_in_"):
        made.get_feature_names_out(["a"])


def test_pandas_frames() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"], index=np.arange(200) + 7)
    made = features(("input", "euclidean")).set_output(transform="pandas")
    found = made.fit_transform(frame)
    assert found.columns.tolist() == ["a", "b", "c", "euclidean_0", "euclidean_1", "euclidean_2", "euclidean_3"]
    assert found.index.tolist() == frame.index.tolist()
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        made.get_feature_names_out(["a", "b", "d"])


@pytest.mark.parametrize("blocks", ["nothing", ("input", "nothing"), (), ("input", "input"), 3])
def test_blocks_that_there_are_not(blocks: Any) -> None:
    with pytest.raises(ValueError, match=r"blocks must be some of|The 'blocks' parameter"):
        features(blocks).fit(X)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.empty((0, 3)), "0 sample"),
        (X[:1], "minimum of 2"),
        (X[:3], "n_components = 4, n_samples = 3"),
        (np.where(X > 2, np.nan, X), "NaN"),
        (np.where(X > 2, np.inf, X), "infinity"),
        (X.astype(str) + "x", "could not convert|dtype"),
    ],
)
def test_rows_that_nothing_can_be_learnt_from(x: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        features("input").fit(x)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_constant_columns_and_far_rows_give_finite_features(kind: str) -> None:
    x = np.c_[X, np.full(len(X), 5.0)]
    made = features(ALL, kind).fit(x)
    assert np.isfinite(made.transform(x)).all()
    assert np.isfinite(made.transform(np.full((1, 4), 1e6))).all()


def accuracy(x: np.ndarray, y: np.ndarray, *steps) -> Any:
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0)
    return cross_val_score(make_pipeline(StandardScaler(), *steps, LogisticRegression(max_iter=500)), x, y, cv=folds)


def test_a_linear_classifier_draws_curved_borders() -> None:
    x, y = make_moons(300, noise=0.15, random_state=0)
    with_features = accuracy(x, y, GaussianMixtureFeatures(random_state=0), StandardScaler()).mean()
    assert with_features > 0.96
    assert with_features > accuracy(x, y).mean() + 0.08


def test_what_is_linear_already_stays_as_it_is() -> None:
    x, y = load_wine(return_X_y=True)
    assert accuracy(x, y, GaussianMixtureFeatures(random_state=0), StandardScaler()).mean() > 0.97


@pytest.mark.skipif(not SETS.is_dir(), reason="the labelled sets in ../shared/known_answers/anomaly are not here")
@pytest.mark.parametrize(("name", "gain"), [("yeast", 0.015), ("landsat", 0.04)])
def test_real_sets_are_classified_better(name: str, gain: float) -> None:
    with np.load(SETS / f"{name}.npz") as data:
        chosen = np.random.default_rng(0).permutation(len(data["X"]))[:1000]
        x, y = data["X"][chosen].astype(float), data["y"].ravel()[chosen]
    better = accuracy(x, y, GaussianMixtureFeatures(random_state=0), StandardScaler())
    assert better.mean() > accuracy(x, y).mean() + gain
