"""What all mixture estimators share: starts, restarts, threads, warnings, call-backs."""

from __future__ import annotations

import logging
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils import get_tags

from diarize.gmm import Fit, GaussianMixture, MixtureParameters, draw
from diarize.gmm.estimators.base import BaseMixture

FITTED = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_")


@pytest.fixture(scope="module")
def rows(oracle: SimpleNamespace) -> Any:
    return draw(oracle.mixture("full", 5, 4, seed=2), 3000, np.random.default_rng(1))[0]


class Recorder(BaseMixture):
    """A mixture of one Gaussian whose training results are told it."""

    def __init__(
        self,
        results: Any = (),
        n_init: int = 1,
        n_jobs: int | None = None,
        max_iter: int = 100,
        warm_start: Any = False,
        verbose: Any = 0,
    ) -> None:
        super().__init__(n_init=n_init, n_jobs=n_jobs, max_iter=max_iter, warm_start=warm_start, verbose=verbose)
        self.results = results

    def _start(self, rows: np.ndarray, weight: np.ndarray, random_state: Any) -> Any:
        self.started_ = [*getattr(self, "started_", []), random_state.randint(1000)]
        return len(self.started_) - 1

    def _train(self, make_blocks: Any, start: Any, lower_bound: Any, n_jobs: int | None) -> Any:
        ((x, weight),) = list(make_blocks())
        self.told_ = [*getattr(self, "told_", []), (len(x), weight, lower_bound, n_jobs)]
        mean = MixtureParameters([1.0], [[float(start)]], [[1.0]])
        return Fit(mean, *self.results[start])

    def _keep(self, fit: Any, dtype: type) -> Any:
        self.kept_, self.converged_ = fit, fit.converged
        self.lower_bound_ = fit.lower_bounds[-1] if fit.lower_bounds else -np.inf

    def _current(self) -> Any:
        return 0

    @property
    def parameters_(self) -> Any:
        return self.kept_.parameters

    def _log_weights(self) -> Any:
        return np.array([0.5])


X = np.arange(4.0)[:, None]


def test_the_best_of_the_results_is_kept() -> None:
    model = Recorder([((-3.0,), True), ((-2.0, -1.0), True), ((-0.5, -1.5), True)], n_init=3).fit(X)
    assert model.kept_.parameters.means == 1
    assert len(model.started_) == 3


def test_a_result_cut_short_is_kept_only_if_there_is_no_other() -> None:
    cut, whole = ((-3.0, 9.0), False), ((-2.0,), True)
    assert Recorder([cut, whole], n_init=2).fit(X).kept_.parameters.means == 1
    with pytest.warns(ConvergenceWarning, match=r"after 2 iterations a component .* Set reg_covar above 0") as caught:
        assert Recorder([cut, ((-4.0,), False)], n_init=2).fit(X).kept_.parameters.means == 0
    assert caught[0].filename == __file__


def test_warnings_name_the_caller_and_the_remedy() -> None:
    slow = [((-3.0, -2.5), False)]
    for method in ("fit", "fit_predict"):
        with pytest.warns(
            ConvergenceWarning, match=r"increase max_iter.* after iteration 2, whose gain .* 0\.5 \(tol"
        ) as caught:
            getattr(Recorder(slow, max_iter=2), method)(X)
        assert caught[0].filename == __file__
    with pytest.warns(ConvergenceWarning, match=r"increase max_iter.* after iteration 1$"):
        Recorder([((-3.0,), False)], max_iter=1).fit(X)


def test_warm_start_hands_over_the_last_bound() -> None:
    model = Recorder([((-3.0,), True)], warm_start=True, n_init=1).fit(X)
    model.fit(X[:3])
    assert [told[0] for told in model.told_] == [4, 3]
    assert [told[2] for told in model.told_] == [-np.inf, -3.0]
    assert len(model.started_) == 1


def test_threads_go_over_starts_or_over_rows() -> None:
    results = [((-1.0,), True)] * 2
    assert [told[3] for told in Recorder(results, n_jobs=2).fit(X).told_] == [2]
    assert [told[3] for told in Recorder(results, n_init=2, n_jobs=2).fit(X).told_] == [1, 1]
    with pytest.raises(ValueError, match="n_jobs"):
        Recorder(results, n_jobs=0).fit(X)


