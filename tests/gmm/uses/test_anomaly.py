from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import IsolationForest
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from diarize.gmm import GaussianMixtureOutlierDetector

SETS = sorted((Path(__file__).resolve().parents[3] / "../shared/known_answers/anomaly").glob("*.npz"))


@parametrize_with_checks([GaussianMixtureOutlierDetector()])
def test_scikit_learns_contract(estimator: Any, check: Any) -> None:
    check(estimator)


def correlated(n: Any = 300, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    root = np.array([[1.0, 0.8, 0.0], [0.0, 0.5, 0.3], [0.0, 0.0, 2.0]])
    return rng.normal(size=(n, 3)) @ root * [1.0, 100.0, 0.01] + [0.0, 500.0, 3.0]


def spoilt(n: Any = 200, share: float = 0.2, seed: int = 0) -> Any:
    """Return a correlated cloud with a distant clump of outliers, and which rows these are."""
    x = correlated(n, seed)
    outlier = np.arange(n) < share * n
    x[outlier] = np.random.default_rng(seed + 1).normal([4.0, 300.0, 3.0], [0.1, 5.0, 0.01], (outlier.sum(), 3))
    return x, outlier


def gaussian_by_hand(x: np.ndarray, trim: float, reg_covar: float) -> Any:
    """Return mean and covariance, in the units of x, after concentration steps."""
    scale = np.subtract(*np.quantile(x, [0.75, 0.25], axis=0)) / (2 * 0.6744897501960817)

    def fit(rows: np.ndarray) -> Any:
        return rows.mean(axis=0), np.cov(rows.T, bias=True) + reg_covar * np.diag(scale**2)

    found, kept = fit(x), np.arange(len(x))
    for _ in range(50):
        density = multivariate_normal(*found).logpdf(x)
        kept = np.argsort(-density)[: int(np.ceil(len(x) * (1 - trim)))]
        found = fit(x[kept])
    return *found, np.sort(kept)


def test_scores_are_log_densities_of_the_trimmed_gaussian() -> None:
    x, _ = spoilt()
    detector = GaussianMixtureOutlierDetector().fit(x)
    mean, covariance, kept = gaussian_by_hand(x, 0.3, 2 * 3 / 200)
    np.testing.assert_array_equal(np.flatnonzero(detector.support_), kept)
    wanted = multivariate_normal(mean, covariance).logpdf(x)
    np.testing.assert_allclose(detector.score_samples(x), wanted, rtol=1e-9)
    np.testing.assert_allclose(detector.decision_function(x), wanted - detector.offset_, rtol=1e-9)


def test_outliers_do_not_spoil_the_fit() -> None:
    x, outlier = spoilt(share=0.2)
    trimmed = GaussianMixtureOutlierDetector().fit(x)
    whole = GaussianMixtureOutlierDetector(trim=0).fit(x)
    assert roc_auc_score(outlier, -trimmed.score_samples(x)) == 1
    assert roc_auc_score(outlier, -whole.score_samples(x)) < 0.9
    assert not trimmed.support_[outlier].any()
    assert whole.support_.all()
    assert whole.n_steps_ == 0


@pytest.mark.parametrize(("shape", "wanted"), [((400, 2), 0.01), ((50, 5), 0.2), ((10, 30), 1.0)])
def test_few_rows_in_many_dimensions_get_support(shape: Any, wanted: Any) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_allclose(
        GaussianMixtureOutlierDetector().fit(x).score_samples(x),
        GaussianMixtureOutlierDetector(reg_covar=wanted).fit(x).score_samples(x),
    )


def test_units_do_not_matter() -> None:
    x, _ = spoilt()
    scale, shift = np.array([1e-4, 3.0, 1e5]), np.array([5.0, -7.0, 1e6])
    one, other = GaussianMixtureOutlierDetector().fit(x), GaussianMixtureOutlierDetector().fit(x * scale + shift)
    np.testing.assert_allclose(one.decision_function(x), other.decision_function(x * scale + shift), atol=1e-4)
    np.testing.assert_allclose(one.explain(x), other.explain(x * scale + shift), atol=1e-4)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.37, 0.5])
def test_contamination_is_the_share_of_outliers(share: float) -> None:
    found = GaussianMixtureOutlierDetector(contamination=share).fit_predict(correlated(1000))
    assert (found == -1).sum() == pytest.approx(share * 1000, abs=1)


