"""One measurement of gmm.py in a process of its own: python _gmm_worker.py TASK FOLDER SETTINGS, answers in JSON.

Tasks: `data` draws rows and a start into the folder; `ours` and `theirs` time a training from that start; `limit` times
the arithmetic that no training can do without; `score` compares the models that `ours` and `theirs` left in the folder.
Heavy packages are imported by the task that needs them, so that none counts in the memory of another.
"""

from __future__ import annotations

import ctypes
import importlib
import itertools
import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Start = dict[str, Array]
"""weights (k,), means (k, d), covariances (k, d) or (k, d, d), transitions (states, states)."""

# Rows that load libraries, compile and fill caches before anything is timed.
WARM_UP = 2048
# Mean distance of two components, in units of their width: with it the best component of a row has a posterior of
# 0.4 to 0.9 in the mean, as the Gaussians of a model of speech have.
SEPARATION = 4.0
STAYS = 0.95


@dataclass(frozen=True, slots=True)
class Settings:
    """What to measure; `k` components in each of `states` states."""

    kind: str  # mixture, missing, bayes, emission or hmm
    n: int
    d: int
    k: int
    states: int
    covariance: str
    dtype: str
    rounds: int = 1
    n_jobs: int = 1

    @property
    def total(self) -> int:
        """Components in all states together."""
        return self.k * self.states


@dataclass(frozen=True, slots=True)
class Job:
    """`run` trains for so many rounds from the given start; `result` says what came out, and is not timed."""

    run: Callable[[int], Any]
    result: Callable[[Any], dict[str, Array]]


def draw(settings: Settings) -> tuple[Array, Start]:
    """Draw correlated, unevenly scaled rows from overlapping components, and a start a few rounds from the optimum."""
    rng = np.random.default_rng(0)
    n, d, k = settings.n, settings.d, settings.total
    turns = np.linalg.qr(rng.normal(size=(k, d, d)))[0]
    widths = rng.permuted(np.tile(np.geomspace(2.0, 0.3, d), (k, 1)), axis=1)
    scale = np.geomspace(10.0, 1.0, d)
    roots = scale[:, None] * turns * widths[:, None, :]
    width = np.sqrt((widths**2).mean())
    means = scale * (rng.normal(0.0, 2.0, d) + rng.normal(0.0, SEPARATION * width / np.sqrt(2 * d), (k, d)))
    lengths = np.diff(np.flatnonzero(rng.random(n) > STAYS), prepend=0, append=n)
    state = np.repeat(rng.integers(settings.states, size=len(lengths)), lengths)
    label = state * settings.k + rng.choice(settings.k, size=n, p=rng.dirichlet(np.full(settings.k, 5.0)))
    x = rng.normal(size=(n, d))
    order = np.argsort(label, kind="stable")
    for c, rows in enumerate(np.split(order, np.cumsum(np.bincount(label, minlength=k))[:-1])):
        x[rows] = means[c] + x[rows] @ roots[c].T
    if settings.kind == "missing":
        x[rng.random(x.shape) < 0.2] = np.nan
    own = roots @ np.swapaxes(roots, 1, 2)
    covariances = 0.5 * own + 0.5 * own.mean(axis=0)
    if settings.covariance == "diag":
        covariances = np.diagonal(covariances, axis1=1, axis2=2)
    start = {
        "weights": np.full(k, 1 / k),
        "means": means + scale * rng.normal(0.0, 0.5 * width, (k, d)) / np.sqrt(d),
        "covariances": covariances,
        "transitions": STAYS * np.eye(settings.states) + (1 - STAYS) / settings.states,
    }
    return x, start


def data(folder: Path, settings: Settings) -> dict[str, Any]:
    """Write the rows for both sides; they are the same numbers, ours in the row's own precision."""
    x, start = draw(settings)
    x = x.astype(settings.dtype)
    np.save(folder / "ours.npy", x)
    np.save(folder / "theirs.npy", x.astype(np.float64))
    np.savez(folder / "start.npz", **start)  # type: ignore[arg-type]  # numpy's stub takes **kwds for allow_pickle
    return {}


