"""Missing entries against marginals by scipy, a plain loop over rows, and estimates known in closed form."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp

from diarize.gmm import MixtureParameters, accumulate, draw, maximise, responsibilities
from diarize.gmm.engine.missing import check_partial, compile_partial, filled

KINDS = ("full", "tied", "diag", "spherical")


def with_gaps(parameters: MixtureParameters, count: int, share: float = 0.4, seed: int = 0) -> Any:
    """Return rows drawn from a mixture with a share of the entries missing; one row complete, one empty."""
    rng = np.random.default_rng(seed)
    x = draw(parameters, count, rng)[0][rng.permutation(count)]
    gaps = rng.random(x.shape) < share
    gaps[0], gaps[1] = False, True
    return np.where(gaps, np.nan, x)


def plain_joint(oracle: SimpleNamespace, x: np.ndarray, parameters: MixtureParameters) -> Any:
    """Return log(weight x marginal density), from the submatrix of each row's observed features."""
    matrices = np.stack(oracle.dense(parameters))
    found = np.empty((len(x), parameters.n_components))
    for i, row in enumerate(x):
        seen = ~np.isnan(row)
        found[i] = np.log(parameters.weights)
        if seen.any():
            some = MixtureParameters(
                parameters.weights, parameters.means[:, seen], matrices[:, seen][:, :, seen], "full"
            )
            found[i] = oracle.log_joint(row[None, seen].repeat(2, axis=0), some)[0]  # scipy drops a single row's axis
    return found


def plain_sums(oracle: SimpleNamespace, x: np.ndarray, shares: np.ndarray, parameters: MixtureParameters) -> Any:
    """Return expected first and second moments about the means, (k, d) and (k, d, d), by a loop over rows."""
    n_components, n_features = parameters.means.shape
    first, second = np.zeros((n_components, n_features)), np.zeros((n_components, n_features, n_features))
    for k, (mean, matrix) in enumerate(zip(parameters.means, oracle.dense(parameters), strict=True)):
        unit = np.sqrt(np.diag(matrix))  # else the inverse would be the inexact one
        scaled = matrix / unit / unit[:, None]
        for row, share in zip(x, shares[:, k], strict=True):
            seen = ~np.isnan(row)
            away = np.where(seen, (row - mean) / unit, 0.0)
            pull = scaled[np.ix_(~seen, seen)] @ np.linalg.inv(scaled[np.ix_(seen, seen)])
            away[~seen] = pull @ away[seen]
            product = np.outer(away, away)
            product[np.ix_(~seen, ~seen)] += scaled[np.ix_(~seen, ~seen)] - pull @ scaled[np.ix_(seen, ~seen)]
            first[k] += share * away * unit
            second[k] += share * product * unit * unit[:, None]
    return first, second


def as_kind(second: Any, kind: str) -> Any:
    """Return second moments (k, d, d) in the shape of `Statistics`."""
    if kind == "full":
        return second
    return second.sum(axis=0) if kind == "tied" else np.diagonal(second, axis1=1, axis2=2)


def rounds(x: np.ndarray, start: Any, count: int, reg_covar: float = 0.0) -> Any:
    """Run EM; return the last mixture and the likelihood of the observed entries before each round."""
    parameters, found = start, []
    for _ in range(count):
        partial = compile_partial(parameters)
        joint = partial.log_joint(x)
        likelihood = logsumexp(joint, axis=1)
        found.append(float(likelihood.mean()))
        parameters = maximise(partial.statistics(x, np.exp(joint - likelihood[:, None])), reg_covar, parameters)
    return parameters, np.array(found)


@pytest.mark.parametrize("ill", [False, True], ids=["plain", "ill-scaled"])
@pytest.mark.parametrize("kind", KINDS)
def test_densities_are_those_of_the_observed_entries(oracle: SimpleNamespace, kind: str, ill: bool) -> None:
    parameters = oracle.mixture(kind, 4, 6, seed=1, ill=ill)
    x = with_gaps(parameters, 80)
    found = compile_partial(parameters).log_joint(x)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, plain_joint(oracle, x, parameters), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found[1], np.log(parameters.weights), rtol=1e-13)