def test_clean_training_rows_are_all_usual_and_all_used() -> None:
    x = correlated()
    detector = GaussianMixtureOutlierDetector(contamination=0).fit(x)
    assert detector.support_.all()
    assert (detector.predict(x) == 1).all()
    assert (detector.predict(x + [0.0, 600.0, 0.0]) == -1).all()
    assert detector.offset_ == detector.score_samples(x).min()


@pytest.mark.parametrize("n_features", [1, 3, 20])
def test_auto_raises_few_false_alarms_and_finds_what_is_far(n_features: int) -> None:
    rng = np.random.default_rng(n_features)
    x = rng.normal(size=(5000, n_features)) @ rng.normal(size=(n_features, n_features))
    assert (GaussianMixtureOutlierDetector().fit_predict(x) == -1).mean() < 0.01
    x[:500] *= 20
    found = GaussianMixtureOutlierDetector().fit_predict(x) == -1
    assert found[500:].mean() < 0.01
    assert found[:500].mean() > 0.8  # 20 standard deviations of a single feature are often less than 4


def test_several_components_see_the_gap_between_clusters() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal([0, 0], 1, (200, 2)), rng.normal([20, 20], 1, (200, 2)), [[10.0, 10.0]]])
    detector = GaussianMixtureOutlierDetector(2, contamination=1 / 401, random_state=0).fit(x)
    assert np.flatnonzero(detector.predict(x) == -1).tolist() == [400]
    again = GaussianMixtureOutlierDetector(2, contamination=1 / 401, random_state=0).fit(x)
    np.testing.assert_array_equal(detector.score_samples(x), again.score_samples(x))


# thresholds from labels


def test_the_threshold_from_labels_is_the_best_there_is() -> None:
    rng = np.random.default_rng(0)
    x, outlier = spoilt(400, 0.3, seed=3)
    x[outlier] += 0.7 * (correlated(int(outlier.sum()), 5) - x[outlier])  # hard to tell
    detector = GaussianMixtureOutlierDetector().fit(correlated())
    detector.fit_threshold(x, np.where(outlier, -1, 1))
    scores = detector.score_samples(x)
    flagged = scores[None] < np.append(scores, np.inf)[:, None]
    hits = (flagged & outlier).sum(axis=1)
    wanted = (2 * hits / (flagged.sum(axis=1) + outlier.sum())).max()
    assert f1_score(outlier, detector.predict(x) == -1) == pytest.approx(wanted)
    offset = detector.offset_
    order = rng.permutation(400)
    assert detector.fit_threshold(x[order], outlier[order].astype(int)).offset_ == offset


def test_equal_scores_are_not_torn_apart() -> None:
    detector = GaussianMixtureOutlierDetector().fit([[0.0], [1.0], [2.0], [3.0]])
    detector.fit_threshold([[5.0], [5.0], [1.0]], [-1, 1, 1])
    assert detector.predict([[5.0], [1.0]]).tolist() == [-1, 1]
    detector.fit_threshold([[5.0], [1.0], [1.0]], [1, -1, -1])
    assert detector.predict([[5.0], [1.0]]).tolist() == [-1, -1]


@pytest.mark.parametrize("y", [[1, 1, 1], [-1, -1, -1], [0, 2, 1], ["a", "b", "a"], [np.nan, 1, 0], [-1, 0, 1]])
def test_labels_of_another_kind(y: np.ndarray) -> None:
    detector = GaussianMixtureOutlierDetector().fit(correlated())
    with pytest.raises(ValueError, match=r"y must hold both kinds|contains NaN"):
        detector.fit_threshold(correlated(3), y)


def test_labels_of_another_number() -> None:
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        GaussianMixtureOutlierDetector().fit(correlated()).fit_threshold(correlated(3), [0, 1])


# p-values


def test_split_conformal_p_values_are_ranks() -> None:
    train, held_out, new = correlated(200, 1), correlated(99, 2), correlated(50, 3)
    detector = GaussianMixtureOutlierDetector().fit(train).calibrate(held_out)
    low = detector.score_samples(held_out)[None] <= detector.score_samples(new)[:, None]
    np.testing.assert_allclose(detector.p_values(new), (1 + low.sum(axis=1)) / 100)


def test_cross_conformal_p_values_are_ranks_within_folds() -> None:
    x, new = correlated(60, 1), correlated(20, 2)
    detector = GaussianMixtureOutlierDetector(cv=4, random_state=0).fit(x)
    folds = KFold(4, shuffle=True, random_state=np.random.RandomState(0)).split(x)
    count = np.ones(20)
    for train, test in folds:
        model = GaussianMixtureOutlierDetector().fit(x[train])
        count += (model.score_samples(x[test])[None] <= model.score_samples(new)[:, None]).sum(axis=1)
    np.testing.assert_allclose(detector.p_values(new), count / 61)


