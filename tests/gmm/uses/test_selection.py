"""Selection against R's mclust on its own data, scipy, and its contract."""

from __future__ import annotations

import csv
import math
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from diarize.gmm import GaussianMixtureSelector, MixtureParameters, draw

KNOWN = Path(__file__).resolve().parents[3] / ".." / "shared" / "known_answers"
MCLUST = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"}
needs_shared = pytest.mark.skipif(not KNOWN.is_dir(), reason="needs ../shared/known_answers")


def rows_of(name: str) -> Any:
    """Return the numbers of a data set, text columns left out."""
    if name == "iris":
        return load_iris().data
    with (KNOWN / f"{name}.csv").open(encoding="utf-8") as file:
        _, *lines = csv.reader(file)
    return np.array([[float(cell) for cell in line if re.fullmatch(r"[-\d.e]+", cell)] for line in lines])


def mclust_bic(name: str, kind: str, size: int) -> Any:
    """Return a cell of mclust's table, in scikit-learn's sign."""
    text = (KNOWN / "mclust_bic_tables.txt").read_text(encoding="utf-8")
    section = text.split(f"## {name} ")[1].split("Top 3")[0]
    columns: list[str] = []
    for words in map(str.split, section.splitlines()):
        if words and all(re.fullmatch("[EVI]{3}", word) for word in words):
            columns = words
        elif words and words[0] == str(size) and MCLUST[kind] in columns:
            return -float(words[1 + columns.index(MCLUST[kind])])
    raise LookupError((name, kind, size))


@needs_shared
@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [
        ("faithful", "full", 2),
        ("faithful", "tied", 2),
        ("faithful", "diag", 2),
        ("faithful", "spherical", 4),
        ("faithful", "tied", 3),
        ("iris", "full", 2),
        ("iris", "full", 3),
        ("iris", "tied", 2),
        ("iris", "diag", 2),
        ("iris", "spherical", 2),
        ("diabetes", "full", 3),
        ("diabetes", "diag", 3),
        ("banknote", "tied", 3),
        ("banknote", "full", 2),
        ("thyroid", "diag", 3),
        ("thyroid", "full", 2),
    ],
)
def test_at_least_as_likely_as_mclust(name: str, kind: str, size: int) -> None:
    x = rows_of(name)
    # mclust does not scale columns, which makes a difference to spherical covariances only
    selector = GaussianMixtureSelector([size], covariance_types=kind, standardise=kind != "spherical", random_state=0)
    results = selector.fit(x).results_
    gain = (
        results["log_likelihood"][0]
        - (results["n_parameters"][0] * math.log(len(x)) - mclust_bic(name, kind, size)) / 2
    )
    assert gain > -0.01
    assert gain < 12  # and not by a component that has collapsed
    assert not results["collapsed"][0]
    assert results["converged"][0]
    assert selector.score_samples(x).sum() == pytest.approx(results["log_likelihood"][0], rel=1e-9)


@needs_shared
@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [("faithful", "tied", 3), ("iris", "full", 2), ("diabetes", "full", 3), ("thyroid", "diag", 3)],
)
def test_chooses_what_mclust_chooses_or_better(name: str, kind: str, size: int) -> None:
    """The best of mclust's table among the types that both have."""
    selector = GaussianMixtureSelector([2, 3, 4], n_init=1, random_state=0).fit(rows_of(name))
    assert selector.results_["bic"][selector.best_index_] < mclust_bic(name, kind, size) + 0.02
    if name != "thyroid":  # where a mixture of four was found that mclust missed
        assert selector.best_params_ == {"covariance_type": kind, "n_components": size}


TRUTH = MixtureParameters(
    [0.5, 0.3, 0.2],
    [[0.0, 0.0], [6.0, 1.0], [1.0, 7.0]],
    [[[1.0, 0.7], [0.7, 1.0]], [[0.5, 0.0], [0.0, 2.0]], [[1.0, -0.5], [-0.5, 0.8]]],
    "full",
)
X = draw(TRUTH, 400, np.random.default_rng(0))[0]


@pytest.fixture(scope="module")
def fitted() -> Any:
    return GaussianMixtureSelector(3, cv=2, init_params=("ward", "kmeans"), n_init=1, random_state=0).fit(X)


