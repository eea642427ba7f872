"""Several mixtures kept as one against each by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from diarize.gmm import MixtureParameters, accumulate, draw, log_likelihood
from diarize.gmm.inference.mixture_groups import accumulate_groups, group_log_likelihood

KINDS = ("full", "diag", "spherical")


def three(oracle: SimpleNamespace, kind: str) -> Any:
    """Return three mixtures of two components, and all as one."""
    each = [oracle.mixture(kind, 2, 3, seed=seed) for seed in range(3)]
    both = MixtureParameters(
        np.concatenate([one.weights for one in each]) / 3,
        np.concatenate([one.means for one in each]),
        np.concatenate([one.covariances for one in each]),
        kind,
    )
    return each, both


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_each_group_is_a_mixture(oracle: SimpleNamespace, kind: str, n_jobs: int | None) -> None:
    each, both = three(oracle, kind)
    x, _ = draw(both, 9000, np.random.default_rng(1))
    x[::500, 0] = np.nan
    x[7] = np.nan
    found = group_log_likelihood(x, both, 3, n_jobs=n_jobs) + np.log(3)
    for one, column in zip(each, found.T, strict=True):
        np.testing.assert_allclose(column, log_likelihood(x, one), atol=1e-8)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_sums_are_those_of_weighted_rows(oracle: SimpleNamespace, kind: str, n_jobs: int | None) -> None:
    each, both = three(oracle, kind)
    rng = np.random.default_rng(2)
    x, _ = draw(both, 9000, rng)
    x[::500, 0] = np.nan
    posterior = rng.dirichlet(np.ones(3), len(x))
    posterior[:5] = [1, 0, 0]
    found = accumulate_groups(x, both, posterior, n_jobs=n_jobs).about(0.0)
    for g, one in enumerate(each):
        truth, part = accumulate(x, one, posterior[:, g]).about(0.0), slice(2 * g, 2 * g + 2)
        for name in ("zeroth", "first", "second"):
            np.testing.assert_allclose(getattr(found, name)[part], getattr(truth, name), rtol=1e-7, atol=1e-6)


def test_wrong_groups_are_errors(oracle: SimpleNamespace) -> None:
    _, both = three(oracle, "diag")
    with pytest.raises(ValueError, match="6 components cannot be divided into 4"):
        group_log_likelihood(np.zeros((2, 3)), both, 4)
    with pytest.raises(ValueError, match="posterior must be"):
        accumulate_groups(np.zeros((2, 3)), both, np.ones((2, 4)))
    with pytest.raises(ValueError, match="posterior must be"):
        accumulate_groups(np.zeros((2, 3)), both, np.ones((3, 2)))
    with pytest.raises(ValueError, match="not negative"):
        accumulate_groups(np.zeros((2, 3)), both, -np.ones((2, 3)))
