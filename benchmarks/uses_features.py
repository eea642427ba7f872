"""Features of a mixture: accuracy of logistic regression without and with them, cross-validated, in one run.

    python benchmarks/uses_features.py [--shared PATH] [--repeats N]

Five folds, repeated; everything, the mixture too, is fitted inside the pipeline to the training part of a fold:
standardise, features, standardise, logistic regression. Both sides get the same folds and the defaults; at most 2000
rows of a set are taken. The gain is the mean over repeats of the difference in accuracy, in points, with the standard
deviation of the repeats. "fisher" are the features with Fisher vectors in the place of posteriors and distances.
"""

from __future__ import annotations

import argparse
import csv
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diarize.gmm import GaussianMixtureFeatures

SHARED = Path(__file__).resolve().parents[2] / "shared"
FOLDS, MOST_ROWS = 5, 2000
BUNDLED = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer, "digits": load_digits}
TABLES = ("banknote", "diabetes", "thyroid")
OUTLIER_SETS = ("vertebral", "Pima", "yeast", "fault", "landsat", "Waveform")


def sets(shared: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield name, rows and labels."""
    for name, load in BUNDLED.items():
        data = load()
        yield name, data.data, data.target
    for name in TABLES:
        with (shared / "known_answers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            cells = np.array(list(csv.reader(file))[1:])
        yield name, cells[:, 1:].astype(float), cells[:, 0]
    for name in OUTLIER_SETS:
        with np.load(shared / "known_answers" / "anomaly" / f"{name}.npz") as data:
            yield name, data["X"].astype(float), data["y"].ravel()


def accuracy(rows: np.ndarray, labels: np.ndarray, repeats: int, *steps: object) -> np.ndarray:
    """Return the accuracy of each repeat, (repeats,)."""
    model = make_pipeline(StandardScaler(), *steps, LogisticRegression(max_iter=500))
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=repeats, random_state=0)
    return cross_val_score(model, rows, labels, cv=folds).reshape(repeats, FOLDS).mean(axis=1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder that holds known_answers/")
    parser.add_argument("--repeats", type=int, default=3, help="of the cross-validation")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("| set | rows, features | raw % | with features % | gain | fisher gain |\n|---|---|---|---|---|---|")
    for name, rows, labels in sets(options.shared):
        if len(rows) > MOST_ROWS:
            chosen = np.random.default_rng(0).permutation(len(rows))[:MOST_ROWS]
            rows, labels = rows[chosen], labels[chosen]
        raw = accuracy(rows, labels, options.repeats)
        cells = [f"{name} | {len(rows)}, {rows.shape[1]}", f"{100 * raw.mean():.1f}"]
        for blocks in (GaussianMixtureFeatures().blocks, ("input", "fisher")):
            features = GaussianMixtureFeatures(blocks=blocks, random_state=0)
            better = accuracy(rows, labels, options.repeats, features, StandardScaler())
            gain = 100 * (better - raw)
            if len(cells) == 2:
                cells.append(f"{100 * better.mean():.1f}")
            cells.append(f"{gain.mean():+.1f} ± {gain.std(ddof=1) if len(gain) > 1 else 0:.1f}")
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
