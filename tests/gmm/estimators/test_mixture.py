"""The estimator against scikit-learn's own, from the same start."""

from __future__ import annotations

import pickle
import tracemalloc
import warnings
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import GaussianMixture as Reference
from sklearn.utils.estimator_checks import check_estimator

from diarize.gmm import GaussianMixture, MixtureParameters, draw, map_adapt
from diarize.gmm.fitting.initialise import sample_size

KINDS = ("full", "tied", "diag", "spherical")
FITTED = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_")


@pytest.fixture
def rows(oracle: SimpleNamespace) -> Any:
    return draw(oracle.mixture("full", 5, 4, seed=2), 3000, np.random.default_rng(1))[0]


@pytest.fixture
def gaps(rows: np.ndarray) -> Any:
    """The same rows with a fifth of the entries missing, and one row wholly so."""
    found = np.where(np.random.default_rng(3).random(rows.shape) < 0.2, np.nan, rows)
    found[11] = np.nan
    return found


def same_start(x: np.ndarray, kind: str, **more) -> Any:
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


def test_check_estimator_passes_in_full() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks fit on data made to warn
        results = check_estimator(GaussianMixture(), on_fail=None)
    failed = [entry["check_name"] for entry in results if entry["status"] not in ("passed", "skipped")]
    assert not failed
    assert sum(entry["status"] == "passed" for entry in results) >= 40


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_scikit_learn_in_float64(rows: np.ndarray, kind: str) -> None:
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
def test_float32_loses_nothing_against_scikit_learns_float64(rows: np.ndarray, kind: str) -> None:
    single = rows.astype(np.float32)
    options = same_start(single.astype(float), kind, max_iter=15, tol=0.0)
    ours, theirs = GaussianMixture(**options).fit(single), Reference(**options).fit(single.astype(float))
    assert abs(ours.lower_bound_ - theirs.lower_bound_) < 1e-6
    mean = ours.score_samples(single).mean(dtype=np.float64)
    assert abs(mean - theirs.score(single.astype(float))) < 1e-6
    assert ours.score(single) == pytest.approx(mean, rel=1e-6)
    assert {getattr(ours, name).dtype for name in FITTED} == {np.dtype(np.float32)}
    assert ours.predict_proba(single).dtype == np.float32


@pytest.mark.parametrize("kind", KINDS)
def test_kmeans_start_and_stop_are_scikit_learns(rows: np.ndarray, kind: str) -> None:
    ours = GaussianMixture(5, covariance_type=kind, random_state=3).fit(rows)
    theirs = Reference(5, covariance_type=kind, random_state=3).fit(rows)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.converged_
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, abs=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_sample_weight_equals_repetition(rows: np.ndarray, kind: str) -> None:
    count = np.random.default_rng(0).integers(0, 4, len(rows))
    options = same_start(rows, kind, tol=1e-5, max_iter=300)
    weighted = GaussianMixture(**options).fit(rows, sample_weight=count)
    repeated = GaussianMixture(**options).fit(np.repeat(rows, count, axis=0))
    for name in FITTED:
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-7, atol=1e-9)
    assert weighted.lower_bound_ == pytest.approx(repeated.lower_bound_, abs=1e-10)


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "spectral", "ward", "random", "random_from_data"])
def test_every_start_is_seeded_and_takes_weights(rows: np.ndarray, init: str) -> None:
    rows = rows[:1000]
    weight = np.linspace(0, 1, len(rows))

    def fit() -> Any:
        model = GaussianMixture(3, init_params=init, random_state=1, tol=1e-6, max_iter=2000, n_init=2)
        return model.fit(rows, sample_weight=weight)

    one, two = fit(), fit()
    np.testing.assert_array_equal(one.means_, two.means_)
    assert one.lower_bound_ > GaussianMixture(1).fit(rows, sample_weight=weight).lower_bound_ + 0.1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_start_goes_on_where_it_stopped(rows: np.ndarray) -> None:
    options = same_start(rows, "full", tol=0.0)
    whole = GaussianMixture(max_iter=6, **options).fit(rows)
    parts = GaussianMixture(max_iter=3, warm_start=True, **options).fit(rows).fit(rows)
    np.testing.assert_allclose(parts.means_, whole.means_, rtol=1e-10)
    assert parts.lower_bound_ == pytest.approx(whole.lower_bound_, abs=1e-11)


