"""Imputation beside scikit-learn's imputers: error, coverage of intervals, CPU time. Prints tables in Markdown.

    python benchmarks/uses_imputation.py [--shared PATH] [--only error|coverage|pooling|time]

In every set a fifth of the entries is removed at random. Errors are root mean square errors of what was removed, in
standard deviations of the column; the mean over repetitions. The three imputers get the same standardised rows, and
only their defaults.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer

from diarize.gmm import GaussianMixtureImputer, MixtureParameters, conditional_mean, draw, pool_estimates

IMPUTERS = {
    "GaussianMixtureImputer": lambda: GaussianMixtureImputer(random_state=0),
    "IterativeImputer": lambda: IterativeImputer(random_state=0),
    "KNNImputer": lambda: KNNImputer(),
}
SHARE = 0.2


def made(n_rows: int, n_components: int, seed: int) -> np.ndarray:
    """Return rows of 20 columns from a mixture with full covariances of about five strong directions each."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n_components, 20, 5))
    covariances = root @ np.swapaxes(root, 1, 2) / 5 + 0.1 * np.eye(20)
    weights, means = rng.dirichlet(np.full(n_components, 5.0)), rng.normal(size=(n_components, 20))
    return rng.permutation(draw(MixtureParameters(weights, means, covariances, "full"), n_rows, rng)[0])


