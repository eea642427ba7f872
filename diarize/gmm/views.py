"""Pictures of rows: their groups, scores, densities and imputed entries, on axes of matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.gmm.plots import COLOURS

Floats = npt.NDArray[Any]

_POINT = 14.0  # points squared
_BINS = 40


def principal_plane(rows: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
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


def _label_plane(axes: Any, shares: Floats) -> None:
    axes.set_xlabel(f"first principal axis ({shares[0]:.0%} of variance)")
    axes.set_ylabel(f"second principal axis ({shares[1]:.0%})")


def draw_groups(rows: Floats, labels: Floats, ambiguity: Floats, axes: Any) -> None:
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


def draw_scores(scores: Floats, threshold: float, axes: Any) -> None:
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


def draw_imputed(rows: Floats, filled: Floats, axes: Any) -> None:
    """Draw complete rows and, in another colour, those of which something was filled in."""
    places, shares = principal_plane(filled)
    holed = np.isnan(rows).any(axis=1)
    for mine, colour, name in ((~holed, COLOURS[6], "complete rows"), (holed, COLOURS[1], "rows filled in")):
        axes.scatter(*places[mine].T, s=_POINT, color=colour, alpha=0.7, linewidths=0, label=f"{mine.sum()} {name}")
    _label_plane(axes, shares)
    axes.legend(frameon=False)


def draw_features(rows: Floats, names: Sequence[str], axes: Any) -> None:
    """Draw standardised features of rows as a map, rows in the order of the feature that varies together with most."""
    spread = rows.std(axis=0)
    even = (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    order = np.argsort(principal_plane(rows)[0][:, 0], kind="stable")
    axes.imshow(even[order].T, aspect="auto", cmap="RdBu_r", vmin=-3, vmax=3, interpolation="nearest")
    shown = np.unique(np.linspace(0, len(names) - 1, min(len(names), 30)).astype(int))
    axes.set_yticks(shown, [names[place] for place in shown], fontsize=7)
    axes.set_xlabel("rows, along their first principal axis")


def draw_density(rows: Floats, log_density: Floats, axes: Any) -> None:
    """Draw rows in the colour of their log density."""
    places, shares = principal_plane(rows)
    order = np.argsort(log_density)
    drawn = axes.scatter(*places[order].T, s=_POINT, c=log_density[order], cmap="viridis", linewidths=0)
    axes.figure.colorbar(drawn, ax=axes, label="log density, nats")
    _label_plane(axes, shares)
