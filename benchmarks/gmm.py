"""Speed, memory and likelihood of the mixtures and of their HMM, beside scikit-learn's and hmmlearn's, in one run.

    python benchmarks/gmm.py [--rows small|all] [--only TEXT] [--repeat N] [--markdown] [--json FILE]

Both sides get the same rows, the same start and one thread; ours in float32 where the row says so, theirs in float64.
Every measurement is a process of its own, and ours and theirs take turns, so that noise of the machine hits both;
figures are medians. `--rows all` needs 13 GB of memory, for scikit-learn, and some ten minutes.

s/round     CPU seconds of a whole training from a given start, divided by its EM iterations, the same number on both
            sides; scikit-learn's E step after the last one is part of that. Libraries are warm. For "emission": of the
            log-likelihoods of all states at all frames.
difference  largest difference in mean log-likelihood per row, in nats, at the same number of iterations: between the
            values that both report for each, and between the two final models, both evaluated by scikit-learn in
            float64. For the HMM rows: at equal parameters (its emissions: in the mean of each state).
MB          peak of the resident memory (VmHWM) above what is held when libraries are warm and the data are loaded.
2 threads   seconds on the clock with one thread over those with n_jobs=2.
limit       CPU seconds of what no iteration can do without: two matrix products in moment form, rows by [1, x, x^2] or
            [1, x, upper triangle of x x^T], blocked for the cache in the fastest layout found, and a numpy exponential
            for each row and component; measured in the same run. "of limit" is this over our time.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
from collections import defaultdict
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import click
from _gmm_worker import Settings

WORKER = Path(__file__).with_name("_gmm_worker.py")
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
TITLES = {
    "mixture": "",
    "missing": "20 % missing, ",
    "bayes": "Bayesian, ",
    "emission": "GMM-HMM emission, ",
    "hmm": "GMM-HMM, ",
}
HEADER = ["N, D, K", "", "ours s/round", "theirs", "ratio", "difference", "ours MB", "theirs", "2 threads", "limit s"]
HEADER += ["of limit"]


@dataclass(frozen=True, slots=True)
class Row:
    """What to measure; theirs is not measured where it has no repeats."""

    settings: Settings
    theirs_repeats: int = 100

    @property
    def name(self) -> str:
        """What the table calls it."""
        sizes = self.settings
        states = f"{sizes.states} x " if sizes.states > 1 else ""
        return f"{TITLES[sizes.kind]}{sizes.n:,}, {sizes.d}, {states}{sizes.k} {sizes.covariance}"

    def of(self, side: str) -> Settings:
        """Return the settings that the worker gets for ours, threads, theirs or limit."""
        return replace(self.settings, n_jobs=2 if side == "threads" else 1)


@dataclass(slots=True)
class Line:
    """A line of the table; NaN is what could not be measured, for the reason in `notes`."""

    name: str
    dtype: str
    ours: float = float("nan")
    theirs: float = float("nan")
    difference: float = float("nan")
    ours_memory: float = float("nan")
    theirs_memory: float = float("nan")
    threads: float = float("nan")
    limit: float = float("nan")
    notes: list[str] = field(default_factory=list)

    def cells(self) -> list[str]:
        """Return the texts of the table's columns."""
        values = (
            (self.ours, ".4f"),
            (self.theirs, ".3f"),
            (self.theirs / self.ours, ".1f"),
            (self.difference, ".1e"),
            (self.ours_memory, ".0f"),
            (self.theirs_memory, ",.0f"),
            (self.threads, ".2f"),
            (self.limit, ".4f"),
            (100 * self.limit / self.ours, ".0f"),
        )
        texts = [format(value, form) if value == value else "-" for value, form in values]
        if texts[-1] != "-":
            texts[-1] += " %"
        return [self.name, self.dtype, *texts]


def mixture(n: int, d: int, k: int, covariance: str, dtype: str, rounds: int) -> Row:
    return Row(Settings("mixture", n, d, k, 1, covariance, dtype, rounds=rounds))


