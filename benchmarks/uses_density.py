"""Density estimation beside kernel density estimates and scikit-learn's mixture with a size by BIC, in one run.

    python benchmarks/uses_density.py [--shared PATH] [--splits N] [--only NAME]

Each data set is split at random, two thirds to train on, N times, the same splits for all. Columns are scaled by what
is trained on. Figures are means over splits of the mean log-likelihood per held-out row, in nats, and in brackets the
standard deviation over splits.

ours        GaussianMixtureDensity with its defaults; components: the median of what was chosen.
KDE         scikit-learn's KernelDensity, Gaussian, with the best of 20 bandwidths by 5-fold cross-validation.
BIC         scikit-learn's GaussianMixture, full covariances, the best of 1 to 10 components by BIC.
calibrated  share of features, over splits, whose probabilities of held-out rows a Kolmogorov-Smirnov test at 5 %
            accepts; 95 % would be right for a model without error.
"""

from __future__ import annotations

import argparse
import csv
import re
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity

from diarize.gmm import GaussianMixtureDensity

SHARED = ("faithful", "thyroid", "acidity", "banknote")
NAMES = (*SHARED, "iris", "wine", "diabetes", "cancer")


def load(folder: Path, name: str) -> np.ndarray:
    """Return the numbers of a data set."""
    if name in SHARED:
        with (folder / f"{name}.csv").open(encoding="utf-8") as file:
            _, *lines = csv.reader(file)
        return np.array([[float(cell) for cell in line if re.fullmatch(r"[-\d.e]+", cell)] for line in lines])
    if name == "cancer":
        return np.log(load_breast_cancer().data[:, :6] + 0.01)  # radius to compactness, which are skewed
    if name == "diabetes":
        return load_diabetes().data[:, 2:10]
    return {"iris": load_iris, "wine": load_wine}[name]().data


def by_bic(rows: np.ndarray) -> GaussianMixture:
    """Return scikit-learn's mixture of the size that BIC prefers."""
    fits = [GaussianMixture(size, n_init=2, random_state=0).fit(rows) for size in range(1, 11)]
    return min(fits, key=lambda fit: fit.bic(rows))


def kernels(rows: np.ndarray) -> KernelDensity:
    """Return a kernel density estimate whose bandwidth is found by cross-validation."""
    search = GridSearchCV(KernelDensity(), {"bandwidth": np.logspace(-1.3, 0.3, 20)}, cv=5)
    return search.fit(rows).best_estimator_


def compare(rows: np.ndarray, splits: int) -> list[str]:
    """Return a row of the table."""
    means: dict[str, list[float]] = {"ours": [], "KDE": [], "BIC": []}
    seconds = dict.fromkeys(means, 0.0)
    sizes, accepted = [], []
    for split in range(splits):
        order = np.random.default_rng(split).permutation(len(rows))
        train, test = rows[order[: 2 * len(rows) // 3]], rows[order[2 * len(rows) // 3 :]]
        centre, spread = train.mean(axis=0), train.std(axis=0)
        train, test = (train - centre) / spread, (test - centre) / spread
        makers = {"ours": lambda x: GaussianMixtureDensity(random_state=0).fit(x), "KDE": kernels, "BIC": by_bic}
        for name, make in makers.items():
            start = time.process_time()
            model = make(train)
            seconds[name] += (time.process_time() - start) / splits
            means[name].append(float(model.score_samples(test).mean()))
            if name == "ours":
                sizes.append(model.n_components_)
                accepted.extend(model.calibration(test).p_value > 0.05)
    cells = [f"{np.mean(values):.3f} ({np.std(values):.2f})" for values in means.values()]
    ahead = f"{sum(a > b for a, b in zip(means['ours'], means['KDE'], strict=True))} of {splits}"
    times = " / ".join(f"{seconds[name]:.1f}" for name in means)
    return [f"{len(rows)} x {rows.shape[1]}", *cells, ahead, f"{np.median(sizes):g}", f"{np.mean(accepted):.0%}", times]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[1].parent / "shared")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--only", choices=NAMES)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # scikit-learn's mixtures that did not converge
    header = [
        "data",
        "rows",
        "ours",
        "KDE",
        "BIC",
        "ahead of KDE",
        "components",
        "calibrated",
        "CPU s: ours / KDE / BIC",
    ]
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for name in NAMES:
        if options.only in (None, name):
            row = compare(load(options.shared / "known_answers", name), options.splits)
            print("| " + " | ".join([name, *row]) + " |", flush=True)


if __name__ == "__main__":
    main()
