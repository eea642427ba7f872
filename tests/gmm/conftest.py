"""Mixtures to test on, and an oracle: their densities by scipy, one component at a time."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import Covariance, multivariate_normal

from diarize.gmm import MixtureParameters


def dense(parameters: MixtureParameters) -> list[np.ndarray]:
    """Return every component's covariance as a matrix."""
    kind, values, size = parameters.covariance_type, parameters.covariances, parameters.n_features
    if kind == "full":
        return list(values)
    if kind == "tied":
        return [values] * parameters.n_components
    if kind == "diag":
        return [np.diag(row) for row in values]
    return [value * np.eye(size) for value in values]


def log_joint(x: np.ndarray, parameters: MixtureParameters) -> np.ndarray:
    """Return log(weight x density), (n, k)."""
    return np.stack(
        [
            np.log(weight) + multivariate_normal(mean, Covariance.from_cholesky(np.linalg.cholesky(matrix))).logpdf(x)
            for weight, mean, matrix in zip(parameters.weights, parameters.means, dense(parameters), strict=True)
        ],
        axis=1,
    )


def log_likelihood(x: np.ndarray, parameters: MixtureParameters) -> np.ndarray:
    return logsumexp(log_joint(x, parameters), axis=1)


def posteriors(x: np.ndarray, parameters: MixtureParameters) -> np.ndarray:
    joint = log_joint(x, parameters)
    return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))


def mixture(kind: str, n_components: int = 4, n_features: int = 3, seed: int = 0, ill: bool = False) -> Any:
    """Return a mixture with correlated covariances; ill: units from 1e-3 to 1e3 and a mean far from zero."""
    rng = np.random.default_rng(seed)
    scale = np.logspace(-3, 3, n_features) if ill else np.ones(n_features)
    root = rng.normal(size=(n_components, n_features, n_features)) + np.eye(n_features)
    matrices = root @ np.swapaxes(root, 1, 2) * scale[:, None] * scale + 1e-3 * np.diag(scale**2)
    means = (3 * rng.normal(size=(n_components, n_features)) + (100 if ill else 0)) * scale
    variances = np.diagonal(matrices, axis1=1, axis2=2)
    covariances = {"full": matrices, "tied": matrices[0], "diag": variances, "spherical": variances.mean(axis=1)}
    weights = rng.dirichlet(np.full(n_components, 3.0))
    return MixtureParameters(weights, means, covariances[kind], kind)


@pytest.fixture(scope="session")
def quick_checks() -> Callable[[Any], list[str]]:
    """Run those of scikit-learn's checks of an estimator that fit once or not at all; return their names."""
    names = ["check_do_not_raise_errors_in_init_or_set_param", "check_dont_overwrite_attributes"]
    names += ["check_estimator_cloneable", "check_estimators_dtypes", "check_estimators_unfitted"]
    names += ["check_n_features_in", "check_no_attributes_set_in_init", "check_parameters_default_constructible"]

    def run(estimator: Any) -> list[str]:
        from sklearn.utils.estimator_checks import estimator_checks_generator

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the checks fit on data made to warn
            checks = [(each, check) for each, check in estimator_checks_generator(estimator)]
            chosen = [(each, check) for each, check in checks if check.func.__name__ in names]
            for each, check in chosen:
                check(each)
        return [check.func.__name__ for _, check in chosen]

    return run


@pytest.fixture(scope="session")
def oracle() -> SimpleNamespace:
    return SimpleNamespace(
        dense=dense, log_joint=log_joint, log_likelihood=log_likelihood, posteriors=posteriors, mixture=mixture
    )
