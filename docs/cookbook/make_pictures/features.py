"""The picture of features.md: python docs/cookbook/make_pictures/features.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diarize.gmm import GaussianMixtureFeatures

COLOURS = ("#1f5fa8", "#c0392b")


def picture() -> Figure:
    """Draw the borders of a linear classifier without and with the features of a mixture."""
    rows, labels = make_moons(400, noise=0.17, random_state=0)
    scale, classifier = StandardScaler(), LogisticRegression()
    features = GaussianMixtureFeatures(random_state=0)
    models = {
        "Logistic regression": make_pipeline(scale, classifier),
        "with GaussianMixtureFeatures": make_pipeline(scale, features, StandardScaler(), classifier),
    }
    figure = Figure(figsize=(8.5, 3.2), layout="constrained")
    x, y = np.meshgrid(np.linspace(-1.6, 2.6, 200), np.linspace(-1.1, 1.6, 150))
    for axes, (title, model) in zip(figure.subplots(1, 2, sharey=True), models.items(), strict=True):
        model.fit(rows, labels)
        chance = model.predict_proba(np.c_[x.ravel(), y.ravel()])[:, 1].reshape(x.shape)
        axes.contourf(x, y, chance, levels=np.linspace(0, 1, 6), cmap="RdBu_r", alpha=0.35)
        axes.contour(x, y, chance, levels=[0.5], colors="black", linewidths=1.5)
        for label, colour in enumerate(COLOURS):
            axes.scatter(*rows[labels == label].T, s=6, color=colour)
        if len(model) > 2:
            mixture, scaler = model[1].mixture_, model[0]
            axes.scatter(*scaler.inverse_transform(mixture.means_).T, marker="+", s=90, color="black", label="means")
            axes.legend(loc="upper right", frameon=False, fontsize=8)
        axes.set_title(f"{title}: {100 * model.score(rows, labels):.1f} % right", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    picture().savefig(Path(__file__).parents[1] / "features.png", dpi=80)
