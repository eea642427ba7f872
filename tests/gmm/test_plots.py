"""Pictures: what is drawn, and what is said where they cannot be."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from diarize.gmm import plots
from diarize.gmm.plots import canvas, draw_selection

RESULTS = {
    "covariance_type": np.array(["full", "full", "diag", "diag"]),
    "n_components": np.array([1, 2, 1, 2]),
    "bic": np.array([9.0, 7.0, 8.0, 5.0]),
    "cv_log_likelihood": np.array([-9.0, -7.0, -8.0, -np.inf]),
    "cv_standard_error": np.array([1.0, 1.0, 1.0, np.nan]),
    "collapsed": np.array([False, False, False, True]),
}


@pytest.mark.parametrize("criterion", ["bic", "cv"])
def test_a_line_for_each_type(criterion: str, tmp_path: Path) -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = figure.subplots()
    assert draw_selection(RESULTS, criterion, 1, axes) is axes
    labels = axes.get_legend_handles_labels()[1]
    assert {"full", "diag", "chosen: full, 2", "collapsed"} == set(labels)
    draw_selection(RESULTS, criterion, 1, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_axes_are_drawn_on_as_they_are() -> None:
    pytest.importorskip("matplotlib")
    axes = object()
    assert canvas(axes) == (axes, None)


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "gmm-diarize\[plot\]"'):
        canvas("picture.png")


ROWS = np.random.default_rng(0).normal(size=(60, 3)) * [1.0, 20.0, 0.1] + [0.0, 5.0, 100.0]


@pytest.fixture
def axes() -> object:
    figure = pytest.importorskip("matplotlib.figure", reason="matplotlib is not installed")
    return figure.Figure().subplots()


def test_the_plane_is_that_of_principal_components() -> None:
    rows = ROWS @ [[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    places, shares = plots.principal_plane(rows)
    model = PCA(2).fit(StandardScaler().fit_transform(rows))
    expected = model.transform(StandardScaler().fit_transform(rows))
    np.testing.assert_allclose(np.abs(places), np.abs(expected), atol=1e-9)
    np.testing.assert_allclose(shares, model.explained_variance_ratio_)


def test_the_plane_of_odd_rows() -> None:
    places, shares = plots.principal_plane(np.array([[1.0], [2.0], [np.nan]]))
    np.testing.assert_allclose(places[:, 1], 0)
    np.testing.assert_allclose(shares, [1, 0])
    assert not plots.principal_plane(np.ones((4, 2)))[0].any()


def test_groups(axes: object) -> None:
    labels = np.arange(60) % 3
    plots.draw_groups(ROWS, labels, np.linspace(0, 1, 60), axes)
    assert [len(drawn.get_offsets()) for drawn in axes.collections] == [20, 20, 20]  # type: ignore[attr-defined]


def test_scores(axes: object) -> None:
    scores = np.concatenate([np.linspace(-3, 0, 50), [-80.0, -90.0]])
    plots.draw_scores(scores, -10.0, axes)
    usual, odd = axes.containers  # type: ignore[attr-defined]
    assert sum(bar.get_height() for bar in usual) == 50
    assert sum(bar.get_height() for bar in odd) == 2


def test_imputed_density_and_features(axes: object) -> None:
    holed = ROWS.copy()
    holed[:5, 1] = np.nan
    plots.draw_imputed(holed, ROWS, axes)
    complete, filled = axes.collections  # type: ignore[attr-defined]
    assert (len(complete.get_offsets()), len(filled.get_offsets())) == (55, 5)
    plots.draw_density(ROWS, ROWS[:, 0], axes)
    drawn = axes.collections[-1]  # type: ignore[attr-defined]
    np.testing.assert_allclose(drawn.get_array(), np.sort(ROWS[:, 0]))
    plots.draw_features(ROWS, ["a", "b", "c"], axes)
    assert axes.images[0].get_array().shape == (3, 60)  # type: ignore[attr-defined]
