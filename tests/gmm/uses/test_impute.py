"""The imputer: the textbook's conditional mean, honest intervals, scikit-learn's contract, odd columns and rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from diarize.gmm import GaussianMixtureImputer, MixtureParameters, draw, pool_estimates


def holed(x: np.ndarray, share: float, seed: int) -> Any:
    gone = np.random.default_rng(seed).random(x.shape) < share
    return np.where(gone, np.nan, x), gone


@pytest.fixture(scope="module")
def iris() -> Any:
    x = load_iris().data
    return x, *holed(x, 0.2, 0)


def test_quick_checks_of_estimators_pass(quick_checks: Callable[[Any], list[str]]) -> None:
    assert len(quick_checks(GaussianMixtureImputer(max_components=2, max_iter=300))) > 5


@pytest.mark.slow
def test_check_estimator_passes_in_full() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(GaussianMixtureImputer(max_components=2, max_iter=300), on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []
    assert sum(result["status"] == "passed" for result in results) > 35


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_mean_is_the_textbook_s_row_by_row(iris: Any, oracle: SimpleNamespace, kind: str) -> None:
    _, x, gone = iris
    model = GaussianMixtureImputer(2, covariance_type=kind, random_state=0).fit(x)
    found, mixture = model.transform(x), model.mixture_.parameters_
    np.testing.assert_array_equal(found[~gone], x[~gone])
    for row, filled in zip(x, found, strict=True):
        lost = np.isnan(row)
        if not lost.any():
            continue
        weights, means = [], []
        for weight, mean, matrix in zip(mixture.weights, mixture.means, oracle.dense(mixture), strict=True):
            away, known = row[~lost] - mean[~lost], matrix[~lost][:, ~lost]
            density = multivariate_normal(mean[~lost], known).pdf(row[~lost]) if len(away) else 1.0
            weights.append(weight * density)
            means.append(mean[lost] + matrix[lost][:, ~lost] @ np.linalg.solve(known, away))
        np.testing.assert_allclose(filled[lost], np.array(weights) @ means / sum(weights), rtol=1e-7)


def test_units_do_not_matter(iris: Any) -> None:
    _, x, _ = iris
    units, shift = np.array([1e-6, 1.0, 1e9, 30.0]), np.array([0.0, -5.0, 1e9, 1e3])
    plain = GaussianMixtureImputer(2, random_state=0).fit_transform(x)
    other = GaussianMixtureImputer(2, random_state=0).fit_transform(x * units + shift)
    np.testing.assert_allclose((other - shift) / units, plain, rtol=1e-5)


@pytest.mark.parametrize("load", [load_iris, load_wine, load_diabetes])
def test_closer_to_the_truth_than_others(load: Any) -> None:
    x = load().data
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    error = dict.fromkeys(("own", "iterative", "neighbours"), 0.0)
    for seed in range(1 if load is load_diabetes else 3):
        y, gone = holed(x, 0.2, seed)
        others = {"own": GaussianMixtureImputer(random_state=0), "iterative": IterativeImputer(random_state=0)}
        for name, imputer in {**others, "neighbours": KNNImputer()}.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                error[name] += np.mean((imputer.fit_transform(y) - x)[gone] ** 2)
    assert error["own"] < min(error["iterative"], error["neighbours"])


@pytest.fixture(scope="module")
def known() -> Any:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(3, 6, 2))
    truth = MixtureParameters(
        [0.5, 0.3, 0.2], 1.5 * rng.normal(size=(3, 6)), root @ np.swapaxes(root, 1, 2) + 0.2 * np.eye(6), "full"
    )
    x = rng.permutation(draw(truth, 6000, rng)[0])
    y, gone = holed(x, 0.2, 1)
    return x, y, gone, GaussianMixtureImputer(random_state=0).fit(y[:3000])


@pytest.mark.parametrize("rows", [slice(3000), slice(3000, None)], ids=["training", "new"])
def test_intervals_cover_what_they_promise(known: Any, rows: np.ndarray) -> None:
    x, y, gone, model = known
    assert model.n_components_ == 3
    for level, slack in ((0.95, 0.015), (0.5, 0.03)):
        low, high = model.predict_interval(y[rows], level)
        inside = (low <= x[rows]) & (x[rows] <= high)
        assert inside[~gone[rows]].all()
        assert abs(inside[gone[rows]].mean() - level) < slack


def test_samples_keep_variances_and_correlations(known: Any) -> None:
    x, y, _, model = known
    sampled = GaussianMixtureImputer(model.n_components_, how="sample", random_state=0).fit_transform(y)
    np.testing.assert_allclose(np.cov(sampled.T), np.cov(x.T), atol=0.15)
    means = model.transform(y)
    assert (means.var(axis=0) < sampled.var(axis=0)).all()


def test_imputations_differ_as_much_as_the_answer_is_unsure() -> None:
    """With one incomplete column, the variance of the completed mean is known in closed form, by regression.

    Beside the scatter of the imputed entries it counts how unsure the line is that they scatter about.
    """
    rng, count = np.random.default_rng(0), 100
    x = rng.multivariate_normal([0.0, 0.0], [[1.0, 0.6], [0.6, 1.0]], size=count)
    gone = rng.random(count) < 1 / (1 + np.exp(-1.5 * x[:, 0]))
    y = x.copy()
    y[gone, 1] = np.nan
    first, second = x[~gone].T
    slope, offset = np.polyfit(first, second, 1)
    spread = np.sum((second - offset - slope * first) ** 2) / (len(first) - 2)
    away = x[gone, 0].mean() - first.mean()
    share = gone.mean()
    scatter = spread * share / count
    line = spread * share**2 * (1 / len(first) + away**2 / np.sum((first - first.mean()) ** 2))
    model = GaussianMixtureImputer(1, shrinkage=0, random_state=1).fit(y)
    many = model.impute_many(y, 80)[:, :, 1].mean(axis=1)
    assert scatter < 0.4 * (scatter + line)
    assert 0.65 < many.var(ddof=1) / (scatter + line) < 1.5
    filled = (x[~gone, 1].sum() + (offset + slope * x[gone, 0]).sum()) / count
    np.testing.assert_allclose(model.transform(y)[:, 1].mean(), filled, atol=0.1 * np.sqrt(scatter + line))
    found = pool_estimates(model.impute_many(y, 3)[:, :, 1].mean(axis=1), [1 / count] * 3)
    assert found.low < found.estimate < found.high


def test_many_imputations_differ_only_where_entries_are_missing(iris: Any) -> None:
    _, x, gone = iris
    model = GaussianMixtureImputer(2, random_state=3).fit(x)
    many = model.impute_many(x, 4)
    assert many.shape == (4, *x.shape)
    np.testing.assert_array_equal(many[:, ~gone], np.tile(x[~gone], (4, 1)))
    assert (np.ptp(many, axis=0)[gone] > 0).all()
    np.testing.assert_array_equal(many, model.impute_many(x, 4))


def odd_rows() -> Any:
    rng = np.random.default_rng(0)
    x = np.column_stack(
        [rng.normal(size=60), np.full(60, 0.1), np.full(60, np.nan), 1e6 + rng.normal(size=60), np.full(60, -3.0)]
    )
    x[:, 3] += 5 * x[:, 0]
    x[3] = np.nan
    x[5, 1] = x[6, 0] = x[7, 3] = np.nan
    return x


@pytest.mark.parametrize("keep", [False, True])
def test_odd_columns_and_rows(keep: Any) -> None:
    x = odd_rows()
    model = GaussianMixtureImputer(keep_empty_features=keep, add_indicator=True, random_state=0).fit(x)
    found = model.transform(x)
    same = SimpleImputer(keep_empty_features=keep, add_indicator=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = same.fit(x).transform(x)
    assert found.shape == reference.shape
    assert list(model.get_feature_names_out()) == list(same.get_feature_names_out())
    values = 5 if keep else 4
    np.testing.assert_array_equal(found[:, values:], reference[:, values:])
    assert (found[:, 1] == 0.1).all()
    if keep:
        assert (found[:, 2] == 0).all()
    # a row without any value gets the mixture's mean
    mean = model.mixture_.weights_ @ model.mixture_.means_
    np.testing.assert_allclose(found[3, [0, values - 2]], mean, rtol=1e-9)
    low, high = model.predict_interval(x)
    assert low.shape == (60, values)
    assert (low[:, 1] == high[:, 1]).all()
    assert low[6, 0] < found[6, 0] < high[6, 0]
    assert np.isfinite(model.impute_many(x, 2)).all()


def test_patterns_and_values_never_seen_in_training() -> None:
    x = odd_rows()[:, [0, 1, 3]]
    model = GaussianMixtureImputer(random_state=0).fit(x[8:])
    new = [[np.nan, np.nan, 1e6], [np.nan, 7.0, np.nan], [1e300, 0.1, np.nan], [np.nan, 0.1, -1e300]]
    found = model.transform(new)
    assert np.isfinite(found).all()
    assert found[1, 1] == 7.0
    assert np.isfinite(model.predict_interval(new)).all()


def test_nothing_varies() -> None:
    x = np.array([[1.0, np.nan], [np.nan, 5.0], [1.0, 5.0]])
    model = GaussianMixtureImputer().fit(x)
    np.testing.assert_array_equal(model.transform(x), [[1.0, 5.0]] * 3)
    np.testing.assert_array_equal(model.impute_many(x, 2), [[[1.0, 5.0]] * 3] * 2)
    np.testing.assert_array_equal(model.predict_interval(x), [[[1.0, 5.0]] * 3] * 2)
    assert model.n_components_ == 0
    with pytest.raises(ValueError, match="no mixture"):
        model.mixture_  # noqa: B018
    one = GaussianMixtureImputer().fit([[2.0, 3.0]])
    np.testing.assert_array_equal(one.transform([[np.nan, 4.0]]), [[2.0, 4.0]])


def test_huge_and_tiny_numbers() -> None:
    x = np.random.default_rng(0).normal(size=(40, 2)) * [1e200, 1e-200]
    x[0] = [np.nan, 1e-200]
    found = GaussianMixtureImputer(random_state=0).fit_transform(x)
    assert np.isfinite(found).all()


def test_float32_stays_float32(iris: Any) -> None:
    _, x, _ = iris
    model = GaussianMixtureImputer(2, random_state=0).fit(x.astype(np.float32))
    assert model.transform(x.astype(np.float32)).dtype == np.float32
    assert model.impute_many(x.astype(np.float32), 2).dtype == np.float32


def test_names_and_a_pipeline(iris: Any) -> None:
    pandas = pytest.importorskip("pandas")
    _, x, _ = iris
    frame = pandas.DataFrame(x, columns=list("abcd"))
    imputer = GaussianMixtureImputer(2, random_state=0, add_indicator=True).set_output(transform="pandas")
    assert list(imputer.fit_transform(frame).columns) == [*"abcd", *(f"missingindicator_{name}" for name in "abcd")]


def test_a_pipeline_learns_from_incomplete_rows(iris: Any) -> None:
    _, x, _ = iris
    y = load_iris().target
    model = make_pipeline(GaussianMixtureImputer(random_state=0), LogisticRegression(max_iter=1000))
    assert model.fit(x, y).score(x, y) > 0.9


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (np.empty((0, 2)), "0 sample"),
        (np.full((3, 2), np.nan), "no value at all"),
        ([[1.0, np.inf]], "infinity"),
        ([["a", "b"], ["c", "d"]], "could not convert|convert string"),
        ([1.0, 2.0], "2D array"),
    ],
)
def test_bad_rows(x: np.ndarray, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        GaussianMixtureImputer().fit(x)


def test_bad_calls(iris: Any) -> None:
    _, x, _ = iris
    model = GaussianMixtureImputer(2, random_state=0)
    with pytest.raises(NotFittedError):
        model.transform(x)
    model.fit(x)
    with pytest.raises(ValueError, match="features"):
        model.transform(x[:, :3])
    with pytest.raises(ValueError, match="level"):
        model.predict_interval(x, 1.0)
    with pytest.raises(ValueError, match="n must be"):
        model.impute_many(x, 0)
    with pytest.raises(ValueError, match="n_samples >= n_components"):
        GaussianMixtureImputer(9).fit(x[:5])
    with pytest.raises(ValueError, match="n_components"):
        GaussianMixtureImputer("aic").fit(x)
    with pytest.warns(ConvergenceWarning, match="increase max_iter"):
        GaussianMixtureImputer(3, max_iter=1, random_state=0).fit(x)
