"""The estimator against scikit-learn's own, from the same start."""

from __future__ import annotations

import logging
import pickle
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import GaussianMixture as Reference
from sklearn.utils.estimator_checks import check_estimator

from diarize.gmm import GaussianMixture, draw

KINDS = ("full", "tied", "diag", "spherical")
FITTED = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_")


@pytest.fixture
def rows(oracle):
    return draw(oracle.mixture("full", 5, 4, seed=2), 3000, np.random.default_rng(1))[0]


def same_start(x, kind, **more):
    matrix = np.linalg.inv(np.cov(x.T))
    matrix = (matrix + matrix.T) / 2
    precisions = {
        "full": np.tile(matrix, (5, 1, 1)),
        "tied": matrix,
        "diag": np.tile(1 / x.var(axis=0), (5, 1)),
        "spherical": np.full(5, 1 / x.var()),
    }
    start = {"weights_init": np.full(5, 0.2), "means_init": x[:5], "precisions_init": precisions[kind]}
    return {"n_components": 5, "covariance_type": kind, **start, **more}


def test_check_estimator_passes_in_full():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks fit on data made to warn
        results = check_estimator(GaussianMixture(), on_fail=None)
    failed = [entry["check_name"] for entry in results if entry["status"] not in ("passed", "skipped")]
    assert not failed
    assert sum(entry["status"] == "passed" for entry in results) >= 40


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_scikit_learn_in_float64(rows, kind):
    options = same_start(rows, kind, max_iter=15, tol=0.0)
    ours, theirs = GaussianMixture(**options).fit(rows), Reference(**options).fit(rows)
    np.testing.assert_allclose(ours.lower_bounds_, theirs.lower_bounds_, rtol=0, atol=1e-10)
    assert abs(ours.score(rows) - theirs.score(rows)) < 1e-10
    for name in FITTED:
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(ours.predict_proba(rows), theirs.predict_proba(rows), atol=1e-8)
    np.testing.assert_array_equal(ours.predict(rows), theirs.predict(rows))
    assert ours.bic(rows) == pytest.approx(theirs.bic(rows), rel=1e-10)
    assert ours.aic(rows) == pytest.approx(theirs.aic(rows), rel=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_float32_loses_nothing_against_scikit_learns_float64(rows, kind):
    single = rows.astype(np.float32)
    options = same_start(single.astype(float), kind, max_iter=15, tol=0.0)
    ours, theirs = GaussianMixture(**options).fit(single), Reference(**options).fit(single.astype(float))
    assert abs(ours.lower_bound_ - theirs.lower_bound_) < 1e-6
    assert abs(ours.score(single) - theirs.score(single.astype(float))) < 1e-6
    assert {getattr(ours, name).dtype for name in FITTED} == {np.dtype(np.float32)}
    assert ours.predict_proba(single).dtype == np.float32


@pytest.mark.parametrize("kind", KINDS)
def test_kmeans_start_and_stop_are_scikit_learns(rows, kind):
    ours = GaussianMixture(5, covariance_type=kind, random_state=3).fit(rows)
    theirs = Reference(5, covariance_type=kind, random_state=3).fit(rows)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.converged_
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, abs=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_sample_weight_equals_repetition(rows, kind):
    count = np.random.default_rng(0).integers(0, 4, len(rows))
    options = same_start(rows, kind, tol=1e-5, max_iter=300)
    weighted = GaussianMixture(**options).fit(rows, sample_weight=count)
    repeated = GaussianMixture(**options).fit(np.repeat(rows, count, axis=0))
    for name in FITTED:
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-7, atol=1e-9)
    assert weighted.lower_bound_ == pytest.approx(repeated.lower_bound_, abs=1e-10)


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random", "random_from_data"])
def test_every_start_is_seeded_and_takes_weights(rows, init):
    weight = np.linspace(0, 1, len(rows))

    def fit():
        model = GaussianMixture(3, init_params=init, random_state=1, tol=1e-6, max_iter=2000, n_init=2)
        return model.fit(rows, sample_weight=weight)

    one, two = fit(), fit()
    np.testing.assert_array_equal(one.means_, two.means_)
    assert one.lower_bound_ > GaussianMixture(1).fit(rows, sample_weight=weight).lower_bound_ + 0.1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_restarts_keep_the_likeliest(rows):
    options = {"covariance_type": "diag", "init_params": "random_from_data", "max_iter": 8}
    state = np.random.RandomState(0)
    each = [GaussianMixture(5, random_state=state, **options).fit(rows).lower_bound_ for _ in range(6)]
    best = GaussianMixture(5, random_state=np.random.RandomState(0), n_init=6, **options).fit(rows)
    assert best.lower_bound_ == max(each)
    assert len(set(each)) > 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_start_goes_on_where_it_stopped(rows):
    options = same_start(rows, "full", tol=0.0)
    whole = GaussianMixture(max_iter=6, **options).fit(rows)
    parts = GaussianMixture(max_iter=3, warm_start=True, **options).fit(rows).fit(rows)
    np.testing.assert_allclose(parts.means_, whole.means_, rtol=1e-10)
    assert parts.lower_bound_ == pytest.approx(whole.lower_bound_, abs=1e-11)