def test_every_criterion_is_what_its_formula_says(fitted: Any, oracle: SimpleNamespace) -> None:
    results, best = fitted.results_, fitted.best_index_
    mixture = fitted.best_estimator_.parameters_
    total = oracle.log_likelihood(X, mixture).sum()
    posterior = np.clip(oracle.posteriors(X, mixture), 1e-300, 1)
    entropy = -(posterior * np.log(posterior)).sum()
    size = 3 * 2 + 3 * 3 + 2
    assert fitted.best_params_ == {"covariance_type": "full", "n_components": 3}
    assert results["n_parameters"][best] == size
    assert results["log_likelihood"][best] == pytest.approx(total, rel=1e-9)
    assert results["bic"][best] == pytest.approx(-2 * total + size * math.log(400), rel=1e-9)
    assert results["aic"][best] == pytest.approx(-2 * total + 2 * size, rel=1e-9)
    assert results["icl"][best] == pytest.approx(-2 * total + size * math.log(400) + 2 * entropy, rel=1e-6)


@pytest.mark.parametrize("criterion", ["bic", "icl", pytest.param("cv", marks=pytest.mark.slow)])
def test_finds_the_truth(criterion: str, oracle: SimpleNamespace) -> None:
    selector = GaussianMixtureSelector(
        [2, 3, 4], covariance_types=("full", "diag"), criterion=criterion, n_init=1, random_state=0
    ).fit(X * [1e-3, 1e3])
    assert selector.best_params_["covariance_type"] == "full"
    assert selector.best_params_["n_components"] == 3 or criterion == "cv"
    if criterion == "cv":  # the truth is within the error of the best
        place = selector.results_["n_components"].tolist().index(3)
        assert selector.results_["cv_log_likelihood"][place] > selector.results_["cv_log_likelihood"].max() - 0.02
        lost = 17 / (2 * 320)  # by estimating 17 parameters from 320 rows (Akaike 1974)
        expected = oracle.log_likelihood(X, TRUTH).mean() - np.log(1e-3 * 1e3) - lost
        assert selector.results_["cv_log_likelihood"][place] == pytest.approx(expected, abs=0.05)


def test_the_whole_table_is_there(fitted: Any) -> None:
    assert len(fitted.results_["bic"]) == 12
    assert all(np.isfinite(column).all() for name, column in fitted.results_.items() if name != "covariance_type")
    assert set(zip(fitted.results_["covariance_type"], fitted.results_["n_components"], strict=True)) == {
        (kind, size) for kind in MCLUST for size in (1, 2, 3)
    }
    for kind in MCLUST:  # more components are more likely
        likelihood = fitted.results_["log_likelihood"][fitted.results_["covariance_type"] == kind]
        assert (np.diff(likelihood) > -0.1).all()


def test_units_change_nothing_but_the_volume(fitted: Any) -> None:
    other = clone(fitted).set_params(cv=None).fit(X * [1e-3, 1e4] + [7.0, -2e4])
    expected = fitted.results_["log_likelihood"] - 400 * math.log(10)
    np.testing.assert_allclose(other.results_["log_likelihood"], expected, rtol=1e-6)
    np.testing.assert_array_equal(other.predict(X * [1e-3, 1e4] + [7.0, -2e4]), fitted.predict(X))


def test_delegates_in_the_units_of_the_data(fitted: Any, oracle: SimpleNamespace) -> None:
    mixture = fitted.best_estimator_.parameters_
    np.testing.assert_allclose(fitted.score_samples(X), oracle.log_likelihood(X, mixture), rtol=1e-9)
    np.testing.assert_allclose(fitted.predict_proba(X), oracle.posteriors(X, mixture), atol=1e-9)
    np.testing.assert_array_equal(fitted.predict(X), oracle.posteriors(X, mixture).argmax(axis=1))
    assert fitted.score(X) == pytest.approx(fitted.score_samples(X).mean())
    assert fitted.sample(5)[0].shape == (5, 2)
    assert (np.diff(fitted.best_estimator_.weights_) <= 0).all()
    np.testing.assert_allclose(fitted.best_estimator_.means_[0], [0, 0], atol=0.3)


def test_threads_change_nothing(fitted: Any) -> None:
    seen = []
    few = clone(fitted).set_params(n_components=[1, 2], covariance_types=("full", "diag"), callback=seen.append)
    one, two = clone(few).fit(X).results_, clone(few).set_params(n_jobs=2).fit(X).results_
    for name, column in one.items():
        np.testing.assert_array_equal(two[name], column)
    assert len(seen) == 8


def test_patience_leaves_out_what_has_no_prospect() -> None:
    selector = GaussianMixtureSelector(8, covariance_types=["full"], patience=2, n_init=1, random_state=0).fit(X)
    assert selector.results_["n_components"].tolist() == [1, 2, 3, 4, 5]
    assert selector.best_params_["n_components"] == 3


