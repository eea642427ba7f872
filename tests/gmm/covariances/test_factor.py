"""Mixtures of factor analysers against scipy's densities of W W' + diag(psi) and scikit-learn's FactorAnalysis."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.decomposition import FactorAnalysis
from sklearn.exceptions import ConvergenceWarning

from diarize.gmm import (
    BayesianGaussianMixture,
    GaussianMixture,
    GaussianMixtureSelector,
    MixtureParameters,
    accumulate,
    condition,
    conditional_mean,
    conditional_quantiles,
    draw,
    fit_by_splitting,
    group_log_likelihood,
    log_likelihood,
    map_adapt,
    marginal,
    marginal_cdf,
    maximise,
    rosenblatt,
    split,
)
from diarize.gmm.arrays import IllDefinedError
from diarize.gmm.covariances.factor import Factor

Float64 = npt.NDArray[np.float64]


def matrices(packed: Float64) -> Float64:
    """Return W W' + diag(psi) of each component."""
    return np.stack([c[:, :-1] @ c[:, :-1].T + np.diag(c[:, -1]) for c in np.asarray(packed, np.float64)])


def as_full(parameters: MixtureParameters) -> MixtureParameters:
    return MixtureParameters(parameters.weights, parameters.means, matrices(parameters.covariances), "full")


def known(n_features: int = 6, n_factors: int = 2, scale: float = 1.0) -> MixtureParameters:
    rng = np.random.default_rng(3)
    loadings = scale * rng.normal(size=(3, n_features, n_factors))
    noise = rng.uniform(0.2, 0.6, size=(3, n_features, 1))
    means = 4 * rng.normal(size=(3, n_features))
    return MixtureParameters([0.5, 0.3, 0.2], means, np.concatenate([loadings, noise], axis=2), "factor")


TRUE = known()
X = draw(TRUE, 6000, np.random.default_rng(0))[0][np.random.default_rng(1).permutation(6000)]
HOLED = np.where(np.random.default_rng(2).random(X.shape) < 0.15, np.nan, X)


def fitted(rows: Float64, **options: object) -> GaussianMixture:
    given: dict[str, object] = {"n_factors": 2, "tol": 1e-7, "max_iter": 600, "random_state": 0, **options}
    return GaussianMixture(3, covariance_type="factor", **given).fit(rows)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def exact() -> GaussianMixture:
    """Return the mixture of all rows, whose fit takes long; nobody changes it."""
    return fitted(X)


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_densities_are_those_of_the_matrices(scale: float) -> None:
    mixture = known(scale=scale)
    rows = draw(mixture, 50, np.random.default_rng(0))[0]
    joint = [
        np.log(w) + multivariate_normal(mean, matrix).logpdf(rows)
        for w, mean, matrix in zip(mixture.weights, mixture.means, matrices(mixture.covariances), strict=True)
    ]
    np.testing.assert_allclose(log_likelihood(rows, mixture), logsumexp(joint, axis=0), rtol=1e-8)
    np.testing.assert_allclose(mixture.variances, matrices(mixture.covariances).diagonal(0, 1, 2))


def test_em_never_loses_and_recovers_what_rows_were_drawn_from(exact: GaussianMixture) -> None:
    mixture = exact
    assert mixture.converged_
    assert np.diff(mixture.lower_bounds_).min() > -1e-9
    order = [int(((mixture.means_ - mean) ** 2).sum(axis=1).argmin()) for mean in TRUE.means]
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(mixture.weights_[order], TRUE.weights, atol=0.03)
    np.testing.assert_allclose(mixture.means_[order], TRUE.means, atol=0.2)
    np.testing.assert_allclose(matrices(mixture.covariances_)[order], matrices(TRUE.covariances), rtol=0.1, atol=0.2)
    assert mixture.score(X) > log_likelihood(X, TRUE).mean()
    np.testing.assert_array_equal(mixture.predict(X), np.argmax(mixture.predict_proba(X), axis=1))


def test_one_component_is_as_likely_as_factor_analysis() -> None:
    first = MixtureParameters([1.0], TRUE.means[:1], TRUE.covariances[:1], "factor")
    rows, _ = draw(first, 1500, np.random.default_rng(4))
    mixture = GaussianMixture(1, covariance_type="factor", n_factors=2, tol=1e-9, max_iter=5000).fit(rows)
    other = FactorAnalysis(2, tol=1e-10, max_iter=5000, svd_method="lapack").fit(rows)
    assert mixture.score(rows) == pytest.approx(other.score(rows), abs=1e-5)


