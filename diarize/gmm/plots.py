"""Pictures of mixtures; matplotlib is loaded only when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")
"""Told apart by colour-blind people too (Paul Tol's bright scheme)."""

_MARKS = ("o", "s", "^", "D")
_MISSING = 'pictures need matplotlib; install it with pip install "gmm-diarize[plot]"'


def canvas(to: str | PathLike[str] | Any, width: float = 6.4, height: float = 4.0) -> tuple[Any, Any]:
    """Return axes to draw on, and the figure to save if `to` is the path of a file, else None.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(_MISSING) from error
    if not isinstance(to, str | PathLike):
        return to, None
    figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
    return figure.subplots(), figure


def draw_selection(
    results: Mapping[str, npt.NDArray[Any]], criterion: str, best: int, to: str | PathLike[str] | Any
) -> Any:
    """Draw a criterion over the number of components, a line for each covariance type; return the axes.

    Parameters
    ----------
    results : mapping of arrays
        The table of a `GaussianMixtureSelector`.
    criterion : {'bic', 'aic', 'icl', 'cv'}
        What is drawn.
    best : int
        Row of the table that is marked.
    to : path or matplotlib Axes
        A file to write or axes to draw on.
    """
    axes, figure = canvas(to)
    name, sizes = ("cv_log_likelihood" if criterion == "cv" else criterion), results["n_components"]
    values, bad = results[name], results["collapsed"].astype(bool)
    for place, kind in enumerate(dict.fromkeys(results["covariance_type"].tolist())):
        shown = (results["covariance_type"] == kind) & np.isfinite(values)
        look = {"color": COLOURS[place % len(COLOURS)], "marker": _MARKS[place % len(_MARKS)], "label": kind}
        if criterion == "cv":
            axes.errorbar(
                sizes[shown], values[shown], results["cv_standard_error"][shown], capsize=2, linewidth=1.2, **look
            )
        else:
            axes.plot(sizes[shown], values[shown], linewidth=1.2, markersize=5, **look)
    if bad.any():
        axes.plot(sizes[bad], values[bad], "kx", markersize=9, label="collapsed")
    kind, size = results["covariance_type"][best], sizes[best]
    axes.plot(size, values[best], "o", markersize=14, fillstyle="none", color="black", label=f"chosen: {kind}, {size}")
    axes.set_xticks(np.unique(sizes)) if len(np.unique(sizes)) <= 20 else None
    axes.set_xlabel("components")
    axes.set_ylabel(
        "held-out log-likelihood per row (higher is better)"
        if criterion == "cv"
        else f"{criterion.upper()} (lower is better)"
    )
    axes.legend(fontsize="small")
    if figure is not None:
        figure.savefig(to)
    return axes


def draw_calibration(probabilities: npt.NDArray[Any], names: Sequence[str], to: str | PathLike[str] | Any) -> Any:
    """Draw the distribution of probabilities (n, n_features) against the even one; return the axes.

    What a share may differ by, in 95 of 100 cases everywhere at once, is shown in grey (Kolmogorov-Smirnov).
    """
    from scipy.stats import kstwobign

    axes, figure = canvas(to, 4.8, 4.4)
    count = len(probabilities)
    band = float(kstwobign.ppf(0.95)) / np.sqrt(count)
    axes.fill_between([0, 1], [-band, 1 - band], [band, 1 + band], color="#dddddd", linewidth=0, label="95 % by chance")
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.8)
    share = np.arange(1, count + 1) / count
    for place, name in enumerate(names):
        colour = COLOURS[place % len(COLOURS)]
        axes.step(np.sort(probabilities[:, place]), share, where="post", color=colour, linewidth=1.2, label=name)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("probability under the model")
    axes.set_ylabel("share of held-out entries below")
    if len(names) <= 10:
        axes.legend(fontsize="small")
    if figure is not None:
        figure.savefig(to)
    return axes