def test_fit_predict_predict_and_sample_agree(rows):
    model = GaussianMixture(4, random_state=0)
    labels = model.fit_predict(rows)
    np.testing.assert_array_equal(labels, model.predict(rows))
    np.testing.assert_array_equal(labels, model.predict_proba(rows).argmax(axis=1))
    drawn, components = model.sample(500)
    assert drawn.shape == (500, 4)
    assert set(components) <= set(range(4))
    assert model.score(drawn) == pytest.approx(model.score(rows), abs=0.5)
    restored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(restored.score_samples(rows), model.score_samples(rows))


def test_fitted_parameters_are_the_attributes(rows):
    model = GaussianMixture(3, random_state=0).fit(rows)
    np.testing.assert_allclose(model.parameters_.covariances, model.covariances_, rtol=1e-9)
    with pytest.raises(NotFittedError):
        _ = GaussianMixture().parameters_


def test_no_iterations_gives_the_start(rows):
    model = GaussianMixture(**same_start(rows, "diag", max_iter=0)).fit(rows)
    np.testing.assert_array_equal(model.means_, rows[:5])
    assert (model.n_iter_, model.converged_, model.lower_bounds_) == (0, False, [])


def test_not_converged_says_what_to_do(rows):
    with pytest.warns(ConvergenceWarning, match="increase max_iter") as caught:
        GaussianMixture(5, max_iter=2, tol=1e-9, random_state=0).fit(rows)
    assert caught[0].filename == __file__


def test_verbose_is_logged_not_printed(rows, caplog, capsys):
    with caplog.at_level(logging.INFO, logger="diarize.gmm"):
        GaussianMixture(2, verbose=1, random_state=0).fit(rows)
    assert "converged: True" in caplog.text
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights_init": [0.5, 0.5]}, r"'weights' should have the shape of \(5,\)"),
        ({"weights_init": [0.9, 0.9, 0, 0, 0]}, "normalized"),
        ({"weights_init": [1.5, -0.5, 0, 0, 0]}, "range"),
        ({"means_init": [[0.0]]}, "'means' should have the shape"),
        ({"precisions_init": np.ones((5, 3))}, "'diag precision' should have the shape"),
        ({"precisions_init": -np.ones((5, 4))}, "should be positive"),
        ({"covariance_type": "full", "precisions_init": -np.ones((5, 4, 4))}, "positive-definite"),
        ({"n_components": 0}, "n_components"),
        ({"covariance_type": "round"}, "covariance_type"),
        ({"n_components": 4000, "weights_init": None}, "Expected n_samples >= n_components"),
    ],
)
def test_impossible_parameters(rows, change, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(**{**same_start(rows, "diag"), **change}).fit(rows)


@pytest.mark.parametrize(
    ("weight", "message"),
    [([1.0, 2.0], "one for each row"), (-1.0, "negative"), (0.0, "zero"), (np.nan, "NaN")],
)
def test_impossible_sample_weights(rows, weight, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture().fit(rows, sample_weight=weight)


def test_rows_of_weight_zero_do_not_count_as_rows(rows):
    weight = np.zeros(len(rows))
    weight[:3] = 1
    with pytest.raises(ValueError, match="n_samples = 3"):
        GaussianMixture(4).fit(rows, sample_weight=weight)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_rows_that_are_no_numbers(rows, bad):
    rows[7, 2] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        GaussianMixture().fit(rows)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_degenerate_data(kind):
    pair = np.repeat([[0.0] * 5, [1.0] * 5], 5, axis=0)
    with pytest.raises(ValueError, match="ill-defined empirical covariance"):
        GaussianMixture(10, covariance_type=kind, reg_covar=0).fit(pair)
    model = GaussianMixture(10, covariance_type=kind, random_state=0).fit(pair)
    assert np.isfinite(model.score_samples(pair)).all()
    assert np.isfinite(model.precisions_).all()
    np.testing.assert_allclose(model.predict_proba(pair).sum(axis=1), 1)
