"""Draw docs/cookbook/clustering.png: BIC of each model, and three groups of flowers with their ambiguity.

python docs/cookbook/make_pictures/clustering.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _palette import save
from matplotlib.figure import Figure
from sklearn.datasets import load_iris

from diarize.gmm import GaussianMixtureClustering
from diarize.gmm.plots import COLOURS

TARGET = Path(__file__).resolve().parents[1] / "clustering.png"


def draw(target: Path = TARGET) -> None:
    """Write the picture."""
    flowers = load_iris()
    rows = flowers.data
    figure = Figure(figsize=(9.0, 3.8), dpi=90, layout="constrained")
    left, right = figure.subplots(1, 2)
    GaussianMixtureClustering(5, random_state=0).fit(rows).plot(left)
    left.set_title("Which model?", fontsize=10)
    three = GaussianMixtureClustering([3], covariance_types="full", random_state=0).fit(rows)
    undecided = three.ambiguity(rows)
    turn = np.linspace(0, 2 * np.pi, 100)
    circle = 2 * np.stack([np.cos(turn), np.sin(turn)])
    for group in range(3):
        chosen, colour = three.labels_ == group, COLOURS[group]
        right.scatter(
            rows[chosen, 2], rows[chosen, 3], 12 + 130 * undecided[chosen], color=colour, alpha=0.6, linewidths=0
        )
        root = np.linalg.cholesky(three.best_estimator_.covariances_[group][2:, 2:])
        edge = three.best_estimator_.means_[group][2:, None] + root @ circle
        right.plot(*edge, color=colour, linewidth=1.2)
    right.set_xlabel("petal length (cm)")
    right.set_ylabel("petal width (cm)")
    right.set_title("Three groups; the larger a dot, the more ambiguous", fontsize=10)
    save(figure, target)


if __name__ == "__main__":
    draw()
