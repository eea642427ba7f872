"""Densities: the number of components, what is told of them, and their contract."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from diarize.gmm import GaussianMixtureDensity, MixtureParameters, draw
from diarize.gmm.uses.density import least_as_good

KNOWN = Path(__file__).resolve().parents[3] / ".." / "shared" / "known_answers"
TRUTH = MixtureParameters(
    [0.5, 0.3, 0.2],
    [[0.0, 0.0], [6.0, 1.0], [1.0, 7.0]],
    [[[1.0, 0.7], [0.7, 1.0]], [[0.5, 0.0], [0.0, 2.0]], [[1.0, -0.5], [-0.5, 0.8]]],
    "full",
)
UNITS, ORIGIN = np.array([1e-3, 1e3]), np.array([5.0, -1e3])


def rows(count: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return rng.permutation(draw(TRUTH, count, rng)[0]) * UNITS + ORIGIN


X, NEW = rows(600, 0), rows(2000, 1)


@pytest.fixture(scope="module")
def fitted() -> Any:
    return GaussianMixtureDensity(4, random_state=0).fit(X)


def test_finds_the_truth_and_is_as_likely_on_new_rows(fitted: Any, oracle: SimpleNamespace) -> None:
    assert fitted.n_components_ == 3
    assert fitted.covariance_type_ == "full"
    expected = oracle.log_likelihood((NEW - ORIGIN) / UNITS, TRUTH) - np.log(UNITS).sum()
    np.testing.assert_allclose(fitted.score_samples(NEW).mean(), expected.mean(), atol=0.04)
    np.testing.assert_allclose(fitted.score_samples(NEW), oracle.log_likelihood(NEW, fitted.mixture_.parameters_))
    np.testing.assert_allclose(fitted.density(NEW), np.exp(fitted.score_samples(NEW)))
    assert fitted.score(NEW) == pytest.approx(fitted.score_samples(NEW).mean())
    assert fitted.cv_log_likelihood_[2] == pytest.approx(expected.mean(), abs=0.12)


def test_one_standard_error_by_hand() -> None:
    base = np.array([0.0, 1.0, 2.0, 3.0])
    held = np.stack([base - 5, base - 0.1 * np.array([3.0, -1.0, 3.0, -3.0]), base, np.full(4, -np.inf)])
    means, errors, place = least_as_good(held, [1, 2, 3, 4], "one_standard_error")
    np.testing.assert_allclose(means, [-3.5, 1.45, 1.5, -np.inf])
    difference = 0.1 * np.array([3.0, -1.0, 3.0, -3.0])
    np.testing.assert_allclose(errors, [0, difference.std(ddof=1) / 2, 0, np.inf])
    assert place == 1  # 0.05 less, with an error of 0.15
    assert least_as_good(held, [1, 2, 3, 4], "best")[2] == 2
    assert least_as_good(held, [1, 4, 3, 2], "one_standard_error")[2] == 2  # fewer parameters


def test_cdf_and_quantiles_agree_with_each_other_and_with_new_rows(fitted: Any) -> None:
    levels = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    places = fitted.quantile(levels)
    np.testing.assert_allclose(fitted.cdf(places), np.repeat(levels[:, None], 2, axis=1), atol=1e-9)
    np.testing.assert_allclose((NEW[:, None] <= places).mean(axis=0), fitted.cdf(places), atol=0.06)
    np.testing.assert_allclose(fitted.quantile(levels, 1), places[:, 1])
    np.testing.assert_allclose(fitted.cdf(places[:, 1], 1), levels)
    assert fitted.quantile(0.5, 0).shape == ()
    np.testing.assert_allclose(fitted.marginal([1]).means_[:, 0], fitted.mixture_.means_[:, 1])


def test_samples_have_the_moments_of_the_rows(fitted: Any) -> None:
    drawn, labels = fitted.sample(20000, random_state=3)
    assert (np.abs(drawn.mean(axis=0) - X.mean(axis=0)) < 0.05 * X.std(axis=0)).all()
    np.testing.assert_allclose(drawn.std(axis=0), X.std(axis=0), rtol=0.03)
    np.testing.assert_allclose(np.bincount(labels) / 20000, fitted.mixture_.weights_, atol=0.02)
    with pytest.raises(ValueError, match="n_samples"):
        fitted.sample(0)


def test_calibrated_where_the_model_is_right_and_not_where_it_is_wrong(fitted: Any) -> None:
    few = NEW[:300]
    right = fitted.calibration(few)
    assert (right.p_value > 0.01).all()
    np.testing.assert_allclose(right.coverage([0.5, 0.9]), [[0.5, 0.5], [0.9, 0.9]], atol=0.09)
    one = GaussianMixtureDensity(1, random_state=0).fit(X).calibration(few)
    assert (one.p_value < 1e-4).any()
    alone = fitted.calibration(few, conditional=False)
    np.testing.assert_allclose(alone.probabilities, fitted.cdf(few))
    assert alone.names == ("feature 0", "feature 1")


def test_dependence_is_seen_by_conditionals_only() -> None:
    x = np.random.default_rng(0).normal(size=(500, 2))
    correlated = x @ np.linalg.cholesky([[1.0, 0.9], [0.9, 1.0]]).T
    blind = GaussianMixtureDensity(1, covariance_type="diag").fit(correlated)
    new = np.random.default_rng(1).normal(size=(500, 2)) @ np.linalg.cholesky([[1.0, 0.9], [0.9, 1.0]]).T
    seeing = GaussianMixtureDensity(1).fit(correlated).calibration(new)
    assert np.abs(np.corrcoef(seeing.probabilities.T)[0, 1]) < 0.15
    assert np.abs(np.corrcoef(blind.calibration(new).probabilities.T)[0, 1]) > 0.7


def test_few_rows_of_many_features_get_few_parameters() -> None:
    x = np.random.default_rng(0).normal(size=(60, 12)) + 4 * (np.arange(60) % 2)[:, None]
    density = GaussianMixtureDensity(3, random_state=0).fit(x)
    assert (density.covariance_type_, density.n_components_) == ("diag", 2)


def test_threads_change_nothing(fitted: Any) -> None:
    other = clone(fitted).set_params(n_jobs=2).fit(X)
    np.testing.assert_array_equal(other.cv_log_likelihood_, fitted.cv_log_likelihood_)
    np.testing.assert_array_equal(other.score_samples(NEW), fitted.score_samples(NEW))


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_every_covariance_type(kind: str) -> None:
    density = GaussianMixtureDensity(3, covariance_type=kind, cv=2, random_state=0).fit(X[:200])
    assert np.isfinite(density.score_samples(NEW)).all()
    assert density.n_components_ > 1


@pytest.mark.skipif(not KNOWN.is_dir(), reason="needs ../shared/known_answers")
def test_old_faithful_has_two_or_three_kinds_of_eruptions() -> None:
    x = np.random.default_rng(0).permutation(np.loadtxt(KNOWN / "faithful.csv", delimiter=",", skiprows=1))
    density = GaussianMixtureDensity(6, random_state=0).fit(x[:136])
    assert density.n_components_ in (2, 3)
    single = GaussianMixtureDensity(1).fit(x[:136])
    assert density.score(x[136:]) > single.score(x[136:]) + 0.3
    assert (density.calibration(x[136:]).p_value > 1e-3).all()


def test_names_of_features() -> None:
    frame = pytest.importorskip("pandas").DataFrame(X, columns=["length", "mass"])
    density = GaussianMixtureDensity(3, cv=2, random_state=0).fit(frame)
    assert density.quantile(0.5, "mass") == density.quantile(0.5, 1)
    assert density.calibration(frame).names == ("length", "mass")
    assert density.marginal(["mass"]).feature_names_in_.tolist() == ["mass"]
    with pytest.raises(ValueError, match="no feature is named 'width'"):
        density.cdf([0.0], "width")


@pytest.mark.parametrize(
    "x", [np.zeros((30, 2)), np.c_[X[:60], np.full(60, 3.0)], X[:60, [0, 0]], X[:2], np.round(X[:80] / UNITS) * UNITS]
)
def test_degenerate_data_give_finite_densities(x: np.ndarray) -> None:
    density = GaussianMixtureDensity(4, cv=2, random_state=0).fit(x)
    assert np.isfinite(density.score_samples(x)).all()
    assert np.isfinite(density.quantile([0.1, 0.9])).all()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X[:0], "0 sample"),
        (X[:1], "minimum of 2"),
        (np.full((9, 2), np.nan), "NaN"),
        (np.where(np.arange(600)[:, None] == 5, np.inf, X), "infinity"),
        ([["a", "b"], ["c", "d"]], "could not convert"),
        (X * 1e200, "too large to square"),
        (X[:, 0], "Expected 2D array"),
    ],
)
def test_bad_input_is_said(x: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GaussianMixtureDensity(2).fit(x)


def test_not_fitted_and_wrong_columns(fitted: Any) -> None:
    for ask in (GaussianMixtureDensity().quantile, GaussianMixtureDensity().score_samples):
        with pytest.raises(NotFittedError):
            ask([[0.5]])
    with pytest.raises(ValueError, match="X has 1 features"):
        fitted.cdf(X[:, :1])
    with pytest.raises(ValueError, match="features must be places"):
        fitted.cdf([0.0], 7)


def test_quick_checks_of_estimators_pass(quick_checks: Callable[[Any], list[str]]) -> None:
    assert len(quick_checks(GaussianMixtureDensity(2, covariance_type="diag", cv=2, max_iter=20))) > 5


@pytest.mark.slow
def test_check_estimator_passes_in_full() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks fit on data made to warn
        found = check_estimator(GaussianMixtureDensity(2, covariance_type="diag", cv=2, max_iter=20), on_fail=None)
    failed = [entry["check_name"] for entry in found if entry["status"] not in ("passed", "skipped")]
    assert not failed
