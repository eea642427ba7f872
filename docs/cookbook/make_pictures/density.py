"""Draw docs/cookbook/density.png: the density of two features of wines, and calibration on held-out wines.

python docs/cookbook/make_pictures/density.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _palette import save
from matplotlib.figure import Figure
from sklearn.datasets import load_wine

from diarize.gmm import GaussianMixtureDensity
from diarize.gmm.plots import COLOURS

TARGET = Path(__file__).resolve().parents[1] / "density.png"
FEATURES = ["alcohol", "flavanoids", "color_intensity"]


def draw(target: Path = TARGET) -> None:
    """Write the picture."""
    wine = load_wine(as_frame=True).data[FEATURES]
    order = np.random.default_rng(0).permutation(len(wine))
    train, new = wine.iloc[order[:120]], wine.iloc[order[120:]]
    density = GaussianMixtureDensity(random_state=0).fit(train)
    figure = Figure(figsize=(9.0, 4.0), dpi=90, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[5, 4])
    grid = np.meshgrid(np.linspace(10.8, 15.2, 120), np.linspace(0, 5.5, 120))
    pair = density.marginal(["alcohol", "flavanoids"])
    points = np.stack([axis.ravel() for axis in grid], axis=1)
    values = pair.from_parameters(pair.parameters_).score_samples(points).reshape(grid[0].shape)
    levels = values.max() + np.log([0.02, 0.1, 0.3, 0.6, 0.9])
    left.contour(*grid, values, levels=levels, colors=COLOURS[0], linewidths=1, linestyles="solid")
    left.scatter(train["alcohol"], train["flavanoids"], 8, color="#888888", label="trained on")
    left.scatter(new["alcohol"], new["flavanoids"], 16, color=COLOURS[1], label="held out")
    left.set_xlabel("alcohol (%)")
    left.set_ylabel("flavanoids")
    left.set_title(f"A density of {density.n_components_} components", fontsize=10)
    left.legend(fontsize="small")
    density.calibration(new).plot(right)
    right.set_title("Calibration on held-out wines", fontsize=10)
    save(figure, target)


if __name__ == "__main__":
    draw()