def mixture(x: Array, start: Start, settings: Settings, side: str) -> Job:
    """Train a mixture, ordinary or Bayesian: the same call on both sides."""
    library: Any = importlib.import_module("diarize.gmm" if side == "ours" else "sklearn.mixture")
    options: dict[str, Any] = {"n_components": settings.k, "covariance_type": settings.covariance, "tol": 0.0}
    if settings.n_jobs > 1:
        options["n_jobs"] = settings.n_jobs
    if settings.kind == "bayes":
        estimator = library.BayesianGaussianMixture
        # cheap, and the same posteriors on both sides
        options |= {"init_params": "random", "random_state": 0, "reg_covar": 0.0}
    else:
        estimator = library.GaussianMixture
        values = start["covariances"]
        precisions = 1 / values if settings.covariance == "diag" else np.linalg.inv(values)
        options |= {"weights_init": start["weights"], "means_init": start["means"], "precisions_init": precisions}

    def run(rounds: int) -> Any:
        return estimator(max_iter=rounds, **options).fit(x)

    def result(model: Any) -> dict[str, Array]:
        if settings.kind == "bayes":
            return {"likelihoods": np.array([model.score_samples(x).mean(dtype=np.float64)])}
        parts = {name: np.asarray(getattr(model, f"{name}_")) for name in ("weights", "means", "covariances")}
        return {"likelihoods": np.array(model.lower_bounds_), **parts}

    return Job(run, result)


def emission(x: Array, start: Start, settings: Settings, side: str) -> Job:
    """Evaluate the log-likelihood of every state at every frame."""
    if side == "ours":
        from diarize.gmm import MixtureParameters
        from diarize.gmm.inference.mixture_groups import group_log_likelihood

        flat = MixtureParameters(start["weights"], start["means"], start["covariances"], settings.covariance)
        evaluate = partial(group_log_likelihood, x, flat, settings.states, n_jobs=settings.n_jobs)
        shift = np.log(settings.states)  # the weights of a state sum to 1 / states there
    else:
        evaluate, shift = partial(hidden(x, start, settings, side, 1)._compute_log_likelihood, x), 0.0

    def run(rounds: int) -> Any:
        values = None
        for _ in range(rounds):
            values = evaluate()
        return values

    return Job(run, lambda values: {"likelihoods": values.mean(axis=0) + shift})


def hidden(x: Array, start: Start, settings: Settings, side: str, rounds: int) -> Any:
    """Return a hidden Markov model with the given start, not trained yet."""
    shape = (settings.states, settings.k)
    options: dict[str, Any] = {"covariance_type": settings.covariance, "n_iter": rounds, "init_params": ""}
    if side == "ours":
        from diarize.hmm import GMMHMM

        options |= {"tol": 0.0, **({"n_jobs": settings.n_jobs} if settings.n_jobs > 1 else {})}
        model = GMMHMM(settings.states, n_mix=settings.k, **options)
        model.n_features_in_ = x.shape[1]
    else:
        from hmmlearn.hmm import GMMHMM as Peer

        class Given(Peer):  # type: ignore[misc]
            """hmmlearn's model without the k-means that its fit runs even when all parameters are given."""

            def _init(self, X: Array, lengths: object = None) -> None:
                self._check_and_set_n_features(X)
                self._init_covar_priors()
                self._fix_priors_shape()

        model = Given(settings.states, n_mix=settings.k, tol=-np.inf, **options)
        model.n_features = x.shape[1]
    model.startprob_ = np.full(settings.states, 1 / settings.states)
    model.transmat_ = start["transitions"]
    model.weights_ = (start["weights"] * settings.states).reshape(shape)
    model.means_ = start["means"].reshape(*shape, -1)
    model.covars_ = start["covariances"].reshape(*shape, *start["covariances"].shape[1:])
    return model


def chain(x: Array, start: Start, settings: Settings, side: str) -> Job:
    """Train a hidden Markov model with mixtures as emissions."""

    def run(rounds: int) -> Any:
        return hidden(x, start, settings, side, rounds).fit(x)

    def result(model: Any) -> dict[str, Array]:
        # of the start: after a round the models differ, hmmlearn's covariances being about the old means
        total = model.monitor_.history[0] if side == "theirs" else hidden(x, start, settings, side, 1).score(x)
        return {"likelihoods": np.array([total / len(x)])}

    return Job(run, result)


JOBS: dict[str, Callable[[Array, Start, Settings, str], Job]] = {
    "mixture": mixture,
    "missing": mixture,
    "bayes": mixture,
    "emission": emission,
    "hmm": chain,
}