def test_more_features_than_rows() -> None:
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(300, 4))
    rows, held = (rng.normal(size=(100, 4)) @ loadings.T + rng.normal(size=(100, 300)) for _ in range(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture = GaussianMixture(1, covariance_type="factor", n_factors=4, tol=1e-4, reg_covar=1e-3).fit(rows)
        free = GaussianMixture(1, covariance_type="diag").fit(rows)
    truth = multivariate_normal(np.zeros(300), loadings @ loadings.T + np.eye(300)).logpdf(held).mean()
    assert np.diff(mixture.lower_bounds_).min() > -1e-9
    assert free.score(held) < mixture.score(held) < truth
    assert truth - mixture.score(held) < 0.2 * (truth - free.score(held))
    assert mixture.covariances_.shape == (1, 300, 5)


def test_free_parameters_and_criteria() -> None:
    mixture = fitted(X[:500], max_iter=3, tol=10.0)
    total = float(mixture.score_samples(X).sum())
    n_free = 3 * (6 * 2 + 6 - 2 * 1 // 2) + 3 * 6 + 2
    assert mixture.aic(X) == pytest.approx(-2 * total + 2 * n_free)
    assert mixture.bic(X) == pytest.approx(-2 * total + n_free * np.log(len(X)))


def test_weights_of_rows_are_repetitions() -> None:
    weight = np.random.default_rng(0).integers(0, 3, size=len(X))
    mixture = fitted(X, tol=1e-3)
    start = {"weights_init": TRUE.weights, "means_init": TRUE.means, "precisions_init": mixture.precisions_}
    model = GaussianMixture(3, covariance_type="factor", n_factors=2, max_iter=3, tol=0.0, **start)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        once, weighted = clone(model).fit(X), clone(model).fit(X, sample_weight=weight)
        repeated = clone(model).fit(np.repeat(X, weight, axis=0))
    np.testing.assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-9)
    assert not np.allclose(weighted.covariances_, once.covariances_, rtol=1e-6)


def test_precisions_lead_back_to_the_same_mixture() -> None:
    mixture = fitted(X, tol=1e-3)
    taken, inverse = mixture.precisions_[..., :-1], mixture.precisions_[..., -1]
    whole = [np.diag(i) - t @ t.T for i, t in zip(inverse, taken, strict=True)]
    units = np.array(whole) @ matrices(mixture.covariances_)
    np.testing.assert_allclose(units, np.tile(np.eye(6), (3, 1, 1)), atol=1e-9)
    start = {"weights_init": mixture.weights_, "means_init": mixture.means_, "precisions_init": mixture.precisions_}
    with pytest.warns(ConvergenceWarning):
        again = fitted(X, max_iter=1, tol=0.0, **start)
    assert again.lower_bounds_[0] == pytest.approx(mixture.score(X), abs=1e-10)
    with pytest.raises(ValueError, match="positive-definite"):
        fitted(X, precisions_init=-mixture.precisions_)


def test_missing_entries_are_left_out_exactly() -> None:
    full = as_full(TRUE)
    np.testing.assert_allclose(log_likelihood(HOLED, TRUE), log_likelihood(HOLED, full), rtol=1e-9)
    np.testing.assert_allclose(conditional_mean(HOLED[:60], TRUE), conditional_mean(HOLED[:60], full), rtol=1e-9)
    found = conditional_quantiles(HOLED[:40], TRUE, [0.1, 0.9])
    np.testing.assert_allclose(found, conditional_quantiles(HOLED[:40], full, [0.1, 0.9]), rtol=1e-9)
    mixture = fitted(HOLED, tol=1e-4)
    assert np.diff(mixture.lower_bounds_).min() > -1e-9
    order = [int(((mixture.means_ - mean) ** 2).sum(axis=1).argmin()) for mean in TRUE.means]
    np.testing.assert_allclose(matrices(mixture.covariances_)[order], matrices(TRUE.covariances), rtol=0.1, atol=0.25)


def test_one_step_from_rows_with_missing_entries_climbs_as_from_complete_ones() -> None:
    """Complete rows give the same step whether their sums are made entry by entry or by the direct way."""
    partial = np.concatenate([X[:300], np.full((1, 6), np.nan)])
    complete, with_void = maximise(accumulate(X[:300], TRUE)), maximise(accumulate(partial, TRUE, [1.0] * 300 + [0.0]))
    np.testing.assert_allclose(matrices(complete.covariances), matrices(with_void.covariances), rtol=1e-9)


def test_parts_of_the_features() -> None:
    full, values = as_full(TRUE), [1.0, np.nan, np.nan, 0.0, np.nan, 2.0]
    ours, theirs = condition(TRUE, values), condition(full, values)
    np.testing.assert_allclose(ours.weights, theirs.weights, rtol=1e-9)
    np.testing.assert_allclose(ours.means, theirs.means, rtol=1e-9)
    np.testing.assert_allclose(matrices(ours.covariances), theirs.covariances, atol=1e-12)
    np.testing.assert_allclose(matrices(marginal(TRUE, [4, 1]).covariances), marginal(full, [4, 1]).covariances)
    np.testing.assert_allclose(rosenblatt(X[:9], TRUE), rosenblatt(X[:9], full), rtol=1e-9)
    np.testing.assert_allclose(marginal_cdf(X[:9], TRUE), marginal_cdf(X[:9], full), rtol=1e-9)
    np.testing.assert_allclose(group_log_likelihood(X[:9], TRUE, 3), group_log_likelihood(X[:9], full, 3), rtol=1e-9)


def test_drawn_rows_have_the_covariance() -> None:
    rows, labels = draw(TRUE, 60_000, np.random.default_rng(5))
    for k, matrix in enumerate(matrices(TRUE.covariances)):
        np.testing.assert_allclose(np.cov(rows[labels == k], rowvar=False), matrix, atol=0.25)


def test_sums_add_and_move() -> None:
    whole = accumulate(X[:900], TRUE)
    parts = accumulate(X[:400], TRUE).about(1.0) + accumulate(X[400:900], TRUE).about(-3.0)
    one, two = maximise(whole), maximise(parts)
    np.testing.assert_allclose(one.means, two.means, rtol=1e-9)
    np.testing.assert_allclose(matrices(one.covariances), matrices(two.covariances), rtol=1e-9)


@pytest.mark.slow
def test_a_stream_comes_close_to_all_rows_at_once(exact: GaussianMixture) -> None:
    mixture = GaussianMixture(3, covariance_type="factor", n_factors=2, random_state=0)
    for _ in range(4):
        for batch in np.array_split(X, 9):
            mixture.partial_fit(batch)
    assert exact.score(X) - mixture.score(X) < 0.05
    before = mixture.score(X)
    mixture.fit(X).partial_fit(X[:1000])
    assert mixture.score(X) > before - 0.05


@pytest.mark.slow
def test_blocks_files_and_float32(exact: GaussianMixture, tmp_path: Path) -> None:
    mixture = exact
    blocks = GaussianMixture(3, covariance_type="factor", n_factors=2, tol=1e-7, max_iter=600, random_state=0)
    blocks.fit_blocks(np.array_split(X, 5))
    assert blocks.score(X) == pytest.approx(mixture.score(X), abs=1e-4)
    mixture.save(tmp_path / "mixture.npz")
    same = GaussianMixture.load(tmp_path / "mixture.npz")
    np.testing.assert_array_equal(same.score_samples(X), mixture.score_samples(X))
    short = X.astype(np.float32)
    single = fitted(short)
    assert single.score_samples(short).dtype == np.float32
    assert single.score(short) == pytest.approx(mixture.score(X), abs=1e-3)


def test_the_noise_has_a_floor() -> None:
    rows = np.column_stack([X[:, :3], np.full(len(X), 2.0)])
    mixture = fitted(rows, reg_covar=0.01, tol=1e-3)
    assert mixture.covariances_[..., -1].min() >= 0.01
    with pytest.warns(ConvergenceWarning, match="alike"):
        fitted(np.repeat(X[:20], 3, axis=0), reg_covar=0.0)


def test_growing_and_splitting() -> None:
    bounds = fit_by_splitting(lambda: [X[:3000], X[3000:]], 3, "factor").lower_bounds
    assert np.diff(bounds).min() > -1e-9
    assert split(TRUE, 2, np.random.default_rng(0)).n_components == 5


def test_what_it_cannot_do_is_said() -> None:
    with pytest.raises(ValueError, match="n_factors must be from 1 to the number of features, 6, got 7"):
        fitted(X, n_factors=7)
    with pytest.raises(ValueError, match="adaptation of covariances"):
        map_adapt(TRUE, X[:50], update=("covariances",))
    assert not np.allclose(map_adapt(TRUE, X[:50]).means, TRUE.means)
    with pytest.raises(ValueError, match="covariance_type"):
        BayesianGaussianMixture(2, covariance_type="factor").fit(X)
    with pytest.raises(ValueError, match="covariance_types"):
        GaussianMixtureSelector([1], covariance_types="factor").fit(X)
    with pytest.raises(ValueError, match="'factor' has no conjugate prior"):
        Factor(2).with_noise(TRUE.covariances, 0.0)
    no_noise = MixtureParameters([1.0], np.zeros((1, 6)), np.tile([1.0, 0.0], (1, 6, 1)), "factor")
    with pytest.raises(IllDefinedError):
        log_likelihood(X, no_noise)
    with pytest.raises(ValueError, match="covariances must be"):
        MixtureParameters([1.0], np.zeros((1, 6)), np.ones((1, 5, 3)), "factor")
