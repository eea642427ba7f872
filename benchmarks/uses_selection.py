"""Selection and soft clustering beside R's mclust: log-likelihoods and choices on five data sets, in one run.

    python benchmarks/uses_selection.py [--shared PATH] [--sizes N] [--only NAME]

mclust's figures are those of its published tables in known_answers/mclust_bic_tables.txt (mclust 6.0.0), not run here.

difference  log-likelihood of ours minus mclust's, over the cells of the four covariance types that both have (VVV full,
            EEE tied, VVI diag, VII spherical) and of 1 to N components. Where ours is lower mclust has found a better
            optimum, and the other way round. Cells that mclust leaves empty are left out, those in which a component of
            ours has collapsed are counted apart.
agreement   adjusted Rand index of groups and known classes, of the chosen model.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from diarize.gmm import GaussianMixtureClustering

MCLUST = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"}
NAMES = ("faithful", "iris", "diabetes", "banknote", "thyroid")
STABLE = {
    ("faithful", "full", 2),
    ("faithful", "tied", 2),
    ("faithful", "diag", 2),
    ("iris", "full", 2),
    ("iris", "tied", 2),
    ("iris", "diag", 2),
    ("iris", "spherical", 2),
    ("banknote", "tied", 3),
    ("banknote", "full", 2),
}
"""Cells in which mclust is known to have found the optimum, or a good one, from most starts."""


def load(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the numbers of a data set, and its classes where it has some."""
    if name == "iris":
        return load_iris(return_X_y=True)
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        _, *lines = csv.reader(file)
    classes = [line[0] for line in lines] if not re.fullmatch(r"[-\d.e]+", lines[0][0]) else None
    rows = np.array([[float(cell) for cell in line if re.fullmatch(r"[-\d.e]+", cell)] for line in lines])
    return rows, None if classes is None else np.array(classes)


def mclust_table(folder: Path, name: str) -> dict[tuple[str, int], float]:
    """Return mclust's BIC for each model name and size, in scikit-learn's sign."""
    section = (folder / "mclust_bic_tables.txt").read_text(encoding="utf-8").split(f"## {name} ")[1].split("Top 3")[0]
    table: dict[tuple[str, int], float] = {}
    columns: list[str] = []
    for words in map(str.split, section.splitlines()):
        if words and all(re.fullmatch("[EVI]{3}", word) for word in words):
            columns = words
        elif columns and words and words[0].isdigit():
            for column, value in zip(columns, words[1:], strict=True):
                if value != "NA":
                    table[column, int(words[0])] = -float(value)
    return table


def compare(folder: Path, name: str, sizes: int) -> list[str]:
    """Return a row of the table."""
    rows, classes = load(folder, name)
    theirs = mclust_table(folder, name)
    start = time.process_time()
    standardised = GaussianMixtureClustering(sizes, covariance_types=("full", "tied", "diag"), random_state=0).fit(rows)
    # mclust does not scale columns, which changes the spherical model
    round_ = GaussianMixtureClustering(sizes, covariance_types="spherical", standardise=False, random_state=0).fit(rows)
    seconds = time.process_time() - start
    differences, stable, collapsed = [], [], 0
    best_bic, choice = math.inf, ""
    for model in (standardised, round_):
        for cell in zip(*model.results_.values(), strict=True):
            row = dict(zip(model.results_, cell, strict=True))
            kind, size = str(row["covariance_type"]), int(row["n_components"])
            if row["collapsed"]:
                collapsed += 1
                continue
            if row["bic"] < best_bic:
                best_bic, choice, chosen = row["bic"], f"{MCLUST[kind]},{size}", model
            if (MCLUST[kind], size) in theirs:
                likelihood = (row["n_parameters"] * math.log(len(rows)) - theirs[MCLUST[kind], size]) / 2
                differences.append(row["log_likelihood"] - likelihood)
                if (name, kind, size) in STABLE:
                    stable.append(differences[-1])
    common = {cell: value for cell, value in theirs.items() if cell[0] in MCLUST.values() and cell[1] <= sizes}
    their_choice = min(common, key=lambda cell: common[cell])
    agreement = "" if classes is None else f"{adjusted_rand_score(classes, chosen.labels_):.3f}"
    lower = sum(value < -0.01 for value in differences)
    return [
        name,
        f"{len(differences)}",
        f"{lower}",
        f"{min(differences):+.2f}",
        f"{np.median(differences):+.2f}",
        f"{min(stable):+.4f}" if stable else "",
        f"{collapsed}",
        f"{choice} {best_bic:.1f}",
        f"{their_choice[0]},{their_choice[1]} {common[their_choice]:.1f}",
        agreement,
        f"{seconds:.1f}",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[1].parent / "shared")
    parser.add_argument("--sizes", type=int, default=9)
    parser.add_argument("--only", choices=NAMES)
    options = parser.parse_args()
    header = ["data", "cells", "lower than mclust", "least difference", "median", "least, stable cells", "collapsed"]
    header += ["chosen, BIC", "mclust", "agreement", "CPU s"]
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for name in NAMES:
        if options.only in (None, name):
            print("| " + " | ".join(compare(options.shared / "known_answers", name, options.sizes)) + " |", flush=True)


if __name__ == "__main__":
    main()