def arithmetic(settings: Settings) -> Job:
    """Do two products in moment form and the exponentials, block by block, in the fastest layout found."""
    d, k = settings.d, settings.total
    moments = 1 + d + (d if settings.covariance == "diag" else d * (d + 1) // 2)
    rng = np.random.default_rng(0)
    coefficients = (-10 * rng.random((k, moments)) / moments).astype(settings.dtype)

    def one(size: int, upright: bool, swapped: bool) -> Callable[[], None]:
        rows = rng.random((size, moments)).astype(settings.dtype)
        z = rows if upright else np.ascontiguousarray(rows.T)
        w = np.ascontiguousarray(coefficients.T) if upright else coefficients
        left, right = (z, w) if upright else (w, z)
        shares = np.empty((left.shape[0], right.shape[1]), settings.dtype)
        a, b = (shares.T, z) if upright else (shares, z.T)
        first, second = (b.T, a.T) if swapped else (a, b)
        sums = np.empty((first.shape[0], second.shape[1]), settings.dtype)

        def block() -> None:
            np.matmul(left, right, out=shares)
            np.exp(shares, out=shares)
            np.matmul(first, second, out=sums)

        return block

    def over(block: Callable[[], None], size: int, rows: int) -> float:
        began = time.process_time()
        for _ in range(max(1, round(rows / size))):
            block()
        return (time.process_time() - began) / max(1, round(rows / size)) / size

    sizes = [size for size in (256, 512, 1024, 2048, 4096) if size <= settings.n]
    fastest = []
    for size, upright, swapped in itertools.product(sizes, (True, False), (True, False)):
        block = one(size, upright, swapped)
        over(block, size, 2 * size)
        fastest.append((min(over(block, size, min(settings.n, 8192)) for _ in range(3)), size, block))
    _, size, best = min(fastest, key=lambda item: item[0])

    def run(rounds: int) -> None:
        over(best, size, rounds * settings.n)

    return Job(run, lambda _: {})


def memory(field: str) -> float:
    """Return a field of the process's status, in MB of 10^6 bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError(f"/proc/self/status does not give {field}")


def watch_peak() -> float:
    """Forget the peak of the process's memory so far; return what it holds now. NaN where the system cannot say."""
    try:
        # what the warm-up freed would serve the training unseen
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
        return memory("VmRSS")
    except (OSError, AttributeError):
        return float("nan")


def timed(job: Job, rounds: int) -> tuple[float, float, Any]:
    """Return CPU seconds, seconds on the clock and what came out."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a few rounds never converge
        cpu, wall = time.process_time(), time.perf_counter()
        outcome = job.run(rounds)
        return time.process_time() - cpu, time.perf_counter() - wall, outcome


def measure(folder: Path, settings: Settings, side: str) -> dict[str, Any]:
    """Time a whole training, libraries being warm; return seconds per round, and the peak of memory."""
    if side == "limit":
        job, held = arithmetic(settings), float("nan")
    else:
        with np.load(folder / "start.npz") as file:
            start = dict(file)
        small = np.load(folder / f"{side}.npy", mmap_mode="r")[: max(WARM_UP, 2 * settings.total)]
        timed(JOBS[settings.kind](np.array(small), start, settings, side), 1)
        x = np.load(folder / f"{side}.npy")
        held = watch_peak()
        job = JOBS[settings.kind](x, start, settings, side)
    cpu, wall, outcome = timed(job, settings.rounds)
    peak = memory("VmHWM") - held if held == held else None
    if side != "limit":
        np.savez(folder / f"{side}.npz", **job.result(outcome))  # type: ignore[arg-type]
    return {"cpu": cpu / settings.rounds, "wall": wall / settings.rounds, "memory": peak}


def score(folder: Path, settings: Settings) -> dict[str, Any]:
    """Return the largest difference in mean log-likelihood: as both tell it, and of their models by `judged`."""
    sides = [dict(np.load(folder / f"{side}.npz")) for side in ("ours", "theirs")]
    reported = [side["likelihoods"] for side in sides]
    count = min(len(values) for values in reported)
    difference = float(np.abs(reported[0][:count] - reported[1][:count]).max())
    if settings.kind == "mixture":
        x = np.load(folder / "theirs.npy", mmap_mode="r")
        means = [judged(x, side, settings) for side in sides]
        difference = max(difference, abs(means[0] - means[1]))
    return {"difference": difference}


def judged(x: Array, model: dict[str, Array], settings: Settings) -> float:
    """Return the mean log-likelihood of a model by scikit-learn in float64."""
    from sklearn.mixture import GaussianMixture

    judge = GaussianMixture(settings.k, covariance_type=settings.covariance)
    judge.weights_, judge.means_, judge.covariances_ = (
        model[name].astype(np.float64) for name in ("weights", "means", "covariances")
    )
    if settings.covariance == "diag":
        judge.precisions_cholesky_ = 1 / np.sqrt(judge.covariances_)
    else:
        judge.precisions_cholesky_ = np.swapaxes(np.linalg.inv(np.linalg.cholesky(judge.covariances_)), 1, 2)
    return float(sum(judge.score_samples(x[at : at + 8192]).sum() for at in range(0, len(x), 8192)) / len(x))


def main(task: str, folder: Path, settings: Settings) -> None:
    """Run a task and write its answer."""
    special = {"data": data, "score": score}
    answer = special[task](folder, settings) if task in special else measure(folder, settings, task)
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Settings(**json.loads(sys.argv[3])))
