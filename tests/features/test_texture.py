"""Texture against plain loops over two seconds: deviations, flux, modulation, shape and ripple."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.fft import dct

from diarize.features import TEXTURE_STEP
from diarize.features.texture import N_TEXTURE, moving_average, texture

Features = npt.NDArray[np.float32]
N_FRAMES, STEP = 500, 25  # a step whose window lies inside
WINDOW = range(150, 360)  # its 21 steps


@pytest.fixture(scope="module")
def bands() -> Features:
    return np.random.default_rng(0).normal(-8.0, 1.0, (N_FRAMES, 40)).astype(np.float32)


@pytest.fixture(scope="module")
def cepstra(bands: Features) -> Features:
    cepstra = dct(bands, type=2, norm="ortho", axis=1)[:, :13] / 3
    cepstra[:, 0] = bands.mean(axis=1)
    return np.asarray(cepstra)


@pytest.fixture(scope="module")
def row(bands: Features, cepstra: Features) -> Features:
    """Return the texture of one step."""
    return texture(bands, cepstra)[STEP]


@pytest.mark.parametrize("n_frames", [1, 9, 10, 11, 57])
def test_a_row_for_each_step_begun(bands: Features, cepstra: Features, n_frames: int) -> None:
    rows = texture(bands[:n_frames], cepstra[:n_frames])
    assert rows.shape == (-(-n_frames // TEXTURE_STEP), N_TEXTURE)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_deviations_are_those_of_two_seconds(cepstra: Features, row: Features) -> None:
    np.testing.assert_allclose(np.exp(row[:13]) - 0.05, cepstra[150:360].std(axis=0), rtol=1e-3)


@pytest.mark.parametrize(("column", "lag"), [(13, 2), (14, 5), (15, 10)])
def test_flux_is_the_mean_change_of_the_spectrum(bands: Features, row: Features, column: int, lag: int) -> None:
    changes = []
    for frame in WINDOW:
        change = bands[frame + lag - lag // 2] - bands[frame - lag // 2]
        changes.append(np.abs(change - change.mean()).mean())
    assert np.exp(row[column]) - 0.05 == pytest.approx(np.mean(changes), rel=1e-4)


@pytest.mark.parametrize(("column", "short", "long"), [(16, 5, 13), (17, 9, 25), (18, 17, 51)])
def test_modulation_is_what_passes_between_two_averages(
    cepstra: Features, row: Features, column: int, short: int, long: int
) -> None:
    level = cepstra[:, 0].astype(float)

    def around(frame: int, width: int) -> float:
        return float(level[frame - width // 2 : frame + width // 2 + 1].mean())

    squares = [(around(frame, short) - around(frame, long)) ** 2 for frame in WINDOW]
    assert np.exp(row[column]) - 0.02 == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-3)


def test_modulation_passes_the_rates_of_syllables() -> None:
    """4 Hz against 0.5 Hz, the same height: what the middle column of the three lets through."""
    heights = []
    for rate in (4.0, 0.5):
        level = np.sin(2 * np.pi * rate * np.arange(N_FRAMES) / 100).astype(np.float32)
        cepstra = np.zeros((N_FRAMES, 13), np.float32)
        cepstra[:, 0] = level
        heights.append(np.exp(texture(np.repeat(level[:, None], 40, axis=1), cepstra)[STEP, 17]) - 0.02)
    assert heights[0] > 5 * heights[1]


def test_the_shape_is_that_of_the_mean_cepstra(cepstra: Features, row: Features) -> None:
    np.testing.assert_allclose(row[19:25], cepstra[150:360, 1:7].mean(axis=0), atol=1e-5)


@pytest.mark.parametrize(
    ("column", "part"), [(25, slice(0, 12)), (26, slice(12, 38))], ids=["below 800 Hz", "above 800 Hz"]
)
def test_ripple_is_the_curvature_over_the_bands(bands: Features, row: Features, column: int, part: slice) -> None:
    curvature = [[x[k] - 2 * x[k + 1] + x[k + 2] for k in range(38)] for x in bands.astype(float)]
    ripples = [np.mean(np.abs(curvature[frame][part])) for frame in WINDOW]
    assert np.exp(row[column]) - 0.02 == pytest.approx(np.mean(ripples), rel=1e-3)


@pytest.mark.parametrize(("column", "part"), [(27, slice(0, 12)), (28, slice(12, 38))])
def test_ripple_that_stays_is_averaged_before_its_size_is_taken(
    bands: Features, row: Features, column: int, part: slice
) -> None:
    sizes = []
    for step in range(15, 36):
        around = bands[(step - 1) * TEXTURE_STEP : (step + 2) * TEXTURE_STEP].astype(float)
        sizes.append(np.abs(np.diff(around.mean(axis=0), n=2))[part].mean())
    assert np.exp(row[column]) - 0.02 == pytest.approx(np.mean(sizes), rel=1e-3)


@pytest.mark.parametrize("change", [lambda x: x[::-1], lambda x: x + 3.0], ids=["backwards", "louder"])
def test_what_says_nothing_of_change_changes_no_deviation(
    bands: Features, cepstra: Features, change: Callable[[Features], Features]
) -> None:
    plain, other = texture(bands, cepstra)[:, :13], texture(change(bands), change(cepstra))[:, :13]
    np.testing.assert_allclose(np.sort(other, axis=0), np.sort(plain, axis=0), atol=1e-3)


@pytest.mark.parametrize("width", [1, 3, 11])
@pytest.mark.parametrize("shape", [(20,), (20, 2)])
def test_moving_average_of_rows_that_go_on_beyond_the_ends(width: int, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(4).normal(size=shape).astype(np.float32)
    expected = []
    for t in range(20):
        rows = [x[min(max(place, 0), 19)] for place in range(t - width // 2, t + width // 2 + 1)]
        expected.append(np.mean(rows, axis=0))
    np.testing.assert_allclose(moving_average(x, width), expected, atol=1e-5)
