"""Normalisation against its definition: a frame at a time, with ranks by scipy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm, rankdata

from diarize.errors import ConfigError
from diarize.features import normalise

Floats = npt.NDArray[np.float64]


def window_rows(n_frames: int, window: int, t: int) -> slice:
    start = min(max(t - window // 2, 0), n_frames - window)
    return slice(start, start + window)


def brute_force(x: Floats, method: str, window: int, mask: npt.NDArray[np.bool_]) -> Floats:
    """The definition, a frame at a time, with ranks by scipy."""
    result = np.empty_like(x)
    for t in range(len(x)):
        rows = window_rows(len(x), window, t) if 0 < window < len(x) else slice(None)
        used = x[rows][mask[rows]]
        if len(used) < 0.25 * window:
            used = x[mask]
        if method == "warping":
            for d in range(x.shape[1]):
                sample = used[:, d]
                below = np.sum(sample < x[t, d])
                rank = below + (np.sum(sample == x[t, d]) + 1) / 2
                if mask[t] and len(sample) == np.sum(mask[rows]):
                    position = int(np.flatnonzero(sample == x[t, d])[0])
                    assert rank == rankdata(sample)[position]
                n = len(sample)
                result[t, d] = norm.ppf(np.clip((rank - 0.5) / n, 0.5 / n, 1 - 0.5 / n))
        else:
            result[t] = x[t] - used.mean(axis=0)
            if method == "mean_variance":
                result[t] /= used.std(axis=0)
    return result


@pytest.mark.parametrize("method", ["mean", "mean_variance", "warping"])
@pytest.mark.parametrize("window", [0, 40, 41, 149, 150, 1000])
@pytest.mark.parametrize("masked", [False, True])
def test_normalisation_equals_its_definition(method: str, window: int, masked: bool) -> None:
    rng = np.random.default_rng(1)
    x = (50 + rng.standard_normal((150, 3)).cumsum(axis=0)).astype(np.float32)
    x[:, 2] = np.round(x[:, 2])  # ties
    mask = rng.random(150) < 0.6 if masked else np.ones(150, np.bool_)
    if masked:
        mask[60:110] = False  # windows without enough frames
    got = normalise(x, method, window, mask if masked else None)
    assert got.dtype == np.float32
    expected = brute_force(x.astype(np.float64), method, window, mask)
    np.testing.assert_allclose(got, expected, atol=2e-4, rtol=1e-4)


def test_whole_recording_warping_is_ranks_to_normal_scores() -> None:
    x = np.random.default_rng(0).exponential(size=(500, 2)).astype(np.float32)
    expected = norm.ppf((rankdata(x, axis=0) - 0.5) / len(x))
    np.testing.assert_allclose(normalise(x, "warping"), expected, atol=1e-5)


def test_the_channel_goes_out() -> None:
    """A constant in the cepstrum is a linear filter; a monotone map of a column is undone by warping alone."""
    x = np.random.default_rng(0).standard_normal((300, 4)).astype(np.float32)
    shifted = x + np.float32([3, -2, 0.5, 10])
    for method in ("mean", "mean_variance", "warping"):
        for window in (0, 100):
            np.testing.assert_allclose(normalise(shifted, method, window), normalise(x, method, window), atol=1e-2)
    np.testing.assert_allclose(normalise(np.exp(x), "warping"), normalise(x, "warping"), atol=1e-5)


@pytest.mark.parametrize("method", ["mean", "mean_variance", "warping"])
@pytest.mark.parametrize("window", [0, 30])
def test_constant_columns_become_zero(method: str, window: int) -> None:
    x = np.random.default_rng(0).standard_normal((100, 3)).astype(np.float32)
    x[:, 0] = -27.631021  # digital silence
    x[20:80, 1] = 5.1  # and a stretch of it
    got = normalise(x, method, window)
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got[:, 0], 0.0, atol=1e-5)
    if window:
        np.testing.assert_allclose(got[36:64, 1], 0.0, atol=1e-4)


@pytest.mark.parametrize("method", ["mean", "mean_variance", "warping"])
@pytest.mark.parametrize("window", [0, 5])
@pytest.mark.parametrize("n_frames", [0, 1, 2])
def test_short_input(method: str, window: int, n_frames: int) -> None:
    x = np.full((n_frames, 2), 3.0, np.float32)
    np.testing.assert_array_equal(normalise(x, method, window), np.zeros((n_frames, 2)))


def test_empty_mask_uses_all_frames() -> None:
    x = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32)
    np.testing.assert_array_equal(normalise(x, "mean", mask=np.zeros(50, np.bool_)), normalise(x, "mean"))


def test_input_is_left_alone() -> None:
    x = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32)
    copy = x.copy()
    for method in ("none", "mean", "mean_variance", "warping"):
        normalise(x, method, 20)
    np.testing.assert_array_equal(x, copy)
    np.testing.assert_array_equal(normalise(x, "none"), x)


def test_unknown_method() -> None:
    with pytest.raises(ConfigError, match="one of none, mean, mean_variance, warping, got 'cepstral'"):
        normalise(np.zeros((3, 2), np.float32), "cepstral")