@pytest.mark.parametrize("change", [{"n_components": 2}, {"covariance_type": "diag"}])
def test_warm_start_needs_the_same_kind_of_model(rows: np.ndarray, change: Any) -> None:
    model = GaussianMixture(3, covariance_type="tied", warm_start=True, random_state=0, tol=0.1).fit(rows)
    with pytest.raises(ValueError, match="the last model, which has 3 components"):
        model.set_params(**change).fit(rows)


def test_fit_predict_predict_and_sample_agree(rows: np.ndarray) -> None:
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


def test_fitted_parameters_are_the_attributes(rows: np.ndarray) -> None:
    model = GaussianMixture(3, random_state=0).fit(rows)
    np.testing.assert_allclose(model.parameters_.covariances, model.covariances_, rtol=1e-9)
    with pytest.raises(NotFittedError):
        _ = GaussianMixture().parameters_


def test_no_iterations_gives_the_start(rows: np.ndarray) -> None:
    model = GaussianMixture(**same_start(rows, "diag", max_iter=0)).fit(rows)
    np.testing.assert_array_equal(model.means_, rows[:5])
    assert (model.n_iter_, model.converged_, model.lower_bounds_) == (0, False, [])


def test_not_converged_says_what_to_do(rows: np.ndarray) -> None:
    with pytest.warns(ConvergenceWarning, match="increase max_iter") as caught:
        GaussianMixture(5, max_iter=2, tol=1e-9, random_state=0).fit(rows)
    assert caught[0].filename == __file__


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
def test_impossible_parameters(rows: np.ndarray, change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GaussianMixture(**{**same_start(rows, "diag"), **change}).fit(rows)


@pytest.mark.parametrize(
    ("weight", "message"),
    [([1.0, 2.0], "one for each row"), (-1.0, "negative"), (0.0, "zero"), (np.nan, "NaN")],
)
def test_impossible_sample_weights(rows: np.ndarray, weight: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GaussianMixture().fit(rows, sample_weight=weight)


def test_rows_of_weight_zero_do_not_count_as_rows(rows: np.ndarray) -> None:
    weight = np.zeros(len(rows))
    weight[:3] = 1
    with pytest.raises(ValueError, match="n_samples = 3"):
        GaussianMixture(4).fit(rows, sample_weight=weight)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_degenerate_data(kind: str) -> None:
    pair = np.repeat([[0.0] * 5, [1.0] * 5], 5, axis=0)
    with pytest.raises(ValueError, match="ill-defined empirical covariance"):
        GaussianMixture(10, covariance_type=kind, reg_covar=0).fit(pair)
    model = GaussianMixture(10, covariance_type=kind, random_state=0).fit(pair)
    assert np.isfinite(model.score_samples(pair)).all()
    assert np.isfinite(model.precisions_).all()
    np.testing.assert_allclose(model.predict_proba(pair).sum(axis=1), 1)


def test_a_component_that_collapses_ends_training_at_the_model_before() -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    x[0] = [32.0, 32.0]
    start = {"means_init": [[0.0, 0.0], [5.0, 5.0]], "weights_init": [0.5, 0.5], "precisions_init": np.ones((2, 2))}
    model = GaussianMixture(2, covariance_type="diag", reg_covar=0, tol=0, max_iter=50, **start)
    with pytest.warns(ConvergenceWarning, match=r"a component was left with rows that are all alike"):
        model.fit(x)
    again = Reference(2, covariance_type="diag", reg_covar=0, tol=0, max_iter=model.n_iter_, **start)
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        again.fit(x)
    assert 0 < model.n_iter_ < 50
    np.testing.assert_allclose(model.means_, again.means_, rtol=1e-9)
    assert np.isfinite(model.score_samples(x)).all()


# Missing entries.


@pytest.mark.parametrize("kind", KINDS)
def test_missing_entries_are_integrated_out(rows: np.ndarray, gaps: np.ndarray, kind: str) -> None:
    model = GaussianMixture(**same_start(rows, kind, tol=1e-4, max_iter=200)).fit(gaps)
    assert (np.diff(model.lower_bounds_) > -1e-9).all()
    total = model.score_samples(gaps)
    assert abs(total[11]) < 1e-12
    np.testing.assert_allclose(model.predict_proba(gaps)[11], model.weights_, rtol=1e-9)
    assert model.lower_bound_ == pytest.approx(total.mean(), abs=2e-4)
    complete = GaussianMixture(**same_start(rows, kind, tol=1e-4, max_iter=200)).fit(rows)
    assert model.score(rows) == pytest.approx(complete.score(rows), abs=0.05)
    first = np.r_[gaps[:1, :2], rows[:1, :2]]
    several = GaussianMixture.from_parameters(
        MixtureParameters(model.weights_, model.means_[:, :2], part(model, 2), kind)
    )
    padded = np.c_[first, np.full((2, 2), np.nan)]
    np.testing.assert_allclose(model.score_samples(padded), several.score_samples(first), rtol=1e-9)
    np.testing.assert_allclose(model.predict_proba(padded), several.predict_proba(first), rtol=1e-7)


def part(model: Any, size: int) -> Any:
    """Return the covariances of the first features."""
    kept = {"full": np.s_[:, :size, :size], "tied": np.s_[:size, :size], "diag": np.s_[:, :size], "spherical": np.s_[:]}
    return model.covariances_[kept[model.covariance_type]]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_weights_equal_repetition_with_missing_entries(rows: np.ndarray, gaps: np.ndarray, kind: str) -> None:
    count = np.random.default_rng(0).integers(0, 4, len(gaps))
    options = same_start(rows, kind, tol=0, max_iter=10)
    weighted = GaussianMixture(**options).fit(gaps, sample_weight=count)
    repeated = GaussianMixture(**options).fit(np.repeat(gaps, count, axis=0))
    for name in FITTED:
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-7, atol=1e-9)
    assert weighted.lower_bound_ == pytest.approx(repeated.lower_bound_, abs=1e-10)


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "spectral", "ward", "random", "random_from_data"])
def test_every_start_takes_missing_entries(gaps: np.ndarray, init: str) -> None:
    model = GaussianMixture(3, init_params=init, random_state=0, tol=1e-2).fit(gaps)
    assert model.lower_bound_ > GaussianMixture(1).fit(gaps).lower_bound_