@pytest.mark.parametrize("cross", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("tails", ["normal", "heavy"])
def test_p_values_keep_their_promise(cross: Any, tails: Any) -> None:
    """Over many draws of all rows, a p-value is at most a with probability a."""
    p = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(380, 2)) if tails == "normal" else rng.standard_t(1.5, (380, 2))
        detector = GaussianMixtureOutlierDetector(contamination=0, cv=5 if cross else None, random_state=0)
        detector.fit(x[:80])
        if not cross:
            detector.calibrate(x[80:130])
        p.append(detector.p_values(x[130:]))
    for level in (0.05, 0.2, 0.5):
        assert (np.concatenate(p) <= level).mean() == pytest.approx(level, abs=0.05)


def test_p_values_must_be_calibrated() -> None:
    with pytest.raises(ValueError, match="set cv before fit, or call calibrate"):
        GaussianMixtureOutlierDetector().fit(correlated()).p_values(correlated())
    with pytest.raises(ValueError, match="number of splits"):
        GaussianMixtureOutlierDetector(cv=7).fit(correlated(5))


# reasons


def test_reasons_of_one_gaussian_are_conditional_distances() -> None:
    x, _ = spoilt()
    detector = GaussianMixtureOutlierDetector().fit(x)
    mean, covariance, _ = gaussian_by_hand(x, 0.3, 2 * 3 / 200)
    precision = np.linalg.inv(covariance)
    away = (x - mean) @ precision
    np.testing.assert_allclose(detector.explain(x), 0.5 * away**2 / np.diag(precision), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(detector.expected(x), x - away / np.diag(precision), rtol=1e-8)


def test_reasons_of_a_mixture_by_integration() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal([0, 0], 1, (100, 2)), rng.normal([6, 5], 1, (100, 2))])
    detector = GaussianMixtureOutlierDetector(2, trim=0, random_state=0).fit(x)
    row = np.array([5.0, 1.0])
    mixture = detector.mixture_.parameters_

    def density(rows: np.ndarray) -> Any:
        scaled = (np.atleast_2d(rows) - detector.center_) / detector.scale_
        return logsumexp(
            [np.log(w) + multivariate_normal(m, c).logpdf(scaled) for w, m, c in
             zip(mixture.weights, mixture.means, mixture.covariances, strict=True)], axis=0
        )  # fmt: skip

    for feature in range(2):
        grid = np.tile(row, (40_001, 1))
        grid[:, feature] = np.linspace(-20, 25, len(grid))
        weight = np.exp(density(grid))
        expected = (weight * grid[:, feature]).sum() / weight.sum()
        assert detector.expected([row])[0, feature] == pytest.approx(expected, rel=1e-6)
        usual = row.copy()
        usual[feature] = expected
        gain = density(usual) - density(row)
        assert detector.explain([row])[0, feature] == pytest.approx(gain, rel=1e-6)


def test_the_feature_that_was_changed_is_blamed() -> None:
    x = StandardScaler().fit_transform(load_breast_cancer().data[:, :10])
    detector = GaussianMixtureOutlierDetector().fit(x)
    usual = x[np.argsort(-detector.score_samples(x))[:100]]
    for feature in range(10):
        changed = usual.copy()
        changed[:, feature] += 6
        assert (detector.explain(changed).argmax(axis=1) == feature).mean() > 0.9


# missing entries and bad input


