"""Draws docs/cookbook/imputation.png: what is known of a missing entry, and what completions look like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_iris

from diarize.gmm import GaussianMixtureImputer

OWN, TRUTH, MANY = "#1f5fa8", "#222222", "#d9822b"


def draw_picture(path: Path) -> None:
    """Write the picture: 95 % intervals of petal lengths, and one completion by means beside one by draws."""
    x = load_iris().data
    gone = np.random.default_rng(0).random(x.shape) < 0.2
    y = np.where(gone, np.nan, x)
    imputer = GaussianMixtureImputer(random_state=0).fit(y)
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, *right = figure.subplots(1, 3, width_ratios=[1.5, 1, 1])
    low, high = (ends[:, 2] for ends in imputer.predict_interval(y))
    chosen = np.flatnonzero(gone[:, 2])
    chosen = chosen[np.argsort(imputer.transform(y)[chosen, 2])]
    places = np.arange(len(chosen))
    left.vlines(places, low[chosen], high[chosen], color=OWN, alpha=0.4, lw=4, label="95 % interval")
    left.plot(places, imputer.transform(y)[chosen, 2], "_", color=OWN, ms=8, label="mean")
    left.plot(places, x[chosen, 2], ".", color=TRUTH, ms=6, label="removed value")
    left.set(title="Missing petal lengths, in cm", xlabel="flower")
    left.legend(frameon=False)
    touched = gone[:, 2] | gone[:, 3]
    both = {"filled by the mean": imputer.transform(y), "drawn": imputer.set_params(how="sample").transform(y)}
    for axes, (title, found) in zip(right, both.items(), strict=True):
        axes.plot(x[~touched, 2], x[~touched, 3], ".", color="#bbbbbb", ms=4)
        axes.plot(found[touched, 2], found[touched, 3], ".", color=MANY, ms=6)
        axes.set(title=title, xlabel="petal length", ylabel="petal width", xlim=(0, 8), ylim=(-0.5, 3.2))
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    draw_picture(Path(__file__).resolve().parents[1] / "imputation.png")
