"""The variational estimator: scikit-learn's contract, its own tests of the same class, and what goes beyond them."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import BayesianGaussianMixture as Reference
from sklearn.utils.estimator_checks import check_estimator

from diarize.gmm import BayesianGaussianMixture, draw
from diarize.gmm.fitting.variational import variational

KINDS = ("full", "tied", "diag", "spherical")
WEIGHTS = ("dirichlet_process", "dirichlet_distribution")
FITTED = (
    "weights_",
    "means_",
    "covariances_",
    "precisions_",
    "precisions_cholesky_",
    "weight_concentration_",
    "mean_precision_",
    "degrees_of_freedom_",
    "weight_concentration_prior_",
    "mean_precision_prior_",
    "mean_prior_",
    "degrees_of_freedom_prior_",
    "covariance_prior_",
)
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def rows(oracle: SimpleNamespace) -> Any:
    return draw(oracle.mixture("full", 5, 4, seed=2), 600, np.random.default_rng(1))[0]


def test_check_estimator_passes_in_full() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks fit on data made to warn
        results = check_estimator(BayesianGaussianMixture(), on_fail=None)
    failed = [entry["check_name"] for entry in results if entry["status"] not in ("passed", "skipped")]
    assert not failed
    assert sum(entry["status"] == "passed" for entry in results) >= 40


LEFT_OUT = {
    "test_log_dirichlet_norm": "of a private function, not of the class",
    "test_log_wishart_norm": "of a private function, not of the class",
    "test_compare_covar_type": "calls the private _check_parameters and _initialize_parameters",
}


def their_tests() -> Any:
    """Return scikit-learn's tests of its own class, once for each set of arguments; none where they don't ship."""
    try:
        import sklearn.mixture.tests.test_bayesian_mixture as module
    except ImportError:
        return []
    assert set(vars(module)) >= set(LEFT_OUT)
    found = []
    for name, function in vars(module).items():
        if name.startswith("test_") and name not in LEFT_OUT:
            marks = [mark.args for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
            names = [part.strip() for text, _ in marks for part in text.split(",")]
            for values in itertools.product(*(values for _, values in marks)):
                given = [item for value in values for item in value]
                label = "-".join([name, *map(str, given)])
                found.append(pytest.param(function, dict(zip(names, given, strict=True)), id=label))
    return found


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("function", "given"), their_tests())
def test_scikit_learn_s_own(function: Any, given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(function.__globals__, "BayesianGaussianMixture", BayesianGaussianMixture)
    function(**given)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weight_type", WEIGHTS)
@pytest.mark.parametrize("kind", ["full", "tied"])
def test_equal_to_scikit_learn_from_the_same_start(rows: np.ndarray, kind: str, weight_type: str) -> None:
    options = {
        "n_components": 8,
        "covariance_type": kind,
        "weight_concentration_prior_type": weight_type,
        "random_state": 0,
        "max_iter": 15,
        "tol": 0.0,
        "reg_covar": 0.0,
    }
    ours, theirs = BayesianGaussianMixture(**options).fit(rows), Reference(**options).fit(rows)
    for name in FITTED:
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-8, atol=1e-8, err_msg=name)
    np.testing.assert_allclose(ours.predict_proba(rows), theirs.predict_proba(rows), atol=1e-8)
    np.testing.assert_array_equal(ours.predict(rows), theirs.predict(rows))
    away = ours.score_samples(rows) - theirs.score_samples(rows)
    if kind == "tied":  # one Wishart distribution from all rows, where theirs has as many as one component
        away = away - away[0]
    np.testing.assert_allclose(away, 0, atol=1e-8)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@each_kind
def test_default_regularisation_changes_little(rows: np.ndarray, kind: str) -> None:
    options = {"n_components": 8, "covariance_type": kind, "random_state": 0, "max_iter": 10, "tol": 0.0}
    bare, usual = (BayesianGaussianMixture(**options, reg_covar=noise).fit(rows) for noise in (0.0, 1e-6))
    np.testing.assert_allclose(usual.means_, bare.means_, atol=1e-4)
    np.testing.assert_allclose(usual.covariances_, bare.covariances_, atol=1e-4)
    assert usual.lower_bound_ == pytest.approx(bare.lower_bound_, abs=0.1)
    assert usual.lower_bound_ < bare.lower_bound_


@each_kind
@pytest.mark.parametrize("weight_type", WEIGHTS)
def test_components_too_many_lose_their_rows(kind: str, weight_type: str) -> None:
    centres = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    x = np.random.default_rng(0).normal(np.repeat(centres, 200, axis=0), 1.0)
    found = BayesianGaussianMixture(
        10,
        covariance_type=kind,
        weight_concentration_prior_type=weight_type,
        weight_concentration_prior=1e-3,
        random_state=0,
        max_iter=2000,
    ).fit(x)
    used = found.weights_ > 0.01
    assert used.sum() == 3
    assert found.weights_[~used].max() < 2 / len(x)  # by a Dirichlet process, a row in expectation at most
    nearest = np.abs(found.means_[used][:, None] - centres).sum(axis=2).min(axis=0)
    assert nearest.max() < 0.3


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@each_kind
def test_weights_count_as_repeated_rows(rows: np.ndarray, kind: str) -> None:
    count = np.random.default_rng(2).integers(0, 4, size=len(rows))
    options = {"n_components": 4, "covariance_type": kind, "init_params": "random_from_data", "max_iter": 0}
    weighted = BayesianGaussianMixture(**options, random_state=0).fit(rows, sample_weight=count)
    repeated = clone(weighted).fit(np.repeat(rows, count, axis=0))
    for name in ("mean_prior_", "covariance_prior_"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-10)
    state = {name: getattr(weighted, name) for name in FITTED}
    for mixture in (weighted, repeated):  # the same start, then ten rounds
        vars(mixture).update(state)
        mixture.set_params(warm_start=True, max_iter=10, tol=0.0)
    weighted.fit(rows, sample_weight=count)
    repeated.fit(np.repeat(rows, count, axis=0))
    for name in FITTED:
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(weighted.lower_bounds_, repeated.lower_bounds_, rtol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weight_type", WEIGHTS)
@each_kind
def test_warm_start_goes_on(rows: np.ndarray, kind: str, weight_type: str) -> None:
    options = {"covariance_type": kind, "weight_concentration_prior_type": weight_type, "random_state": 0}
    whole = BayesianGaussianMixture(6, **options, max_iter=12, tol=0.0).fit(rows)
    parts = BayesianGaussianMixture(6, **options, max_iter=4, tol=0.0, warm_start=True)
    bounds = [bound for _ in range(3) for bound in parts.fit(rows).lower_bounds_]
    np.testing.assert_allclose(bounds, whole.lower_bounds_, rtol=1e-12)
    np.testing.assert_allclose(parts.means_, whole.means_, atol=1e-10)
    assert parts.set_params(tol=1e3).fit(rows).n_iter_ == 1  # compared with the last bound


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@each_kind
def test_float32_in_float32_out(rows: np.ndarray, kind: str) -> None:
    options = {"n_components": 4, "covariance_type": kind, "random_state": 0, "init_params": "random", "max_iter": 5}
    single = BayesianGaussianMixture(**options).fit(rows.astype(np.float32))
    double = BayesianGaussianMixture(**options).fit(rows.astype(np.float32).astype(np.float64))
    for name in FITTED[:8]:
        assert np.asarray(getattr(single, name)).dtype == np.float32, name
        np.testing.assert_allclose(getattr(single, name), getattr(double, name), rtol=1e-3, atol=1e-3, err_msg=name)
    assert single.score_samples(rows.astype(np.float32)).dtype == np.float32
    assert single.score(rows) == pytest.approx(double.score(rows), abs=1e-4)
    assert single.lower_bound_ == pytest.approx(double.lower_bound_, rel=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("n_init", "threads"), [(1, 2), (3, 1)])
def test_threads_change_nothing(rows: np.ndarray, n_init: int, threads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    used = set()

    def spy(*data, n_jobs: int | None, **options) -> Any:
        used.add(n_jobs)
        return variational(*data, n_jobs=n_jobs, **options)

    monkeypatch.setattr("diarize.gmm.estimators.bayesian.variational", spy)
    options = {"n_components": 4, "random_state": 0, "max_iter": 5, "n_init": n_init}
    two = BayesianGaussianMixture(**options, n_jobs=2).fit(rows)
    assert used == {threads}  # within a start; several starts have a thread each
    one = BayesianGaussianMixture(**options).fit(rows)
    assert one.lower_bounds_ == two.lower_bounds_
    np.testing.assert_array_equal(one.means_, two.means_)


def test_the_best_start_is_kept(rows: np.ndarray) -> None:
    options = {"n_components": 6, "init_params": "random_from_data", "max_iter": 30, "tol": 1e3}
    state = np.random.RandomState(0)
    single = [BayesianGaussianMixture(**options, random_state=state).fit(rows).lower_bound_ for _ in range(4)]
    assert len(set(single)) > 1
    best = BayesianGaussianMixture(**options, n_init=4, random_state=np.random.RandomState(0)).fit(rows)
    assert best.lower_bound_ == pytest.approx(max(single), rel=1e-12)


def test_callback_is_told_each_bound_and_not_converging_warns(rows: np.ndarray) -> None:
    told = []
    mixture = BayesianGaussianMixture(3, random_state=0, max_iter=4, tol=0.0, callback=lambda *what: told.append(what))
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        mixture.fit(rows)
    assert told == list(enumerate(mixture.lower_bounds_, 1))
    assert mixture.n_iter_ == 4
    assert not mixture.converged_


@each_kind
@pytest.mark.parametrize("weight_type", WEIGHTS)
def test_saved_and_loaded_it_is_the_same(rows: np.ndarray, kind: str, weight_type: str, tmp_path: Path) -> None:
    options = {"covariance_type": kind, "weight_concentration_prior_type": weight_type, "tol": 1.0}
    mixture = BayesianGaussianMixture(3, random_state=0, max_iter=500, **options).fit(rows)
    mixture.save(tmp_path / "mixture.npz")
    loaded = BayesianGaussianMixture.load(tmp_path / "mixture.npz")
    for name in FITTED:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(mixture, name))
    np.testing.assert_array_equal(loaded.predict_proba(rows), mixture.predict_proba(rows))
    np.testing.assert_array_equal(loaded.score_samples(rows), mixture.score_samples(rows))


def test_sample_draws_from_the_expected_mixture(rows: np.ndarray) -> None:
    mixture = BayesianGaussianMixture(3, random_state=0, max_iter=300).fit(rows)
    drawn, labels = mixture.sample(20000)
    np.testing.assert_allclose(np.bincount(labels, minlength=3) / 20000, mixture.weights_, atol=0.02)
    np.testing.assert_allclose(drawn[labels == 0].mean(axis=0), mixture.means_[0], atol=0.2)


BAD = {
    "NaN": ({}, np.array([[1.0, 2.0], [np.nan, 1.0], [0.0, 3.0]]), "Input X contains NaN"),
    "infinity": ({}, np.array([[1.0, 2.0], [np.inf, 1.0], [0.0, 3.0]]), "infinity"),
    "more components than rows": ({"n_components": 5}, np.eye(3), "n_components = 5"),
    "shape of mean": (
        {"mean_prior": [1.0]},
        np.eye(3),
        r"'mean_prior' should have the shape of \(3,\), but got \(1,\)",
    ),
    "shape of covariance": (
        {"covariance_prior": [1.0]},
        np.eye(3),
        r"'full covariance_prior' should have the shape of \(3, 3\), but got \(1,\)",
    ),
    "shape of spherical": (
        {"covariance_prior": [1.0], "covariance_type": "spherical"},
        np.eye(3),
        r"'spherical covariance_prior' should have the shape of \(\)",
    ),
    "NaN in prior": ({"mean_prior": [1.0, np.nan, 0.0]}, np.eye(3), "mean_prior contains NaN"),
    "negative variance": (
        {"covariance_prior": [1.0, -1.0, 1.0], "covariance_type": "diag"},
        np.eye(3),
        "'diag covariance_prior' should be positive",
    ),
    "not a covariance": (
        {"covariance_prior": np.ones((3, 3)) - 2 * np.eye(3)},
        np.eye(3),
        "'full covariance_prior' should be symmetric, positive-definite",
    ),
    "degrees of freedom": (
        {"degrees_of_freedom_prior": 2.0},
        np.eye(3),
        r"'degrees_of_freedom_prior' should be greater than 2, but got 2\.000",
    ),
    "concentration": ({"weight_concentration_prior": 0.0}, np.eye(3), "'weight_concentration_prior' parameter"),
    "prior type": ({"weight_concentration_prior_type": "even"}, np.eye(3), "'weight_concentration_prior_type'"),
    "singular without noise": ({"reg_covar": 0.0}, np.ones((4, 2)), "ill-defined empirical covariance"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_clear_error(name: str) -> None:
    options, x, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        BayesianGaussianMixture(**options).fit(x)


def test_nan_is_refused_at_prediction_too_and_by_the_tag(rows: np.ndarray) -> None:
    mixture = BayesianGaussianMixture(2, random_state=0)
    with pytest.raises(NotFittedError):
        mixture.predict(rows)
    with pytest.raises(NotFittedError):
        _ = mixture.parameters_
    mixture.fit(rows)
    with pytest.raises(ValueError, match="contains NaN"):
        mixture.score_samples(np.full((1, 4), np.nan))
    assert not mixture.__sklearn_tags__().input_tags.allow_nan


@each_kind
def test_degenerate_rows_give_finite_numbers(kind: str) -> None:
    for x in (np.ones((20, 3)), np.repeat(np.eye(3), 5, axis=0), np.c_[np.arange(20.0), np.zeros(20), np.zeros(20)]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # KMeans finds fewer clusters; few rounds
            mixture = BayesianGaussianMixture(4, covariance_type=kind, random_state=0, max_iter=20).fit(x)
        for name in FITTED:
            assert np.isfinite(getattr(mixture, name)).all(), name
        assert np.isfinite(mixture.score_samples(x)).all()