# Batches of a stream.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_batches_with_a_decay_of_one_give_the_moments_of_all_rows(kind: str, dtype: type) -> None:
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(900, 3)) @ rng.normal(size=(3, 3)) + 20).astype(dtype)
    weight = rng.integers(1, 4, 900).astype(float)
    model = GaussianMixture(1, covariance_type=kind, decay=1.0, reg_covar=1e-3)
    model.fit(x[:200], sample_weight=weight[:200])
    for rows in (slice(200, 201), slice(201, 500), slice(500, 900)):
        assert model.partial_fit(x[rows], sample_weight=weight[rows]) is model
    assert (model.n_samples_seen_, model.n_batches_seen_) == (weight.sum(), 3)
    exact = x.astype(np.float64)
    matrix = np.cov(exact.T, aweights=weight, bias=True)
    variances = np.diag(matrix)
    expected = {
        "full": matrix[None] + 1e-3 * np.eye(3),
        "tied": matrix + 1e-3 * np.eye(3),
        "diag": variances[None] + 1e-3,
        "spherical": variances.mean(keepdims=True) + 1e-3,
    }[kind]
    exactness = 1e-9 if dtype == np.float64 else 1e-4
    np.testing.assert_allclose(model.means_[0], np.average(exact, axis=0, weights=weight), rtol=exactness)
    np.testing.assert_allclose(model.covariances_, expected, rtol=exactness, atol=exactness)
    assert {getattr(model, name).dtype for name in FITTED} == {np.dtype(dtype)}