@pytest.mark.parametrize("ill", [False, True], ids=["plain", "ill-scaled"])
@pytest.mark.parametrize("kind", KINDS)
def test_sums_are_those_of_a_loop_over_rows(oracle: SimpleNamespace, kind: str, ill: bool) -> None:
    parameters = oracle.mixture(kind, 3, 5, seed=2, ill=ill)
    x = with_gaps(parameters, 60)
    shares = np.random.default_rng(1).dirichlet(np.ones(3), size=60) * 0.5
    found = compile_partial(parameters).statistics(x, shares)
    first, second = plain_sums(oracle, x, shares, parameters)
    np.testing.assert_allclose(found.zeroth, shares.sum(axis=0), rtol=1e-12)
    np.testing.assert_array_equal(found.origin, parameters.means)
    assert found.covariance_type == kind
    assert found.log_likelihood == 0.0
    unit = np.sqrt(parameters.variances.max(axis=0))
    np.testing.assert_allclose(found.first / unit, first / unit, atol=1e-7)
    scale = unit * unit[:, None] if found.second.shape[-2:] == (5, 5) else unit**2
    np.testing.assert_allclose(found.second / scale, as_kind(second, kind) / scale, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_complete_rows_are_the_ordinary_step(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 4, 3, seed=3)
    x = draw(parameters, 500, np.random.default_rng(0))[0]
    partial = compile_partial(parameters)
    joint = partial.log_joint(x)
    shares = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    np.testing.assert_allclose(shares, responsibilities(x, parameters), atol=1e-10)
    found, ordinary = partial.statistics(x, shares), accumulate(x, parameters).about(parameters.means)
    np.testing.assert_allclose(found.zeroth, ordinary.zeroth, rtol=1e-9)
    np.testing.assert_allclose(found.first, ordinary.first, atol=1e-7)
    np.testing.assert_allclose(found.second, ordinary.second, atol=1e-7)
    np.testing.assert_array_equal(partial.expected(x, shares), x)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_row_says_what_the_mixture_says(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 2, 3)
    partial = compile_partial(parameters)
    x, shares = np.full((1, 3), np.nan), np.array([[0.25, 0.75]])
    found = partial.statistics(x, shares)
    assert not found.first.any()
    second = shares[0][:, None, None] * np.stack(oracle.dense(parameters))
    np.testing.assert_allclose(found.second, as_kind(second, kind), rtol=1e-12)
    np.testing.assert_allclose(partial.expected(x, shares)[0], shares[0] @ parameters.means, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_log_weights_take_the_place_of_the_weights(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 3, 4)
    x = with_gaps(parameters, 20)
    logs = np.array([-2.0, 5.0, 0.5])
    moved = compile_partial(parameters, log_weights=logs).log_joint(x)
    expected = compile_partial(parameters).log_joint(x) + logs - np.log(parameters.weights)
    np.testing.assert_allclose(moved, expected, rtol=1e-10)
    with pytest.raises(ValueError, match=r"log_weights must be \(3,\), got shape \(2,\)"):
        compile_partial(parameters, log_weights=[0.0, 0.0])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("kind", KINDS)
def test_the_observed_likelihood_never_decreases(oracle: SimpleNamespace, kind: str, share: float) -> None:
    truth, start = oracle.mixture(kind, 3, 4, seed=4), oracle.mixture(kind, 3, 4, seed=5)
    found = rounds(with_gaps(truth, 400, share), start, 40)[1]
    assert (np.diff(found) > -1e-11).all()
    assert found[-1] > found[0] + 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_what_drew_the_data_is_found_again(oracle: SimpleNamespace, kind: str) -> None:
    rng = np.random.default_rng(6)
    root = rng.normal(size=(2, 3, 3)) / 2 + np.eye(3)
    matrices = root @ np.swapaxes(root, 1, 2)
    variances = np.diagonal(matrices, axis1=1, axis2=2)
    covariances = {"full": matrices, "tied": matrices[0], "diag": variances, "spherical": variances.mean(axis=1)}[kind]
    truth = MixtureParameters([0.3, 0.7], [[-4.0, 0.0, 100.0], [4.0, 3.0, 104.0]], covariances, kind)
    x = with_gaps(truth, 20_000, 0.3, seed=7)
    found = rounds(x, MixtureParameters([0.5, 0.5], truth.means + 0.5, covariances, kind), 30)[0]
    np.testing.assert_allclose(found.weights, truth.weights, atol=0.02)
    np.testing.assert_allclose(found.means, truth.means, atol=0.12)
    np.testing.assert_allclose(found.covariances, truth.covariances, atol=0.15)


def test_em_reaches_the_estimate_known_in_closed_form() -> None:
    """Anderson 1957, doi:10.1080/01621459.1957.10501379: one feature complete, the other missing in some rows.

    The complete feature is estimated from all rows, the regression of the other on it from the complete rows.
    """
    rng = np.random.default_rng(8)
    x = rng.normal(size=(300, 2)) @ np.array([[2.0, 1.5], [0.0, 0.7]]) + [50.0, -3.0]
    x[x[:, 0] > 51, 1] = np.nan  # missing at random, not completely so: the mean of what is there is far off
    pairs = x[~np.isnan(x[:, 1])]
    mean, variance = x[:, 0].mean(), x[:, 0].var()
    slope = np.cov(pairs.T, bias=True)[0, 1] / pairs[:, 0].var()
    left = (pairs[:, 1] - slope * pairs[:, 0]).var()
    other = pairs[:, 1].mean() + slope * (mean - pairs[:, 0].mean())
    found = rounds(x, MixtureParameters([1.0], [[50.0, 0.0]], [np.eye(2)], "full"), 400)[0]
    np.testing.assert_allclose(found.means[0], [mean, other], rtol=1e-8)
    cross = slope * variance
    np.testing.assert_allclose(found.covariances[0], [[variance, cross], [cross, left + slope * cross]], rtol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_without_values_stays_as_it_was(oracle: SimpleNamespace, kind: str) -> None:
    """Nothing is learnt about it where features are independent; nothing breaks where they are not."""
    start = oracle.mixture(kind, 2, 3)
    x = with_gaps(start, 200)
    x[:, 1] = np.nan
    found, bounds = rounds(x, start, 5)
    assert (np.diff(bounds) > -1e-11).all()
    if kind == "diag":
        np.testing.assert_allclose(found.means[:, 1], start.means[:, 1], rtol=1e-10)
        np.testing.assert_allclose(found.covariances[:, 1], start.covariances[:, 1], rtol=1e-10)


@pytest.mark.parametrize("kind", ["diag", "spherical"])
def test_narrow_components_are_evaluated_directly(oracle: SimpleNamespace, kind: str) -> None:
    """A million times narrower than the mixture, off its centre: products alone would lose all digits."""
    wide = oracle.mixture(kind, 3, 3, seed=3)
    covariances = wide.covariances.copy()
    covariances[1] *= 1e-12
    parameters = MixtureParameters(wide.weights, wide.means + 10, covariances, kind)
    x = parameters.means[1] + np.random.default_rng(0).normal(size=(50, 3)) * np.sqrt(parameters.variances[1])
    x[::2, 1] = np.nan
    partial = compile_partial(parameters)
    np.testing.assert_allclose(partial.log_joint(x), plain_joint(oracle, x, parameters), rtol=1e-9)
    shares = np.tile([0.0, 1.0, 0.0], (50, 1))
    second = as_kind(plain_sums(oracle, x, shares, parameters)[1], kind)
    np.testing.assert_allclose(partial.statistics(x, shares).second[1], second[1], rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_out_of_all_reach_have_no_density(oracle: SimpleNamespace, kind: str) -> None:
    far = [[1e200, np.nan, -1e200], [1e200, np.nan, np.nan], [1.7e308, np.nan, -1.7e308], [1.7e308, np.nan, 1.7e308]]
    for ill in (False, True):
        found = compile_partial(oracle.mixture(kind, 3, 3, ill=ill)).log_joint([*far, [0.0, np.nan, 0.0]])
        assert np.isneginf(found[:-1]).all()
        assert np.isfinite(found[-1]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_any_layout_and_precision_of_rows_will_do(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 3, 4)
    x = with_gaps(parameters, 30).astype(np.float32)
    partial = compile_partial(parameters)
    expected = partial.log_joint(x.astype(np.float64))
    locked = x.astype(np.float64)
    locked.flags.writeable = False
    wide = np.repeat(x, 2, axis=1)
    for rows in (x, np.asfortranarray(x), locked, wide[:, ::2], x.tolist()):
        np.testing.assert_array_equal(partial.log_joint(rows), expected)
    shares = np.broadcast_to(np.float32(1 / 4), (30, 3))
    exact = partial.statistics(locked, np.full((30, 3), 0.25))
    np.testing.assert_array_equal(partial.statistics(x, shares).second, exact.second)
    assert partial.log_joint(x[:0]).shape == (0, 3)
    assert not partial.statistics(x[:0], shares[:0]).second.any()


def test_patterns_of_many_features_are_told_apart(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("tied", 2, 70)
    x = with_gaps(parameters, 20, 0.03)
    np.testing.assert_allclose(
        compile_partial(parameters).log_joint(x), plain_joint(oracle, x, parameters), rtol=1e-7, atol=1e-6
    )


@pytest.mark.parametrize("kind", ["full", "diag"])
def test_threads_do_not_disturb_each_other(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind, 3, 5)
    partial = compile_partial(parameters)
    blocks = [with_gaps(parameters, 2000, seed=seed) for seed in range(8)]
    shares = np.full((2000, 3), 1 / 3)

    def both(x: np.ndarray) -> Any:
        return partial.log_joint(x), partial.statistics(x, shares).second

    alone = [both(x) for x in blocks]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(both, blocks))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input_is_named(oracle: SimpleNamespace, kind: str) -> None:
    partial = compile_partial(oracle.mixture(kind, 3, 2))
    x = np.array([[np.nan, 1.0], [0.0, 1.0], [np.nan, -np.inf]])
    with pytest.raises(ValueError, match="infinity: row 2;"):
        partial.log_joint(x)
    with pytest.raises(ValueError, match="infinity: row 2;"):
        partial.statistics(x, np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"\(n, 2\).*got shape \(2, 3\)"):
        partial.log_joint(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"posterior must be \(2, 3\).*got shape \(2, 2\)"):
        partial.statistics(x[:2], np.ones((2, 2)))


def test_rows_are_checked_in_the_precision_they_come_in(oracle: SimpleNamespace) -> None:
    parameters = oracle.mixture("diag", 2, 2)
    kinds = {np.float16: np.float32, np.float32: np.float32, np.float64: np.float64, np.int64: np.float64}
    for given, wanted in kinds.items():
        assert check_partial(np.zeros((1, 2), dtype=given), parameters).dtype == wanted


def test_gaps_are_filled_by_the_mean_of_their_column() -> None:
    x = np.array([[1.0, np.nan, 7.0], [3.0, 4.0, np.nan], [np.nan, 5.0, np.nan]], dtype=np.float32)
    before = x.copy()
    found = filled(x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[1.0, 4.5, 7.0], [3.0, 4.0, 7.0], [2.0, 5.0, 7.0]])
    np.testing.assert_array_equal(x, before)
    assert filled([[1, 2]]).dtype == np.float64


def test_a_column_of_nothing_cannot_be_filled() -> None:
    with pytest.raises(ValueError, match="column 1 of X has no value at all"):
        filled([[1.0, np.nan], [2.0, np.nan]])