def test_missing_entries(oracle: SimpleNamespace) -> None:
    gaps = np.where(np.random.default_rng(1).random(X.shape) < 0.1, np.nan, X)
    selector = GaussianMixtureSelector([2, 3], covariance_types="full", n_init=1, cv=2, random_state=0).fit(gaps)
    assert selector.best_params_["n_components"] == 3
    assert selector.score_samples(gaps).sum() == pytest.approx(selector.results_["log_likelihood"][1], rel=1e-9)
    assert np.isfinite(selector.results_["cv_log_likelihood"]).all()
    nearest = np.linalg.norm(TRUTH.means[:, None] - selector.best_estimator_.means_, axis=2).min(axis=1)
    assert nearest.max() < 0.4


def test_collapsed_mixtures_are_not_chosen() -> None:
    x = np.concatenate([np.random.default_rng(0).normal(size=(60, 2)), np.tile([[0.3, 0.4]], (30, 1))])
    selector = GaussianMixtureSelector(3, covariance_types="diag", n_init=2, random_state=0).fit(x)
    assert selector.results_["collapsed"].any()
    assert not selector.results_["collapsed"][selector.best_index_]


def test_a_picture(fitted: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    fitted.plot(tmp_path / "bic.svg")
    assert "<svg" in (tmp_path / "bic.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("x", [np.zeros((30, 2)), np.c_[X[:60], np.full(60, 3.0)], X[:60, [0, 0]], X[:2]])
def test_degenerate_data_give_finite_models(x: np.ndarray) -> None:
    selector = GaussianMixtureSelector(2, n_init=1, random_state=0).fit(x)
    assert np.isfinite(selector.score_samples(x)).all()
    np.testing.assert_allclose(selector.predict_proba(x).sum(axis=1), 1)


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (X[:0], {}, "0 sample"),
        (X[:1], {}, "minimum of 2"),
        (np.full((9, 2), np.nan), {}, "only NaN"),
        (np.where(np.arange(400)[:, None] == 5, np.inf, X), {}, "infinity"),
        ([["a", "b"], ["c", "d"]], {}, "could not convert"),
        (X * 1e200, {}, "too large to square"),
        (X[:3], {"n_components": [5]}, "5, n_samples = 3 that differ"),
        (X[:3], {"criterion": "cv", "n_components": 1}, "cv=5 folds need as many rows"),
        (np.zeros((9, 2)), {"n_components": [2]}, "2, n_samples = 1 that differ"),
        (X, {"n_components": []}, "n_components must be a positive int"),
        (X, {"n_components": [0, 1]}, "n_components must be a positive int"),
        (X, {"covariance_types": ["round"]}, "covariance_types must be of full"),
        (X, {"init_params": ["magic"]}, "init_params must be of kmeans"),
        (X, {"criterion": "luck"}, "criterion"),
        (X[:, :1] * 0, {"n_components": 1, "reg_covar": 0.0}, "ill-defined"),
    ],
)
def test_bad_input_is_said(x: np.ndarray, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GaussianMixtureSelector(**{"n_components": 2, "n_init": 1, **options}).fit(x)


def test_not_fitted_and_wrong_columns(fitted: Any) -> None:
    with pytest.raises(NotFittedError):
        GaussianMixtureSelector().predict(X)
    with pytest.raises(ValueError, match="X has 1 features"):
        fitted.predict(X[:, :1])


def test_quick_checks_of_estimators_pass(quick_checks: Callable[[Any], list[str]]) -> None:
    assert len(quick_checks(GaussianMixtureSelector(2, init_params="kmeans", n_init=1, max_iter=20))) > 5


@pytest.mark.slow
def test_check_estimator_passes_in_full() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks fit on data made to warn
        results = check_estimator(GaussianMixtureSelector(2, init_params="kmeans", n_init=1, max_iter=20), on_fail=None)
    failed = [
        (entry["check_name"], entry["exception"]) for entry in results if entry["status"] not in ("passed", "skipped")
    ]
    assert not failed


def test_drawing_rows_leaves_the_fitted_mixture_as_it_is() -> None:
    selector = GaussianMixtureSelector([1, 2], random_state=3).fit(X)
    before = selector.best_estimator_.get_params()
    first, labels = selector.sample(7)
    assert selector.best_estimator_.get_params() == before
    again, _ = selector.sample(7)
    np.testing.assert_array_equal(first, again)
    assert labels.shape == (7,)
    with pytest.raises(ValueError, match="at least one sample"):
        selector.sample(0)
