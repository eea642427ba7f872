"""Input as it comes: what scikit-learn's users expect of it, or an error that says what is wrong; never NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diarize.gmm import GaussianMixture

KINDS = ("full", "tied", "diag", "spherical")
METHODS = ("predict", "predict_proba", "score_samples", "score", "bic", "aic", "icl", "partial_fit", "adapt")
FITTED = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_")

rng = np.random.default_rng(0)
GOOD = (rng.integers(-8, 9, size=(60, 3)) + np.repeat([[0.0], [40.0]], 30, axis=0)).astype(np.float64)


def changed(place: Any, value: Any) -> Any:
    x = GOOD.astype(object) if isinstance(value, str) else GOOD.copy()
    x[place] = value
    return x


IMPOSSIBLE = {
    "empty": (np.empty((0, 3)), "0 sample"),
    "no columns": (np.empty((5, 0)), "0 feature"),
    "one row": (GOOD[:1], "minimum of 2"),
    "fewer rows than components": (GOOD[:3], "n_components = 4, n_samples = 3"),
    "all NaN": (np.full((9, 3), np.nan), "column 0, 1, 2"),
    "a column of NaN": (changed((slice(None), 1), np.nan), "only NaN, in column 1 "),
    "too few rows that say something": (changed((slice(3, None)), np.nan), "n_components = 4, n_samples = 3"),
    "infinity": (changed((7, 2), np.inf), "infinity"),
    "minus infinity": (changed((7, 2), -np.inf), "infinity"),
    "infinity beside NaN": (changed((7, slice(None)), [np.nan, np.inf, 0]), "infinity"),
    "too large": (changed((7, 2), 1e200), "too large to square in float64, up to 1e.200; scale them down"),
    "too large for float32": (changed((7, 2), 1e25).astype(np.float32), "too large to square in float32"),
    "text": (changed((0, 0), "seven"), "could not convert string to float"),
    "one dimension": (GOOD[:, 0], "Expected 2D array, got 1D"),
    "three dimensions": (GOOD[None], "dim 3"),
    "complex": (GOOD + 1j, "Complex data not supported"),
    "nothing": (None, "None|Expected 2D array"),
}


@pytest.mark.parametrize("method", ["fit", "fit_predict", "partial_fit"])
@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_nothing_can_be_learnt_from(name: str, method: str) -> None:
    x, message = IMPOSSIBLE[name]
    if method == "partial_fit" and name == "one row":
        message = "n_samples = 1"  # later batches may have one row
    with pytest.raises(ValueError, match=message):
        getattr(GaussianMixture(4, random_state=0), method)(x)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (GOOD[:, :2], "X has 2 features, but GaussianMixture is expecting 3"),
        (np.c_[GOOD, GOOD], "X has 6 features"),
        (GOOD[:0], "0 sample"),
        (GOOD[0], "Expected 2D array, got 1D"),
        (changed((0, 0), np.inf), "infinity"),
        (changed((0, 0), "seven"), "could not convert"),
    ],
    ids=["narrow", "wide", "empty", "row", "infinity", "text"],
)
def test_nothing_can_be_told_of(method: str, x: np.ndarray, message: str) -> None:
    model = GaussianMixture(2, random_state=0).fit(GOOD)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(x)


STRANGE = {
    "Fortran order": np.asfortranarray(GOOD),
    "every second column": np.repeat(GOOD, 2, axis=1)[:, ::2],
    "backwards": np.ascontiguousarray(GOOD[::-1, ::-1])[::-1, ::-1],
    "other byte order": GOOD.astype(">f8"),
    "int64": GOOD.astype(np.int64),
    "int8": GOOD.astype(np.int8),
    "float16": GOOD.astype(np.float16),
    "longdouble": GOOD.astype(np.longdouble),
    "object": GOOD.astype(object),
    "list": GOOD.tolist(),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STRANGE)
def test_numbers_in_any_form_are_the_same_numbers(name: str, kind: str) -> None:
    x = STRANGE[name]
    expected = GaussianMixture(2, covariance_type=kind, random_state=0).fit(GOOD)
    found = GaussianMixture(2, covariance_type=kind, random_state=0).fit(x)
    for attribute in FITTED:
        assert getattr(found, attribute).dtype == np.float64
        np.testing.assert_allclose(getattr(found, attribute), getattr(expected, attribute), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.score_samples(x), expected.score_samples(GOOD), rtol=1e-9)
    np.testing.assert_array_equal(found.predict(x), expected.predict(GOOD))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_that_must_not_change(dtype: type) -> None:
    x = GOOD.astype(dtype)
    x[3, 1] = np.nan
    before = x.copy()
    x.flags.writeable = False
    weight = np.ones(len(x))
    weight.flags.writeable = False
    model = GaussianMixture(2, random_state=0).fit(x, sample_weight=weight)
    for method in METHODS:
        getattr(model, method)(x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.filterwarnings("ignore:Number of distinct clusters:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("init", ["kmeans", "k-means++", "spectral", "ward", "random", "random_from_data"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "x",
    [
        np.c_[GOOD[:, :1], np.full(60, 3.0), np.full(60, 1e6)],
        np.tile(GOOD[:1], (60, 1)),
        np.repeat(GOOD[:2], 30, axis=0),
        np.zeros((60, 3)),
        np.c_[GOOD, GOOD[:, :1]],
        np.where(np.arange(60)[:, None] % 3 == np.arange(3), np.nan, 1.0),
    ],
    ids=["constant columns", "one point", "two points", "zeros", "equal columns", "constant with gaps"],
)
def test_degenerate_data_give_finite_models(x: np.ndarray, kind: str, init: str) -> None:
    model = GaussianMixture(3, covariance_type=kind, init_params=init, random_state=0).fit(x)
    for name in FITTED:
        assert np.isfinite(getattr(model, name)).all(), name
    assert np.isfinite(model.score_samples(x)).all()
    np.testing.assert_allclose(model.predict_proba(x).sum(axis=1), 1)
    assert np.isfinite(model.partial_fit(x).score(x))


def test_fewer_points_than_components_is_said() -> None:
    with pytest.warns(UserWarning, match=r"distinct clusters \(2\) found smaller than n_clusters \(3\)"):
        GaussianMixture(3, random_state=0).fit(np.repeat(GOOD[:2], 30, axis=0))