ROWS = (
    mixture(100_000, 20, 64, "diag", "float32", 10),
    mixture(100_000, 20, 64, "full", "float32", 10),
    mixture(100_000, 60, 1024, "diag", "float32", 3),
    replace(mixture(1_000_000, 20, 256, "diag", "float32", 3), theirs_repeats=1),
    mixture(100_000, 20, 64, "diag", "float64", 10),
    mixture(100_000, 20, 64, "full", "float64", 10),
    Row(Settings("emission", 100_000, 20, 32, 10, "diag", "float32", rounds=3), theirs_repeats=1),
    Row(Settings("hmm", 100_000, 20, 32, 10, "diag", "float32", rounds=1), theirs_repeats=1),
    Row(Settings("missing", 50_000, 20, 5, 1, "full", "float64", rounds=6), theirs_repeats=0),
    Row(Settings("bayes", 50_000, 20, 64, 1, "full", "float32", rounds=5)),
    Row(Settings("bayes", 50_000, 20, 64, 1, "full", "float64", rounds=5)),
)


def smaller(row: Row) -> Row:
    """Return the row at a size that takes a second."""
    sizes = row.settings
    k = sizes.k if sizes.k < 16 else sizes.k // 8
    return replace(row, settings=replace(sizes, n=sizes.n // 20, k=k, states=min(sizes.states, 4)))


def ask(task: str, folder: Path, settings: Settings) -> dict[str, Any]:
    """Run the worker and return its answer; RuntimeError says why there is none."""
    command = [sys.executable, str(WORKER), task, str(folder), json.dumps(asdict(settings))]
    done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"]
        raise RuntimeError(lines[-1])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def measure(row: Row, repeats: int) -> Line:
    """Measure all that a line shows, the sides taking turns."""
    line = Line(row.name, row.settings.dtype)
    sides = ["ours", "theirs", "threads", "limit"]
    if not row.theirs_repeats:
        sides.remove("theirs")
    if row.settings.kind != "mixture":
        sides.remove("limit")
    answers: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ask("data", folder, row.settings)
        for turn, side in itertools.product(range(repeats), sides):
            if len(answers[side]) < turn or (side == "theirs" and turn >= row.theirs_repeats):
                continue  # it failed before, or once was enough
            if side == "threads" and not answers["ours"]:
                continue
            click.echo(f"{row.name} {row.settings.dtype}: {side} {turn + 1}", err=True)
            try:
                answers[side].append(ask("ours" if side == "threads" else side, folder, row.of(side)))
            except RuntimeError as error:
                line.notes.append(textwrap.shorten(f"{side} not available: {error}", 160))
        if answers["ours"] and answers["theirs"]:
            line.difference = ask("score", folder, row.settings)["difference"]
    fill(line, answers)
    return line


def fill(line: Line, answers: dict[str, list[dict[str, Any]]]) -> None:
    """Write the medians into the line."""

    def middle(side: str, what: str) -> float:
        values = [answer[what] for answer in answers[side] if answer[what] is not None]
        return statistics.median(values) if values else float("nan")

    line.ours, line.theirs, line.limit = (middle(side, "cpu") for side in ("ours", "theirs", "limit"))
    line.ours_memory, line.theirs_memory = (middle(side, "memory") for side in ("ours", "theirs"))
    line.threads = middle("ours", "wall") / middle("threads", "wall")


def table(lines: list[Line], markdown: bool) -> str:
    """Return the lines as aligned text or as a Markdown table, notes below."""
    cells = [HEADER, *(line.cells() for line in lines)]
    if markdown:
        cells.insert(1, ["---", "---"] + ["--:"] * (len(HEADER) - 2))
        text = "\n".join(f"| {' | '.join(row)} |" for row in cells)
    else:
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        text = "\n".join(
            "  ".join(
                cell.ljust(width) if i < 2 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in cells
        )
    notes = [f"{line.name} {line.dtype}: {note}" for line in lines for note in line.notes]
    return "\n".join([text, *(["", *notes] if notes else [])])


@click.command(help=__doc__)
@click.option("--rows", type=click.Choice(["small", "all"]), default="all", show_default=True, help="Sizes to run.")
@click.option("--only", default="", help="Run the rows with this text in name or precision.")
@click.option("--repeat", type=click.IntRange(1), default=3, show_default=True, help="Measurements of each side.")
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures to a file, too."
)
def main(rows: str, only: str, repeat: int, markdown: bool, file: Path | None) -> None:
    chosen = [smaller(row) if rows == "small" else row for row in ROWS]
    chosen = [row for row in chosen if only in f"{row.name} {row.settings.dtype}"]
    if not chosen:
        raise click.UsageError(f"no row has {only!r} in its name")
    lines = [measure(row, repeat) for row in chosen]
    click.echo(table(lines, markdown))
    if file is not None:
        # JSON knows no NaN
        figures = [{name: None if value != value else value for name, value in asdict(line).items()} for line in lines]
        file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
