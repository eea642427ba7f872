"""scikit-learn's own tests of its GaussianMixture, run on ours."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import diarize.gmm

suite = pytest.importorskip(
    "sklearn.mixture.tests.test_gaussian_mixture", reason="scikit-learn is installed without its tests"
)

HELPERS = "tests scikit-learn's private functions, not its class"
LEFT_OUT = {
    "test_suffstat_sk_full": HELPERS,
    "test_suffstat_sk_tied": HELPERS,
    "test_suffstat_sk_diag": HELPERS,
    "test_gaussian_suffstat_sk_spherical": HELPERS,
    "test_compute_log_det_cholesky": HELPERS,
    "test_gaussian_mixture_log_probabilities": HELPERS,
    "test_gaussian_mixture_precisions_init": "calls the private method _initialize",
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": "replaces a private function by a mock",
    "test_gaussian_mixture_array_api_compliance": "the engine works on numpy arrays",
    "test_gaussian_mixture_raises_where_array_api_not_implemented": "the engine works on numpy arrays",
}
FIXTURES = {"global_dtype": [np.float32, np.float64], "global_random_seed": [42]}  # the seed of scikit-learn's own runs


RUN = [name for name in vars(suite) if name.startswith("test_") and name not in LEFT_OUT]
globals().update({name: getattr(suite, name) for name in RUN})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, values in FIXTURES.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values)


# the suite itself lets them pass
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "GaussianMixture", diarize.gmm.GaussianMixture)


def test_what_is_left_out_exists() -> None:
    gone = [name for name in LEFT_OUT if not inspect.isfunction(getattr(suite, name, None))]
    assert not gone
    assert len(RUN) > 25
