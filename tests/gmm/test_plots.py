"""Pictures: what is drawn, and what is said where they cannot be."""

from __future__ import annotations

import sys

import numpy as np
import pytest

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
def test_a_line_for_each_type(criterion, tmp_path):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = figure.subplots()
    assert draw_selection(RESULTS, criterion, 1, axes) is axes
    labels = axes.get_legend_handles_labels()[1]
    assert {"full", "diag", "chosen: full, 2", "collapsed"} == set(labels)
    draw_selection(RESULTS, criterion, 1, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_axes_are_drawn_on_as_they_are():
    pytest.importorskip("matplotlib")
    axes = object()
    assert canvas(axes) == (axes, None)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "gmm-diarize\[plot\]"'):
        canvas("picture.png")
