"""Soft clustering: groups, membership and how undecided rows are."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import check_estimator

from diarize.gmm import GaussianMixtureClustering, ambiguity

MEASURES = ("entropy", "margin", "uncertainty")


def test_ambiguity_against_scipy_and_by_hand() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(4), size=50)
    np.testing.assert_allclose(ambiguity(shares), entropy(shares, axis=1) / np.log(4), rtol=1e-9)
    ordered = np.sort(shares, axis=1)
    np.testing.assert_allclose(ambiguity(shares, "margin"), 1 - ordered[:, 3] + ordered[:, 2], rtol=1e-9)
    np.testing.assert_allclose(ambiguity(shares, "uncertainty"), (1 - ordered[:, 3]) / 0.75, rtol=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
def test_ambiguity_goes_from_0_to_1(measure: Any) -> None:
    found = ambiguity([[1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]], measure)
    np.testing.assert_allclose(found, [0, 1], atol=1e-12)
    np.testing.assert_array_equal(ambiguity(np.ones((3, 1)), measure), 0)


@pytest.mark.parametrize(
    ("membership", "measure", "message"),
    [
        ([0.5, 0.5], "entropy", "must be"),
        (np.empty((3, 0)), "entropy", "must be"),
        ([[0.5, 0.6]], "entropy", "summing to 1"),
        ([[-0.5, 1.5]], "entropy", "probabilities"),
        ([[np.nan, 1.0]], "entropy", "probabilities"),
        ([[0.5, 0.5]], "guess", "measure must be one of"),
    ],
)
def test_what_is_no_membership_is_said(membership: Any, measure: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ambiguity(membership, measure)


@pytest.fixture(scope="module")
def iris() -> Any:
    data = load_iris()
    return data, GaussianMixtureClustering([3], covariance_types="full", random_state=0).fit(data.data)


def test_iris_as_published(iris: Any) -> None:
    """mclust with three components: VEV has an adjusted Rand index of 0.904 (Fraley and Raftery 2002); VVV likewise."""
    data, clustering = iris
    assert adjusted_rand_score(data.target, clustering.labels_) == pytest.approx(0.904, abs=0.001)


def test_attributes_fit_together(iris: Any) -> None:
    data, clustering = iris
    assert clustering.n_clusters_ == 3
    np.testing.assert_array_equal(clustering.labels_, clustering.predict(data.data))
    np.testing.assert_array_equal(clustering.membership_, clustering.predict_proba(data.data))
    np.testing.assert_array_equal(clustering.membership_.argmax(axis=1), clustering.labels_)
    assert (np.diff(clustering.best_estimator_.weights_) <= 0).all()


@pytest.mark.parametrize("measure", MEASURES)
def test_the_ambiguous_flowers_are_those_at_the_border(iris: Any, measure: Any) -> None:
    data, clustering = iris
    undecided = clustering.ambiguity(data.data, measure)
    assert undecided[data.target == 0].max() < 1e-6  # setosa stands apart
    worst = np.argsort(-undecided)[:10]
    wrong = data.target[worst] != np.array([0, 2, 1])[clustering.labels_[worst]]
    swapped = data.target[worst] != np.array([2, 0, 1])[clustering.labels_[worst]]
    assert undecided[worst].min() > 0.01
    assert wrong.any() or swapped.any()


def test_fit_predict_is_fit_and_predict() -> None:
    x = np.random.default_rng(0).normal([[0.0], [8.0]], 1.0, (30, 2, 1)).reshape(-1, 1)
    clustering = GaussianMixtureClustering(2, n_init=1, random_state=0)
    np.testing.assert_array_equal(clustering.fit_predict(x), clustering.labels_)
    assert adjusted_rand_score(np.tile([0, 1], 30), clustering.labels_) == 1


def test_quick_checks_of_estimators_pass(quick_checks: Callable[[Any], list[str]]) -> None:
    assert len(quick_checks(GaussianMixtureClustering(2, covariance_types="full", n_init=1, max_iter=50))) > 5


@pytest.mark.slow
def test_check_estimator_passes_in_full() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks fit on data made to warn
        found = check_estimator(
            GaussianMixtureClustering(2, covariance_types="full", n_init=1, max_iter=50), on_fail=None
        )
    failed = [
        (entry["check_name"], entry["exception"]) for entry in found if entry["status"] not in ("passed", "skipped")
    ]
    assert not failed
