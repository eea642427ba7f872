"""Variational Bayes: its bound against exact evidence and sampling, its rounds against scikit-learn's, its safety."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import betaln, digamma, gammaln, logsumexp
from scipy.stats import beta, dirichlet, gamma, multivariate_normal, multivariate_t, t, wishart
from sklearn.mixture import BayesianGaussianMixture

from diarize.gmm import Statistics, draw, log_likelihood, responsibilities
from diarize.gmm.fitting.initialise import label_statistics
from diarize.gmm.fitting.variational import VariationalPrior, overall, update, variational

KINDS = ("full", "tied", "diag", "spherical")
WEIGHTS = ("dirichlet_process", "dirichlet_distribution")
each_kind = pytest.mark.parametrize("kind", KINDS)
each_weight = pytest.mark.parametrize("weight_type", WEIGHTS)


def a_prior(
    kind: str,
    weight_type: str = "dirichlet_process",
    n_features: int = 2,
    concentration: float = 0.7,
    noise: float = 0.0,
) -> Any:
    """Return a prior that is special in no way."""
    rng = np.random.default_rng(5)
    root = rng.normal(size=(n_features, n_features)) + 2 * np.eye(n_features)
    scale = {"full": root @ root.T, "tied": root @ root.T, "diag": 1 + rng.random(n_features), "spherical": 1.7}
    mean, freedom = rng.normal(size=n_features), n_features + 0.6
    return VariationalPrior(weight_type, concentration, 0.4, mean, freedom, np.asarray(scale[kind]), kind, noise)


def start_on(x: np.ndarray, prior: Any, n_components: int, seed: int = 0) -> Any:
    """Return the posterior that random labels call for."""
    labels = np.random.default_rng(seed).integers(n_components, size=len(x))
    return update(prior, label_statistics(x, labels, n_components, prior.covariance_type))


def fit_on(x: np.ndarray, prior: Any, n_components: int, rounds: int = 200, **options) -> Any:
    return variational(lambda: [x], start_on(x, prior, n_components), max_iter=rounds, tol=0.0, **options)


# The evidence of rows known to come from one component: the product of Student's t predictions, each from the rows
# before it.


def log_prediction(row: np.ndarray, seen: Any, prior: Any) -> Any:
    """Return the log density of a row given those seen, for one Gaussian under the prior."""
    count, size = len(seen), len(row)
    centre = (prior.mean_precision * prior.mean + seen.sum(axis=0)) / (prior.mean_precision + count)
    about = seen - centre
    rows, precision = prior.degrees_of_freedom + count, prior.mean_precision + count
    back, wider = centre - prior.mean, 1 + 1 / precision
    if prior.covariance_type in ("full", "tied"):
        scale = prior.scale + about.T @ about + prior.mean_precision * np.outer(back, back)
        return multivariate_t.logpdf(row, centre, scale * wider / (rows - size + 1), rows - size + 1)
    scale = prior.scale + np.square(about).sum(axis=0) + prior.mean_precision * back**2
    if prior.covariance_type == "diag":
        return t.logpdf(row, rows, centre, np.sqrt(scale / rows * wider)).sum()
    return multivariate_t.logpdf(row, centre, scale.mean() / rows * wider * np.eye(size), rows * size)


def log_evidence_of_one(x: np.ndarray, prior: Any) -> Any:
    return sum(log_prediction(x[n], x[:n], prior) for n in range(len(x)))


def log_evidences_of_parts(x: np.ndarray, prior: Any) -> Callable[[np.ndarray], Any]:
    """Return the same as a function of which rows are meant: many labellings have a group in common."""
    found: dict[bytes, Any] = {}

    def evidence(part: np.ndarray) -> Any:
        if part.tobytes() not in found:
            found[part.tobytes()] = log_evidence_of_one(x[part], prior)
        return found[part.tobytes()]

    return evidence


@each_kind
@each_weight
@pytest.mark.parametrize("n_features", [1, 2])
def test_with_one_component_the_bound_is_the_evidence(kind: str, weight_type: str, n_features: int) -> None:
    prior = a_prior(kind, weight_type, n_features)
    x = (np.random.default_rng(0).normal(size=(30, 2)) @ [[1.0, 0.8], [0.0, 0.3]] + 2)[:, :n_features]
    exact = log_evidence_of_one(x, prior)
    if weight_type == "dirichlet_process":  # and all rows have taken the first stick
        exact += betaln(1 + len(x), prior.concentration) - betaln(1, prior.concentration)
    assert fit_on(x, prior, 1, 2).lower_bounds[-1] == pytest.approx(exact, abs=1e-9)


def set_partitions(count: int) -> Any:
    """Yield every way to put things into groups that have no order, as labels."""
    labels = [[0]]
    for _ in range(count - 1):
        labels = [[*some, new] for some in labels for new in range(max(some) + 2)]
    return labels


@pytest.mark.parametrize("kind", ["full", "diag", "spherical"])
def test_bound_is_below_the_evidence_of_the_infinite_process(kind: str) -> None:
    prior = a_prior(kind)
    x = np.random.default_rng(1).normal(size=(6, 2)) + 3 * np.repeat([[1, 1], [-1, 0]], [4, 2], axis=0)
    log_joints, evidence_of = [], log_evidences_of_parts(x, prior)
    for labels in map(np.array, set_partitions(len(x))):  # Chinese restaurant process
        counts = np.bincount(labels)
        crp = len(counts) * np.log(prior.concentration) + gammaln(counts).sum()
        crp += gammaln(prior.concentration) - gammaln(prior.concentration + len(x))
        log_joints.append(crp + sum(evidence_of(labels == k) for k in range(len(counts))))
    evidence = logsumexp(log_joints)
    bounds = [fit_on(x, prior, n_components).lower_bounds[-1] for n_components in (1, 2, 4)]
    assert max(bounds) < evidence
    assert evidence - max(bounds) < 2.0  # nats: tight enough to tell constants that are missing


@pytest.mark.parametrize("kind", ["full", "diag", "spherical"])
def test_bound_is_below_the_evidence_with_dirichlet_weights(kind: str) -> None:
    prior = a_prior(kind, "dirichlet_distribution")
    x = np.random.default_rng(1).normal(size=(6, 2)) + 3 * np.repeat([[1, 1], [-1, 0]], [4, 2], axis=0)
    log_joints, evidence_of = [], log_evidences_of_parts(x, prior)
    for labels in map(np.array, itertools.product(range(2), repeat=len(x))):
        counts = np.bincount(labels, minlength=2)
        weights = gammaln(2 * prior.concentration) - gammaln(2 * prior.concentration + len(x))
        weights += (gammaln(prior.concentration + counts) - gammaln(prior.concentration)).sum()
        log_joints.append(weights + sum(evidence_of(labels == k) for k in range(2)))
    evidence, bound = logsumexp(log_joints), fit_on(x, prior, 2).lower_bounds[-1]
    assert evidence - 2.0 < bound < evidence


# The bound by sampling mixtures from the posterior: all densities by scipy.


def sampled_weights(posterior: Any, count: int, rng: np.random.Generator) -> Any:
    """Return log weights (count, k) from the posterior, and their log density less that under the prior."""
    own, concentration = posterior.concentration, posterior.prior.concentration
    if own.ndim == 1:
        weights = rng.dirichlet(own, count)
        before = np.full(len(own), concentration)
        return np.log(weights), dirichlet.logpdf(weights.T, own) - dirichlet.logpdf(weights.T, before)
    sticks = rng.beta(own[0], own[1], (count, own.shape[1]))
    found = beta.logpdf(sticks, own[0], own[1]) - beta.logpdf(sticks, 1, concentration)
    left = np.concatenate([np.zeros((count, 1)), np.cumsum(np.log1p(-sticks), axis=1)[:, :-1]], axis=1)
    return np.log(sticks) + left, found.sum(axis=1)


def sampled_precisions(posterior: Any, count: int, rng: np.random.Generator) -> Any:
    """Return precision matrices (count, k, d, d) from the posterior, and their log density less that of the prior."""
    prior, kind = posterior.prior, posterior.prior.covariance_type
    n_components, size = posterior.means.shape
    matrices, found = np.zeros((count, n_components, size, size)), np.zeros(count)
    rows = np.broadcast_to(posterior.degrees_of_freedom, n_components)
    if kind == "full":
        for k in range(n_components):
            own = wishart(rows[k], np.linalg.inv(rows[k] * posterior.covariances[k]))
            matrices[:, k] = own.rvs(count, random_state=rng)
            before = wishart(prior.degrees_of_freedom, np.linalg.inv(prior.scale))
            drawn = np.moveaxis(matrices[:, k], 0, -1)
            found += own.logpdf(drawn) - before.logpdf(drawn)
    elif kind == "tied":
        total = rows[0] * n_components
        own = wishart(total, np.linalg.inv(total * posterior.covariances))
        matrices[:] = own.rvs(count, random_state=rng)[:, None]
        before = wishart(prior.degrees_of_freedom * n_components, np.linalg.inv(prior.scale * n_components))
        drawn = np.moveaxis(matrices[:, 0], 0, -1)
        found += own.logpdf(drawn) - before.logpdf(drawn)
    else:
        times = size if kind == "spherical" else 1
        covariances = posterior.covariances.reshape(n_components, -1)
        own = gamma(rows[:, None] * times / 2, scale=2 / (rows[:, None] * times * covariances))
        before = gamma(prior.degrees_of_freedom * times / 2, scale=2 / (times * prior.scale))
        values = own.rvs((count, *covariances.shape), random_state=rng)
        found += (own.logpdf(values) - before.logpdf(values)).sum(axis=(1, 2))
        matrices[:] = values[..., None] * np.eye(size)
    return matrices, found


@each_kind
@each_weight
def test_bound_and_posteriors_agree_with_sampling(kind: str, weight_type: str) -> None:
    prior, rng, count = a_prior(kind, weight_type), np.random.default_rng(0), 4000
    x = np.random.default_rng(1).normal(size=(25, 2)) + 1.5 * np.repeat([[1, 1], [-1, 0]], [15, 10], axis=0)
    before = start_on(x, prior, 3)
    bound = variational(lambda: [x], before, max_iter=1).lower_bounds[0]
    log_weights, spent = sampled_weights(before, count, rng)
    precisions, also = sampled_precisions(before, count, rng)
    spent = spent + also
    joint = np.empty((count, 3, len(x)))
    for k in range(3):
        noise = np.linalg.solve(
            np.swapaxes(np.linalg.cholesky(precisions[:, k]), 1, 2), rng.normal(size=(count, 2, 1))
        )[..., 0]
        means = before.means[k] + noise / np.sqrt(before.mean_precision[k])
        for away, precision, sign in (
            (means - before.means[k], before.mean_precision[k], 1),
            (means - prior.mean, prior.mean_precision, -1),
        ):
            squared = precision * np.einsum("si,sij,sj->s", away, precisions[:, k], away)
            spent = spent + sign * 0.5 * (2 * np.log(precision) - squared)
        rows = x - means[:, None]
        squared = np.einsum("sni,sij,snj->sn", rows, precisions[:, k], rows)
        normal = 0.5 * (np.linalg.slogdet(precisions[:, k])[1][:, None] - squared) - np.log(2 * np.pi)
        joint[:, k] = log_weights[:, k, None] + normal
    expected = joint.mean(axis=0)
    shares = np.exp(expected - logsumexp(expected, axis=0))
    error = ((joint * shares).sum(axis=(1, 2)) - spent).std() / np.sqrt(count)
    assert error < 0.2
    assert bound == pytest.approx(logsumexp(expected, axis=0).sum() - spent.mean(), abs=5 * error)
    found = responsibilities(x, before.parameters, log_weights=before.log_weights)
    np.testing.assert_allclose(found, shares.T, atol=0.03)


# The rounds.


@each_kind
@each_weight
@pytest.mark.parametrize(("ill", "noise"), [(False, 0.0), (False, 0.3), (True, 0.0), (True, 1e-4)])
def test_bound_never_falls(oracle: SimpleNamespace, kind: str, weight_type: str, ill: bool, noise: float) -> None:
    x, _ = draw(oracle.mixture(kind, ill=ill), 1500, np.random.default_rng(1))
    one = label_statistics(x, np.zeros(len(x), dtype=int), 1, kind)
    mean, covariance = overall(one)
    prior = VariationalPrior(weight_type, 0.1, 1.0, mean, 3.0, covariance, kind, noise)
    bounds = np.array(fit_on(x, prior, 7, 60).lower_bounds)
    assert len(bounds) == 60
    assert np.diff(bounds).min() > -1e-10 * abs(bounds[-1])
    assert bounds[-1] > bounds[0] + 1


class Corrected(BayesianGaussianMixture):
    """scikit-learn's estimator from a given start, its expected log determinant that of the model it updates.

    For diag and spherical it takes sum of digamma((nu - j) / 2), which is a Wishart distribution's, while its updates
    are those of gamma distributions, whose expectation is d digamma(nu / 2) and d digamma(d nu / 2).
    """

    def _initialize_parameters(self, X: np.ndarray, random_state: Any, xp: Any = None) -> Any:
        self._initialize(X, self.shares)

    def _estimate_log_prob(self, X: np.ndarray, xp: Any = None) -> Any:
        found, size = super()._estimate_log_prob(X, xp=xp), X.shape[1]
        if self.covariance_type in ("full", "tied"):
            return found
        rows = self.degrees_of_freedom_
        taken = digamma(0.5 * (rows - np.arange(size)[:, None])).sum(axis=0)
        if self.covariance_type == "diag":
            return found + 0.5 * (size * digamma(rows / 2) - taken)
        return found + 0.5 * (size * (digamma(size * rows / 2) - np.log(size)) - taken)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@each_kind
@each_weight
def test_rounds_equal_scikit_learn_s(oracle: SimpleNamespace, kind: str, weight_type: str) -> None:
    x, _ = draw(oracle.mixture("full"), 800, np.random.default_rng(1))
    labels = np.random.default_rng(2).integers(6, size=len(x))
    theirs = Corrected(
        n_components=6,
        covariance_type=kind,
        weight_concentration_prior_type=weight_type,
        max_iter=15,
        tol=0.0,
        reg_covar=0.0,
    )
    theirs.shares = np.eye(6)[labels]
    theirs.fit(x)
    sums = label_statistics(x, labels, 6, kind)
    prior = VariationalPrior(weight_type, 1 / 6, 1.0, x.mean(axis=0), 3.0, theirs.covariance_prior_, kind)
    ours = variational(lambda: [x], update(prior, sums), max_iter=15, tol=0.0).posterior
    np.testing.assert_allclose(ours.means, theirs.means_, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.covariances, theirs.covariances_, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.concentration, theirs.weight_concentration_, rtol=1e-8)
    np.testing.assert_allclose(ours.mean_precision, theirs.mean_precision_, rtol=1e-8)
    np.testing.assert_allclose(ours.degrees_of_freedom, theirs.degrees_of_freedom_, rtol=1e-8)
    np.testing.assert_allclose(ours.parameters.weights, theirs.weights_, atol=1e-8)
    np.testing.assert_allclose(ours.log_weights, log_weights_of(theirs, kind), atol=1e-8)


def log_weights_of(theirs: Any, kind: str) -> Any:
    """Return what scikit-learn adds to the log density of each component at its expected parameters."""
    row = theirs.means_[:1]
    joint = theirs._estimate_weighted_log_prob(row)[0]
    if kind == "tied":  # there scikit-learn takes a Wishart distribution of 1 / n_components of the rows: a constant
        rows, size = theirs.degrees_of_freedom_, row.shape[1]
        steps = np.arange(size)
        joint = joint + 0.5 * (
            digamma((6 * rows - steps) / 2).sum() - digamma((rows - steps) / 2).sum() - size * np.log(6)
        )
    covariances = theirs.covariances_
    dense = {
        "full": lambda k: covariances[k],
        "tied": lambda k: covariances,
        "diag": lambda k: np.diag(covariances[k]),
        "spherical": lambda k: covariances[k] * np.eye(row.shape[1]),
    }[kind]
    return joint - [multivariate_normal.logpdf(row[0], mean, dense(k)) for k, mean in enumerate(theirs.means_)]


@each_kind
def test_overall_moments_are_numpy_s(oracle: SimpleNamespace, kind: str) -> None:
    x, labels = draw(oracle.mixture("full", ill=True), 300, np.random.default_rng(1))
    mean, covariance = overall(label_statistics(x, labels, 4, kind))
    matrix = np.cov(x.T)
    wanted = {"full": matrix, "tied": matrix, "diag": np.diag(matrix), "spherical": np.diag(matrix).mean()}[kind]
    np.testing.assert_allclose(mean, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(covariance, wanted, rtol=1e-9)


@each_kind
def test_weights_count_as_repeated_rows_and_blocks_as_whole(oracle: SimpleNamespace, kind: str) -> None:
    x, _ = draw(oracle.mixture(kind), 400, np.random.default_rng(1))
    count = np.random.default_rng(2).integers(1, 4, size=len(x))
    prior, start = a_prior(kind, n_features=3), start_on(x, a_prior(kind, n_features=3), 5)
    weighted = variational(lambda: [(x[:150], count[:150]), (x[150:], count[150:])], start, max_iter=8, tol=0.0)
    repeated = variational(lambda: [np.repeat(x, count, axis=0)], start, max_iter=8, tol=0.0)
    np.testing.assert_allclose(weighted.lower_bounds, repeated.lower_bounds, rtol=1e-10)
    np.testing.assert_allclose(weighted.posterior.means, repeated.posterior.means, atol=1e-9)
    np.testing.assert_allclose(weighted.posterior.covariances, repeated.posterior.covariances, atol=1e-9)
    assert weighted.posterior.prior.mean_precision == prior.mean_precision


@each_kind
def test_float32_rows_give_the_float64_result(oracle: SimpleNamespace, kind: str) -> None:
    x = draw(oracle.mixture(kind), 3000, np.random.default_rng(1))[0].astype(np.float32)
    start = start_on(x.astype(float), a_prior(kind, n_features=3), 5)
    single = variational(lambda: [x], start, max_iter=10, tol=0.0)
    double = variational(lambda: [x.astype(float)], start, max_iter=10, tol=0.0)
    np.testing.assert_allclose(single.lower_bounds, double.lower_bounds, rtol=1e-6)
    np.testing.assert_allclose(single.posterior.means, double.posterior.means, atol=1e-3)


def test_training_ends_where_rounding_hides_the_gain() -> None:
    x = np.random.default_rng(0).normal(size=(4000, 3)).astype(np.float32)
    start = start_on(x.astype(float), a_prior("full", n_features=3), 4)
    fit = variational(lambda: [x], start, max_iter=2000, tol=1e-12)
    gains = np.diff(fit.lower_bounds)
    assert fit.converged
    assert gains[-1] <= 0 < gains[:-1].min()
    assert gains[-1] > -0.05


@each_kind
def test_noise_is_added_to_every_variance(kind: str) -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    fits = {noise: fit_on(x, a_prior(kind, noise=noise), 1, 2) for noise in (0.0, 2.5)}
    bare, noisy = (fits[noise].posterior.parameters.variances for noise in (0.0, 2.5))
    np.testing.assert_allclose(noisy, bare + 2.5)
    wider = replace(a_prior(kind), scale=a_prior(kind, noise=2.5).covariance * a_prior(kind).degrees_of_freedom)
    added = np.atleast_1d(wider.scale - a_prior(kind).scale)
    np.testing.assert_allclose(np.diag(added) if added.ndim == 2 else added, 2.5 * 2.6)
    # and takes from the bound what the rows' noise costs
    assert fits[2.5].lower_bounds[-1] < fit_on(x, wider, 1, 2).lower_bounds[-1]


DEGENERATE = {
    "all equal": np.full((30, 3), 0.1),
    "duplicates": np.repeat([[0.0, 1.0, 2.0], [5.0, 1.0, 9.0]], 15, axis=0),
    "constant column": np.c_[np.random.default_rng(0).normal(size=(30, 2)), np.full(30, 1e6)],
    "equal columns, huge": np.repeat(1e8 * np.random.default_rng(0).normal(size=(30, 1)), 3, axis=1),
    "tiny": 1e-160 * np.random.default_rng(0).normal(size=(30, 3)),
    "one far row": np.r_[np.random.default_rng(0).normal(size=(29, 3)), [[1e9, -1e9, 1e9]]],
    "as many rows as components": np.random.default_rng(0).normal(size=(4, 3)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@each_kind
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_rows_give_positive_definite_covariances(
    oracle: SimpleNamespace, name: str, kind: str, dtype: type
) -> None:
    x = DEGENERATE[name].astype(dtype)
    sums = label_statistics(x, np.arange(len(x)) % 4, 4, kind)
    mean, covariance = overall(sums)
    prior = VariationalPrior("dirichlet_process", 0.25, 1.0, mean, 3.0, covariance, kind, 1e-6)
    fit = variational(lambda: [x], update(prior, sums), max_iter=15, tol=0.0)
    assert np.isfinite(fit.lower_bounds).all()
    for matrix in oracle.dense(fit.posterior.parameters):
        np.linalg.cholesky(matrix)
    found = log_likelihood(x, fit.posterior.parameters, log_weights=fit.posterior.log_weights)
    assert np.isfinite(found).all()


@pytest.mark.parametrize(("dtype", "rounds"), [(np.float64, 1), (np.float32, 3)])
def test_rows_a_step_apart_keep_their_exact_variance(dtype: type, rounds: int) -> None:
    """Two values a ten-millionth apart among wide ones: their variance is far below what moments resolve."""
    step = 2.0**-23
    wide = np.random.default_rng(0).normal(0, 1, (4000, 1)) * 400 - 2000
    x = np.concatenate([wide, np.tile([[1], [1 + step]], (2000, 1))]).astype(dtype)
    prior = VariationalPrior("dirichlet_process", 1.0, 1e-9, np.ones(1), 1.0, np.array([1e-18]), "diag")
    narrow = update(prior, label_statistics(x, np.repeat([0, 1], 4000), 2, "diag"))
    start = replace(narrow, covariances=np.array([[400.0**2], [40.0**2]]))
    found = variational(lambda: [x], start, max_iter=rounds, tol=0.0).posterior
    np.testing.assert_allclose(found.covariances[1, 0] * 4001, step**2 / 4 * 4000, rtol=1e-3)


@pytest.mark.parametrize("kind", ["diag", "spherical"])
def test_a_variance_rounded_below_zero_leaves_the_prior_s(kind: str) -> None:
    prior = replace(a_prior(kind), scale=a_prior(kind).scale * 1e-18)
    sums = Statistics(np.array([5.0]), np.zeros((1, 2)), np.full((1, 2), -1e-12), prior.mean[None], kind)
    np.testing.assert_allclose(update(prior, sums).covariances[0], prior.scale / 7.6)


def test_rounds_are_told_and_end_by_tolerance_or_number() -> None:
    x, told = np.random.default_rng(0).normal(size=(100, 2)), list[tuple[int, float]]()
    start = start_on(x, a_prior("diag"), 3)
    fit = variational(lambda: [x], start, tol=1e-3, max_iter=500, callback=lambda *what: told.append(what))
    assert fit.converged
    assert abs(np.diff(fit.lower_bounds)[-1]) < 1e-3 <= np.abs(np.diff(fit.lower_bounds)[:-1]).min()
    assert told == list(enumerate(fit.lower_bounds, 1))
    none = variational(lambda: [x], start, max_iter=0)
    assert (none.posterior, none.lower_bounds, none.converged) == (start, (), False)
    two = variational(lambda: [x], start, max_iter=2, n_jobs=2)
    assert two.lower_bounds == fit.lower_bounds[:2]
    assert variational(lambda: [x], start, tol=1e-3, lower_bound=told[0][1]).lower_bounds == fit.lower_bounds[:1]


def test_what_cannot_be_is_an_error() -> None:
    good = a_prior("diag")
    with pytest.raises(ValueError, match="weight_type must be one of dirichlet_process"):
        VariationalPrior("even", 1.0, 1.0, np.zeros(2), 2.0, np.ones(2), "diag")
    with pytest.raises(ValueError, match="must be above 0 and noise 0 or more, got 0"):
        VariationalPrior("dirichlet_process", 0, 1.0, np.zeros(2), 2.0, np.ones(2), "diag")
    with pytest.raises(ValueError, match=r"should be greater than 1, but got 1\.000"):
        VariationalPrior("dirichlet_process", 1.0, 1.0, np.zeros(2), 1.0, np.ones(2), "diag")
    with pytest.raises(ValueError, match="ill-defined empirical covariance"):
        VariationalPrior("dirichlet_process", 1.0, 1.0, np.zeros(2), 2.0, np.array([[1, 2], [2, 1]]), "full")
    x = np.ones((4, 2))
    with pytest.raises(ValueError, match="needs complete rows"):
        variational(lambda: [x, np.array([[1.0, np.nan]])], start_on(x, good, 2))
    with pytest.raises(ValueError, match="too large to square"):
        update(good, Statistics(np.ones(1), np.zeros((1, 2)), np.full((1, 2), np.inf), np.zeros((1, 2)), "diag"))