@pytest.mark.parametrize("kind", KINDS)
def test_small_batches_come_near_the_likelihood_of_all_rows_together(oracle: SimpleNamespace, kind: str) -> None:
    mixture = oracle.mixture(kind, 4, 3, seed=1)
    rng = np.random.default_rng(0)
    x = rng.permutation(draw(mixture, 20_000, rng)[0])
    held_out = draw(mixture, 20_000, rng)[0]
    options = {"covariance_type": kind, "random_state": 0}
    whole = GaussianMixture(4, tol=1e-5, max_iter=500, **options).fit(x)
    stream = GaussianMixture(4, **options).fit(x[:200])
    before = stream.score(held_out)
    for batch in x.reshape(200, 100, 3):
        stream.partial_fit(batch)
    truth = oracle.log_likelihood(held_out, mixture).mean()
    assert stream.score(held_out) > before
    assert stream.score(held_out) == pytest.approx(whole.score(held_out), abs=0.02)
    assert stream.score(held_out) == pytest.approx(truth, abs=0.03)


def test_a_stream_that_drifts_is_followed() -> None:
    rng = np.random.default_rng(0)
    follows = GaussianMixture(2, covariance_type="diag", min_step=0.1, random_state=0)
    remembers = GaussianMixture(2, covariance_type="diag", decay=1.0, random_state=0)
    for place in np.linspace(0, 20, 200):
        batch = rng.normal(size=(100, 1)) + np.repeat([[place], [place + 8]], 50, axis=0)
        follows.partial_fit(batch)
        remembers.partial_fit(batch)
    assert np.abs(np.sort(follows.means_[:, 0]) - [20, 28]).max() < 1.5
    assert np.abs(np.sort(remembers.means_[:, 0]) - [20, 28]).min() > 4


def test_a_batch_with_weights_and_missing_entries_equals_repetition(gaps: np.ndarray) -> None:
    count = np.random.default_rng(0).integers(0, 4, 500)
    start = GaussianMixture(3, random_state=0).fit(gaps)
    weighted, repeated = pickle.loads(pickle.dumps(start)), pickle.loads(pickle.dumps(start))
    for _ in range(3):
        weighted.partial_fit(gaps[:500], sample_weight=count)
        repeated.partial_fit(np.repeat(gaps[:500], count, axis=0))
    for name in FITTED:
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-9)
    assert not np.allclose(weighted.means_, start.means_, rtol=1e-4)


def test_fit_forgets_the_batches_before_it(rows: np.ndarray) -> None:
    model = GaussianMixture(2, random_state=0).partial_fit(rows[:500]).partial_fit(rows[500:900])
    assert (model.n_samples_seen_, model.n_batches_seen_) == (900, 2)
    model.fit(rows)
    assert (model.n_samples_seen_, model.n_batches_seen_) == (3000, 0)
    fresh = GaussianMixture(2, random_state=0).fit(rows)
    np.testing.assert_array_equal(model.means_, fresh.means_)
    np.testing.assert_array_equal(model.partial_fit(rows[:9]).means_, fresh.partial_fit(rows[:9]).means_)


def test_the_first_batch_must_hold_as_many_rows_as_components(rows: np.ndarray) -> None:
    with pytest.raises(ValueError, match="n_components = 4, n_samples = 3"):
        GaussianMixture(4).partial_fit(rows[:3])
    model = GaussianMixture(4, random_state=0).partial_fit(rows[:300])
    assert np.isfinite(model.partial_fit(rows[:1]).score(rows))
    assert np.isfinite(model.partial_fit(np.full((2, 4), np.nan)).score(rows))
    with pytest.raises(ValueError, match="zero for every row"):
        model.partial_fit(rows[:3], sample_weight=0)


