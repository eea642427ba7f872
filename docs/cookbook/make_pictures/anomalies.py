"""The picture of anomalies.md: python docs/cookbook/make_pictures/anomalies.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer

from diarize.gmm import GaussianMixtureOutlierDetector

RED, BLUE, GREY = "#c0392b", "#1f5fa8", "#777777"


def spoilt_rows() -> tuple[np.ndarray, np.ndarray]:
    """Return a correlated cloud with a clump of outliers, and which rows these are."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 2)) @ [[1.0, 0.8], [0.0, 0.35]]
    outlier = np.arange(400) < 60
    rows[outlier] = rng.normal([1.7, -1.4], 0.3, (60, 2))
    return rows, outlier


def picture() -> Figure:
    """Draw thresholds with and without trimming, and the reasons of one row."""
    figure = Figure(figsize=(9.5, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    rows, outlier = spoilt_rows()
    grid = np.stack(np.meshgrid(np.linspace(-4, 4, 150), np.linspace(-4, 4, 150)), axis=-1)
    for trim, colour in ((0.0, GREY), (0.3, RED)):
        detector = GaussianMixtureOutlierDetector(trim=trim).fit(rows)
        inside = detector.decision_function(grid.reshape(-1, 2)).reshape(150, 150)
        left.contour(grid[..., 0], grid[..., 1], inside, levels=[0], colors=colour, linewidths=1.8)
        left.plot([], [], color=colour, label="fitted to all rows" if trim == 0 else "fitted to the likelier 70 %")
    left.scatter(*rows[~outlier].T, s=6, color=BLUE)
    left.scatter(*rows[outlier].T, s=9, color=RED, marker="x", linewidths=0.8)
    left.set(title="15 % outliers in the training rows", xlim=(-4, 4), ylim=(-4, 4))
    left.legend(loc="upper left", frameon=False, fontsize=8)

    data = load_breast_cancer()
    names, measured = data.feature_names[:10], data.data[:, :10]
    detector = GaussianMixtureOutlierDetector(contamination=0).fit(measured[data.target == 1])
    malignant = measured[data.target == 0]
    row = malignant[[np.argsort(detector.score_samples(malignant))[len(malignant) // 2]]]
    reasons, expected = detector.explain(row)[0], detector.expected(row)[0]
    order = np.argsort(reasons)
    right.barh(names[order], reasons[order], color=RED)
    for place, j in enumerate(order):
        right.text(reasons[j] + 0.2, place, f"{row[0, j]:.3g}, expected {expected[j]:.3g}", va="center", fontsize=8)
    right.set(title="A malignant sample among benign ones", xlim=(0, 1.6 * reasons.max()))
    right.set_xlabel("nats gained if the feature were as the others suggest")
    right.tick_params(axis="y", labelsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    picture().savefig(Path(__file__).parents[1] / "anomalies.png", dpi=68)