def test_rows_without_weight_are_left_out() -> None:
    model = Recorder([((-1.0,), True)]).fit(X, sample_weight=[1, 0, 2, 0])
    ((count, weight, _, _),) = model.told_
    assert count == 2
    np.testing.assert_array_equal(weight, [1, 2])
    assert model.n_samples_seen_ == 3


def test_log_weights_take_the_place_of_the_weights() -> None:
    model = Recorder([((-1.0,), True)]).fit(X)
    np.testing.assert_allclose(model.score_samples([[0.0]]), 0.5 - 0.5 * np.log(2 * np.pi))
    np.testing.assert_array_equal(model.predict_proba([[0.0]]), [[1]])


def test_missing_entries_are_taken_only_where_they_are_meant_to_be() -> None:
    assert not get_tags(Recorder()).input_tags.allow_nan
    assert get_tags(GaussianMixture()).input_tags.allow_nan
    with pytest.raises(ValueError, match="NaN"):
        Recorder([((-1.0,), True)]).fit([[1.0], [np.nan]])


def test_nothing_can_be_asked_before_fit() -> None:
    for method in ("predict", "predict_proba", "score_samples", "score"):
        with pytest.raises(NotFittedError):
            getattr(Recorder(), method)(X)
    with pytest.raises(NotFittedError):
        Recorder().sample()


def test_verbose_is_logged_not_printed(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.INFO, logger="diarize.gmm"):
        Recorder([((-1.0,), True)], verbose=1).fit(X)
    assert "start 0: 1 iterations, converged: True" in caplog.text
    assert capsys.readouterr().out == ""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_init", [1, 4])
def test_results_do_not_depend_on_the_number_of_threads(rows: np.ndarray, n_init: int) -> None:
    def fit(n_jobs: int | None) -> Any:
        options = {"init_params": "random_from_data", "max_iter": 5, "random_state": 0}
        return GaussianMixture(4, n_init=n_init, n_jobs=n_jobs, **options).fit(np.tile(rows, (4, 1)))

    one = fit(None)
    for n_jobs in (2, 3, -1):
        other = fit(n_jobs)
        for name in FITTED:
            assert getattr(other, name).tobytes() == getattr(one, name).tobytes()
        assert other.lower_bounds_ == one.lower_bounds_
        assert other.predict_proba(rows).tobytes() == one.predict_proba(rows).tobytes()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_restarts_keep_the_likeliest(rows: np.ndarray) -> None:
    options = {"covariance_type": "diag", "init_params": "random_from_data", "max_iter": 8}
    state = np.random.RandomState(0)
    each = [GaussianMixture(5, random_state=state, **options).fit(rows).lower_bound_ for _ in range(6)]
    best = GaussianMixture(5, random_state=np.random.RandomState(0), n_init=6, n_jobs=2, **options).fit(rows)
    assert best.lower_bound_ == max(each)
    assert len(set(each)) > 1


def test_the_call_back_is_told_of_each_round(rows: np.ndarray) -> None:
    told = []
    model = GaussianMixture(3, random_state=0, callback=lambda *news: told.append(news)).fit(rows)
    assert told == list(enumerate(model.lower_bounds_, 1))


def test_the_call_back_of_several_starts(rows: np.ndarray) -> None:
    told, lock = [], threading.Lock()

    def tell(iteration: int, bound: float) -> Any:
        with lock:
            told.append(iteration)

    model = GaussianMixture(3, random_state=0, n_init=3, n_jobs=3, init_params="random_from_data", callback=tell)
    model.fit(rows)
    assert told.count(1) == 3
    assert told.count(model.n_iter_) >= 1


@pytest.mark.parametrize(("n_init", "n_jobs"), [(1, None), (3, 2)])
def test_the_call_back_ends_training_by_an_exception(rows: np.ndarray, n_init: int, n_jobs: int | None) -> None:
    def stop(iteration: int, bound: float) -> Any:
        if iteration == 2:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        GaussianMixture(3, tol=0, random_state=0, n_init=n_init, n_jobs=n_jobs, callback=stop).fit(rows)