# More rows than fit into memory.


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_equal_their_concatenation(rows: np.ndarray, kind: str, dtype: type) -> None:
    x = rows.astype(dtype)
    weight = np.random.default_rng(0).integers(0, 3, len(x)).astype(float)
    weight[:40] = 0
    cuts = [0, 40, 40, 41, 900, 3000]
    blocks = [(x[a:b], weight[a:b]) for a, b in pairwise(cuts)]
    options = same_start(rows, kind, tol=0, max_iter=15)
    whole = GaussianMixture(**options).fit(x, sample_weight=weight)
    exactness = 1e-9 if dtype == np.float64 else 1e-5
    for given in (blocks, lambda: iter(blocks)):
        found = GaussianMixture(**options).fit_blocks(given)
        for name in FITTED:
            assert getattr(found, name).dtype == dtype
            np.testing.assert_allclose(getattr(found, name), getattr(whole, name), rtol=exactness, atol=exactness)
        assert found.lower_bound_ == pytest.approx(whole.lower_bound_, abs=exactness)
        assert found.n_samples_seen_ == weight.sum()


def test_blocks_start_as_their_concatenation_does(gaps: np.ndarray) -> None:
    whole = GaussianMixture(3, random_state=0, tol=1e-3).fit(gaps)
    found = GaussianMixture(3, random_state=0, tol=1e-3).fit_blocks(np.array_split(gaps, 7))
    assert found.lower_bound_ == pytest.approx(whole.lower_bound_, abs=0.02)
    many = GaussianMixture(2, random_state=0).fit_blocks(
        lambda: (gaps[:, :2] + shift for shift in np.repeat([[0.0], [90.0]], 20, axis=0))
    )
    assert many.n_samples_seen_ == 120_000 > sample_size(2)
    np.testing.assert_allclose(np.sort(many.means_[:, 0]), np.nanmean(gaps[:, 0]) + [0, 90], atol=0.5)


@pytest.mark.parametrize(
    ("blocks", "error", "message"),
    [
        (iter([np.zeros((3, 2))]), TypeError, "only once"),
        (np.zeros((3, 2)), TypeError, "got one array"),
        ([], ValueError, "0 sample"),
        ([np.zeros((0, 2))], ValueError, "n_samples = 0"),
        ([np.zeros((3, 2)), np.zeros((3, 3))], ValueError, "X has 3 features"),
        ([np.zeros((3, 2)), np.full((3, 2), np.inf)], ValueError, "infinity"),
        ([np.full((3, 2), np.nan)], ValueError, "n_samples = 0"),
        ([np.tile([[1.0, np.nan]], (3, 1))], ValueError, "only NaN, in column 1 "),
        ([np.zeros((3, 2)), np.zeros(2)], ValueError, "got 1D"),
        ([(np.zeros((3, 2)), [1.0, 1.0])], ValueError, "one for each row"),
        ([(np.zeros((3, 2)), [0.0, 1.0, 0.0])], ValueError, "n_samples = 1"),
    ],
)
def test_impossible_blocks(blocks: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        GaussianMixture(2).fit_blocks(blocks)


def test_convergence_of_blocks_warns_where_they_were_given(rows: np.ndarray) -> None:
    with pytest.warns(ConvergenceWarning, match="increase max_iter") as caught:
        GaussianMixture(5, max_iter=2, tol=1e-9, random_state=0).fit_blocks([rows])
    assert caught[0].filename == __file__


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_array_on_disk_is_not_copied(tmp_path: Path) -> None:
    shape = (200_000, 20)
    on_disk = np.memmap(tmp_path / "rows", dtype=np.float32, mode="w+", shape=shape)
    on_disk[:] = np.random.default_rng(0).normal(size=shape)
    GaussianMixture(2, covariance_type="diag", max_iter=1, random_state=0).fit(on_disk[:500])  # imports
    tracemalloc.start()
    GaussianMixture(2, covariance_type="diag", max_iter=2, init_params="random_from_data", random_state=0).fit(on_disk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.75 * on_disk.nbytes


# What a fitted mixture is good for.


@pytest.mark.parametrize("kind", KINDS)
def test_the_completed_likelihood_adds_the_entropy(oracle: SimpleNamespace, kind: str) -> None:
    mixture = oracle.mixture(kind)
    x = draw(mixture, 500, np.random.default_rng(0))[0]
    model = GaussianMixture.from_parameters(mixture)
    posterior = oracle.posteriors(x, mixture)
    entropy = -(posterior * np.log(np.maximum(posterior, 1e-300))).sum()
    free = {"full": 4 * 6, "tied": 6, "diag": 12, "spherical": 4}[kind] + 12 + 3
    bic = free * np.log(500) - 2 * oracle.log_likelihood(x, mixture).sum()
    assert model.bic(x) == pytest.approx(bic, rel=1e-10)
    assert model.icl(x) == pytest.approx(bic + 2 * entropy, rel=1e-9)


def test_overlapping_components_cost_completed_likelihood(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(2000, 1)), 2 * rng.normal(size=(2000, 1))])
    one, two = (GaussianMixture(k, tol=1e-6, max_iter=5000, random_state=0).fit(x) for k in (1, 2))
    assert two.bic(x) < one.bic(x)
    assert one.icl(x) == pytest.approx(one.bic(x))
    assert two.icl(x) > one.icl(x)
    whole = two.icl(x)
    monkeypatch.setattr("diarize.gmm.estimators.mixture.ENTRIES_AT_ONCE", 999)
    assert two.icl(x) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_a_mixture_given_some_features(oracle: SimpleNamespace, kind: str, dtype: type) -> None:
    mixture = oracle.mixture(kind, 3, 4).astype(dtype)
    model = GaussianMixture.from_parameters(mixture).set_params(tol=1e-4, means_init=np.zeros((3, 4)))
    model.feature_names_in_ = np.array(["a", "b", "c", "d"], dtype=object)
    given = model.condition([np.nan, 1.5, np.nan, -0.5])
    assert (given.n_features_in_, given.means_.shape, given.means_.dtype) == (2, (3, 2), dtype)
    assert list(given.feature_names_in_) == ["a", "c"]
    assert (given.tol, given.means_init, model.means_init is None) == (1e-4, None, False)
    del given.feature_names_in_
    x = np.random.default_rng(0).normal(size=(50, 2))
    whole = np.c_[x[:, 0], np.full(50, 1.5), x[:, 1], np.full(50, -0.5)]
    known = np.array([[np.nan, 1.5, np.nan, -0.5]])
    exact = GaussianMixture.from_parameters(mixture.astype(np.float64))
    expected = oracle.log_likelihood(whole, mixture.astype(np.float64)) - exact.score_samples(known)
    np.testing.assert_allclose(given.score_samples(x), expected, rtol=1e-8 if dtype == np.float64 else 1e-3, atol=1e-3)


