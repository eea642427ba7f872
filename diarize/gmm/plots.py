"""Pictures of mixtures and of rows: groups, scores, densities, imputed entries; matplotlib is loaded to draw only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")
"""Told apart by colour-blind people too (Paul Tol's bright scheme)."""

_POINT = 14.0  # points squared
_BINS = 40
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


def draw_selection(results: Mapping[str, Values], criterion: str, best: int, to: str | PathLike[str] | Any) -> Any:
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


def draw_calibration(probabilities: Values, names: Sequence[str], to: str | PathLike[str] | Any) -> Any:
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


def principal_plane(rows: Values) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return rows seen along the two directions in which standardised columns vary most, and their shares of variance.

    Parameters
    ----------
    rows : array (n_samples, n_features)
        NaN counts as the column's mean.

    Returns
    -------
    places : array (n_samples, 2)
        The second coordinate is 0 where there is one feature only.
    shares : array (2,)
    """
    observed = np.isfinite(rows)
    count = np.maximum(observed.sum(axis=0), 1)
    centre = np.where(observed, rows, 0.0).sum(axis=0) / count
    moved = np.where(observed, rows - centre, 0.0)
    spread = np.sqrt((moved**2).sum(axis=0) / count)
    even = moved / np.where(spread > 0, spread, 1.0)
    _, scale, axes = np.linalg.svd(even, full_matrices=False)
    kept = min(2, len(scale))
    places, shares = np.zeros((len(rows), 2)), np.zeros(2)
    places[:, :kept] = even @ axes[:kept].T
    shares[:kept] = scale[:kept] ** 2 / max(float((scale**2).sum()), 1e-300)
    return places, shares


def _label_plane(axes: Any, shares: Values) -> None:
    axes.set_xlabel(f"first principal axis ({shares[0]:.0%} of variance)")
    axes.set_ylabel(f"second principal axis ({shares[1]:.0%})")


def draw_groups(rows: Values, labels: Values, ambiguity: Values, axes: Any) -> None:
    """Draw rows in the colours of their groups, the paler the less sure.

    Parameters
    ----------
    rows : array (n_samples, n_features)
    labels : array (n_samples,) of int
    ambiguity : array (n_samples,)
        0 for sure, 1 for undecided.
    axes : matplotlib Axes
    """
    places, shares = principal_plane(rows)
    for group in np.unique(labels):
        mine = labels == group
        alpha = 1 - 0.8 * np.clip(ambiguity[mine], 0, 1)
        colour = COLOURS[int(group) % len(COLOURS)]
        axes.scatter(*places[mine].T, s=_POINT, color=colour, alpha=alpha, linewidths=0, label=f"group {group}")
    _label_plane(axes, shares)
    axes.legend(frameon=False, markerscale=1.5)


def draw_scores(scores: Values, threshold: float, axes: Any) -> None:
    """Draw how the scores of rows are spread, and the threshold below which they are outliers."""
    usual = scores[scores >= threshold]
    low = min(float(np.quantile(scores, 0.001)), threshold)
    edges = np.linspace(low, float(scores.max()) + 1e-12, _BINS + 1)
    axes.hist(np.maximum(usual, low), edges, color=COLOURS[0], label=f"{len(usual)} usual rows")
    count = len(scores) - len(usual)
    if count:
        outliers = np.maximum(scores[scores < threshold], low)
        axes.hist(outliers, edges, color=COLOURS[1], label=f"{count} outliers")
    axes.axvline(threshold, color="black", linewidth=1, linestyle="--", label="threshold")
    axes.set_yscale("symlog")
    axes.set_xlabel("log density, nats")
    axes.set_ylabel("rows")
    axes.legend(frameon=False)


def draw_imputed(rows: Values, filled: Values, axes: Any) -> None:
    """Draw complete rows and, in another colour, those where something was filled in."""
    places, shares = principal_plane(filled)
    holed = np.isnan(rows).any(axis=1)
    for mine, colour, name in ((~holed, COLOURS[6], "complete rows"), (holed, COLOURS[1], "rows filled in")):
        axes.scatter(*places[mine].T, s=_POINT, color=colour, alpha=0.7, linewidths=0, label=f"{mine.sum()} {name}")
    _label_plane(axes, shares)
    axes.legend(frameon=False)


def draw_features(rows: Values, names: Sequence[str], axes: Any) -> None:
    """Draw standardised features of rows as a map, rows in the order of the feature that varies together with most."""
    spread = rows.std(axis=0)
    even = (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    order = np.argsort(principal_plane(rows)[0][:, 0], kind="stable")
    axes.imshow(even[order].T, aspect="auto", cmap="RdBu_r", vmin=-3, vmax=3, interpolation="nearest")
    shown = np.unique(np.linspace(0, len(names) - 1, min(len(names), 30)).astype(int))
    axes.set_yticks(shown, [names[place] for place in shown], fontsize=7)
    axes.set_xlabel("rows, along their first principal axis")


def draw_density(rows: Values, log_density: Values, axes: Any) -> None:
    """Draw rows in the colour of their log density."""
    places, shares = principal_plane(rows)
    order = np.argsort(log_density)
    drawn = axes.scatter(*places[order].T, s=_POINT, c=log_density[order], cmap="viridis", linewidths=0)
    axes.figure.colorbar(drawn, ax=axes, label="log density, nats")
    _label_plane(axes, shares)