def test_missing_entries_are_neither_for_nor_against_a_row() -> None:
    x, outlier = spoilt()
    detector = GaussianMixtureOutlierDetector().fit(x)
    holed = x.copy()
    holed[:, 1] = np.nan
    filled = holed.copy()
    filled[:, 1] = detector.expected(x)[:, 1]
    np.testing.assert_allclose(detector.score_samples(holed), detector.score_samples(filled), rtol=1e-9)
    assert (detector.score_samples(holed) >= detector.score_samples(x)).all()
    np.testing.assert_allclose(detector.explain(holed)[:, 1], 0, atol=1e-9)
    assert detector.predict(np.full((1, 3), np.nan)).tolist() == [1]
    some = np.where(np.random.default_rng(0).random(x.shape) < 0.1, np.nan, x)
    learnt = GaussianMixtureOutlierDetector(contamination=0.2).fit(some)
    assert roc_auc_score(outlier, -learnt.score_samples(x)) == 1


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.empty((0, 2)), "0 sample"),
        (np.empty((4, 0)), "0 feature"),
        ([[1.0, 2.0]], "minimum of 2"),
        (np.full((4, 2), np.nan), "only NaN in column 0, 1"),
        ([[1.0, np.nan], [2.0, np.nan]], "only NaN in column 1"),
        ([[1.0, np.inf], [2.0, 1.0]], "infinity"),
        ([["a", "b"], ["c", "d"]], "could not convert"),
        ([1.0, 2.0], "Expected 2D array"),
    ],
)
def test_rows_that_nothing_can_be_learnt_from(x: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GaussianMixtureOutlierDetector().fit(x)


@pytest.mark.parametrize(
    "method", ["score_samples", "predict", "decision_function", "explain", "expected", "calibrate"]
)
def test_rows_that_do_not_fit(method: str) -> None:
    detector = GaussianMixtureOutlierDetector().fit(correlated())
    with pytest.raises(ValueError, match="2 features, but GaussianMixtureOutlierDetector is expecting 3"):
        getattr(detector, method)(correlated()[:, :2])


@pytest.mark.parametrize("parameter", [{"contamination": 0.6}, {"contamination": -0.1}, {"trim": 1.0}, {"cv": 1}])
def test_parameters_out_of_range(parameter: str) -> None:
    with pytest.raises(ValueError, match=f"The '{next(iter(parameter))}' parameter"):
        GaussianMixtureOutlierDetector(**parameter).fit(correlated())


def test_constant_columns_and_equal_rows_give_finite_scores() -> None:
    x = correlated()
    x[:, 1] = 7.0
    detector = GaussianMixtureOutlierDetector().fit(x)
    assert np.isfinite(detector.score_samples(x)).all()
    assert detector.predict([[0.0, 70.0, 3.0]]).tolist() == [-1]
    mostly = np.zeros((50, 1))
    mostly[:5] = np.arange(5)[:, None] + 10
    assert np.flatnonzero(GaussianMixtureOutlierDetector(contamination=0.1).fit_predict(mostly) == -1).max() < 5
    same = GaussianMixtureOutlierDetector().fit(np.ones((5, 2)))
    assert same.predict([[1.0, 1.0], [9.0, 1.0]]).tolist() == [1, -1]


# real data


def test_malignant_among_benign() -> None:
    data = load_breast_cancer()
    few = np.concatenate([np.flatnonzero(data.target == 1), np.flatnonzero(data.target == 0)[:40]])
    x, malignant = data.data[few], data.target[few] == 0
    trimmed = roc_auc_score(malignant, -GaussianMixtureOutlierDetector().fit(x).score_samples(x))
    whole = roc_auc_score(malignant, -GaussianMixtureOutlierDetector(trim=0, reg_covar=1e-6).fit(x).score_samples(x))
    assert trimmed > 0.92
    assert trimmed > whole + 0.01


def standardised(path: Any) -> Any:
    with np.load(path) as data:
        return StandardScaler().fit_transform(data["X"].astype(float)), data["y"].ravel()


def plain_gaussian(x: np.ndarray) -> Any:
    """Return squared distances under mean and covariance of all rows: PyOD's recipe with one component."""
    away = x - x.mean(axis=0)
    return (away @ np.linalg.pinv(np.cov(x.T, bias=True) + 1e-6 * np.eye(x.shape[1])) * away).sum(axis=1)


needs_sets = pytest.mark.skipif(not SETS, reason="the labelled sets in ../shared/known_answers/anomaly are not here")


@needs_sets
def test_better_than_a_plain_gaussian_on_labelled_sets() -> None:
    ours, plain = [], []
    for path in SETS:
        x, y = standardised(path)
        if x.size < 60_000:
            ours.append(roc_auc_score(y, -GaussianMixtureOutlierDetector().fit(x).score_samples(x)))
            plain.append(roc_auc_score(y, plain_gaussian(x)))
    assert len(ours) >= 10
    assert np.mean(ours) > np.mean(plain) + 0.04


@needs_sets
@pytest.mark.slow
def test_better_than_isolation_forest_on_labelled_sets() -> None:
    ours, forest = [], []
    for path in SETS:
        x, y = standardised(path)
        ours.append(roc_auc_score(y, -GaussianMixtureOutlierDetector().fit(x).score_samples(x)))
        found = [IsolationForest(random_state=seed).fit(x).score_samples(x) for seed in range(5)]
        forest.append(np.mean([roc_auc_score(y, -scores) for scores in found]))
    assert np.mean(ours) > np.mean(forest) + 0.015