def test_adaptation_gives_another_estimator(rows: np.ndarray) -> None:
    model = GaussianMixture(3, random_state=0, tol=1e-2).fit(rows.astype(np.float32))
    before = model.means_.copy()
    more = rows[:200] + 1
    weight = np.linspace(0, 1, 200)
    adapted = model.adapt(more, relevance=4.0, update=("means", "weights"), sample_weight=weight)
    expected = map_adapt(model.parameters_, more, relevance=4.0, update=("means", "weights"), sample_weight=weight)
    np.testing.assert_allclose(adapted.means_, expected.means, rtol=1e-5)
    np.testing.assert_allclose(adapted.weights_, expected.weights, rtol=1e-5)
    np.testing.assert_array_equal(model.means_, before)
    assert adapted.means_.dtype == np.float32
    assert adapted.get_params() == model.get_params()
    assert adapted.score(more) > model.score(more)
    with pytest.raises(ValueError, match="relevance"):
        model.adapt(more, relevance=-1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_an_estimator_from_parameters(oracle: SimpleNamespace, kind: str, dtype: type) -> None:
    mixture = oracle.mixture(kind).astype(dtype)
    model = GaussianMixture.from_parameters(mixture)
    assert (model.n_components, model.covariance_type, model.n_features_in_) == (4, kind, 3)
    x = draw(mixture, 300, np.random.default_rng(0))[0]
    np.testing.assert_allclose(model.score_samples(x), oracle.log_likelihood(x, mixture.astype(np.float64)), rtol=1e-4)
    np.testing.assert_array_equal(model.means_, mixture.means)
    np.testing.assert_allclose(model.covariances_, mixture.covariances)
    assert {getattr(model, name).dtype for name in FITTED} == {np.dtype(dtype)}
    assert model.sample(5)[0].shape == (5, 3)
    assert model.partial_fit(x).n_samples_seen_ == 300