def holed(x: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows without a fifth of their entries, and which these are."""
    gone = np.random.default_rng(seed).random(x.shape) < SHARE
    return np.where(gone, np.nan, x), gone


def real_sets(shared: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Yield names and rows of real data, from scikit-learn and from the folder of known answers."""
    for load in (load_iris, load_wine, load_diabetes, load_breast_cancer):
        yield load.__name__.removeprefix("load_"), load().data
    for name in ("thyroid", "banknote"):
        path = shared / "known_answers" / f"{name}.csv"
        if path.is_file():
            table = np.genfromtxt(path, delimiter=",", skip_header=1)
            yield name, table[:, ~np.isnan(table).any(axis=0)]
    for name in ("vertebral", "Stamps", "cardio", "Pima", "yeast", "fault", "PageBlocks", "Waveform"):
        path = shared / "known_answers" / "anomaly" / f"{name}.npz"
        if path.is_file():
            with np.load(path) as arrays:
                rows = arrays["X"].astype(float)
            rows = rows[np.random.default_rng(0).permutation(len(rows))[:1000]]
            yield f"{name}", rows[:, rows.std(axis=0) > 0]


def errors(shared: Path, repetitions: int = 3) -> None:
    """Print the error of each imputer on each set."""
    print("| data | rows x columns | " + " | ".join(IMPUTERS) + " | best |\n|---|---|" + "---|" * (len(IMPUTERS) + 1))
    sets = [("mixture of 5", made(10_000, 5, 0), 1), *((name, x, repetitions) for name, x in real_sets(shared))]
    for name, x, times in sets:
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        means = dict.fromkeys(IMPUTERS, 0.0)
        for seed in range(times):
            y, gone = holed(x, seed)
            for own, make in IMPUTERS.items():
                means[own] += float(np.sqrt(np.mean((make().fit_transform(y) - x)[gone] ** 2))) / times
        best = min(means, key=means.__getitem__)
        print(
            f"| {name} | {len(x)} x {x.shape[1]} | " + " | ".join(f"{v:.3f}" for v in means.values()) + f" | {best} |"
        )


def coverage() -> None:
    """Print how many removed values lie in their 95 % intervals, on rows of the mixture trained on and on new ones."""
    print("| rows of training | components (true) | components found | inside, training | inside, new rows |")
    print("|---|---|---|---|---|")
    for n_rows, size in ((1000, 1), (3000, 3), (10_000, 5)):
        x = made(n_rows + 3000, size, 1)
        y, gone = holed(x, 2)
        imputer = GaussianMixtureImputer(random_state=0).fit(y[:n_rows])
        low, high = imputer.predict_interval(y)
        inside = (low <= x) & (x <= high)
        parts = [inside[rows][gone[rows]].mean() for rows in (slice(n_rows), slice(n_rows, None))]
        print(f"| {n_rows} | {size} | {imputer.n_components_} | {parts[0]:.1%} | {parts[1]:.1%} |")


def pooling(repetitions: int = 100, count: int = 80) -> None:
    """Print how often pooled 95 % intervals hold the true mean and slope, half of one column missing at random."""
    rng, inside = np.random.default_rng(0), np.zeros(3)
    for _ in range(repetitions):
        x = rng.multivariate_normal([0.0, 0.0], [[1.0, 0.6], [0.6, 1.0]], size=count)
        y = x.copy()
        y[rng.random(count) < 1 / (1 + np.exp(-x[:, 0])), 1] = np.nan
        imputer = GaussianMixtureImputer(1, random_state=int(rng.integers(2**31))).fit(y)
        many = imputer.impute_many(y, 10)
        means, slopes = zip(*(analysed(rows) for rows in [*many, imputer.transform(y)]), strict=True)
        for place, (kind, truth, freedom) in enumerate(((means, 0.0, count - 1), (slopes, 0.6, count - 2))):
            values, variances = np.transpose(kind[:-1])
            pooled = pool_estimates(values, variances, complete_degrees_of_freedom=freedom)
            inside[place] += pooled.low <= truth <= pooled.high
        value, variance = means[-1]
        inside[2] += abs(value) < 1.99 * np.sqrt(variance)
    print("| pooled mean | pooled slope | mean of one completion, as if nothing had been missing |\n|---|---|---|")
    print("| " + " | ".join(f"{value / repetitions:.1%}" for value in inside) + " |")


def analysed(rows: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the mean of the second column and its slope on the first, each with its squared standard error."""
    first, second = (rows - rows.mean(axis=0)).T
    slope = first @ second / (first @ first)
    left = second - slope * first
    count = len(rows)
    spread = rows[:, 1].var(ddof=1) / count
    return (rows[:, 1].mean(), spread), (slope, left @ left / (count - 2) / (first @ first))


def naive(y: np.ndarray, mixture: MixtureParameters) -> np.ndarray:
    """Return the conditional means, pattern by pattern and component by component in numpy."""
    filled = y.copy()
    patterns, place = np.unique(np.isnan(y), axis=0, return_inverse=True)
    for number, lost in enumerate(patterns):
        rows = np.flatnonzero(place.ravel() == number)
        logs, means = [], []
        for weight, mean, matrix in zip(mixture.weights, mixture.means, mixture.covariances, strict=True):
            known = matrix[~lost][:, ~lost]
            away = y[rows][:, ~lost] - mean[~lost]
            solved = np.linalg.solve(known, away.T).T
            logs.append(np.log(weight) - 0.5 * (np.linalg.slogdet(known)[1] + (solved * away).sum(axis=1)))
            means.append(mean[lost] + solved @ matrix[~lost][:, lost])
        shares = np.exp(np.array(logs) - np.max(logs, axis=0))
        filled[np.ix_(rows, lost)] = np.einsum("kn,knd->nd", shares / shares.sum(axis=0), np.array(means))
    return filled


def times() -> None:
    """Print CPU seconds for 50,000 rows of 20 columns, and of one pass over a part of them by a loop over patterns."""
    y, _ = holed(made(50_000, 5, 0), 1)
    GaussianMixtureImputer(2, random_state=0).fit_transform(y[:500])  # compiles
    imputer = GaussianMixtureImputer(random_state=0)
    fitting = cpu(lambda: imputer.fit(y))
    filling = cpu(lambda: imputer.transform(y))
    one = cpu(lambda: GaussianMixtureImputer(5, random_state=0).fit(y))
    interval = cpu(lambda: imputer.predict_interval(y))
    mixture, part = imputer.mixture_.parameters_, y[:5000]
    loop = cpu(lambda: naive(part, mixture))
    batched = cpu(lambda: conditional_mean(part, mixture))
    np.testing.assert_allclose(naive(part[:200], mixture), conditional_mean(part[:200], mixture), rtol=1e-6)
    print("| what | CPU s |\n|---|---|")
    print(f"| fit, size by BIC ({imputer.n_components_} found, {imputer.n_iter_} last iterations) | {fitting:.1f} |")
    print(f"| transform | {filling:.2f} |\n| fit, size given | {one:.1f} |\n| intervals | {interval:.1f} |")
    print(f"| conditional means of 5,000 rows | {batched:.3f} |\n| the same, a loop over patterns | {loop:.2f} |")
    x = holed(made(50_000, 5, 0)[:10_000], 1)[0]
    print(f"| IterativeImputer, 10,000 rows | {cpu(lambda: IterativeImputer(random_state=0).fit_transform(x)):.1f} |")


def cpu(work) -> float:
    """Return the CPU seconds that a call takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[1].parent / "shared"
    parser.add_argument("--shared", type=Path, default=beside, help="folder with known_answers/")
    parser.add_argument("--only", choices=["error", "coverage", "pooling", "time"])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    parts = {"time": times, "coverage": coverage, "pooling": pooling, "error": lambda: errors(options.shared)}
    for name, show in parts.items():
        if options.only in (None, name):
            print(f"\n## {name}\n", flush=True)
            show()


if __name__ == "__main__":
    main()
